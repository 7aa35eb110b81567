"""Workflows in fake time: every wait, limit and deadline of the engine goes by the clock that it was given."""

import asyncio
import random
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, Self

import anyio
import pytest
import trio

from cano_dsl import Join, Joined, Retry, Workflow, compensate, managed, split, state
from cano_dsl.errors import CompensationFailed, HandlerFailed, JoinFailed, SignatureError
from cano_dsl.testing import FakeClock, Recorder

HOUR = 3600.0
DAY = 24 * HOUR


class Job(Enum):
    ASK = 1
    READ = 2
    DONE = 3


class Log(list[Any]):
    """What happened, in order."""


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that starts at 0 and jumps by itself."""
    return FakeClock()


def asking(
    ask: Callable[..., Any], clock: FakeClock, over: tuple[Any, ...] = (1,), **options: Any
) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of a split, whose outcomes are noted."""
    options = {"join": Join.all(), **options}

    @state(Job.READ)
    def read(found: Joined[Any], log: Log) -> Literal[Job.DONE]:
        log.append(found)
        return Job.DONE

    asked: Any = split(Job.ASK, over=over, to=Job.READ, **options)(ask)
    built = Workflow.build(Job, asked, read, start=Job.ASK, exits=(Job.DONE,))
    return built.configure(clock=clock)


def test_hours_of_backoff(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """L1: a retry that waits for hours between attempts takes no real time, and waits as long as it should."""
    calls: list[float] = []

    async def ask(item: int, log: Log) -> int:
        calls.append(clock.monotonic())
        if len(calls) < 8:
            raise OSError
        return item

    retry = Retry.exponential(attempts=10, wait_initial=HOUR, wait_max=10 * HOUR, wait_jitter=0)
    jobs = asking(ask, clock, retry=retry)

    async def main() -> float:
        began = time.perf_counter()
        assert await jobs.run(log=Log()) is Job.DONE
        return time.perf_counter() - began

    assert run_clean(main) < 1
    assert [moment / HOUR for moment in calls] == [0, 1, 3, 7, 15, 25, 35, 45]


@pytest.mark.parametrize("way", ["asyncio", "trio", "run_sync", "runner.run_sync"])
def test_every_way_to_run(way: str, clock: FakeClock) -> None:
    """A workflow with a fake clock runs in any loop, also in the one that `run_sync` makes."""

    async def ask(item: int, log: Log) -> None:
        log.append(clock.monotonic())
        if len(log) < 3:
            raise OSError

    jobs, log = asking(ask, clock, retry=Retry.fixed(3, DAY)), Log()
    if way == "run_sync":
        jobs.run_sync(log=log)
    elif way == "runner.run_sync":
        jobs.bind(log=log).run_sync()
    elif way == "trio":
        trio.run(lambda: jobs.run(log=log))
    else:
        asyncio.run(jobs.run(log=log))
    assert log[:3] == [0, DAY, 2 * DAY]


def test_split_that_is_late(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """J4: the timeout of a split is reached in fake time, and its branches are cut there."""
    cut: list[float] = []

    async def ask(hours: int, log: Log) -> int:
        try:
            await clock.sleep(hours * HOUR)
        except BaseException:
            cut.append(clock.monotonic())
            raise
        return hours

    async def main() -> None:
        with pytest.raises(JoinFailed, match="was not joined within 7200 s"):
            await asking(ask, clock, (1, 2.5, 3), timeout=2 * HOUR).run(log=Log())

    run_clean(main)
    assert cut == [2 * HOUR] * 2
    assert clock.monotonic() == 2 * HOUR


def test_partial_timeout(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """J4: what is there at the deadline in fake time is what a partial_timeout gives."""
    log = Log()

    async def ask(hours: int, log: Log) -> int:
        await clock.sleep(hours * HOUR)
        return hours

    jobs = asking(ask, clock, (5, 1, 2, 9), join=Join.partial_timeout(), timeout=3 * HOUR)
    assert run_clean(lambda: jobs.run(log=log)) is Job.DONE
    assert log[0].values == (1, 2)
    assert clock.monotonic() == 3 * HOUR


def test_branch_that_refuses_to_end(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """J2: the 30 s that a cancelled branch is given to end are of fake time too."""
    gone = []

    async def ask(item: int, log: Log) -> int:
        await clock.sleep(1)
        if item == 1:
            return item
        with anyio.CancelScope(shield=True):
            await clock.sleep(HOUR)
        gone.append(clock.monotonic())
        return item

    async def main() -> None:
        with pytest.raises(JoinFailed, match="did not end within 30 s of being cancelled") as caught:
            await asking(ask, clock, (2, 1), join=Join.any()).run(log=Log())
        assert [branch.index for branch in caught.value.stuck] == [0]
        assert clock.monotonic() == 31
        await clock.sleep(2 * HOUR)

    run_clean(main)
    assert gone == [HOUR + 1]


def saga(clock: FakeClock, undo_s: float, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a saga of two outputs whose second state fails, and whose compensations take some time."""

    @state(Job.ASK)
    async def ask(log: Log) -> tuple[Literal[Job.READ], str]:
        await clock.sleep(HOUR)
        return Job.READ, "tea"

    @state(Job.READ)
    async def read(log: Log) -> Literal[Job.DONE]:
        raise OSError

    @compensate(ask)
    async def put_back(what: str, log: Log) -> None:
        log.append(clock.monotonic())
        await clock.sleep(undo_s)
        log.append(clock.monotonic())

    built = Workflow.build(Job, ask, read, put_back, start=Job.ASK, exits=(Job.DONE,), **options)
    return built.configure(clock=clock)


def test_compensation_budget(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """G4: compensations are cut when their budget is over in fake time, and have all of it."""
    log = Log()

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await saga(clock, 29).run(log=log)
        with pytest.raises(CompensationFailed) as caught:
            await saga(clock, 31).run(log=log)
        assert "all compensations of a run may take 30 s" in str(caught.value.failures[0].error)
        with pytest.raises(CompensationFailed):
            await saga(clock, 3 * HOUR, compensation_timeout=2 * HOUR).run(log=log)

    run_clean(main)
    first = [HOUR, HOUR + 29]
    second = first[-1] + HOUR
    assert log == [*first, second, second + 30 + HOUR]
    assert clock.monotonic() == second + 30 + 3 * HOUR


def test_teardown_limit(
    clock: FakeClock, run_clean: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """S2: a teardown is cut after 30 s of fake time, and the others still run, also in a context manager."""
    log: list[Any] = []

    class Slow:
        async def teardown(self) -> None:
            try:
                await clock.sleep(HOUR)
            finally:
                log.append(("slow", clock.monotonic()))

    class Held:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *what: object) -> None:
            try:
                await clock.sleep(HOUR)
            finally:
                log.append(("held", clock.monotonic()))

    @state(Sub.WORK)
    async def work(held: Held, slow: Slow) -> Literal[Sub.DONE]:
        return Sub.DONE

    built: Any = Workflow.build(Sub, work, start=Sub.WORK, exits=(Sub.DONE,)).configure(clock=clock)
    assert run_clean(lambda: built.run(held=managed(Held), slow=Slow())) is Sub.DONE
    assert log == [("slow", 30), ("held", 60)]
    assert caplog.text.count("took over 30 s and was cut") == 2


class Sub(Enum):
    WORK = 1
    DONE = 2


def working(clock: FakeClock, log: Log) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow whose handler really works for 50 ms in a thread."""

    @state(Sub.WORK, thread=True)
    def work() -> Literal[Sub.DONE]:
        time.sleep(0.05)
        log.append(("worked", clock.monotonic()))
        return Sub.DONE

    return Workflow.build(Sub, work, start=Sub.WORK, exits=(Sub.DONE,))


def test_thread_keeps_time_still(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A handler that really works in a thread for 50 ms ends before another branch has waited for fake hours."""
    log = Log()

    async def wait() -> None:
        await clock.sleep(5 * HOUR)
        log.append(("waited", clock.monotonic()))

    both: Any = split(Sub.WORK, wait, working(clock, log), join=Join.all(), to=Sub.DONE)
    built: Any = Workflow.build(Sub, both, start=Sub.WORK, exits=(Sub.DONE,)).configure(clock=clock)
    run_clean(built.run)
    assert log == [("worked", 0), ("waited", 5 * HOUR)]


def test_thread_keeps_another_run_still(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """Time stands still for every run of the loop while a handler of one of them works in a thread."""
    log = Log()

    async def ask(item: int, log: Log) -> None:
        log.append(("asked", clock.monotonic()))
        if len(log) < 3:
            raise OSError

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: asking(ask, clock, retry=Retry.fixed(3, HOUR)).run(log=log))
            group.start_soon(working(clock, log).run)

    run_clean(main)
    assert log[:4] == [("asked", 0), ("worked", 0), ("asked", HOUR), log[3]]


def test_late_thread_is_waited_for(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """R9: a split whose time is over while a branch sleeps in a thread fails when the thread has ended."""
    ended: list[float] = []

    def ask(hours: int, log: Log) -> None:
        clock.sleep_in_thread(hours * HOUR)
        ended.append(clock.monotonic())

    async def main() -> None:
        with pytest.raises(JoinFailed, match=r"within 7200 s: .* 1 succeeded, 0 failed"):
            await asking(ask, clock, (1, 4), timeout=2 * HOUR, thread=True).run(log=Log())

    run_clean(main)
    assert ended == [HOUR, 4 * HOUR]
    assert clock.monotonic() == 4 * HOUR


def test_configure_keeps_what_is_left_out(clock: FakeClock) -> None:
    """`configure` changes what it is given: a clock stays when observers come, and observers when a clock does."""
    recorder = Recorder()

    async def ask(item: int, log: Log) -> None:
        log.append(item)
        if len(log) < 2:
            raise OSError

    for first, second in (
        ({"clock": clock}, {"observers": [recorder]}),
        ({"observers": [recorder]}, {"clock": clock}),
    ):
        plain = asking(ask, FakeClock(), retry=Retry.fixed(2, DAY))
        before = clock.monotonic()
        recorder.clear()
        plain.configure(**first).configure(**second).configure().run_sync(log=Log())
        assert clock.monotonic() == before + DAY
        assert recorder.names()[-1] == "run_finished"


@pytest.mark.parametrize("thing", [FakeClock, 5.0, time.monotonic], ids=repr)
def test_what_is_no_clock(thing: Any, clock: FakeClock) -> None:
    """What is no clock is refused where it is configured, also the class in place of an object."""
    with pytest.raises(SignatureError, match="is not a clock"):
        working(clock, Log()).configure(clock=thing)


def test_same_trace_each_time(run_clean: Callable[..., Any]) -> None:
    """Five runs at once, with random waits, failures, retries and deadlines, go the same way 100 times."""

    async def main() -> list[Any]:
        clock, recorder, dice = FakeClock(), Recorder(), {}  # type: ignore[var-annotated]
        seen: list[Any] = []

        async def ask(item: int, me: list[int], log: Log) -> int:
            chance = dice.setdefault((me[0], item), random.Random(100 * me[0] + item))
            await clock.sleep(chance.random() * HOUR)
            seen.append((clock.monotonic(), me[0], item))
            if chance.random() < 0.4:
                raise OSError
            return item

        retry = Retry.exponential(attempts=4, wait_initial=60, wait_max=HOUR, wait_jitter=0)
        jobs = asking(ask, clock, range(8), join=Join.quorum(5), retry=retry, timeout=3 * HOUR, bulkhead=3)

        async def one(number: int) -> None:
            await clock.sleep(number)  # one after the other: trio begins tasks in any order
            try:
                await jobs.configure(observers=[recorder]).run(me=[number], log=Log())
            except JoinFailed as error:
                seen.append((clock.monotonic(), number, str(error).replace(error.at.run_id, "")))

        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(one, number)
        names = [event.name for event in recorder.events]
        return [*seen, *names]

    first = run_clean(main)
    assert len(first) > 100
    assert all(run_clean(main) == first for _ in range(99))
