"""A clock whose time goes on only when nobody could do anything else.

What is due stands in one list, in the order of its moments, and of its making where moments are equal. When
all tasks are blocked the first is taken, time goes to its moment, and it is done; then all tasks run until
they are blocked again. So what happens, and in which order, depends on no machine.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import NamedTuple, Self

import anyio
import anyio.from_thread
import anyio.lowlevel

from cano_dsl.scope import work_of_threads
from cano_dsl.testing._turns import Turns, turns_here

YEAR_2000 = 946_684_800.0


class Due(NamedTuple):
    """Something that is done at a moment.

    Attributes:
        moment: When, by the clock's monotonic time.
        rank: 0, or 1 for what comes after all else of the same moment.
        number: Counts up; so no two are equal.
        do: Does it.
    """

    moment: float
    rank: int
    number: int
    do: Callable[[], None]


class FakeClock:
    """A clock for tests: hours of waiting pass in milliseconds, the same way each time.

    Give it to `Workflow.configure(clock=...)`, and every wait, limit and deadline of the engine is in its
    time, on asyncio and trio, in any loop; the loop's own clock stays real. When every task of the loop is
    blocked, time jumps to the next moment at which something is due, one at a time, in the order of making
    where moments are equal. Handlers that wait must wait by this clock too, `await clock.sleep(60)`.

    Time stands still while a handler works in a thread, while any task can run (one that never blocks keeps
    it still for ever), and within `paused()`. What is really awaited, such as a socket, `asyncio.sleep` or a
    thread of one's own, is not seen: time may jump meanwhile, unless `paused()` is around it.

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
        self._time = start
        self._wall = now
        self._auto = auto
        self._advancing = 0
        self._pauses = 0
        self._due: list[Due] = []
        self._numbers = count()
        self._turns: Turns | None = None

    def monotonic(self) -> float:
        """Give the seconds that have passed, with those that it was given to start with."""
        return self._time

    def steady(self) -> float:
        """Give the same as `monotonic`: there is one time for all."""
        return self._time

    def now(self) -> float:
        """Give the wall clock, in seconds since 1970 in UTC; it goes with `monotonic`."""
        return self._wall + (self._time - self._start)

    async def sleep(self, seconds: float) -> None:
        """Wait in this clock's time; always yields, also for 0."""
        moment = self._moment(seconds)
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
        else:
            await self._until(moment, 0)

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
        self._advancing += 1
        try:
            await self._until(self._moment(seconds), 1)
        finally:
            self._advancing -= 1

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
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if self._turns is not None:
                self._turns.nudge()

    def scope(self, seconds: float, *, shield: bool = False) -> "FakeScope":
        """Make a scope that cuts what is inside after `seconds` of this clock's time."""
        return FakeScope(self, seconds, shield=shield)

    def guard(self) -> "FakeScope":
        """Make a scope to lie around a resource, which is bounded later."""
        return FakeScope(self, math.inf)

    def may_jump(self) -> bool:
        """Tell whether time should go on when all tasks are blocked."""
        return bool(
            self._due
            and (self._auto or self._advancing)
            and not self._pauses
            and work_of_threads().calls <= 0
        )

    def jump(self) -> None:
        """Go to the next moment at which something is due, and do that one thing."""
        due = self._due.pop(0)
        self._time = due.moment
        self._end_turns()
        due.do()

    def _moment(self, seconds: float) -> float:
        """Give the moment after so many seconds, and of two that are equally near the later one.

        So whoever waits for what is left until a deadline, `deadline - monotonic()`, has reached it then.
        """
        if math.isnan(seconds):
            raise ValueError("a number of seconds is wanted, not nan")
        moment = self._time + seconds
        later = math.nextafter(moment, math.inf)
        return later if later - self._time == seconds else moment

    async def _until(self, moment: float, rank: int) -> None:
        reached = anyio.Event()
        due = self._add(moment, rank, reached.set)
        try:
            await reached.wait()
        finally:
            self._remove(due)

    def _add(self, moment: float, rank: int, do: Callable[[], None]) -> Due | None:
        """Put down something to do; None where that is never."""
        if moment == math.inf:
            return None
        if self._turns is not None and not self._turns.are_here():
            self._leave_loop(self._turns)
        due = Due(moment, rank, next(self._numbers), do)
        insort(self._due, due)
        if self._turns is None:
            self._turns = turns_here(self)
            self._turns.begin()
        self._turns.nudge()
        return due

    def _leave_loop(self, turns: Turns) -> None:
        """Forget a loop that has ended, and what was due in it."""
        if not turns.are_over():
            raise RuntimeError(
                "this FakeClock is in use by another event loop that goes on: give each loop its own"
            )
        self._due.clear()
        self._end_turns()

    def _remove(self, due: Due | None) -> None:
        """Take back something to do; nothing happens where it is done."""
        if due is None:
            return
        place = bisect_left(self._due, due)
        if place < len(self._due) and self._due[place] is due:
            del self._due[place]
            self._end_turns()

    def _end_turns(self) -> None:
        """Stop watching the loop where nothing is due any more."""
        if not self._due and self._turns is not None:
            self._turns.end()
            self._turns = None


class FakeScope:
    """A cancel scope that ends in a fake clock's time, and a guard; made by the clock alone."""

    def __init__(self, clock: FakeClock, seconds: float, *, shield: bool = False) -> None:
        self._clock = clock
        self._scope = anyio.CancelScope(shield=shield)
        self._task = anyio.get_current_task()
        self._moment = clock._moment(seconds)  # noqa: SLF001 - the clock's own part
        self._due: Due | None = None

    def __enter__(self) -> Self:
        self._scope.__enter__()
        self._set(self._moment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        self._clock._remove(self._due)  # noqa: SLF001 - the clock's own part
        self._due = None
        return self._scope.__exit__(kind, error, trace)

    def protect(self, seconds: float) -> None:
        """From now on hold off outer scopes, and cut what is inside after `seconds`."""
        if anyio.get_current_task() != self._task:  # as test fixtures do; a scope is left by its own task
            self._scope = anyio.CancelScope()
            self._scope.__enter__()
        self._scope.shield = True
        self.bound(seconds)

    def bound(self, seconds: float) -> None:
        """From now on cut what is inside after `seconds`; infinite for never."""
        self._set(self._clock._moment(seconds))  # noqa: SLF001 - the clock's own part

    def cancel(self) -> None:
        """Cut what is inside now."""
        self._scope.cancel()

    @property
    def cut(self) -> bool:
        """Whether the time ran out, or it was cancelled."""
        return self._scope.cancel_called

    def _set(self, moment: float) -> None:
        clock = self._clock
        clock._remove(self._due)  # noqa: SLF001 - the clock's own part
        self._due = None
        if moment <= clock.monotonic():
            self._scope.cancel()
        elif not self._scope.cancel_called:
            self._due = clock._add(moment, 0, self._scope.cancel)  # noqa: SLF001 - as above
