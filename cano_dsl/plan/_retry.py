"""Calling again after a failure that a policy lets pass; nothing of it costs while nothing fails."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from cano_dsl.errors import AttemptsExhausted, CircuitOpen
from cano_dsl.scope import Clock
from cano_dsl.spec import Retry

Waits = Callable[[int, Exception, float], None]


async def call_again(
    error: Exception,
    retry: Retry,
    clock: Clock,
    call: Callable[[int], Awaitable[Any]],
    *,
    waits: Waits | None = None,
) -> Any:
    """Go on after a first failure until a call succeeds, or the attempts are exhausted.

    Jitter is drawn from `random`, so `random.seed` repeats it. A breaker that is open ends it at once.

    Args:
        error: The first failure.
        retry: The policy.
        clock: Where time comes from.
        call: Makes an attempt by its number, from 2.
        waits: Is told the number of the attempt that failed, its error, and the wait before the next.

    Raises:
        AttemptsExhausted: The last attempt failed too; its error is the cause.
        Exception: What an attempt raised and the policy does not let pass.
    """
    began = clock.monotonic()
    attempt = 1
    delays = retry.delays(random)
    try:
        while _may_follow(error, retry):
            delay = next(delays, None)
            if delay is None:
                elapsed_s = clock.monotonic() - began
                raise AttemptsExhausted(attempts=attempt, elapsed_s=elapsed_s, error=error) from error
            if waits is not None:
                waits(attempt, error, delay)
            await clock.sleep(delay)
            attempt += 1
            try:
                return await call(attempt)
            except Exception as raised:  # noqa: BLE001 - judged by the policy
                error = raised
        raise error
    finally:
        del error  # with its traceback it would be a cycle


def _may_follow(error: Exception, retry: Retry) -> bool:
    rejected = isinstance(error, CircuitOpen) and not error.is_placed
    return not rejected and retry.again(error)
