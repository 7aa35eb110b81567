"""What guards one call of a handler: its time, its breaker, its limiter; each only where it is configured.

The order is limiter → retry( breaker → timeout → handler ). Retry is not here: the loop's own error path has it.
Every call here takes the run's values, or the number of a branch, and hands them on.
"""

from collections.abc import Callable
from typing import Any

from cano_dsl.errors import AttemptTimeout, RateLimited
from cano_dsl.plan._step import Call
from cano_dsl.scope import Clock
from cano_dsl.spec import Breaker, Limiter

TimeLeft = Callable[..., float]


class NoRoom(Exception):
    """Carries what a limiter raised past the retry, which lies inside it."""

    def __init__(self, error: RateLimited) -> None:
        super().__init__(error)
        self.error = error


def timed(inner: Call, timeout_s: float, clock: Clock) -> Call:
    """Cut a call at its next await after so many seconds."""

    async def call(*values: Any) -> Any:
        with clock.scope(timeout_s):
            return await inner(*values)
        raise AttemptTimeout(timeout_s=timeout_s)

    return call


def broken(inner: Call, breaker: Breaker, clock: Clock, *, awaits: bool) -> Call:
    """Ask a breaker before a call, and tell it how that ended; a cancel says nothing."""
    admit, succeeded, failed, dropped = breaker.admit, breaker.succeeded, breaker.failed, breaker.dropped
    steady = clock.steady

    async def call_async(*values: Any) -> Any:
        ticket = admit(steady())
        try:
            target = await inner(*values)
        except Exception as error:
            failed(ticket, steady(), error)
            raise
        except BaseException:
            dropped(ticket, steady())
            raise
        succeeded(ticket, steady())
        return target

    def call_plain(*values: Any) -> Any:
        ticket = admit(steady())
        try:
            target = inner(*values)
        except Exception as error:
            failed(ticket, steady(), error)
            raise
        except BaseException:
            dropped(ticket, steady())
            raise
        succeeded(ticket, steady())
        return target

    return call_async if awaits else call_plain


def limited(inner: Call, limiter: Limiter, clock: Clock, left: TimeLeft, *, awaits: bool) -> Call:
    """Wait for a limiter's room before a call, at most as long as the run has left.

    Raises:
        NoRoom: It would take longer; nothing was taken.
    """
    reserve, steady = limiter.reserve, clock.steady

    async def call(*values: Any) -> Any:
        try:
            reserved = reserve(steady(), left(*values))
        except RateLimited as error:
            raise NoRoom(error) from None
        if reserved is not None:
            try:
                await clock.sleep(reserved.wait_s)
            except BaseException:
                reserved.give_back()
                raise
        target = inner(*values)
        return await target if awaits else target

    return call
