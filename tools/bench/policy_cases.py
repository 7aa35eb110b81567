"""What is measured of policies: one state entered many times, with a policy, without, and with one by hand.

A breaker and a limiter do here only what any of them has to do, so that what the engine adds is seen.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Literal, NamedTuple

from cano_dsl import CircuitBreaker, RateLimiter, Retry, Run, Workflow, state

ENTRIES = 1000  # of the one state that is entered again and again
LONG_S = 60.0  # never reached


class Turn(Enum):
    """One state and an exit."""

    WORK = 1
    DONE = 2


class Left:
    """A resource that says how often the state is still entered."""

    def __init__(self) -> None:
        self.entries = ENTRIES


class Failures:
    """A breaker that counts failures in a row."""

    name = "counting"

    def __init__(self) -> None:
        self.failures = 0

    def admit(self, now: float) -> int:
        """Let it through."""
        return 1 if now >= 0 and self.failures < ENTRIES else 0

    def succeeded(self, ticket: int, now: float) -> None:
        """Begin to count again."""
        self.failures = 0

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Count."""
        self.failures += 1

    def dropped(self, ticket: int, now: float) -> None:
        """Count nothing."""


class Room:
    """A limiter that always has room."""

    name = "roomy"

    def __init__(self) -> None:
        self.taken = 0

    def reserve(self, now: float, most_s: float) -> None:
        """Take room, at once."""
        self.taken += 1


class Pair(NamedTuple):
    """What is measured, beside what it is measured against.

    Attributes:
        name: What it is.
        ours: Does it once.
        rival: Does it without, or by hand.
        budget: The most that ours may take, as a multiple of the rival.
        budget_more_s: The most seconds that ours may take for each entry beyond the rival.
    """

    name: str
    ours: Callable[[], Awaitable[Any]]
    rival: Callable[[], Awaitable[Any]]
    budget: float | None = None
    budget_more_s: float | None = None


async def work(left: Left) -> Literal[Turn.WORK, Turn.DONE]:
    """Count."""
    left.entries -= 1
    return Turn.WORK if left.entries else Turn.DONE


async def knowing(left: Left, run: Run) -> Literal[Turn.WORK, Turn.DONE]:
    """Count, and be given the run."""
    left.entries -= 1
    return Turn.WORK if left.entries else Turn.DONE


def _entering(part: Any, **limits: Any) -> Callable[[], Awaitable[Any]]:
    flow = Workflow.build(Turn, part, start=Turn.WORK, exits=(Turn.DONE,), **limits)
    return lambda: flow.run(left=Left())


def _launched(part: Any) -> Callable[[], Awaitable[Any]]:
    flow = Workflow.build(Turn, part, start=Turn.WORK, exits=(Turn.DONE,))

    async def run() -> Any:
        async with flow.bind(left=Left()) as runner:
            return await runner.launch().wait()

    return run


def _by_hand(call: Callable[[Left], Awaitable[Turn]]) -> Callable[[], Awaitable[Turn]]:
    """Make the loop by hand around a guarded call."""
    table = {Turn.WORK: call}

    async def run() -> Turn:
        left, at = Left(), Turn.WORK
        while True:
            handler = table.get(at)
            if handler is None:
                return at
            at = await handler(left)

    return run


async def _timed(left: Left) -> Turn:
    async with asyncio.timeout(LONG_S):
        return await work(left)


def _retried() -> Callable[[Left], Awaitable[Turn]]:
    async def call(left: Left) -> Turn:
        for attempt in range(3):
            try:
                return await work(left)
            except ValueError:
                if attempt == 2:  # noqa: PLR2004 - the last
                    raise
        raise AssertionError

    return call


def _broken(breaker: Failures) -> Callable[[Left], Awaitable[Turn]]:
    async def call(left: Left) -> Turn:
        ticket = breaker.admit(time.monotonic())
        try:
            target = await work(left)
        except Exception as error:
            breaker.failed(ticket, time.monotonic(), error)
            raise
        breaker.succeeded(ticket, time.monotonic())
        return target

    return call


def _limited(limiter: Room) -> Callable[[Left], Awaitable[Turn]]:
    async def call(left: Left) -> Turn:
        limiter.reserve(time.monotonic(), 0.0)
        return await work(left)

    return call


async def _within() -> Turn:
    async with asyncio.timeout(LONG_S):
        return await _by_hand(work)()


def pairs() -> list[Pair]:
    """Give what is measured, each entry of the state once."""
    plain = _entering(state(Turn.WORK)(work))
    retry = _entering(state(Turn.WORK, retry=Retry.fixed(3, 0))(work))
    timed = _entering(state(Turn.WORK, timeout=LONG_S)(work))
    breaker = _entering(state(Turn.WORK, breaker=CircuitBreaker("bench"))(work))
    limiter = _entering(state(Turn.WORK, limiter=RateLimiter("bench", 1e9))(work))
    known = _entering(state(Turn.WORK)(knowing))
    total = _entering(state(Turn.WORK)(work), timeout=LONG_S)
    number = _entering(state(Turn.WORK)(work), max_transitions=ENTRIES)
    return [
        Pair("attempt timeout, beside asyncio.timeout", timed, _by_hand(_timed), budget=1.4),
        Pair("retry that does not fire, beside none", retry, plain, budget_more_s=20e-9),
        Pair("retry that does not fire, by hand", retry, _by_hand(_retried())),
        Pair("breaker, beside none", breaker, plain, budget_more_s=0.5e-6),
        Pair("breaker, by hand", breaker, _by_hand(_broken(Failures()))),
        Pair("limiter with room, beside none", limiter, plain, budget_more_s=1e-6),
        Pair("limiter with room, by hand", limiter, _by_hand(_limited(Room()))),
        Pair("Run as a parameter, beside none", known, plain, budget_more_s=0.3e-6),
        Pair("total timeout, beside none", total, plain),
        Pair("total timeout, by hand", total, _within),
        Pair("max_transitions, beside none", number, plain),
        Pair("launched run, beside none", _launched(state(Turn.WORK)(work)), plain),
    ]
