"""Handlers that also give an output, which a compensation takes.

The protocols are intersections as those of `_functions`: the first overload captures the declared states and
the output, the second asks the states to be members of the Enum, the third keeps the return type as it is
written, so that a call in a unit test has it.
"""

from collections.abc import Coroutine
from enum import Enum
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from cano_dsl.declare._handlers import Handler, K_co
from cano_dsl.spec import Rollback

S = TypeVar("S", bound=Enum)
Src_co = TypeVar("Src_co", bound=Enum, covariant=True)
S_co = TypeVar("S_co", bound=Enum, covariant=True)
N_co = TypeVar("N_co", bound=Enum, covariant=True)
O_co = TypeVar("O_co", covariant=True)
G_co = TypeVar("G_co", covariant=True)  # what the function gives, as annotated
P = ParamSpec("P")


class AsyncOutputFunction(Protocol[S_co, P, N_co, O_co, G_co]):  # type: ignore[misc]
    """An async function that gives an output with some of its next states, which are members of S.

    It may ask for a rollback, too, as the functions of `_rollback`.
    """

    @overload
    def __call__(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[N_co, O_co] | N_co | Rollback[Any]]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, tuple[S_co, Any] | S_co | Rollback[S_co]]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, G_co]: ...


class PlainOutputFunction(Protocol[S_co, P, N_co, O_co, G_co]):  # type: ignore[misc]
    """A plain function that gives an output with some of its next states, which are members of S.

    It may ask for a rollback, too, as the functions of `_rollback`.
    """

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> tuple[N_co, O_co] | N_co | Rollback[Any]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[S_co, Any] | S_co | Rollback[S_co]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co: ...  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]


class OutputHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, O_co]):
    """A handler whose output `compensate` can undo; O is the output's type."""


class AsyncOutputHandler(
    OutputHandler[S, Src_co, P, N_co, O_co], Generic[S, Src_co, P, N_co, O_co, G_co, K_co]
):
    """One whose call is awaited."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, G_co]:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]


class PlainOutputHandler(
    OutputHandler[S, Src_co, P, N_co, O_co], Generic[S, Src_co, P, N_co, O_co, G_co, K_co]
):
    """One whose call gives the next state at once."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]
