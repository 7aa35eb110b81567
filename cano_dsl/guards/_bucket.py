"""The token bucket: a steady rate, with bursts."""

from typing import final

from cano_dsl.guards._arguments import label, longest, number, whole
from cano_dsl.guards._calendar import Calendar
from cano_dsl.guards._limiter import Acquirable
from cano_dsl.guards._rules import Bucket
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import Duration, seconds


@final
class RateLimiter(Acquirable):
    """A token bucket: `rate` calls per `per` seconds, and up to `burst` of them at once after a pause.

    It is full at first. Whatever the calls, in any t seconds there go at most `burst + rate · t / per` of
    them. Shared by reference: all handlers and callers that have it share its room.

    Args:
        name: What it is called in graphs and messages.
        rate: How many tokens come back in `per`.
        per: The time in which they do, in seconds.
        burst: How many tokens it holds; the highest cost of a call.
        max_wait: The longest wait, in seconds; None for any. 0 never waits.
        clock: Where `try_acquire` and `acquire` have the time from.

    Raises:
        PolicyError: A number is out of its range.

    Example:
        >>> from cano_dsl import RateLimiter
        >>> api = RateLimiter("api", 10, per=60, burst=3)
        >>> [api.try_acquire() for _ in range(4)]
        [True, True, True, False]
        >>> api.available
        0

        As a decorator's argument it waits: `limiter=api`, or `limiter=api.weighted(2, max_wait=5)`. By hand:

        >>> async def ask() -> None:
        ...     await api.acquire(max_wait=30)
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        rate: float,
        *,
        per: Duration = 1.0,
        burst: int = 1,
        max_wait: "Duration | None" = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        interval_s = number("per", seconds("per", per) / number("rate", rate))
        calendar = Calendar(label(name), Bucket(interval_s, whole("burst", burst)))
        self._begin(name, [calendar], longest("max_wait", max_wait), clock)

    @property
    def available(self) -> int:
        """The highest cost for which there is room at once; 0 while others wait for all that comes in."""
        now = self._clock.steady()
        (calendar,) = self._calendars
        low, high = 0, self._most
        with calendar.lock:
            while low < high:
                cost = (low + high + 1) // 2
                low, high = (cost, high) if calendar.earliest(now, now, cost) <= now else (low, cost - 1)
        return low
