# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.testing._check_store import STORE_CHECKS as STORE_CHECKS, check_store as check_store
from cano_dsl.testing._crash_points import (
    Crash as Crash,
    CrashStore as CrashStore,
    crash_points as crash_points,
)
from cano_dsl.testing._fake_clock import FakeClock as FakeClock
from cano_dsl.testing._recorder import Event as Event, Recorder as Recorder

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
