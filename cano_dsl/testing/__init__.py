"""What tests of workflows need."""

from cano_dsl.testing._fake_clock import FakeClock
from cano_dsl.testing._recorder import Event, Recorder

__all__ = ("Event", "FakeClock", "Recorder")
