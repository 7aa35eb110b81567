"""What `@state` and `@router` give: it takes a function, records it, and leaves it alone."""

import sys
from collections.abc import Iterable
from enum import Enum
from types import FrameType
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, overload

from cano_dsl.declare._functions import AsyncFunction, PlainFunction
from cano_dsl.declare._handlers import AsyncHandler, Handler, PlainHandler
from cano_dsl.declare._namespace import evaluate
from cano_dsl.declare._outputs import (
    AsyncOutputFunction,
    AsyncOutputHandler,
    PlainOutputFunction,
    PlainOutputHandler,
)
from cano_dsl.declare._policies import Guards, refuse_uncuttable
from cano_dsl.declare._refused import refuse_function, targets_of
from cano_dsl.declare._rollback import (
    AsyncRollbackFunction,
    AsyncRollbackHandler,
    PlainRollbackFunction,
    PlainRollbackHandler,
)
from cano_dsl.declare._signature import (
    function_of,
    is_async,
    name_of,
    read_parameters,
    refuse_uncallable,
    scope_of,
    where_of,
)
from cano_dsl.declare._targets import awaited, beyond_states_alone
from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import HandlerSpec, Kind, Scope

S = TypeVar("S", bound=Enum)
Src = TypeVar("Src", bound=Enum)
To = TypeVar("To", bound=Enum)  # what `to=` declares; the whole Enum where it is not given
N = TypeVar("N", bound=Enum)
O = TypeVar("O")  # noqa: E741 - the output, as N is the next state
G = TypeVar("G")  # what a function with an output gives, as annotated
P = ParamSpec("P")


class Options(NamedTuple):
    """What a decorator is given; as None stands what is left out."""

    at: Any
    kind: Kind
    thread: bool
    to: tuple[Any, ...] | None
    guards: Guards


class Decorator(Generic[S, Src, To]):
    """Takes a function; what every kind of it does."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def _record(self, fn: Any, frame: FrameType) -> Handler[Any, Any, ..., Any]:
        spec = _spec(fn, frame, self._options)
        has_output, has_rollback = beyond_states_alone(spec.returns, spec.scope)
        if has_output:
            return AsyncOutputHandler(spec) if spec.awaits else PlainOutputHandler(spec)
        if has_rollback:
            return AsyncRollbackHandler(spec) if spec.awaits else PlainRollbackHandler(spec)
        return AsyncHandler(spec) if spec.awaits and not spec.thread else PlainHandler(spec)


class RouterDecorator(Decorator[S, Src, To]):
    """Takes an async or a plain function that gives its next state alone."""

    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...
    def __call__(self, fn: Any, /) -> Handler[Any, Any, ..., Any]:
        """Record the function.

        Raises:
            SignatureError: It cannot be a handler; the message says where and what to do.
        """
        return self._record(fn, sys._getframe(1))


class HandlerDecorator(Decorator[S, Src, To]):
    """Takes an async or a plain function, which may give an output too, or ask for a rollback."""

    @overload
    def __call__(self, fn: AsyncFunction[S, P, N], /) -> AsyncHandler[S, Src, P, N]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, fn: AsyncRollbackFunction[S, P, N, G], /
    ) -> AsyncRollbackHandler[S, Src, P, N, G]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, fn: PlainRollbackFunction[S, P, N, G], /
    ) -> PlainRollbackHandler[S, Src, P, N, G]: ...
    @overload
    def __call__(
        self, fn: AsyncOutputFunction[S, P, N, O, G], /
    ) -> AsyncOutputHandler[S, Src, P, N, O, G]: ...
    @overload
    def __call__(
        self, fn: PlainOutputFunction[S, P, N, O, G], /
    ) -> PlainOutputHandler[S, Src, P, N, O, G]: ...
    def __call__(self, fn: Any, /) -> Handler[Any, Any, ..., Any]:
        """Record the function.

        Raises:
            SignatureError: It cannot be a handler; the message says where and what to do.
        """
        return self._record(fn, sys._getframe(1))


class ThreadDecorator(Decorator[S, Src, To]):
    """Takes a plain function, to be called in a worker thread."""

    @overload
    def __call__(self, fn: PlainFunction[S, P, N], /) -> PlainHandler[S, Src, P, N]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, fn: PlainRollbackFunction[S, P, N, G], /
    ) -> PlainRollbackHandler[S, Src, P, N, G]: ...
    @overload
    def __call__(
        self, fn: PlainOutputFunction[S, P, N, O, G], /
    ) -> PlainOutputHandler[S, Src, P, N, O, G]: ...
    def __call__(self, fn: Any, /) -> Handler[Any, Any, ..., Any]:
        """Record the function.

        Raises:
            SignatureError: It cannot be a handler, for one because it is async.
        """
        return self._record(fn, sys._getframe(1))


def here(frame: FrameType) -> Where:
    """Give the line that a frame is at."""
    return Where(frame.f_code.co_filename, frame.f_lineno)


def options_of(
    at: Any,
    kind: Kind,
    frame: FrameType,
    *,
    to: Iterable[Any] | None,
    made: Guards,
    thread: bool = False,
) -> Options:
    """Check what a decorator is given."""
    refuse_function(at, kind, frame)
    return Options(at, kind, thread, targets_of(to, frame), made)


def declares_awaitable(returns: object, scope: Scope) -> bool:
    """Tell whether a plain function hands on a coroutine; nearly always its first letters say no."""
    if isinstance(returns, str) and returns.startswith("Literal["):
        return False
    return awaited(evaluate(returns, scope)) is not None


def _spec(fn: Any, frame: FrameType, options: Options) -> HandlerSpec:
    if isinstance(fn, staticmethod):
        fn = fn.__func__
    if isinstance(fn, Handler):
        raise SignatureError(
            what=f"{fn.spec.name!r} is already the handler of {fn.spec.at}",
            fix="Give one function to each decorator: state(S.A)(fn), state(S.B)(fn)",
            where=fn.spec.where,
        )
    function = function_of(fn)
    refuse_uncallable(fn, here(frame))
    parameters, returns = read_parameters(fn, function)
    scope = scope_of(function, frame)
    awaits = is_async(fn, function) or declares_awaitable(returns, scope)
    where = where_of(function) if function is not None else here(frame)
    _refuse_manner(fn, where, options, awaits=awaits)
    return HandlerSpec(
        kind=options.kind,
        at=options.at,
        fn=fn,
        name=name_of(fn),
        where=where,
        doc=(fn.__doc__ or "").strip().partition("\n")[0],
        parameters=parameters,
        returns=returns,
        to=options.to,
        scope=scope,
        awaits=awaits,
        thread=options.thread,
        on_error=options.guards.on_error,
        policies=options.guards.policies,
        effects=options.guards.effects,
        at_most_once=options.guards.at_most_once,
    )


def _refuse_manner(fn: Any, where: Where, options: Options, *, awaits: bool) -> None:
    """Refuse an async function in a thread, and a timeout of a plain one."""
    if not awaits:
        refuse_uncuttable(options.guards.policies, fn, where, what="handler", thread=options.thread)
    elif options.thread:
        raise SignatureError(
            what=f"async handler {name_of(fn)!r} cannot run in a thread",
            fix="Make it a plain function, or leave thread=True away",
            where=where,
        )
