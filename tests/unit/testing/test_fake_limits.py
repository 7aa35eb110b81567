"""Total timeouts, guards, handles and saved runs in fake time."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import anyio
import pytest

from cano_dsl import CircuitBreaker, RateLimiter, Retry, SqliteCheckpoints, Workflow, state
from cano_dsl.errors import AttemptsExhausted, AttemptTimeout, Cancelled, CircuitOpen, RunTimeout
from cano_dsl.testing import FakeClock

HOUR = 3600.0


class Job(Enum):
    WORK = 1
    DONE = 2


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that starts at 0 and jumps by itself."""
    return FakeClock()


def one(clock: FakeClock, work: Callable[..., Any], policies: Any = None, **options: Any) -> Any:
    """Build a workflow of one handler."""
    handler: Any = state(Job.WORK, to=(Job.WORK, Job.DONE), **(policies or {}))(work)
    built = Workflow.build(Job, handler, start=Job.WORK, exits=(Job.DONE,), **options)
    return built.configure(clock=clock)


@pytest.mark.parametrize("began", [0.0, 0.1, 1.0 / 3, 12345.678])
def test_total_timeout(began: float, run_clean: Callable[..., Any]) -> None:
    """R7: a run is cut at the moment when its time is over, also where that moment is no round number."""
    clock = FakeClock(began)

    async def work() -> Job:
        await clock.sleep(5 * HOUR)
        return Job.DONE

    async def main() -> None:
        with pytest.raises(RunTimeout) as caught:
            await one(clock, work, timeout=30.2).run()
        assert caught.value.elapsed_s == pytest.approx(30.2)

    run_clean(main)
    assert clock.monotonic() == pytest.approx(began + 30.2)


def test_attempt_timeout(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """L3: each attempt is cut when its own time is over, and retried after the wait, all in fake time."""
    began: list[float] = []

    async def work() -> Job:
        began.append(clock.monotonic())
        await anyio.sleep_forever()
        return Job.DONE

    async def main() -> None:
        with pytest.raises(AttemptsExhausted) as caught:
            await one(clock, work, {"timeout": HOUR, "retry": Retry.fixed(3, 10 * HOUR)}).run()
        assert isinstance(caught.value.__cause__, AttemptTimeout)

    run_clean(main)
    assert began == [0, 11 * HOUR, 22 * HOUR]
    assert clock.monotonic() == 23 * HOUR


def test_handle_cancels_a_backoff(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """R8: the handle's cancel ends a wait of days where time is."""

    async def work() -> Job:
        raise OSError

    async def main() -> None:
        jobs = one(clock, work, {"retry": Retry.fixed(3, 100 * HOUR)})
        async with jobs.bind() as runner:
            handle = runner.launch()
            await clock.sleep(HOUR)
            handle.cancel()
            with pytest.raises(Cancelled):
                await handle.wait()

    run_clean(main)
    assert clock.monotonic() == HOUR


def test_guards(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """L4, L5: an open breaker is tried again, and a limiter has room again, after their fake time."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=HOUR)
    limiter = RateLimiter("api", 1, per=60)
    seen: list[float] = []

    async def work() -> Job:
        seen.append(clock.monotonic())
        if len(seen) == 1:
            raise OSError
        return Job.WORK if len(seen) < 4 else Job.DONE

    async def main() -> None:
        jobs = one(clock, work, {"breaker": breaker, "limiter": limiter})
        with pytest.raises(Exception, match="OSError"):
            await jobs.run()
        with pytest.raises(CircuitOpen):
            await jobs.run()
        await clock.sleep(HOUR)
        await jobs.run()

    run_clean(main)
    first = seen[1]
    assert first >= HOUR
    assert seen[1:] == [first, first + 60, first + 120]


def test_rows_keep_time_still(clock: FakeClock, tmp_path: Path, run_clean: Callable[..., Any]) -> None:
    """While a row is written to the disk time stands still, as it does for any thread of the engine."""
    seen: list[float] = []

    async def work() -> Job:
        seen.append(clock.monotonic())
        return Job.WORK if len(seen) < 50 else Job.DONE

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "runs.db") as store:
            jobs = one(clock, work).configure(checkpoints=store)
            async with anyio.create_task_group() as group:
                group.start_soon(clock.sleep, HOUR)
                await jobs.bind().run("r1")
                assert clock.monotonic() == 0
            assert clock.monotonic() == HOUR

    run_clean(main)
    assert seen == [0] * 50
