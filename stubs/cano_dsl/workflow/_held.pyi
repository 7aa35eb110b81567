# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.graph import Graph as Graph
from cano_dsl.resources import Health as Health
from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

S = TypeVar('S', bound=Enum)
E_co = TypeVar('E_co', bound=Enum, covariant=True)
D = TypeVar('D')

class Held(Generic[S, E_co, D]):
    def __init__(self, plan: Any, given: Mapping[str, Any]) -> None: ...
    @property
    def graph(self) -> Graph: ...
    async def health(self) -> Health: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __repr__(self) -> str: ...
