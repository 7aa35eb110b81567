"""Several limiters as one."""

from typing import final

from cano_dsl.errors import PolicyError
from cano_dsl.guards._arguments import longest
from cano_dsl.guards._limiter import Acquirable
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import Duration


@final
class MultiLimiter(Acquirable):
    """Several tiers at once: a call goes when all of them have room for it, and takes it in all or in none.

    A call that waits for one tier has its room in the others at the moment when it goes, not before; whatever
    fits in without delaying it may go in the meantime. A tier may be used elsewhere too, by itself or in
    another `MultiLimiter`. The longest wait of a tier holds for the whole.

    Args:
        name: What it is called in graphs and messages; errors name the tier.
        tiers: The limiters.
        max_wait: The longest wait, in seconds; None for that of the tiers. 0 never waits.
        clock: Where `try_acquire` and `acquire` have the time from.

    Raises:
        PolicyError: There is no tier, one that is none, or one twice.

    Example:
        >>> from cano_dsl import MultiLimiter, RateLimiter, WindowLimiter
        >>> day = WindowLimiter("day", 3, window=86400)
        >>> api = MultiLimiter("api", RateLimiter("second", 5, burst=5), day)
        >>> [api.try_acquire() for _ in range(4)]
        [True, True, True, False]
        >>> [tier.name for tier in api.tiers]
        ['second', 'day']
    """

    __slots__ = ("tiers",)

    def __init__(
        self,
        name: str,
        *tiers: Acquirable,
        max_wait: "Duration | None" = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not tiers or not all(isinstance(tier, Acquirable) for tier in tiers):
            raise PolicyError(field="tiers", value=tiers, allowed="one limiter or more")
        calendars = [calendar for tier in tiers for calendar in tier._calendars]  # noqa: SLF001 - a class of its own
        if len({calendar.number for calendar in calendars}) < len(calendars):
            raise PolicyError(field="tiers", value=tiers, allowed="each limiter once")
        waits = [longest("max_wait", max_wait), *(tier._max_wait_s for tier in tiers)]  # noqa: SLF001 - as above
        self._begin(name, calendars, min(waits), clock)
        self.tiers = tiers
