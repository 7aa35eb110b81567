"""The one seam through which the engine sees time."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import anyio

from cano_dsl.scope._backend import current_task, current_time, loop_timer, new_scope


class Guard(Protocol):
    """A scope that lies around a resource or a run, and shields or bounds it later.

    Scopes are left in the reverse order of entering. So where a resource may hold a scope of its own, as a
    task group does, what shields its closing has to be entered before it.
    """

    def __enter__(self) -> Self:
        """Enter it; nothing is held off or bounded yet."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        """Leave it; true when what ends is the cut."""
        ...

    def protect(self, seconds: float) -> None:
        """From now on hold off outer cancel scopes, and cut what is inside after `seconds`."""
        ...

    def bound(self, seconds: float) -> None:
        """From now on cut what is inside after `seconds`, holding nothing off; infinite for never."""
        ...

    def cancel(self) -> None:
        """Cut what is inside now."""
        ...

    @property
    def cut(self) -> bool:
        """Whether the time ran out, or it was cancelled."""
        ...


@runtime_checkable
class Clock(Protocol):
    """Where time comes from; the engine asks nothing else."""

    def monotonic(self) -> float:
        """Give seconds since an arbitrary moment; never goes back."""
        ...

    def steady(self) -> float:
        """Give seconds since a moment that is the same for every loop and thread of the process."""
        ...

    def now(self) -> float:
        """Give seconds since 1970 in UTC, as the wall clock has them; may go back."""
        ...

    def guard(self) -> Guard:
        """Make a scope to lie around a resource."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; always yields, also for 0."""
        ...

    def scope(self, seconds: float, *, shield: bool = False) -> AbstractContextManager[object]:
        """Make a scope that cuts what is inside after `seconds`; a shield holds off outer ones."""
        ...


class _SystemGuard:
    """An anyio scope that is shielded late."""

    __slots__ = ("_scope", "_task")

    def __init__(self) -> None:
        self._scope = new_scope()
        self._task = current_task()

    def __enter__(self) -> Self:
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        return self._scope.__exit__(kind, error, trace)

    def protect(self, seconds: float) -> None:
        if current_task() != self._task:  # as test fixtures do; a scope is left by its own task
            self._scope = new_scope()
            self._scope.__enter__()
        self._scope.shield = True
        self._scope.deadline = current_time() + seconds

    def bound(self, seconds: float) -> None:
        self._scope.deadline = current_time() + seconds

    def cancel(self) -> None:
        self._scope.cancel()

    @property
    def cut(self) -> bool:
        return self._scope.cancel_called


class SystemClock:
    """The machine's own clock and the backend's own scopes."""

    def monotonic(self) -> float:
        """Give the running loop's own time, which a test may have replaced."""
        return current_time()

    steady = staticmethod(time.monotonic)  # without a call in between, as breakers and limiters ask each time

    def now(self) -> float:
        """Give the machine's wall clock."""
        return time.time()

    def guard(self) -> Guard:
        """Give a guard made of an anyio scope."""
        return _SystemGuard()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running loop."""
        await anyio.sleep(seconds)

    def scope(self, seconds: float, *, shield: bool = False) -> AbstractContextManager[object]:
        """Give a scope of the backend's own class."""
        return new_scope(seconds, shield=shield)


SYSTEM_CLOCK: Clock = SystemClock()


def timer(clock: Clock) -> Callable[[], float]:
    """Give what tells a clock's monotonic time in any thread; called where its loop runs.

    The system's clock asks which loop runs, which in a thread none does; one of a test knows by itself.
    """
    return loop_timer() if isinstance(clock, SystemClock) else clock.monotonic
