"""What is put around a handler's call, and only when it is wanted."""

from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.errors import CircuitOpen, RateLimited
from cano_dsl.observe import Emit, Events
from cano_dsl.plan._guarded import NoRoom
from cano_dsl.plan._step import Call
from cano_dsl.scope import in_thread
from cano_dsl.spec import Run


def threaded(thunk: Call) -> Call:
    """Call in a worker thread; gives an awaitable."""

    def call(*values: Any) -> Any:
        return in_thread(thunk, *values)

    return call


def entered(inner: Call, slot: int, at: Enum, name: str, emit: Emit | None, *, counts: bool) -> Call:
    """Move the `Run` on to a state before calling its handler, and tell who wants to know."""
    step = 1 if counts else 0

    def call(*values: Any) -> Any:
        run: Run = values[slot]
        run._enter(at, name, step)  # noqa: SLF001 - kept off the type that handlers see
        if emit is not None:
            emit(run, at)
        return inner(*values)

    return call


def bounded(inner: Call, slot: int, at: Enum, name: str, emit: Emit | None, *, counts: bool) -> Call:
    """Do what `entered` does, and ask before whether the run must end here."""
    entering = entered(inner, slot, at, name, emit, counts=counts)

    def call(*values: Any) -> Any:
        run: Run = values[slot]
        watch = run._watch  # noqa: SLF001 - kept off the type that handlers see
        if watch is not None:
            watch.boundary(at, name)
        return entering(*values)

    return call


def observed(inner: Call, slot: int, at: Enum, events: Events, *, awaits: bool) -> Call:
    """Tell observers about each attempt at a state."""
    before, after, failed = events.attempt_started, events.attempt_succeeded, events.attempt_failed

    async def call_async(*values: Any) -> Any:
        run: Run = values[slot]
        if before is not None:
            before(run, at, run.attempt)
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
        if before is not None:
            before(run, at, run.attempt)
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


def rejections(inner: Call, slot: int, at: Enum, emit: Emit, *, awaits: bool) -> Call:
    """Tell observers about calls that a breaker or limiter did not let through."""

    async def call(*values: Any) -> Any:
        try:
            target = inner(*values)
            return await target if awaits else target
        except (CircuitOpen, RateLimited, NoRoom) as raised:
            error = raised.error if isinstance(raised, NoRoom) else raised
            if not error.is_placed:
                emit(values[slot], at, error, None)
            raise

    return call


class ErrorEdge(NamedTuple):
    """An exception and where it leads; given by a step's call in place of a member."""

    kind: type[BaseException]
    target: Enum
