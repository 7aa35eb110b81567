"""`@state` and `@router`: they record, and leave the function alone.

A handler's protocol is an *intersection*: a function fits it only if it fits both overloads of `__call__`.
The first captures the declared Literal, the second asks the same return type to be made of members of the
Enum that the decorator was given. A bound TypeVar cannot say that, as a bound cannot name another TypeVar.
"""

import sys
from collections.abc import Collection, Coroutine, Iterable
from enum import Enum
from types import FrameType, FunctionType, MethodType
from typing import Any, Generic, Literal, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from cano_dsl.declare._handlers import AsyncHandler, Handler, PlainHandler
from cano_dsl.declare._namespace import evaluate
from cano_dsl.declare._on_error import OnError, error_targets
from cano_dsl.declare._outputs import (
    AsyncOutputFunction,
    AsyncOutputHandler,
    PlainOutputFunction,
    PlainOutputHandler,
)
from cano_dsl.declare._policies import Guards, checked_effects, policies, refuse_uncuttable
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
from cano_dsl.spec import Breaker, Duration, HandlerSpec, Kind, Limiter, Retry, Scope

S = TypeVar("S", bound=Enum)
Src = TypeVar("Src", bound=Enum)
To = TypeVar("To", bound=Enum)  # what `to=` declares; the whole Enum where it is not given
N = TypeVar("N", bound=Enum)
O = TypeVar("O")  # noqa: E741 - the output, as N is the next state
G = TypeVar("G")  # what a function with an output gives, as annotated
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


class _Options(NamedTuple):
    """What a decorator is given; as None stands what is left out."""

    at: Any
    kind: Kind
    thread: bool
    to: tuple[Any, ...] | None
    guards: Guards


class _Decorator(Generic[S, Src, To]):
    def __init__(self, options: _Options) -> None:
        self._options = options

    def _record(self, fn: Any, frame: FrameType) -> Handler[Any, Any, ..., Any]:
        spec = _spec(fn, frame, self._options)
        has_output, has_rollback = beyond_states_alone(spec.returns, spec.scope)
        if has_output:
            return AsyncOutputHandler(spec) if spec.awaits else PlainOutputHandler(spec)
        if has_rollback:
            return AsyncRollbackHandler(spec) if spec.awaits else PlainRollbackHandler(spec)
        return AsyncHandler(spec) if spec.awaits and not spec.thread else PlainHandler(spec)


class RouterDecorator(_Decorator[S, Src, To]):
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


class HandlerDecorator(_Decorator[S, Src, To]):
    """Takes an async or a plain function, which may also give an output, or ask for a rollback."""

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


class ThreadDecorator(_Decorator[S, Src, To]):
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


@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: None = None,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> HandlerDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: None = None,
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> ThreadDecorator[S, S, S]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[False] = False,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> HandlerDecorator[S, S, To]: ...
@overload
def state(
    at: S,
    /,
    *,
    thread: Literal[True],
    to: Collection[To],
    retry: Retry | None = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> ThreadDecorator[S, S, To]: ...
def state(
    at: S,
    /,
    *,
    thread: bool = False,
    to: Collection[Any] | None = None,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
    effects: bool = False,
) -> _Decorator[S, S, Any]:
    """Make a function the handler of a state; its return annotation declares where it may go.

    The function may be async or plain. A plain one runs on the event loop, so it must not block: give
    `thread=True` where it does. Its parameters are resources, found by name, apart from those annotated
    `Run` or `RunData[T]`; one with a default may be left out of `run`.

    A handler that returns `tuple[Literal[...], Output]` gives an output too, which `compensate` can undo. One
    that declares `Rollback[Literal[...]]` may ask for all outputs to be undone before the run goes on.

    Args:
        at: The state; one member of the workflow's Enum.
        thread: Call a plain function in a worker thread. The run waits for it even when it is cancelled,
            as a thread cannot be stopped.
        to: The states that it may go to, where the annotation cannot say it: targets computed from data,
            generated workflows. An output is declared by the annotation all the same, and comes with every
            one of them: `tuple[Order, Output]`.
        retry: When a call that failed is made again.
        timeout: How long one attempt may take, in seconds; then it counts as failed. Only an async function
            can be cut.
        breaker: A circuit breaker before each attempt; handlers may share one.
        limiter: A limiter before the first attempt, which waits until there is room; handlers may share one.
        on_error: The state to go to instead of failing, or a state for each class of exceptions, of which the
            first that fits counts, after all attempts.
        effects: Whether the handler changes something outside of the run; where nothing undoes it, and the
            run can still fail after it, that is a warning.

    Raises:
        PolicyError: `timeout` is not above 0, or `retry`, `breaker` or `limiter` is something else.
        SignatureError: A key of `on_error` is no class of exceptions, or where the decorator is applied, the
            function cannot be a handler.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     FETCH = 1
        ...     STORE = 2
        ...     DONE = 3
        >>> @state(Job.FETCH)
        ... async def fetch(box: list[str]) -> Literal[Job.STORE]:
        ...     box.append("fetched")
        ...     return Job.STORE
        >>> def save(box: list[str]) -> Job:
        ...     box.append("saved")
        ...     return Job.DONE
        >>> saving = state(Job.STORE, to=(Job.DONE,))(save)
        >>> jobs = Workflow.build(Job, fetch, saving, start=Job.FETCH, exits=(Job.DONE,))
        >>> box: list[str] = []
        >>> jobs.run_sync(box=box), box
        (<Job.DONE: 3>, ['fetched', 'saved'])
    """
    frame = sys._getframe(1)
    found = policies(retry=retry, timeout=timeout, breaker=breaker, limiter=limiter)
    made = Guards(found, error_targets(on_error, _here(frame)), checked_effects(effects))
    kind = ThreadDecorator if thread else HandlerDecorator
    return kind(_options(at, "state", frame, to=to, guards=made, thread=thread))


@overload
def router(
    at: S,
    /,
    *,
    to: None = None,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, S]: ...
@overload
def router(
    at: S,
    /,
    *,
    to: Collection[To],
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, To]: ...
def router(
    at: S,
    /,
    *,
    to: Collection[Any] | None = None,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    on_error: OnError[S] = None,
) -> RouterDecorator[S, S, Any]:
    """Make a function the handler of a state that only decides where to go.

    A router has the shape of a `state`, but changes nothing: it gets no entry in the log of a run, no
    number of its own in `Run.idempotency_key`, and a shape of its own in the diagram.

    Args:
        at: The state; one member of the workflow's Enum.
        to: The states that it may go to, where the annotation cannot say it.
        retry: When a call that failed is made again.
        timeout: How long one attempt may take, in seconds, of an async function.
        breaker: A circuit breaker before each attempt.
        limiter: A limiter before the first attempt.
        on_error: The state to go to instead of failing, or a state for each class of exceptions.

    Raises:
        PolicyError: `timeout` is not above 0, or `retry`, `breaker` or `limiter` is something else.
        SignatureError: A key of `on_error` is no class of exceptions, or where the decorator is applied, the
            function cannot be a handler.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, router
        >>> class Gate(Enum):
        ...     ASK = 1
        ...     OPEN = 2
        ...     SHUT = 3
        >>> @router(Gate.ASK)
        ... def ask(age: int) -> Literal[Gate.OPEN, Gate.SHUT]:
        ...     return Gate.OPEN if age >= 18 else Gate.SHUT
        >>> gate = Workflow.build(Gate, ask, start=Gate.ASK, exits=(Gate.OPEN, Gate.SHUT))
        >>> gate.run_sync(age=30)
        <Gate.OPEN: 2>
    """
    frame = sys._getframe(1)
    found = policies(retry=retry, timeout=timeout, breaker=breaker, limiter=limiter)
    made = Guards(found, error_targets(on_error, _here(frame)), effects=False)
    return RouterDecorator(_options(at, "router", frame, to=to, guards=made))


def _here(frame: FrameType) -> Where:
    return Where(frame.f_code.co_filename, frame.f_lineno)


def _options(
    at: Any,
    kind: Kind,
    frame: FrameType,
    *,
    to: Iterable[Any] | None,
    guards: Guards,
    thread: bool = False,
) -> _Options:
    _refuse_function(at, kind, frame)
    return _Options(at, kind, thread, _collection(to, frame), guards)


def _refuse_function(at: object, kind: Kind, frame: FrameType) -> None:
    """Refuse a decorator without its state, which was given the function in place of one."""
    if isinstance(at, (FunctionType, MethodType, staticmethod, classmethod, Handler)):
        fn: Any = at
        name = at.spec.name if isinstance(at, Handler) else name_of(fn)
        raise SignatureError(
            what=f"@{kind} stands above {name!r} without a state",
            fix=f"Name the state that it handles: @{kind}(S.X)",
            where=_here(frame),
        )


def _collection(to: Iterable[Any] | None, frame: FrameType) -> tuple[Any, ...] | None:
    if to is None:
        return None
    if isinstance(to, (Enum, str)) or not isinstance(to, Iterable):
        raise SignatureError(
            what=f"to={to} is not a collection of states",
            fix=f"Give a tuple: to=({to},)",
            where=_here(frame),
        )
    return tuple(to)


def declares_awaitable(returns: object, scope: Scope) -> bool:
    """Tell whether a plain function hands on a coroutine; nearly always its first letters say no."""
    if isinstance(returns, str) and returns.startswith("Literal["):
        return False
    return awaited(evaluate(returns, scope)) is not None


def _spec(fn: Any, frame: FrameType, options: _Options) -> HandlerSpec:
    if isinstance(fn, staticmethod):
        fn = fn.__func__
    if isinstance(fn, Handler):
        raise SignatureError(
            what=f"{fn.spec.name!r} is already the handler of {fn.spec.at}",
            fix="Give one function to each decorator: state(S.A)(fn), state(S.B)(fn)",
            where=fn.spec.where,
        )
    function = function_of(fn)
    refuse_uncallable(fn, _here(frame))
    parameters, returns = read_parameters(fn, function)
    scope = scope_of(function, frame)
    awaits = is_async(fn, function) or declares_awaitable(returns, scope)
    where = where_of(function) if function is not None else _here(frame)
    _refuse_manner(fn, where, options, awaits=awaits)
    at, kind, thread, to, guards = options
    return HandlerSpec(
        kind=kind,
        at=at,
        fn=fn,
        name=name_of(fn),
        where=where,
        doc=(fn.__doc__ or "").strip().partition("\n")[0],
        parameters=parameters,
        returns=returns,
        to=to,
        scope=scope,
        awaits=awaits,
        thread=thread,
        on_error=guards.on_error,
        policies=guards.policies,
        effects=guards.effects,
    )


def _refuse_manner(fn: Any, where: Where, options: _Options, *, awaits: bool) -> None:
    """Refuse an async function in a thread, and a timeout of a plain one."""
    if not awaits:
        refuse_uncuttable(options.guards.policies, fn, where, what="handler", thread=options.thread)
    elif options.thread:
        raise SignatureError(
            what=f"async handler {name_of(fn)!r} cannot run in a thread",
            fix="Make it a plain function, or leave thread=True away",
            where=where,
        )
