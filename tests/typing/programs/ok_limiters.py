"""Breakers and limiters, by hand."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Literal, assert_type

from cano_dsl import CircuitBreaker, MultiLimiter, RateLimiter, WindowLimiter, Workflow, state
from cano_dsl.errors import CircuitOpen, RateLimited

payments = CircuitBreaker(
    "payments", failure_threshold=3, success_threshold=2, reset_timeout=timedelta(minutes=1)
)
CircuitBreaker("of one kind", failure_on=OSError)
CircuitBreaker("of two kinds", failure_on=(OSError, ValueError))
CircuitBreaker("as asked", failure_on=lambda error: "busy" in str(error))

assert_type(payments.state, Literal["closed", "open", "half-open"])
assert_type(payments.failures, int)
assert_type(payments.admitted, int)
assert_type(payments.rejected, int)
assert_type(payments.retry_after_s, float)


def charge(pay: Callable[[], str]) -> str | None:
    try:
        with payments.call() as nothing:
            assert_type(nothing, None)
            return pay()
    except CircuitOpen as error:
        assert_type(error.retry_after_s, float)
        return None


second = RateLimiter("second", 10, burst=20)
day = WindowLimiter("day", 5000, window=timedelta(days=1), max_wait=60)
both = MultiLimiter("both", second, day, max_wait=0.5)

assert_type(second.available, int)
assert_type(day.used, int)
assert_type(day.remaining, int)
assert_type(day.resets_at, float)
assert_type(both.try_acquire(cost=2), bool)
assert_type(both.name, str)
assert_type(both.weighted(5, max_wait=timedelta(seconds=2)).name, str)


class Job(Enum):
    ASK = 1
    DONE = 2
    LATER = 3


@state(Job.ASK)
async def ask(api: RateLimiter, breaker: CircuitBreaker) -> Literal[Job.DONE, Job.LATER]:
    try:
        await api.acquire(2, max_wait=5)
    except RateLimited as error:
        assert_type(error.wait_s, float)
        return Job.LATER
    with breaker.call():
        return Job.DONE


jobs = Workflow.build(Job, ask, start=Job.ASK, exits=(Job.DONE, Job.LATER))


async def main() -> None:
    await jobs.run(api=second, breaker=payments)


asyncio.run(main())
