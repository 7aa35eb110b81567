"""What tests of workflows need."""

from cano_dsl.testing._check_store import STORE_CHECKS, check_store
from cano_dsl.testing._crash_points import Crash, CrashStore, crash_points
from cano_dsl.testing._fake_clock import FakeClock
from cano_dsl.testing._recorder import Event, Recorder

__all__ = (
    "STORE_CHECKS",
    "Crash",
    "CrashStore",
    "Event",
    "FakeClock",
    "Recorder",
    "check_store",
    "crash_points",
)
