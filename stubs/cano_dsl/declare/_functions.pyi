# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import Coroutine
from enum import Enum
from typing import Any, ParamSpec, Protocol, TypeVar, overload

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
