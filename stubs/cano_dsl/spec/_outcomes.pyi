# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors import Branch as Branch, BranchFailure as BranchFailure
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar, final, overload

T_co = TypeVar('T_co', covariant=True)
V = TypeVar('V')

@dataclass(frozen=True, slots=True)
class BranchSuccess(Generic[T_co]):
    index: int
    name: str
    value: T_co

class Runs(Protocol[T_co]):
    @property
    def run(self) -> Callable[..., Awaitable[T_co]]: ...

@final
class Joined(Generic[T_co]):
    def __init__(
        self,
        *,
        values: Sequence[Any],
        marks: bytes,
        name: Callable[[int], str],
        keys: Sequence[object] = (),
    ) -> None: ...
    @property
    def values(self) -> tuple[T_co, ...]: ...
    @property
    def successes(self) -> tuple[BranchSuccess[T_co], ...]: ...
    @property
    def errors(self) -> tuple[BranchFailure, ...]: ...
    @property
    def cancelled(self) -> tuple[Branch, ...]: ...
    @overload
    def of(self, branch: Runs[V], /) -> V | None: ...
    @overload
    def of(self, branch: Callable[..., Awaitable[V]], /) -> V | None: ...
    def __repr__(self) -> str: ...

@final
class Failure:
    error: Exception
    state: Enum
    def __init__(self, *, error: Exception, state: Enum) -> None: ...
    def __repr__(self) -> str: ...
