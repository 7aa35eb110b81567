"""`@state` and `@router`."""

import sys
from collections.abc import Collection
from enum import Enum
from typing import Any, Literal, TypeVar, overload

from cano_dsl.declare._decorators import (
    Decorator,
    HandlerDecorator,
    RouterDecorator,
    ThreadDecorator,
    here,
    options_of,
)
from cano_dsl.declare._on_error import OnError
from cano_dsl.declare._policies import guards
from cano_dsl.spec import Breaker, Duration, Limiter, Retry, Semantics

S = TypeVar("S", bound=Enum)
To = TypeVar("To", bound=Enum)  # what `to=` declares; the whole Enum where it is not given


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
    semantics: Semantics = "at_least_once",
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
    semantics: Semantics = "at_least_once",
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
    semantics: Semantics = "at_least_once",
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
    semantics: Semantics = "at_least_once",
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
    semantics: Semantics = "at_least_once",
) -> Decorator[S, S, Any]:
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
        semantics: With a checkpoint store, "at_least_once" lets a run that was killed within the state call
            the handler again. "at_most_once" lets the run wait for a person, as `RunParked` says; a call
            that raised has failed all the same. It goes with no `retry`.

    Raises:
        PolicyError: `timeout` is not above 0, or `retry`, `breaker` or `limiter` is something else, or there
            is a `retry` with "at_most_once".
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
    made = guards(
        here(frame),
        on_error,
        effects=effects,
        semantics=semantics,
        retry=retry,
        timeout=timeout,
        breaker=breaker,
        limiter=limiter,
    )
    kind = ThreadDecorator if thread else HandlerDecorator
    return kind(options_of(at, "state", frame, to=to, made=made, thread=thread))


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
    made = guards(here(frame), on_error, retry=retry, timeout=timeout, breaker=breaker, limiter=limiter)
    return RouterDecorator(options_of(at, "router", frame, to=to, made=made))
