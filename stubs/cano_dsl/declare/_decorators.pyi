# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._handlers import AsyncHandler as AsyncHandler, PlainHandler as PlainHandler
from cano_dsl.declare._on_error import OnError as OnError
from cano_dsl.declare._outputs import (
    AsyncOutputFunction as AsyncOutputFunction,
    AsyncOutputHandler as AsyncOutputHandler,
    PlainOutputFunction as PlainOutputFunction,
    PlainOutputHandler as PlainOutputHandler,
)
from cano_dsl.declare._policies import Guards as Guards
from cano_dsl.spec import (
    Breaker as Breaker,
    Duration as Duration,
    Kind as Kind,
    Limiter as Limiter,
    Retry as Retry,
)
from collections.abc import Collection, Coroutine
from enum import Enum
from typing import Any, Generic, Literal, NamedTuple, ParamSpec, Protocol, TypeVar, overload

S = TypeVar('S', bound=Enum)
Src = TypeVar('Src', bound=Enum)
To = TypeVar('To', bound=Enum)
N = TypeVar('N', bound=Enum)
O = TypeVar('O')
G = TypeVar('G')
S_co = TypeVar('S_co', bound=Enum, covariant=True)
N_co = TypeVar('N_co', bound=Enum, covariant=True)
P = ParamSpec('P')

class AsyncFunction(Protocol[S_co, P, N_co]):
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, S_co]: ...

class PlainFunction(Protocol[S_co, P, N_co]):
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S_co: ...

class _Options(NamedTuple):
    at: Any
    kind: Kind
    thread: bool
    to: tuple[Any, ...] | None
    guards: Guards

class _Decorator(Generic[S, Src, To]):
    def __init__(self, options: _Options) -> None: ...

class RouterDecorator(_Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...

class HandlerDecorator(_Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...
    @overload
    def __call__(
        self,
        fn: AsyncOutputFunction[S, P, N, O, G],
        /,
    ) -> AsyncOutputHandler[S, Src, P, N, O, G]: ...
    @overload
    def __call__(
        self,
        fn: PlainOutputFunction[S, P, N, O, G],
        /,
    ) -> PlainOutputHandler[S, Src, P, N, O, G]: ...

class ThreadDecorator(_Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...
    @overload
    def __call__(
        self,
        fn: PlainOutputFunction[S, P, N, O, G],
        /,
    ) -> PlainOutputHandler[S, Src, P, N, O, G]: ...

@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: None = None,
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> HandlerDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: None = None,
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> ThreadDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> HandlerDecorator[S, S, To]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: Collection[To],
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> ThreadDecorator[S, S, To]: ...

@overload
def router(
    at: S,
    /,
    *,
    to: None = None,
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, S]: ...
@overload
def router(
    at: S,
    /,
    *,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: Duration | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, To]: ...
