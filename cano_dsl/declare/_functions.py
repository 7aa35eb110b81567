"""What `state` and `router` take: functions whose declared states are members of the right Enum.

A protocol here is an *intersection*: a function fits it only if it fits both overloads of `__call__`.
The first captures the declared Literal, the second asks the same return type to be made of members of the
Enum that the decorator was given. A bound TypeVar cannot say that, as a bound cannot name another TypeVar.
"""

from collections.abc import Coroutine
from enum import Enum
from typing import Any, ParamSpec, Protocol, TypeVar, overload

S_co = TypeVar("S_co", bound=Enum, covariant=True)
N_co = TypeVar("N_co", bound=Enum, covariant=True)
P = ParamSpec("P")


class AsyncFunction(Protocol[S_co, P, N_co]):
    """An async function whose declared states are members of S."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, S_co]: ...


class PlainFunction(Protocol[S_co, P, N_co]):
    """A plain function whose declared states are members of S."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S_co: ...  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
