"""Time and cancellation: the only home of anyio, asyncio and trio.

The engine asks this package for the time, for scopes and for threads; so both backends behave alike and a
test can put its own clock in.
"""

from cano_dsl.scope._apart import Settled, in_task, settle
from cano_dsl.scope._backend import loop_mark
from cano_dsl.scope._branches import FAILURE, SUCCESS, Limits, Outcomes, run_branches
from cano_dsl.scope._clock import SYSTEM_CLOCK, Clock, Guard, SystemClock, timer
from cano_dsl.scope._launch import Launched, end_all
from cano_dsl.scope._reply import Reply, wake
from cano_dsl.scope._task import (
    Work,
    cancel_is_pending,
    in_thread,
    is_cancel,
    loop_is_running,
    run_to_end,
    work_of_threads,
)

__all__ = (
    "FAILURE",
    "SUCCESS",
    "SYSTEM_CLOCK",
    "Clock",
    "Guard",
    "Launched",
    "Limits",
    "Outcomes",
    "Reply",
    "Settled",
    "SystemClock",
    "Work",
    "cancel_is_pending",
    "end_all",
    "in_task",
    "in_thread",
    "is_cancel",
    "loop_is_running",
    "loop_mark",
    "run_branches",
    "run_to_end",
    "settle",
    "timer",
    "wake",
    "work_of_threads",
)
