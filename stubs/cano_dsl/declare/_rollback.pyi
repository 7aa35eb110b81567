# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._handlers import Handler as Handler, K_co as K_co
from cano_dsl.spec import Rollback as Rollback
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

S = TypeVar('S', bound=Enum)
Src_co = TypeVar('Src_co', bound=Enum, covariant=True)
S_co = TypeVar('S_co', bound=Enum, covariant=True)
N_co = TypeVar('N_co', bound=Enum, covariant=True)
G_co = TypeVar('G_co', covariant=True)
P = ParamSpec('P')

class AsyncRollbackFunction(Protocol[S_co, P, N_co, G_co]):
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co | Rollback[Any]]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, S_co | Rollback[S_co]]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, G_co]: ...

class PlainRollbackFunction(Protocol[S_co, P, N_co, G_co]):
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co | Rollback[Any]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S_co | Rollback[S_co]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co: ...

class AsyncRollbackHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, G_co, K_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, G_co]: ...

class PlainRollbackHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, G_co, K_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co: ...
