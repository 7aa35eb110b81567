# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._outputs import OutputHandler as OutputHandler
from cano_dsl.spec import (
    CompensationSpec as CompensationSpec,
    Duration as Duration,
    HandlerSpec as HandlerSpec,
    Policies as Policies,
    Retry as Retry,
)
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, overload

S = TypeVar('S', bound=Enum)
Src = TypeVar('Src', bound=Enum)
Src_co = TypeVar('Src_co', bound=Enum, covariant=True)
O = TypeVar('O')
O_contra = TypeVar('O_contra', contravariant=True)
Q = ParamSpec('Q')

class Compensation(Generic[S, Src_co, Q]):
    spec: CompensationSpec
    def __init__(self, spec: CompensationSpec) -> None: ...
    def __repr__(self) -> str: ...

class AsyncCompensation(Compensation[S, Src_co, Q], Generic[S, Src_co, Q, O_contra]):
    def __call__(
        self,
        output: O_contra,
        /,
        *args: Q.args,
        **kwargs: Q.kwargs,
    ) -> Coroutine[Any, Any, None]: ...

class PlainCompensation(Compensation[S, Src_co, Q], Generic[S, Src_co, Q, O_contra]):
    def __call__(self, output: O_contra, /, *args: Q.args, **kwargs: Q.kwargs) -> None: ...

class _Decorator(Generic[S, Src, O]):
    def __init__(self, step: HandlerSpec, found: Policies | None, *, thread: bool) -> None: ...

class CompensateDecorator(_Decorator[S, Src, O]):
    @overload
    def __call__(
        self,
        fn: Callable[Concatenate[O, Q], Coroutine[Any, Any, None]],
        /,
    ) -> AsyncCompensation[S, Src, Q, O]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[O, Q], None], /) -> PlainCompensation[S, Src, Q, O]: ...

class ThreadCompensateDecorator(_Decorator[S, Src, O]):
    def __call__(self, fn: Callable[Concatenate[O, Q], None], /) -> PlainCompensation[S, Src, Q, O]: ...

@overload
def compensate(
    step: OutputHandler[S, Src, ..., Any, O],
    /,
    *,
    thread: Literal[False] = False,
    retry: Retry | None = None,
    timeout: Duration | None = None,
) -> CompensateDecorator[S, Src, O]: ...
@overload
def compensate(
    step: OutputHandler[S, Src, ..., Any, O],
    /,
    *,
    thread: Literal[True],
    retry: Retry | None = None,
) -> ThreadCompensateDecorator[S, Src, O]: ...
