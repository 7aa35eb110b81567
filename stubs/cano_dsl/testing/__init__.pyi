# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.testing._check_store import STORE_CHECKS as STORE_CHECKS, check_store as check_store
from cano_dsl.testing._recorder import Event as Event, Recorder as Recorder

__all__ = (
    "STORE_CHECKS",
    "Event",
    "Recorder",
    "check_store",
)
