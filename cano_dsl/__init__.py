"""Typed workflows as decorated functions: the state graph is known, checked and drawn before anything runs.

Nothing heavy is loaded until it is used: each public name is found in its own package at first access.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cano_dsl.checkpoint import CheckpointStore as CheckpointStore
    from cano_dsl.checkpoint import Codec as Codec
    from cano_dsl.checkpoint import MemoryCheckpoints as MemoryCheckpoints
    from cano_dsl.checkpoint import SqliteCheckpoints as SqliteCheckpoints
    from cano_dsl.declare import Compensation as Compensation
    from cano_dsl.declare import Handler as Handler
    from cano_dsl.declare import compensate as compensate
    from cano_dsl.declare import router as router
    from cano_dsl.declare import split as split
    from cano_dsl.declare import state as state
    from cano_dsl.graph import Graph as Graph
    from cano_dsl.observe import LogObserver as LogObserver
    from cano_dsl.observe import Observer as Observer
    from cano_dsl.resources import Health as Health
    from cano_dsl.resources import MemoryStore as MemoryStore
    from cano_dsl.resources import managed as managed
    from cano_dsl.resources import per_run as per_run
    from cano_dsl.spec import Failure as Failure
    from cano_dsl.spec import Join as Join
    from cano_dsl.spec import Joined as Joined
    from cano_dsl.spec import Retry as Retry
    from cano_dsl.spec import Rollback as Rollback
    from cano_dsl.spec import Run as Run
    from cano_dsl.spec import RunData as RunData
    from cano_dsl.spec import Waive as Waive
    from cano_dsl.workflow import RunHandle as RunHandle
    from cano_dsl.workflow import Runner as Runner
    from cano_dsl.workflow import Workflow as Workflow

_HOMES = {
    "CheckpointStore": "checkpoint",
    "Codec": "checkpoint",
    "Compensation": "declare",
    "Failure": "spec",
    "Graph": "graph",
    "Handler": "declare",
    "Health": "resources",
    "Join": "spec",
    "Joined": "spec",
    "LogObserver": "observe",
    "MemoryCheckpoints": "checkpoint",
    "MemoryStore": "resources",
    "Observer": "observe",
    "Retry": "spec",
    "Rollback": "spec",
    "Run": "spec",
    "RunData": "spec",
    "RunHandle": "workflow",
    "Runner": "workflow",
    "SqliteCheckpoints": "checkpoint",
    "Waive": "spec",
    "Workflow": "workflow",
    "compensate": "declare",
    "managed": "resources",
    "per_run": "resources",
    "router": "declare",
    "split": "declare",
    "state": "declare",
}

__all__ = (
    "CheckpointStore",
    "Codec",
    "Compensation",
    "Failure",
    "Graph",
    "Handler",
    "Health",
    "Join",
    "Joined",
    "LogObserver",
    "MemoryCheckpoints",
    "MemoryStore",
    "Observer",
    "Retry",
    "Rollback",
    "Run",
    "RunData",
    "RunHandle",
    "Runner",
    "SqliteCheckpoints",
    "Waive",
    "Workflow",
    "compensate",
    "managed",
    "per_run",
    "router",
    "split",
    "state",
)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
