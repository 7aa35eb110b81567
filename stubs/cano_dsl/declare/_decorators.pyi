# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._functions import AsyncFunction as AsyncFunction, PlainFunction as PlainFunction
from cano_dsl.declare._handlers import AsyncHandler as AsyncHandler, PlainHandler as PlainHandler
from cano_dsl.declare._outputs import (
    AsyncOutputFunction as AsyncOutputFunction,
    AsyncOutputHandler as AsyncOutputHandler,
    PlainOutputFunction as PlainOutputFunction,
    PlainOutputHandler as PlainOutputHandler,
)
from cano_dsl.declare._policies import Guards as Guards
from cano_dsl.declare._rollback import (
    AsyncRollbackFunction as AsyncRollbackFunction,
    AsyncRollbackHandler as AsyncRollbackHandler,
    PlainRollbackFunction as PlainRollbackFunction,
    PlainRollbackHandler as PlainRollbackHandler,
)
from cano_dsl.spec import Kind as Kind
from enum import Enum
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, overload

S = TypeVar('S', bound=Enum)
Src = TypeVar('Src', bound=Enum)
To = TypeVar('To', bound=Enum)
N = TypeVar('N', bound=Enum)
O = TypeVar('O')
G = TypeVar('G')
P = ParamSpec('P')

class Options(NamedTuple):
    at: Any
    kind: Kind
    thread: bool
    to: tuple[Any, ...] | None
    guards: Guards

class Decorator(Generic[S, Src, To]):
    def __init__(self, options: Options) -> None: ...

class RouterDecorator(Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...

class HandlerDecorator(Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: AsyncRollbackFunction[S, P, N, G], /) -> AsyncRollbackHandler[S, Src, P, N, G]: ...
    @overload
    def __call__(self, fn: PlainRollbackFunction[S, P, N, G], /) -> PlainRollbackHandler[S, Src, P, N, G]: ...
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

class ThreadDecorator(Decorator[S, Src, To]):
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainRollbackFunction[S, P, N, G], /) -> PlainRollbackHandler[S, Src, P, N, G]: ...
    @overload
    def __call__(
        self,
        fn: PlainOutputFunction[S, P, N, O, G],
        /,
    ) -> PlainOutputHandler[S, Src, P, N, O, G]: ...
