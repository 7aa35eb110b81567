"""The loop, what surrounds a run, and the one way out of it."""

from cano_dsl.engine._driver import drive
from cano_dsl.engine._run import Order, execute, open_resources, start_step

__all__ = ("Order", "drive", "execute", "open_resources", "start_step")
