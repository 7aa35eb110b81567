# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.graph import Graph as Graph
from cano_dsl.resources import Health as Health
from cano_dsl.spec import Duration as Duration
from cano_dsl.workflow._handle import RunHandle as RunHandle
from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, final

S = TypeVar('S', bound=Enum)
E_co = TypeVar('E_co', bound=Enum, covariant=True)
D = TypeVar('D')

@final
class Runner(Generic[S, E_co, D]):
    def __init__(self, plan: Any, given: Mapping[str, Any]) -> None: ...
    @property
    def graph(self) -> Graph: ...
    async def run(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> E_co: ...
    def run_sync(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> E_co: ...
    def launch(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> RunHandle[S, E_co, D]: ...
    async def health(self) -> Health: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __repr__(self) -> str: ...
