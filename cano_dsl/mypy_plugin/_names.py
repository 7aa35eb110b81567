"""Full names, each once: mypy gives hooks the name under which a thing is defined."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Role: TypeAlias = Literal["run", "data", "joined", "failure"]

# The decorators, each with the kind of handler that it makes; the words are those of `cano_dsl.spec.Kind`,
# which is not imported, as that would be half of what a run from the cache pays.
KINDS: Final[Mapping[str, Literal["state", "router"]]] = MappingProxyType(
    {
        "cano_dsl.declare._states.state": "state",
        "cano_dsl.declare._states.router": "router",
    }
)

SPLIT: Final = "cano_dsl.declare._split.split"
COMPENSATE: Final = "cano_dsl.declare._compensate.compensate"
FUNCTIONS: Final = frozenset({*KINDS, SPLIT, COMPENSATE})

# What the decorators of states return, each with whether the handler is called in a thread.
APPLIED: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "cano_dsl.declare._decorators.RouterDecorator": False,
        "cano_dsl.declare._decorators.HandlerDecorator": False,
        "cano_dsl.declare._decorators.ThreadDecorator": True,
    }
)

# What `split(…, over=…)` and `compensate` return; the latter as those of states.
SPLIT_DECORATOR: Final = "cano_dsl.declare._split.SplitDecorator"
UNDOING: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "cano_dsl.declare._compensate.CompensateDecorator": False,
        "cano_dsl.declare._compensate.ThreadCompensateDecorator": True,
    }
)

CALLS: Final = frozenset(f"{name}.__call__" for name in (*APPLIED, *UNDOING, SPLIT_DECORATOR))

# Types by which a parameter is filled, so that it is no resource.
INJECTED: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "cano_dsl.spec._run.Run": "run",
        "cano_dsl.spec._run.RunData": "data",
        "cano_dsl.spec._outcomes.Joined": "joined",
        "cano_dsl.spec._outcomes.Failure": "failure",
    }
)

HANDLER: Final = "cano_dsl.declare._handlers.Handler"
OUTPUT_HANDLER: Final = "cano_dsl.declare._outputs.OutputHandler"
COMPENSATION: Final = "cano_dsl.declare._compensate.Compensation"
NESTED: Final = "cano_dsl.declare._nested.Nested"
GATHER: Final = "cano_dsl.declare._handlers.Gather"
SPLITS: Final = frozenset(
    {"cano_dsl.declare._handlers.AsyncSplit", "cano_dsl.declare._handlers.PlainSplit", GATHER}
)

# What a decorator makes of a function: whether that is async, and whether it gives an output, or else may ask
# for a rollback.
Gives: TypeAlias = Literal["state", "output", "rollback"]
MADE: Final[Mapping[tuple[bool, Gives], str]] = MappingProxyType(
    {
        (True, "state"): "cano_dsl.declare._handlers.AsyncHandler",
        (False, "state"): "cano_dsl.declare._handlers.PlainHandler",
        (True, "output"): "cano_dsl.declare._outputs.AsyncOutputHandler",
        (False, "output"): "cano_dsl.declare._outputs.PlainOutputHandler",
        (True, "rollback"): "cano_dsl.declare._rollback.AsyncRollbackHandler",
        (False, "rollback"): "cano_dsl.declare._rollback.PlainRollbackHandler",
    }
)
ROLLBACK: Final = "cano_dsl.spec._rollback.Rollback"
ASYNC_COMPENSATION: Final = "cano_dsl.declare._compensate.AsyncCompensation"

WORKFLOW: Final = "cano_dsl.workflow._workflow.Workflow"
BUILD: Final = f"{WORKFLOW}.build"
RETRY: Final = "cano_dsl.spec._retry.Retry"
AS_STATE: Final = f"{WORKFLOW}.as_state"
JOIN: Final = "cano_dsl.spec._join.Join"
WAIVE: Final = "cano_dsl.spec._definition.Waive"

AWAITABLE: Final = frozenset({"typing.Coroutine", "typing.Awaitable", "types.CoroutineType"})
ENUMS: Final = frozenset(
    {"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.ReprEnum", "enum.Flag", "enum.IntFlag"}
)
