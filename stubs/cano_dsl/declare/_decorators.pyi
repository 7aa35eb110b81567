# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._handlers import AsyncHandler as AsyncHandler, PlainHandler as PlainHandler
from cano_dsl.declare._outputs import (
    AsyncOutputFunction as AsyncOutputFunction,
    AsyncOutputHandler as AsyncOutputHandler,
    PlainOutputFunction as PlainOutputFunction,
    PlainOutputHandler as PlainOutputHandler,
)
from cano_dsl.spec import Kind as Kind
from collections.abc import Collection, Coroutine, Iterable
from enum import Enum
from types import FrameType
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar, overload

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

class _Decorator(Generic[S, Src, To]):
    def __init__(
        self,
        at: S,
        *,
        kind: Kind,
        thread: bool,
        to: Iterable[S] | None,
        frame: FrameType,
    ) -> None: ...

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
def state(at: S, /, *, thread: Literal[False] = False, to: None = None) -> HandlerDecorator[S, S, S]: ...
@overload
def state(at: S, /, *, thread: Literal[True], to: None = None) -> ThreadDecorator[S, S, S]: ...
@overload
def state(at: S, /, *, to: Collection[To], thread: Literal[False] = False) -> HandlerDecorator[S, S, To]: ...
@overload
def state(at: S, /, *, to: Collection[To], thread: Literal[True]) -> ThreadDecorator[S, S, To]: ...

@overload
def router(at: S, /, *, to: None = None) -> RouterDecorator[S, S, S]: ...
@overload
def router(at: S, /, *, to: Collection[To]) -> RouterDecorator[S, S, To]: ...
