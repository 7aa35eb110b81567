"""What is due in fake time, and in which order.

It stands in one list, in the order of the moments, and of the making where moments are equal. When all tasks
are blocked the first is taken, time goes to its moment, and it is done; then all tasks run until they are
blocked again. So what happens, and in which order, depends on no machine.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

import anyio

from cano_dsl.scope import work_of_threads
from cano_dsl.testing._turns import Turns, turns_here


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


class Agenda:
    """The time of one clock, and what is due in it.

    Attributes:
        time: The monotonic time.
        auto: Whether time goes on by itself when all tasks are blocked.
        advancing: How many make it go on by hand.
        pauses: How many keep it still.
    """

    def __init__(self, time: float, *, auto: bool) -> None:
        self.time = time
        self.auto = auto
        self.advancing = 0
        self.pauses = 0
        self._due: list[Due] = []
        self._numbers = count()
        self._turns: Turns | None = None

    def may_jump(self) -> bool:
        """Tell whether time should go on when all tasks are blocked."""
        if not self._due or self.pauses or not (self.auto or self.advancing):
            return False
        return work_of_threads().calls <= 0

    def jump(self) -> None:
        """Go to the next moment at which something is due, and do that one thing."""
        due = self._due.pop(0)
        self.time = due.moment
        self._rest()
        due.do()

    def nudge(self) -> None:
        """See anew whether time may go on."""
        if self._turns is not None:
            self._turns.nudge()

    def moment(self, seconds: float) -> float:
        """Give the moment after so many seconds, and of two that are equally near the later one.

        So whoever waits for what is left until a deadline, `deadline - monotonic()`, has reached it then.
        """
        if math.isnan(seconds):
            raise ValueError("a number of seconds is wanted, not nan")
        moment = self.time + seconds
        later = math.nextafter(moment, math.inf)
        return later if later - self.time == seconds else moment

    async def until(self, moment: float, rank: int = 0) -> None:
        """Wait for a moment."""
        reached = anyio.Event()
        due = self.add(moment, reached.set, rank)
        try:
            await reached.wait()
        finally:
            self.remove(due)

    def add(self, moment: float, do: Callable[[], None], rank: int = 0) -> Due | None:
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

    def remove(self, due: Due | None) -> None:
        """Take back something to do; nothing happens where it is done."""
        if due is None:
            return
        place = bisect_left(self._due, due)
        if place < len(self._due) and self._due[place] is due:
            del self._due[place]
            self._rest()

    def _leave_loop(self, turns: Turns) -> None:
        """Forget a loop that has ended, and what was due in it."""
        if not turns.are_over():
            raise RuntimeError(
                "this FakeClock is in use by another event loop that goes on: give each loop its own"
            )
        self._due.clear()
        self._rest()

    def _rest(self) -> None:
        """Stop watching the loop where nothing is due any more."""
        if not self._due and self._turns is not None:
            self._turns.end()
            self._turns = None
