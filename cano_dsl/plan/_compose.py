"""What is put around a handler's call, and only when it is wanted."""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.observe import Emit, Events
from cano_dsl.plan._step import Call, Step
from cano_dsl.scope import in_thread
from cano_dsl.spec import Run


def logged(inner: Call, slot: int, step: Step, emit: Emit | None, *, awaits: bool) -> Call:
    """Do what `bounded` does, and write that the state is entered before its handler is called."""
    at, name = step.at, step.name

    async def call(*values: Any) -> Any:
        run: Run = values[slot]
        watch, log, attempts = run._watch, run._log, run.attempt  # noqa: SLF001 - kept off what handlers see
        if watch is not None:
            must_run = step.undo is not None and log is not None and log.is_in_flight
            watch.boundary(at, name, must_run=must_run)
        run._enter(at, name, 0)  # noqa: SLF001 - as above; the log numbers the entries
        if log is not None:
            await log.enter(name, attempts)
        if emit is not None:
            emit(run, at)
        target = inner(*values)
        return await target if awaits else target

    return call


def passed(inner: Call, slot: int, name: str) -> Call:
    """Let the log see a router, which has no row."""

    def call(*values: Any) -> Any:
        log = values[slot]._log  # noqa: SLF001 - kept off what handlers see
        if log is not None:
            log.pass_by(name)
        return inner(*values)

    return call


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
    step = 1 if counts else 0

    def call(*values: Any) -> Any:
        run: Run = values[slot]
        watch = run._watch  # noqa: SLF001 - kept off the type that handlers see
        if watch is not None:
            watch.boundary(at, name)
        run._enter(at, name, step)  # noqa: SLF001 - as above
        if emit is not None:
            emit(run, at)
        return inner(*values)

    return call


def observed(inner: Call, slot: int, at: Enum, events: Events, *, awaits: bool) -> Call:
    """Tell observers about each attempt at a state."""
    return (_observed_async if awaits else _observed_plain)(inner, slot, at, events)


def _observed_async(inner: Call, slot: int, at: Enum, events: Events) -> Call:
    before, after, failed = events.attempt_started, events.attempt_succeeded, events.attempt_failed

    async def call(*values: Any) -> Any:
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

    return call


def _observed_plain(inner: Call, slot: int, at: Enum, events: Events) -> Call:
    before, after, failed = events.attempt_started, events.attempt_succeeded, events.attempt_failed

    def call(*values: Any) -> Any:
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

    return call


def rejecting(emit: Emit, slot: int, at: Enum) -> Callable[[tuple[Any, ...], Exception], None]:
    """Give what tells observers about a call that a breaker or limiter did not let through."""

    def reject(values: tuple[Any, ...], error: Exception) -> None:
        emit(values[slot], at, error, None)

    return reject


class ErrorEdge(NamedTuple):
    """An exception and where it leads; given by a step's call in place of a member."""

    kind: type[BaseException]
    target: Enum
