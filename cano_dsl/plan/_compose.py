"""What is put around a handler's call, and only when it is wanted."""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.observe import Events
from cano_dsl.plan._step import Call
from cano_dsl.scope import in_thread
from cano_dsl.spec import Failure, Run


def threaded(thunk: Call) -> Call:
    """Call in a worker thread; gives an awaitable."""

    def call(*values: Any) -> Any:
        return in_thread(thunk, *values)

    return call


def marked(inner: Call, slot: int, at: Enum, *, counts: bool) -> Call:
    """Move the `Run` on to a state before calling its handler."""
    step = 1 if counts else 0

    def call(*values: Any) -> Any:
        run: Run = values[slot]
        run._enter(at, step)  # noqa: SLF001 - kept off the type that handlers see
        return inner(*values)

    return call


def observed(inner: Call, slot: int, at: Enum, events: Events, *, awaits: bool) -> Call:
    """Tell observers about a state and its attempt."""
    before, after, failed = _before(events, at), events.attempt_succeeded, events.attempt_failed

    async def call_async(*values: Any) -> Any:
        run: Run = values[slot]
        before(run)
        try:
            target = await inner(*values)
        except Exception as error:
            if failed is not None:
                failed(run, at, run.attempt, error)
            raise
        if after is not None:
            after(run, at, run.attempt, target)
        return target

    def call_plain(*values: Any) -> Any:
        run: Run = values[slot]
        before(run)
        try:
            target = inner(*values)
        except Exception as error:
            if failed is not None:
                failed(run, at, run.attempt, error)
            raise
        if after is not None:
            after(run, at, run.attempt, target)
        return target

    return call_async if awaits else call_plain


class ErrorEdge(NamedTuple):
    """An exception and where it leads; given by a step's call in place of a member."""

    kind: type[BaseException]
    target: Enum


def routed(inner: Call, slot: int, at: Enum, edges: tuple[ErrorEdge, ...], *, awaits: bool) -> Call:
    """Take the first error edge that an exception fits, instead of raising it."""

    def edge_of(run: Run, error: Exception) -> ErrorEdge | None:
        for edge in edges:
            if isinstance(error, edge.kind):
                run._next = Failure(error=error, state=at)  # noqa: SLF001 - see `marked`
                return edge
        return None

    async def call_async(*values: Any) -> Any:
        try:
            return await inner(*values)
        except Exception as error:
            edge = edge_of(values[slot], error)
            if edge is None:
                raise
            return edge

    def call_plain(*values: Any) -> Any:
        try:
            return inner(*values)
        except Exception as error:
            edge = edge_of(values[slot], error)
            if edge is None:
                raise
            return edge

    return call_async if awaits else call_plain


def _before(events: Events, at: Enum) -> Callable[[Run], None]:
    entered, started = events.state_entered, events.attempt_started

    def before(run: Run) -> None:
        if entered is not None:
            entered(run, at)
        if started is not None:
            started(run, at, run.attempt)

    return before
