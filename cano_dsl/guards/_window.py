"""The fixed window: so many calls in each stretch of time."""

from typing import final

from cano_dsl.guards._arguments import label, longest, seconds_until, whole
from cano_dsl.guards._calendar import Calendar
from cano_dsl.guards._limiter import Acquirable
from cano_dsl.guards._rules import Window
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import Duration, seconds


@final
class WindowLimiter(Acquirable):
    """Fixed windows of one length that follow each other, with room for `limit` calls in each.

    The first begins when the limiter is made. Calls may come all at the end of one window and at the
    beginning of the next: around a boundary there go at most `2 · limit` of them within one length. Shared
    by reference.

    Args:
        name: What it is called in graphs and messages.
        limit: How much room each window has; the highest cost of a call.
        window: How long a window lasts, in seconds.
        max_wait: The longest wait, in seconds; None for any. 0 never waits.
        clock: Where `try_acquire`, `acquire` and what can be read have the time from.

    Raises:
        PolicyError: A number is out of its range.

    Example:
        >>> from cano_dsl import WindowLimiter
        >>> quota = WindowLimiter("quota", 100, window=3600)
        >>> quota.try_acquire(cost=30)
        True
        >>> quota.used, quota.remaining
        (30, 70)
        >>> quota.try_acquire(cost=71)
        False
    """

    __slots__ = ("_window",)

    def __init__(
        self,
        name: str,
        limit: int,
        *,
        window: Duration = 1.0,
        max_wait: "Duration | None" = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._window = Window(clock.steady(), seconds("window", window), whole("limit", limit))
        self._begin(name, [Calendar(label(name), self._window)], longest("max_wait", max_wait), clock)

    @property
    def used(self) -> int:
        """How much of the room in the present window is taken."""
        now = self._clock.steady()
        (calendar,) = self._calendars
        with calendar.lock:
            window, used = calendar.settle(now)
        return used if window == self._window.at(now) else 0

    @property
    def remaining(self) -> int:
        """How much of the room in the present window is left."""
        return self._most - self.used

    @property
    def resets_at(self) -> float:
        """When the present window ends, in seconds since 1970 as the clock's `now()` gives them."""
        now = self._clock.steady()
        return self._clock.now() + seconds_until(now, self._window.begins(self._window.at(now) + 1))
