"""Handlers that may ask for a rollback, `Rollback[Literal[...]]`, beside their next states.

The protocols are intersections as those of `_outputs`. N is what a handler goes to without a rollback; the
states after one stand in what it gives, and a type checker that follows no plugin needs no more.
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
G_co = TypeVar("G_co", covariant=True)  # what the function gives, as annotated
P = ParamSpec("P")


class AsyncRollbackFunction(Protocol[S_co, P, N_co, G_co]):  # type: ignore[misc]
    """An async function that may ask for a rollback; all states that it names are members of S."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, N_co | Rollback[Any]]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, S_co | Rollback[S_co]]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, G_co]: ...


class PlainRollbackFunction(Protocol[S_co, P, N_co, G_co]):  # type: ignore[misc]
    """A plain function that may ask for a rollback; all states that it names are members of S."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> N_co | Rollback[Any]: ...
    @overload
    def __call__(  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]
        self, *args: P.args, **kwargs: P.kwargs
    ) -> S_co | Rollback[S_co]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co: ...  # type: ignore[overload-cannot-match]  # pyright: ignore[reportOverlappingOverload]


class AsyncRollbackHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, G_co, K_co]):
    """One whose call is awaited."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, G_co]:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]


class PlainRollbackHandler(Handler[S, Src_co, P, N_co], Generic[S, Src_co, P, N_co, G_co, K_co]):
    """One whose call gives at once."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G_co:
        """Call the function itself, as a unit test does."""
        return self._fn(*args, **kwargs)  # type: ignore[no-any-return]
