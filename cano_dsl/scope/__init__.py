"""Time and cancellation: the only home of anyio, asyncio and trio.

The engine asks this package for the time, for scopes and for threads; so both backends behave alike and a
test can put its own clock in.
"""

from cano_dsl.scope._apart import Settled, in_task, settle
from cano_dsl.scope._branches import FAILURE, SUCCESS, Limits, Outcomes, run_branches
from cano_dsl.scope._clock import SYSTEM_CLOCK, Clock, Guard, SystemClock, timer
from cano_dsl.scope._launch import Launched, end_all
from cano_dsl.scope._task import cancel_is_pending, in_thread, is_cancel, loop_is_running, run_to_end

__all__ = (
    "FAILURE",
    "SUCCESS",
    "SYSTEM_CLOCK",
    "Clock",
    "Guard",
    "Launched",
    "Limits",
    "Outcomes",
    "Settled",
    "SystemClock",
    "cancel_is_pending",
    "end_all",
    "in_task",
    "in_thread",
    "is_cancel",
    "loop_is_running",
    "run_branches",
    "run_to_end",
    "settle",
    "timer",
)
