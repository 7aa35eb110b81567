# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._handlers import AsyncSplit as AsyncSplit, Gather as Gather, PlainSplit as PlainSplit
from cano_dsl.declare._on_error import OnError as OnError
from cano_dsl.declare._policies import Guards as Guards
from cano_dsl.errors import Where as Where
from cano_dsl.spec import (
    Breaker as Breaker,
    Duration as Duration,
    Join as Join,
    Limiter as Limiter,
    Part as Part,
    Retry as Retry,
    Runs as Runs,
)
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from enum import Enum
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeAlias, TypeVar, overload

S = TypeVar('S', bound=Enum)
Src = TypeVar('Src', bound=Enum)
To = TypeVar('To', bound=Enum)
I = TypeVar('I')
T = TypeVar('T')
P = ParamSpec('P')
O = ParamSpec('O')
T1 = TypeVar('T1')
T2 = TypeVar('T2')
T3 = TypeVar('T3')
T4 = TypeVar('T4')
Items: TypeAlias = Iterable[I] | Awaitable[Iterable[I]]
BranchOf: TypeAlias = Callable[..., Awaitable[T]] | Runs[T]

class _Options(NamedTuple):
    at: Any
    to: Any
    join: Join
    timeout_s: float | None
    bulkhead: int | None
    guards: Guards
    thread: bool
    where: Where

class SplitDecorator(Generic[S, Src, I, To, O]):
    def __init__(self, options: _Options, items: Sequence[Any] | None, over: Part | None) -> None: ...
    @overload
    def __call__(
        self,
        fn: Callable[Concatenate[I, P], Coroutine[Any, Any, T]],
        /,
    ) -> AsyncSplit[S, Src, P, To, I, T, O, Join]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[I, P], T], /) -> PlainSplit[S, Src, P, To, I, T, O, Join]: ...

@overload
def split(
    at: S,
    /,
    *,
    over: Iterable[I],
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
    thread: bool = False,
) -> SplitDecorator[S, S, I, S, []]: ...
@overload
def split(
    at: S,
    /,
    *,
    over: Callable[O, Items[I]],
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
    thread: bool = False,
) -> SplitDecorator[S, S, I, S, O]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    /,
    *,
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    /,
    *,
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    three: BranchOf[T3],
    /,
    *,
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2 | T3, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    three: BranchOf[T3],
    four: BranchOf[T4],
    /,
    *more: BranchOf[T],
    join: Join,
    to: S,
    timeout: Duration | None = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2 | T3 | T4 | T, Join]: ...
