# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.testing._fake_clock import FakeClock as FakeClock
from cano_dsl.testing._recorder import Event as Event, Recorder as Recorder

__all__ = (
    "Event",
    "FakeClock",
    "Recorder",
)
