"""Calling a branch again after a failure that its policy lets pass."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from cano_dsl.errors import AttemptsExhausted, RunPlace
from cano_dsl.scope import Clock
from cano_dsl.spec import Retry

Start = Callable[[int], Awaitable[Any]]


def retried(
    start: Start, retry: Retry, clock: Clock, place: Callable[[int], RunPlace], name: Callable[[int], str]
) -> Start:
    """Make each branch start again until it succeeds, or its attempts are exhausted.

    Jitter is drawn from `random`, so `random.seed` repeats it.

    Args:
        start: Begins a branch by its number.
        retry: The policy.
        clock: Where time comes from.
        place: Where the run is, by the number of the attempt.
        name: Names a branch by its number.
    """

    async def again(index: int) -> Any:
        began = clock.monotonic()
        attempt = 1
        delays = retry.delays(random)
        while True:
            try:
                return await start(index)
            except Exception as error:
                if not retry.again(error):
                    raise
                delay = next(delays, None)
                if delay is None:
                    elapsed_s = clock.monotonic() - began
                    raise AttemptsExhausted(
                        at=place(attempt),
                        attempts=attempt,
                        elapsed_s=elapsed_s,
                        error=error,
                        branch=name(index),
                    ) from error
            attempt += 1
            await clock.sleep(delay)

    return again
