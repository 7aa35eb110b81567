"""Time and cancellation: the only home of anyio, asyncio and trio.

The engine asks this package for the time, for scopes and for tasks; so both backends behave alike and a
test can put its own clock in.
"""

from cano_dsl.scope._clock import SYSTEM_CLOCK, Clock, Deadline, SystemClock
from cano_dsl.scope._task import in_thread, is_cancel, loop_is_running, run_to_end, uncut

__all__ = (
    "SYSTEM_CLOCK",
    "Clock",
    "Deadline",
    "SystemClock",
    "in_thread",
    "is_cancel",
    "loop_is_running",
    "run_to_end",
    "uncut",
)
