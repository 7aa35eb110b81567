"""What guards one call of a handler: its time, its breaker, its limiter; each only where it is configured.

The order is limiter → retry( breaker → timeout → handler ). Retry is not here: the loop's own error path
has it.
Every call here takes the run's values, or the number of a branch, and hands them on.
"""

from collections.abc import Callable
from typing import Any

from cano_dsl.errors import AttemptTimeout, CircuitOpen, RateLimited
from cano_dsl.plan._step import Call
from cano_dsl.scope import Clock
from cano_dsl.spec import Breaker, Limiter

TimeLeft = Callable[..., float]
Reject = Callable[[tuple[Any, ...], Exception], None]


class NoRoom(Exception):
    """Carries what a limiter raised past a state's retry, which lies inside it but is told of it."""

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


def broken(
    inner: Call, breaker: Breaker, clock: Clock, *, awaits: bool, reject: Reject | None = None
) -> Call:
    """Ask a breaker before a call, and tell it how that ended; a cancel says nothing.

    Args:
        inner: The call.
        breaker: The breaker.
        clock: Where time comes from.
        awaits: Whether the call gives an awaitable.
        reject: Is told of each call that is not made.
    """
    return (_broken_async if awaits else _broken_plain)(inner, breaker, clock.steady, reject)


def _broken_async(inner: Call, breaker: Breaker, steady: Callable[[], float], reject: Reject | None) -> Call:
    admit, succeeded, failed, dropped = breaker.admit, breaker.succeeded, breaker.failed, breaker.dropped

    async def call(*values: Any) -> Any:
        try:
            ticket = admit(steady())
        except CircuitOpen as error:
            if reject is not None:
                reject(values, error)
            raise
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

    return call


def _broken_plain(inner: Call, breaker: Breaker, steady: Callable[[], float], reject: Reject | None) -> Call:
    admit, succeeded, failed, dropped = breaker.admit, breaker.succeeded, breaker.failed, breaker.dropped

    def call(*values: Any) -> Any:
        try:
            ticket = admit(steady())
        except CircuitOpen as error:
            if reject is not None:
                reject(values, error)
            raise
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

    return call


def limited(
    inner: Call,
    limiter: Limiter,
    clock: Clock,
    left: TimeLeft,
    *,
    awaits: bool,
    reject: Reject | None = None,
    retried: bool = False,
) -> Call:
    """Wait for a limiter's room before a call, at most as long as the run has left.

    Args:
        inner: The call.
        limiter: The limiter.
        clock: Where time comes from.
        left: Tells from the call's values how long the run may still take.
        awaits: Whether the call gives an awaitable.
        reject: Is told of each call that is not made.
        retried: Whether a retry would take its error for one of an attempt.

    Raises:
        RateLimited: It would take longer; nothing was taken.
        NoRoom: The same, where it is retried.
    """
    reserve, steady = limiter.reserve, clock.steady

    async def call(*values: Any) -> Any:
        try:
            reserved = reserve(steady(), left(*values))
        except RateLimited as error:
            if reject is not None:
                reject(values, error)
            if retried:
                raise NoRoom(error) from None
            raise
        if reserved is not None:
            try:
                await clock.sleep(reserved.wait_s)
            except BaseException:
                reserved.give_back()
                raise
        target = inner(*values)
        return await target if awaits else target

    return call
