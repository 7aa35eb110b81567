"""What tests of workflows need."""

from cano_dsl.testing._check_store import STORE_CHECKS, check_store
from cano_dsl.testing._recorder import Event, Recorder

__all__ = ("STORE_CHECKS", "Event", "Recorder", "check_store")
