"""What handlers are given: the store, the lifecycle of resources, and their health."""

from cano_dsl.resources._health import Health
from cano_dsl.resources._lifecycle import TEARDOWN_LIMIT_S, Opened, ask_health, needs_care
from cano_dsl.resources._store import MemoryStore
from cano_dsl.resources._wrappers import Managed, PerRun, managed, per_run

__all__ = (
    "TEARDOWN_LIMIT_S",
    "Health",
    "Managed",
    "MemoryStore",
    "Opened",
    "PerRun",
    "ask_health",
    "managed",
    "needs_care",
    "per_run",
)
