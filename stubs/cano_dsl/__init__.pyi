# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare import Handler as Handler, router as router, state as state
from cano_dsl.graph import Graph as Graph
from cano_dsl.observe import LogObserver as LogObserver, Observer as Observer
from cano_dsl.resources import (
    Health as Health,
    MemoryStore as MemoryStore,
    managed as managed,
    per_run as per_run,
)
from cano_dsl.spec import Run as Run, RunData as RunData, Waive as Waive
from cano_dsl.workflow import Runner as Runner, Workflow as Workflow

__all__ = (
    "Graph",
    "Handler",
    "Health",
    "LogObserver",
    "MemoryStore",
    "Observer",
    "Run",
    "RunData",
    "Runner",
    "Waive",
    "Workflow",
    "managed",
    "per_run",
    "router",
    "state",
)
