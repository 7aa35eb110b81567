"""How much may go when: a bucket of tokens and a fixed window, as arithmetic on a small state.

A rule keeps nothing. It says from which moment on a state has room for a cost, and what the state is once the
cost has been taken. What was taken is counted in whole numbers since a moment, never added up in floats: so
no error can grow, however long it goes on.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

State: TypeAlias = tuple[float, int]  # since when, or the number of the window; and what was taken since
UNUSED: State = (-math.inf, 0)


class Rule(Protocol):
    """What a calendar asks of a rule."""

    @property
    def most(self) -> int:
        """The highest cost that there is ever room for."""
        ...

    def due(self, state: State, cost: int) -> float:
        """Give the moment from which on there is room; minus infinity where there is in any case."""
        ...

    def take(self, state: State, at: float, cost: int) -> State:
        """Give the state once a cost was taken at a moment when there is room."""
        ...

    def try_take(self, state: State, at: float, cost: int) -> State | None:
        """Give the state once a cost was taken; None where there is no room at that moment."""
        ...

    def shuts(self, state: State, at: float, cost: int) -> float:
        """Give the least cost that does not fit in before one that is taken at a moment; infinite for any."""
        ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket that is full at first, and gets a token at each interval until it is full.

    The state is the moment when it was last full, and what was taken since then. So

        due(cost) = full_at + (taken + cost - burst) · interval

    Attributes:
        interval_s: How many seconds one token takes.
        most: How many tokens it holds.

    Source:
        Token bucket, as in ITU-T I.371 (generic cell rate algorithm, virtual scheduling), with what was taken
        counted in place of the theoretical arrival time.
    """

    interval_s: float
    most: int

    def due(self, state: State, cost: int) -> float:
        """Give the moment from which on it holds as many tokens."""
        full_at, taken = state
        missing = taken + cost - self.most
        return full_at + missing * self.interval_s if missing > 0 else -math.inf

    def take(self, state: State, at: float, cost: int) -> State:
        """Take tokens; where it is full again, count from now."""
        full_at, taken = state
        return (at, cost) if full_at + taken * self.interval_s <= at else (full_at, taken + cost)

    def try_take(self, state: State, at: float, cost: int) -> State | None:
        """Take tokens where there are as many; `due` and `take` in one, as each call comes by."""
        full_at, taken = state
        interval = self.interval_s
        if full_at + taken * interval <= at:
            return at, cost
        taken += cost
        missing = taken - self.most
        if missing > 0 and full_at + missing * interval > at:
            return None
        return full_at, taken

    def shuts(self, state: State, at: float, cost: int) -> float:
        """Give 1 where the cost was waited for, as then each token less delays it."""
        return 1 if at == self.due(state, cost) else math.inf


@dataclass(frozen=True, slots=True)
class Window:
    """Windows of one length that follow each other without a gap; each has the same room.

    The state is the number of a window, and what was taken in it.

    Attributes:
        origin: The moment when window 0 begins.
        length_s: How many seconds a window lasts.
        most: How much room each has.
    """

    origin: float
    length_s: float
    most: int

    def begins(self, window: float) -> float:
        """Give the moment when a window begins."""
        return self.origin + window * self.length_s

    def at(self, moment: float) -> float:
        """Give the number of the window that a moment lies in, so that `begins` agrees with it."""
        window = (moment - self.origin) // self.length_s
        if self.begins(window + 1) <= moment:
            return window + 1
        return window - 1 if self.begins(window) > moment else window

    def due(self, state: State, cost: int) -> float:
        """Give the beginning of the next window, or minus infinity where this one has room."""
        window, used = state
        return self.begins(window + 1) if used + cost > self.most else -math.inf

    def take(self, state: State, at: float, cost: int) -> State:
        """Take room in the window that a moment lies in."""
        window, used = state
        return (self.at(at), cost) if self.begins(window + 1) <= at else (window, used + cost)

    def try_take(self, state: State, at: float, cost: int) -> State | None:
        """Take room where there is some; `due` and `take` in one."""
        window, used = state
        if self.origin + (window + 1) * self.length_s <= at:
            return self.at(at), cost
        used += cost
        return None if used > self.most else (window, used)

    def shuts(self, state: State, at: float, cost: int) -> float:
        """Give what the window before has no room for, where the next one was waited for."""
        return self.most - state[1] + 1 if at == self.due(state, cost) else math.inf
