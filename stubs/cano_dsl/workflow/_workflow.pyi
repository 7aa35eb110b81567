# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint import CheckpointStore as CheckpointStore
from cano_dsl.declare import Compensation as Compensation, Handler as Handler, Nested as Nested
from cano_dsl.graph import Graph as Graph
from cano_dsl.observe import Observer as Observer
from cano_dsl.spec import Duration as Duration, Waive as Waive
from cano_dsl.workflow._runner import Runner as Runner
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar, final
from typing_extensions import ParamSpec, TypeVar as TypeVarWithDefault

S = TypeVar('S', bound=Enum)
E_co = TypeVar('E_co', bound=Enum, covariant=True)
R = ParamSpec('R', default=...)
D = TypeVarWithDefault('D', default=None)
BS = TypeVar('BS', bound=Enum)
BE = TypeVar('BE', bound=Enum)
BR = ParamSpec('BR', default=...)
BD = TypeVarWithDefault('BD', default=None)
AS = TypeVar('AS', bound=Enum)

@final
class Workflow(Generic[S, E_co, D, R]):
    graph: Graph
    def __init__(self, plan: Any) -> None: ...
    @staticmethod
    def build(
        states: type[BS],
        /,
        *parts: Handler[BS, Any, ..., Any] | Compensation[BS, Any, ...],
        start: BS,
        exits: Collection[BE],
        data: type[BD] | None = None,
        resources: Callable[BR, object] | None = None,
        failed: Collection[BS] = (),
        name: str | None = None,
        version: int = 0,
        timeout: Duration | None = None,
        compensation_timeout: Duration = 30.0,
        max_transitions: int | None = None,
        waive: Iterable[Waive] = (),
    ) -> Workflow[BS, BE, BD, BR]: ...
    @property
    def name(self) -> str: ...
    async def run(self, data: D | None = None, /, *args: R.args, **resources: R.kwargs) -> E_co: ...
    def run_sync(self, data: D | None = None, /, *args: R.args, **resources: R.kwargs) -> E_co: ...
    def bind(self, *args: R.args, **resources: R.kwargs) -> Runner[S, E_co, D]: ...
    def as_state(
        self,
        at: AS,
        /,
        exits: Mapping[E_co, AS],
        *,
        resources: Mapping[str, str] | None = None,
        on_error: AS | Mapping[type[Exception], AS] | None = None,
    ) -> Nested[AS, AS, R, AS]: ...
    def configure(
        self,
        *,
        checkpoints: CheckpointStore | None = None,
        observers: Iterable[Observer] | None = None,
        clock: Any | None = None,
    ) -> Workflow[S, E_co, D, R]: ...
    def mermaid(self) -> str: ...
    def __format__(self, spec: str) -> str: ...
    def __repr__(self) -> str: ...
