# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.spec import HandlerSpec as HandlerSpec
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Generic, ParamSpec, TypeVar

S = TypeVar('S', bound=Enum)
Src_co = TypeVar('Src_co', bound=Enum, covariant=True)
N_co = TypeVar('N_co', bound=Enum, covariant=True)
P = ParamSpec('P')

class Handler(Generic[S, Src_co, P, N_co]):
    spec: HandlerSpec
    def __init__(self, spec: HandlerSpec) -> None: ...
    def __repr__(self) -> str: ...

class AsyncHandler(Handler[S, Src_co, P, N_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co]: ...

class PlainHandler(Handler[S, Src_co, P, N_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co: ...
