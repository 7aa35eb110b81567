"""What ends a run from without: its handle, its total timeout, the number of its transitions.

A run has a watch only where one of these is asked for. It is asked at every boundary, before a handler is
called, so that a cycle that never suspends is ended too; meanwhile a scope cuts what is awaited.
"""

import math
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeVar

from cano_dsl.engine._driver import drive
from cano_dsl.errors import (
    Cancelled,
    InternalError,
    RunError,
    RunPlace,
    RunTimeout,
    TransitionsExhausted,
    Where,
)
from cano_dsl.plan import Last, Plan, Step, Values
from cano_dsl.scope import Clock, Guard, timer
from cano_dsl.spec import Run

T = TypeVar("T")


class Stopped(BaseException):
    """The run must end here; never leaves the engine, and no `except Exception` of a handler keeps it."""


class Watch:
    """The limits of one run, and how far it is.

    Attributes:
        deadline: By the clock's monotonic time; None without one.
        is_cancelled: Whether the handle was told to cancel.
        path: The last states entered, at most four.
        names: Their names in the workflow.
    """

    __slots__ = (
        "_began",
        "_guard",
        "_is_unknown",
        "_left",
        "_limit_s",
        "_most",
        "_now",
        "deadline",
        "is_cancelled",
        "names",
        "path",
    )

    def __init__(self, clock: Clock, limit_s: float | None, most: int | None) -> None:
        self._now = timer(clock)  # also for a handler in a thread, which asks how long it has
        self._limit_s = limit_s
        self._most = most
        self._left = math.inf if most is None else most
        self._began = self._now()
        self._guard: Guard | None = None
        self._is_unknown = False
        self.deadline = None if limit_s is None else self._began + limit_s
        self.is_cancelled = False
        self.path: tuple[Enum, ...] = ()
        self.names: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the run has been asked to end, or its time is over."""
        return self.is_cancelled or (self.deadline is not None and self._now() >= self.deadline)

    def left(self) -> float:
        """Give the seconds until the deadline, not less than 0; infinite without one."""
        return math.inf if self.deadline is None else max(0.0, self.deadline - self._now())

    def cancel(self) -> None:
        """End the run at its next await or boundary; a second time is the same as once."""
        self.is_cancelled = True
        if self._guard is not None:
            self._guard.cancel()

    def boundary(self, state: Enum, name: str, *, must_run: bool = False) -> None:
        """See a state before its handler is called, and end the run there when it must.

        A state that must run is one that an earlier process was in and that can be undone: it ends first, as
        nobody knows what it did (R9).
        """
        self.path = (*self.path[-3:], state)
        self.names = (*self.names[-3:], name)
        if must_run:
            return
        if self._left <= 0 or self.is_cancelled:
            raise Stopped
        if self.deadline is not None and self._now() >= self.deadline:
            raise Stopped
        self._left -= 1

    def cut(self) -> BaseException:
        """Give what to raise where a state that can be undone was cut; nobody knows what it did."""
        self._is_unknown = True
        return Stopped()

    async def within(self, guard: Guard, fn: Callable[[], Awaitable[T]]) -> T:
        """Call within a guard that the limits cut, and that its caller has entered.

        Raises:
            Stopped: A boundary ended it; a cut is raised as the backend's own cancel, for the guard.
        """
        self._guard = guard
        if self.is_cancelled:
            guard.cancel()
        if self.deadline is not None:
            guard.bound(self.left())
        try:
            return await fn()
        finally:
            self._guard = None
            guard.bound(math.inf)

    def error(self, plan: Plan, run: Run) -> RunError:
        """Say what ended the run, and tell observers when it was the time.

        A cancel by the handle goes before the time, and that before the number.
        """
        at = self.place(plan, run)
        if self.is_cancelled:
            return Cancelled(at=at, is_unknown=self._is_unknown)
        if self._limit_s is not None and (self.is_over or self._is_unknown):
            elapsed_s = self._now() - self._began
            if plan.events is not None and plan.events.timed_out is not None:
                plan.events.timed_out(run, elapsed_s, self._limit_s)
            return RunTimeout(at=at, elapsed_s=elapsed_s, limit_s=self._limit_s, is_unknown=self._is_unknown)
        if self._most is None:
            raise InternalError(f"a run of {plan.name!r} was ended, and nothing asked for it")
        return TransitionsExhausted(at=at, limit=self._most)

    def place(self, plan: Plan, run: Run) -> RunPlace:
        """Say where the run is."""
        names = self.names or (run.state_name,)
        return place_at(plan, run.run_id, self.path or (run.state,), names, run.attempt)


def place_at(
    plan: Plan, run_id: str, path: tuple[Enum, ...], names: tuple[str, ...], attempt: int
) -> RunPlace:
    """Say where a run is that has entered these states, which have these names in it."""
    handler = plan.graph.node(names[-1]).handler
    where = handler.where if handler is not None else plan.graph.definition.where
    return RunPlace(
        workflow=plan.name,
        run_id=run_id,
        state=path[-1],
        attempt=attempt,
        path=path,
        handler=where or Where("<not known>", 0),
        name=names[-1],
        names=names,
    )


async def drive_within(
    plan: Plan,
    step: Step,
    values: Values,
    run_id: str | None = None,
    last: Last = (None, None, None),
) -> Any:
    """Run from a step to the first exit, as `drive` does, within the limits of the run's watch.

    Raises:
        Cancelled: The handle was told to cancel.
        RunTimeout: The run's time was over.
        TransitionsExhausted: It made as many transitions as it may.
        RunError: As `drive` does.
    """
    run: Run = values[-2]
    watch: Any = run._watch  # noqa: SLF001 - kept off what handlers see
    with plan.clock.guard() as guard:
        try:
            return await watch.within(guard, lambda: drive(plan, step, values, run_id, last))
        except Stopped:
            pass
    error: RunError = watch.error(plan, run)
    try:
        raise error
    finally:
        del error  # with its traceback it would be a cycle
