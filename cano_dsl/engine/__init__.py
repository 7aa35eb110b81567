"""The loop, what surrounds a run, and the one way out of it."""

from cano_dsl.engine._driver import drive
from cano_dsl.engine._failure import new_run_id
from cano_dsl.engine._run import Order, Own, check_order, execute, open_resources, start_step
from cano_dsl.engine._watch import Watch, place_at

__all__ = (
    "Order",
    "Own",
    "Watch",
    "check_order",
    "drive",
    "execute",
    "new_run_id",
    "open_resources",
    "place_at",
    "start_step",
)
