# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.spec import HandlerSpec as HandlerSpec, Join as Join
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Generic, ParamSpec, TypeVar
from typing_extensions import TypeVar as TypeVarWithDefault

S = TypeVar('S', bound=Enum)
Src_co = TypeVar('Src_co', bound=Enum, covariant=True)
N_co = TypeVar('N_co', bound=Enum, covariant=True)
P = ParamSpec('P')
O = ParamSpec('O')
I_contra = TypeVar('I_contra', contravariant=True)
T_co = TypeVar('T_co', covariant=True)
J_co = TypeVarWithDefault('J_co', default=Join, covariant=True)
K_co = TypeVarWithDefault('K_co', default=None, covariant=True)

class Handler(Generic[S, Src_co, P, N_co]):
    spec: HandlerSpec
    def __init__(self, spec: HandlerSpec) -> None: ...
    def __repr__(self) -> str: ...

class AsyncHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, K_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co]: ...

class PlainHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, K_co]):
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co: ...

class AsyncSplit(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, I_contra, T_co, O, J_co]):
    def __call__(self, item: I_contra, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T_co]: ...

class PlainSplit(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, I_contra, T_co, O, J_co]):
    def __call__(self, item: I_contra, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...

class Gather(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, T_co, J_co]): ...
