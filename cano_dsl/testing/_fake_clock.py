"""A clock whose time goes on only when nobody could do anything else."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import anyio.from_thread
import anyio.lowlevel

from cano_dsl.scope import Guard, work_of_threads
from cano_dsl.testing._agenda import Agenda
from cano_dsl.testing._fake_scope import FakeScope

YEAR_2000 = 946_684_800.0


class FakeClock:
    """A clock for tests: hours of waiting pass in milliseconds, the same way each time.

    Give it to `Workflow.configure(clock=...)`, and every wait, limit and deadline of the engine is in its
    time, on asyncio and trio, in any loop; the loop's own clock stays real. When every task of the loop is
    blocked, time jumps to the next moment at which something is due, one at a time, in the order of making
    where moments are equal. Handlers that wait must wait by this clock too, `await clock.sleep(60)`.

    Time stands still while a handler works in a thread, while any task can run (one that never blocks keeps
    it still for ever), and within `paused()`. What is really awaited, such as a socket, `asyncio.sleep` or a
    thread of one's own, is not seen: time may jump meanwhile, so that a limit around it is reached at once,
    unless `paused()` is around it.

    One clock serves any number of workflows and runs at once in one loop, and loops one after the other, in
    which its time goes on. It is not for several loops at once: give each its own.

    Args:
        start: What `monotonic` begins with, in seconds.
        now: What the wall clock begins with: seconds since 1970 in UTC, by default the start of 2000.
        auto: Whether time jumps by itself; otherwise only `advance` makes it pass.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Join, Retry, Workflow, split
        >>> from cano_dsl.testing import FakeClock
        >>> class Job(Enum):
        ...     ASK = 1
        ...     DONE = 2
        >>> @split(Job.ASK, over=("a", "b"), join=Join.all(), to=Job.DONE, retry=Retry.fixed(5, 3600.0))
        ... async def ask(name: str, calls: list[str]) -> None:
        ...     calls.append(name)
        ...     if len(calls) < 6:
        ...         raise OSError("busy")
        >>> clock = FakeClock()
        >>> jobs = Workflow.build(Job, ask, start=Job.ASK, exits=(Job.DONE,)).configure(clock=clock)
        >>> jobs.run_sync(calls=[])
        <Job.DONE: 2>
        >>> clock.monotonic() / 3600
        3.0

        With pytest, a fixture gives each test its own:

        >>> import pytest
        >>> @pytest.fixture
        ... def clock() -> FakeClock:
        ...     return FakeClock()
        >>> def test_gives_up_within_a_day(clock: FakeClock) -> None:
        ...     jobs.configure(clock=clock).run_sync(calls=[])
        ...     assert clock.monotonic() < 86_400
    """

    def __init__(self, start: float = 0.0, *, now: float = YEAR_2000, auto: bool = True) -> None:
        for name, value in (("start", start), ("now", now)):
            if not math.isfinite(value):
                raise ValueError(f"a clock begins with {name}={value!r}: give a finite number of seconds")
        self._start = start
        self._wall = now
        self._agenda = Agenda(start, auto=auto)

    def monotonic(self) -> float:
        """Give the seconds that have passed, with those that it was given to start with."""
        return self._agenda.time

    def steady(self) -> float:
        """Give the same as `monotonic`: there is one time for all."""
        return self._agenda.time

    def now(self) -> float:
        """Give the wall clock, in seconds since 1970 in UTC; it goes with `monotonic`."""
        return self._wall + (self._agenda.time - self._start)

    async def sleep(self, seconds: float) -> None:
        """Wait in this clock's time; always yields, also for 0."""
        moment = self._agenda.moment(seconds)
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
        else:
            await self._agenda.until(moment)

    def sleep_in_thread(self, seconds: float) -> None:
        """Wait in this clock's time as `time.sleep` would, in a handler that runs in a thread.

        The thread does not keep time still meanwhile, and no cancel cuts it.

        Raises:
            RuntimeError: The caller is in no worker thread of a loop.
        """
        anyio.from_thread.run(self._sleep_for_thread, seconds)

    async def _sleep_for_thread(self, seconds: float) -> None:
        work = work_of_threads()
        work.calls -= 1
        try:
            with anyio.CancelScope(shield=True):
                await self.sleep(seconds)
        finally:
            work.calls += 1

    async def advance(self, seconds: float) -> None:
        """Let so many seconds pass, and everything happen that is due by then, in its order.

        When it returns all other tasks are blocked again: `advance(0)` only waits for that. It waits for
        handlers in threads.

        Raises:
            ValueError: `seconds` is less than 0, or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"time cannot be advanced by {seconds!r} s: give a finite number, 0 or more")
        agenda = self._agenda
        agenda.advancing += 1
        try:
            await agenda.until(agenda.moment(seconds), rank=1)
        finally:
            agenda.advancing -= 1

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep time still, as around I/O that is real.

        Example:
            >>> import anyio
            >>> clock = FakeClock()
            >>> async def main() -> None:
            ...     with anyio.move_on_after(5), clock.paused():  # a real second or less
            ...         await anyio.sleep(0.001)
            >>> anyio.run(main)
            >>> clock.monotonic()
            0.0
        """
        self._agenda.pauses += 1
        try:
            yield
        finally:
            self._agenda.pauses -= 1
            self._agenda.nudge()

    def scope(self, seconds: float, *, shield: bool = False) -> Guard:
        """Make a scope that cuts what is inside after `seconds` of this clock's time."""
        return FakeScope(self._agenda, seconds, shield=shield)

    def guard(self) -> Guard:
        """Make a scope to lie around a resource, which is bounded later."""
        return FakeScope(self._agenda, math.inf)
