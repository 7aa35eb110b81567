"""R4: one built workflow in many runs, tasks, threads and event loops at once."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest
import trio

from cano_dsl import MemoryStore, Run, RunData, Workflow, per_run, router, state
from cano_dsl.testing import Recorder


class Job(Enum):
    LOAD = 1
    ADD = 2
    DONE = 3


class Sum:
    def __init__(self) -> None:
        self.value = 0


class Source:
    def __init__(self, number: int) -> None:
        self.number = number


@state(Job.LOAD)
async def _load(source: Source, data: RunData[Sum], run: Run) -> Literal[Job.ADD]:
    await anyio.lowlevel.checkpoint()
    data.value.value = source.number
    assert run.state is Job.LOAD
    return Job.ADD


@state(Job.ADD)
async def _add(data: RunData[Sum], run: Run, store: MemoryStore | None = None) -> Literal[Job.ADD, Job.DONE]:
    data.value.value += 1
    await anyio.lowlevel.checkpoint()
    assert run.state is Job.ADD
    if data.value.value % 5 == 0:
        if store is not None:
            store.append("seen", (run.run_id, data.value.value))
        return Job.DONE
    return Job.ADD


ADDING = Workflow.build(Job, _load, _add, start=Job.LOAD, exits=(Job.DONE,), data=Sum)


def test_any_number_of_times(run_async: Callable[..., Any]) -> None:
    """R4: one built workflow may run any number of times, each from the beginning."""

    async def main() -> list[int]:
        values = []
        for number in range(20):
            data = Sum()
            assert await ADDING.run(data, source=Source(number)) is Job.DONE
            values.append(data.value)
        return values

    assert run_async(main) == [number // 5 * 5 + 5 for number in range(20)]


@pytest.mark.parametrize("watched", [False, True])
def test_a_hundred_runs_at_once(watched: bool, run_async: Callable[..., Any]) -> None:
    """R4: a hundred concurrent runs of one workflow see nothing of each other."""
    recorder = Recorder()
    built = ADDING.configure(observers=[recorder]) if watched else ADDING
    store = MemoryStore()

    async def one(number: int) -> None:
        data = Sum()
        runner = built.bind(source=Source(number), store=store)
        assert await runner.run(f"run-{number}", data=data) is Job.DONE
        assert data.value == number // 5 * 5 + 5

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(one, number)

    run_async(main)
    seen = dict(store.get("seen", list[tuple[str, int]]))
    assert seen == {f"run-{number}": number // 5 * 5 + 5 for number in range(100)}
    if watched:
        for number in range(100):
            path = recorder.path(f"run-{number}")
            assert path == (Job.LOAD, *[Job.ADD] * (5 - number % 5))


def test_runs_share_only_what_the_user_shares(run_async: Callable[..., Any]) -> None:
    """R4: a resource given to all runs is one object, one made per run is each run's own."""
    shared: set[int] = set()
    own: set[int] = set()
    kept = []

    class Solo(Enum):
        WORK = 1
        DONE = 2

    async def work(a: MemoryStore, b: MemoryStore) -> Solo:
        shared.add(id(a))
        own.add(id(b))
        kept.append(b)
        await anyio.lowlevel.checkpoint()
        return Solo.DONE

    built = Workflow.build(Solo, state(Solo.WORK, to=(Solo.DONE,))(work), start=Solo.WORK, exits=(Solo.DONE,))
    runner = built.bind(a=MemoryStore(), b=per_run(MemoryStore))

    async def main() -> None:
        async with runner, anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(runner.run)

    run_async(main)
    assert (len(shared), len(own)) == (1, 20)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can, so that a race shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_with_loops_of_their_own(hasty_threads: None) -> None:
    """R4: several threads, asyncio and trio mixed, may run one workflow from its very first run on."""
    workers, rounds = 8, 15
    for _ in range(rounds):
        built = Workflow.build(Job, _load, _add, start=Job.LOAD, exits=(Job.DONE,), data=Sum)
        together = threading.Barrier(workers)
        outcomes: list[object] = []

        def work(number: int, built: Any = built, together: Any = together, outcomes: Any = outcomes) -> None:
            class Mine(Source): ...  # a class that was never checked before

            async def main() -> None:
                for extra in ({}, {"store": MemoryStore()}):
                    data = Sum()
                    assert await built.run(data, source=Mine(number), **extra) is Job.DONE
                    outcomes.append(data.value)

            together.wait()
            try:
                trio.run(main) if number % 2 else asyncio.run(main())
            except BaseException as error:
                outcomes.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes)) == sorted(str(n // 5 * 5 + 5) for n in range(workers) for _ in "ab")


def test_threads_without_extras_share_the_fast_path(hasty_threads: None) -> None:
    """R4: threads that run a bare workflow at once, with classes seen and unseen, each get their own exit."""

    class Pick(Enum):
        START = 0
        EVEN = 1
        ODD = 2

    def choose(source: Source) -> Pick:
        return Pick.ODD if source.number % 2 else Pick.EVEN

    part = router(Pick.START, to=(Pick.EVEN, Pick.ODD))(choose)
    built = Workflow.build(Pick, part, start=Pick.START, exits=(Pick.EVEN, Pick.ODD))
    wrong = []

    def work(number: int) -> None:
        kind = type("Mine", (Source,), {})

        async def main() -> None:
            ends = {await built.run(source=kind(number)) for _ in range(50)}
            if ends != {tuple(Pick)[1 + number % 2]}:
                wrong.append(number)

        trio.run(main) if number % 3 else asyncio.run(main())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Depth(Enum):
    DOWN = 1
    DONE = 2


def test_handler_may_run_the_same_workflow(run_async: Callable[..., Any]) -> None:
    """R4: a handler may run the workflow that it belongs to; the runs do not see each other."""
    recorder = Recorder()
    left = []

    async def down(n: int) -> Depth:
        left.append(n)
        if n > 0:
            assert await built.run(n=n - 1) is Depth.DONE
        return Depth.DONE

    built: Any = Workflow.build(
        Depth, state(Depth.DOWN, to=(Depth.DONE,))(down), start=Depth.DOWN, exits=(Depth.DONE,)
    ).configure(observers=[recorder])

    async def main() -> Any:
        return await built.run(n=30)

    assert run_async(main) is Depth.DONE
    assert left == list(range(30, -1, -1))
    assert len({event.run_id for event in recorder.events}) == 31


def test_nested_runs_keep_their_own_run(run_async: Callable[..., Any]) -> None:
    """R4: a run started within a handler has an id of its own, and leaves the outer Run as it was."""
    inner = ADDING
    seen = []

    async def outer(run: Run) -> Depth:
        before = (run.run_id, run.state, run.idempotency_key)
        data = Sum()
        await inner.bind(source=Source(3)).run(f"{run.run_id}.inner", data=data)
        seen.append((before, (run.run_id, run.state, run.idempotency_key), data.value))
        return Depth.DONE

    built = Workflow.build(
        Depth, state(Depth.DOWN, to=(Depth.DONE,))(outer), start=Depth.DOWN, exits=(Depth.DONE,)
    )

    async def main() -> None:
        await built.bind().run("outer")

    run_async(main)
    ((before, after, value),) = seen
    assert before == after == ("outer", Depth.DOWN, "outer/0")
    assert value == 5


def test_endless_recursion_is_a_failure_like_any_other(run_async: Callable[..., Any]) -> None:
    """R5: runs nested without end fail with Python's RecursionError as the innermost cause."""
    from cano_dsl.errors import HandlerFailed

    async def down() -> Depth:
        return await built.run()

    built: Any = Workflow.build(
        Depth, state(Depth.DOWN, to=(Depth.DONE,))(down), start=Depth.DOWN, exits=(Depth.DONE,)
    )
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(_frames()) + 200)
    try:
        with pytest.raises((HandlerFailed, RecursionError)) as caught:
            run_async(built.run)
    finally:
        sys.setrecursionlimit(limit)
    error: BaseException | None = caught.value
    while isinstance(error, HandlerFailed):
        error = error.__cause__
    assert isinstance(error, RecursionError)


def _frames() -> list[object]:
    found = []
    frame = sys._getframe()
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found
