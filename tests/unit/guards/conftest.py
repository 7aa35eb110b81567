"""A clock that a test turns by hand."""

from contextlib import AbstractContextManager

import anyio
import pytest

from cano_dsl.scope import Guard


class ManualClock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.time = 100.0
        self.asleep: list[tuple[float, anyio.Event]] = []

    def steady(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def now(self) -> float:
        return 1_000_000.0 + self.time

    def guard(self) -> Guard:
        raise NotImplementedError

    def scope(self, seconds: float, *, shield: bool = False) -> AbstractContextManager[object]:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.time + seconds, anyio.Event())
        self.asleep.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self.asleep.remove(sleeper)

    async def advance(self, seconds: float) -> None:
        """Let time pass, wake who is due, and wait until nobody has anything to do."""
        await anyio.wait_all_tasks_blocked()
        self.time += seconds
        for until, event in self.asleep:
            if until <= self.time:
                event.set()
        await anyio.wait_all_tasks_blocked()


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands at 100 s."""
    return ManualClock()
