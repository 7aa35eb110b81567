"""What was promised to whom: the calls that may go at once, and those booked for a moment to come.

A booking is never moved. Who comes later gets the earliest moment at which all that were booked before still
find their room; and whoever gives a booking back leaves the others as if it had never been.
"""

import math
from collections import deque
from collections.abc import Iterable
from itertools import count
from threading import RLock

from cano_dsl.guards._rules import UNUSED, Rule, State

_numbers = count()


class Booking:
    """Room at a moment to come."""

    __slots__ = ("at", "cost")

    def __init__(self, at: float, cost: int) -> None:
        self.at = at
        self.cost = cost


class Calendar:
    """The room of one limiter, and who has it.

    All but `at_once` and `drop` are called with `lock` held, which is reentrant, as a finaliser or a signal
    handler may come by in the middle. Several are locked in the order of their numbers.

    Attributes:
        name: The limiter's name.
        number: Its place in the order in which calendars are locked.
        rule: How much may go when.
        lock: Held while it is read or changed.
        state: What was taken up to now.
        booked: What is booked for later, in the order of the moments.
    """

    __slots__ = ("_last", "_shut", "booked", "lock", "name", "number", "rule", "state")

    def __init__(self, name: str, rule: Rule) -> None:
        self.name = name
        self.rule = rule
        self.number = next(_numbers)
        self.lock = RLock()
        self.state = UNUSED
        self.booked: deque[Booking] = deque()
        self._last: State | None = None  # once all that is booked was taken; None where it is not known
        self._shut = math.inf  # the least cost of which it is known that it fits in before no booking

    def at_once(self, now: float, cost: int) -> bool:
        """Take room now; false where there is none, and nothing is taken."""
        with self.lock:
            if self.booked:
                return self.earliest(now, now, cost) <= now and self.book(now, now, cost) is None
            state = self.rule.try_take(self.state, now, cost)
            if state is None:
                return False
            self.state = state
            return True

    def earliest(self, now: float, least: float, cost: int) -> float:
        """Give the first moment, `least` or later, at which there is room; nothing is taken."""
        self.settle(now)
        if not self.booked:
            return max(least, self.rule.due(self.state, cost))
        if cost < self._shut:
            return self._between(now, least, cost)
        return max(least, self.booked[-1].at, self.rule.due(self._after_all(), cost))

    def book(self, now: float, at: float, cost: int) -> Booking | None:
        """Take room at a moment that `earliest` gave; None where that is now."""
        rule, booked = self.rule, self.booked
        if at <= now:
            self.state, self._last = rule.take(self.state, now, cost), None
            return None
        booking = Booking(at, cost)
        if booked and at < booked[-1].at:
            place = next(place for place, other in enumerate(booked) if other.at > at)
            booked.insert(place, booking)
            self._last = None
            return booking
        before = self._after_all()
        if not booked:
            self._shut = rule.shuts(before, at, cost)
        elif at > booked[-1].at:
            self._shut = max(self._shut, rule.shuts(before, at, cost))
        self._last = rule.take(before, at, cost)
        booked.append(booking)
        return booking

    def drop(self, booking: Booking) -> None:
        """Give a booking back; one whose moment has passed and been counted stays counted."""
        with self.lock:
            try:
                self.booked.remove(booking)
            except ValueError:
                return
            self._last, self._shut = None, math.inf

    def settle(self, now: float) -> State:
        """Count what was booked for moments gone by, and give the state at this one."""
        booked = self.booked
        while booked and booked[0].at <= now:
            first = booked.popleft()
            self.state = self.rule.take(self.state, first.at, first.cost)
        return self.state

    def _between(self, now: float, least: float, cost: int) -> float:
        """Look through all that is booked for the first gap in which nobody behind is delayed."""
        rule = self.rule
        without, with_it = self.state, None
        found = floor = least
        for other in self.booked:
            if with_it is None:
                found = max(floor, rule.due(without, cost))
                with_it = rule.take(without, found, cost) if found < other.at else None
            if with_it is not None:
                with_it = rule.try_take(with_it, other.at, other.cost)
            without, floor = rule.take(without, other.at, other.cost), max(least, other.at)
            if with_it == without:
                return found  # whatever follows does not feel it
        if with_it is not None:
            return found
        self._last = without
        if least <= now:
            self._shut = cost
        return max(floor, rule.due(without, cost))

    def _after_all(self) -> State:
        """Give the state once all that is booked was taken."""
        state = self._last if self.booked else self.state
        if state is None:
            state = self.state
            for booking in self.booked:
                state = self.rule.take(state, booking.at, booking.cost)
            self._last = state
        return state


def all_at_once(calendars: Iterable[Calendar], now: float, cost: int) -> bool:
    """Take room now in all of them, whose locks are held, or in none where one has none or others wait."""
    states = []
    for each in calendars:
        state = None if each.booked else each.rule.try_take(each.state, now, cost)
        if state is None:
            return False
        states.append((each, state))
    for each, state in states:
        each.state = state
    return True
