# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare import (
    Compensation as Compensation,
    Handler as Handler,
    compensate as compensate,
    router as router,
    split as split,
    state as state,
)
from cano_dsl.graph import Graph as Graph
from cano_dsl.observe import LogObserver as LogObserver, Observer as Observer
from cano_dsl.resources import (
    Health as Health,
    MemoryStore as MemoryStore,
    managed as managed,
    per_run as per_run,
)
from cano_dsl.spec import (
    Failure as Failure,
    Join as Join,
    Joined as Joined,
    Retry as Retry,
    Run as Run,
    RunData as RunData,
    Waive as Waive,
)
from cano_dsl.workflow import RunHandle as RunHandle, Runner as Runner, Workflow as Workflow

__all__ = (
    "Compensation",
    "Failure",
    "Graph",
    "Handler",
    "Health",
    "Join",
    "Joined",
    "LogObserver",
    "MemoryStore",
    "Observer",
    "Retry",
    "Run",
    "RunData",
    "RunHandle",
    "Runner",
    "Waive",
    "Workflow",
    "compensate",
    "managed",
    "per_run",
    "router",
    "split",
    "state",
)
