"""What every limiter can do: shed, wait, and promise room to the engine.

A wait is a booking: whoever comes first has the earlier moment, and nobody asks twice. Several calendars are
asked for the moment at which all of them have room, and only then booked: so what is refused took nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cano_dsl.errors import RateLimited
from cano_dsl.guards._arguments import label, longest, seconds_until, whole
from cano_dsl.guards._calendar import Booking, Calendar, all_at_once
from cano_dsl.scope import Clock
from cano_dsl.spec import Duration, Limiter, Reservation


class Acquirable:
    """A limiter: room for calls, which is taken at once, waited for, or refused.

    Nothing runs in the background, and any thread and loop may use it. Who waits has room at a moment that
    does not move any more; a cancelled wait gives it back.

    Attributes:
        name: What it is called in graphs and messages.
    """

    __slots__ = ("_calendars", "_clock", "_locks", "_max_wait_s", "_most", "_only", "name")

    name: str

    def _begin(self, name: str, calendars: Sequence[Calendar], max_wait_s: float, clock: Clock) -> None:
        self.name = label(name)
        self._calendars = tuple(calendars)
        self._locks = [each.lock for each in sorted(calendars, key=lambda each: each.number)]
        self._only = self._calendars[0] if len(self._calendars) == 1 else None
        self._most = min(each.rule.most for each in calendars)
        self._max_wait_s = max_wait_s
        self._clock = clock

    def try_acquire(self, cost: int = 1) -> bool:
        """Take room if there is some at once; false where there is none, and nothing is taken.

        Args:
            cost: How much of the room the call takes.

        Raises:
            PolicyError: There is never room for such a cost.
        """
        now, only = self._clock.steady(), self._only
        if cost != 1:
            whole("cost", cost, self._most)
        if only is not None:
            return only.at_once(now, cost)
        refused, _, _ = self._ask(now, cost, 0.0)
        return refused is None

    async def acquire(self, cost: int = 1, max_wait: "Duration | None" = None) -> None:
        """Take room, and wait for it in the order of arrival; where there is some it does not yield.

        A cancel during the wait gives the room back.

        Args:
            cost: How much of the room the call takes.
            max_wait: The longest wait, in seconds; None for that of the limiter. 0 never waits.

        Raises:
            RateLimited: It would have to wait longer; at once, and nothing is taken.
            PolicyError: There is never room for such a cost.
        """
        room = self.reserve(self._clock.steady(), longest("max_wait", max_wait), cost)
        if room is None:
            return
        try:
            await self._clock.sleep(room.wait_s)
        except BaseException:
            room.give_back()
            raise

    def reserve(self, now: float, most_s: float, cost: int = 1) -> Reservation | None:
        """Take room, now or at a moment to come; None where the call may go on at once.

        This is what the engine calls. By hand it is for callers that do the waiting themselves.

        Args:
            now: The moment, in seconds, as the clock's `steady()` gives it.
            most_s: The longest wait, in seconds; that of the limiter holds besides.
            cost: How much of the room the call takes.

        Raises:
            RateLimited: It would have to wait longer; nothing is taken.
            PolicyError: There is never room for such a cost.
        """
        if cost != 1:
            whole("cost", cost, self._most)
        only = self._only
        if only is not None and only.at_once(now, cost):
            return None
        most_s = min(most_s, self._max_wait_s)
        refused, wait_s, booked = self._ask(now, cost, most_s)
        if refused is not None:
            raise RateLimited(limiter=refused.name, wait_s=wait_s, max_wait_s=max(0.0, most_s))
        return Room(wait_s, booked) if booked else None

    def weighted(self, cost: int, max_wait: "Duration | None" = None) -> Limiter:
        """Give it for a decorator's `limiter=`, with a cost or a longest wait of that handler's own.

        The room is shared, and so is the name.

        Args:
            cost: How much of the room each call takes.
            max_wait: The longest wait, in seconds; None for that of the limiter.

        Raises:
            PolicyError: There is never room for such a cost.
        """
        return Weighted(self, whole("cost", cost, self._most), longest("max_wait", max_wait))

    def _ask(self, now: float, cost: int, most_s: float) -> "_Answer":
        """Take room in all calendars, or in none: then name the one that has it last."""
        for lock in self._locks:
            lock.acquire()
        try:
            if all_at_once(self._calendars, now, cost):
                return None, 0.0, []
            at, last = self._earliest(now, cost)
            wait_s = seconds_until(now, at)
            if last is not None and wait_s > most_s:
                return last, wait_s, []
            found = [(each, each.book(now, at, cost)) for each in self._calendars]
            return None, wait_s, [(each, booking) for each, booking in found if booking is not None]
        finally:
            for lock in self._locks:
                lock.release()

    def _earliest(self, now: float, cost: int) -> tuple[float, Calendar | None]:
        """Give the first moment at which all calendars have room, and the one that has it last."""
        at, last, asked = now, None, -math.inf
        while asked < at:
            asked = at
            for each in self._calendars:
                moment = each.earliest(now, at, cost)
                if moment > at:
                    at, last = moment, each
        return at, last

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class Room:
    """Room at a moment to come, in one calendar or several."""

    __slots__ = ("_booked", "wait_s")

    def __init__(self, wait_s: float, booked: list[tuple[Calendar, Booking]]) -> None:
        self.wait_s = wait_s
        self._booked = booked

    def give_back(self) -> None:
        """Give it back; a second time does nothing."""
        while self._booked:
            calendar, booking = self._booked.pop()
            calendar.drop(booking)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A limiter as one handler uses it.

    Attributes:
        limiter: Whose room it takes.
        cost: How much of it each call takes.
        max_wait_s: The longest wait; infinite for that of the limiter.
    """

    limiter: Acquirable
    cost: int
    max_wait_s: float

    @property
    def name(self) -> str:
        """The limiter's name."""
        return self.limiter.name

    def reserve(self, now: float, most_s: float) -> Reservation | None:
        """Take room for one call of the handler."""
        return self.limiter.reserve(now, min(most_s, self.max_wait_s), self.cost)


_Answer = tuple[Calendar | None, float, list[tuple[Calendar, Booking]]]
