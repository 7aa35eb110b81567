"""The loop, what surrounds a run, and the one way out of it."""

from cano_dsl.engine._driver import drive
from cano_dsl.engine._entries import plain_entry
from cano_dsl.engine._failure import new_run_id
from cano_dsl.engine._resume import find_point
from cano_dsl.engine._run import Order, Own, check_order, execute, open_resources, start_step
from cano_dsl.engine._saved import check_durable, execute_saved, fork, list_free, list_runs, resume
from cano_dsl.engine._watch import Watch, place_at

__all__ = (
    "Order",
    "Own",
    "Watch",
    "check_durable",
    "check_order",
    "drive",
    "execute",
    "execute_saved",
    "find_point",
    "fork",
    "list_free",
    "list_runs",
    "new_run_id",
    "open_resources",
    "place_at",
    "plain_entry",
    "resume",
    "start_step",
)
