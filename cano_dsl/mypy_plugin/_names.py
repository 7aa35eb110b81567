"""Full names, each once: mypy gives hooks the name under which a thing is defined."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from cano_dsl.spec import Kind  # loading it would be half of what a run from the cache pays

Role: TypeAlias = Literal["run", "data"]

# The decorators, each with the kind of handler that it makes.
KINDS: Final["Mapping[str, Kind]"] = MappingProxyType(
    {
        "cano_dsl.declare._decorators.state": "state",
        "cano_dsl.declare._decorators.router": "router",
    }
)

# What the decorators return, each with whether the handler is called in a thread.
APPLIED: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "cano_dsl.declare._decorators.HandlerDecorator": False,
        "cano_dsl.declare._decorators.ThreadDecorator": True,
    }
)

CALLS: Final = frozenset(f"{name}.__call__" for name in APPLIED)

# Types by which a parameter is filled, so that it is no resource.
INJECTED: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "cano_dsl.spec._run.Run": "run",
        "cano_dsl.spec._run.RunData": "data",
    }
)

HANDLER: Final = "cano_dsl.declare._handlers.Handler"
ASYNC_HANDLER: Final = "cano_dsl.declare._handlers.AsyncHandler"
BUILD: Final = "cano_dsl.workflow._workflow.Workflow.build"
WAIVE: Final = "cano_dsl.spec._definition.Waive"

AWAITABLE: Final = frozenset({"typing.Coroutine", "typing.Awaitable", "types.CoroutineType"})
ENUMS: Final = frozenset(
    {"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.ReprEnum", "enum.Flag", "enum.IntFlag"}
)
