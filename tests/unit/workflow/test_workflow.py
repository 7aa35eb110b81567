"""The facade: ways to run, run ids, renderers and what a workflow says of itself."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.to_thread
import pytest
import trio

from cano_dsl import Run, Workflow, router, state
from cano_dsl.errors import LoopRunning, PolicyError


class Job(Enum):
    CHECK = 1
    WORK = 2
    MORE = 3
    DONE = 4


def one(handler: Callable[..., Any], **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build one state around a function."""

    class Short(Enum):
        WORK = 1
        DONE = 2

    def call() -> Any:
        handler()
        return Short.DONE

    return Workflow.build(
        Short, state(Short.WORK, to=(Short.DONE,))(call), start=Short.WORK, exits=(Short.DONE,), **options
    )


def keyed(seen: list[Any]) -> Workflow[Any, Any, Any, ...]:
    """Build router, state, router-like loop, noting each handler's view of the run."""

    def note(run: Run) -> None:
        seen.append((run.workflow, run.run_id, run.state, run.attempt, run.idempotency_key))

    @router(Job.CHECK)
    def check(run: Run) -> Literal[Job.WORK, Job.DONE]:
        note(run)
        return Job.WORK if len(seen) < 6 else Job.DONE

    @state(Job.WORK)
    async def work(run: Run) -> Literal[Job.MORE]:
        note(run)
        return Job.MORE

    @state(Job.MORE, thread=True)
    def more(run: Run) -> Literal[Job.CHECK]:
        note(run)
        return Job.CHECK

    return Workflow.build(Job, check, work, more, start=Job.CHECK, exits=(Job.DONE,), name="keyed")


def test_run_follows_the_handlers(run_async: Callable[..., Any]) -> None:
    """`Run` names the handler that is called now; its key counts states from 0, and routers take no number."""
    seen: list[Any] = []

    async def main() -> None:
        await keyed(seen).bind().run("r")

    run_async(main)
    assert seen == [
        ("keyed", "r", Job.CHECK, 1, "r/-1"),
        ("keyed", "r", Job.WORK, 1, "r/0"),
        ("keyed", "r", Job.MORE, 1, "r/1"),
        ("keyed", "r", Job.CHECK, 1, "r/1"),
        ("keyed", "r", Job.WORK, 1, "r/2"),
        ("keyed", "r", Job.MORE, 1, "r/3"),
        ("keyed", "r", Job.CHECK, 1, "r/3"),
    ]


def test_run_ids_are_made_up(run_async: Callable[..., Any]) -> None:
    """A run without an id gets one of its own."""
    seen: list[Any] = []
    built = keyed(seen)

    async def main() -> None:
        await built.run()
        first = seen[0][1]
        seen.clear()
        await built.bind().run()
        assert seen[0][1] != first
        assert len({entry[1] for entry in seen}) == 1

    run_async(main)


@pytest.mark.parametrize("run_id", ["", "  ", 5, b"x"], ids=repr)
def test_run_id_that_is_no_text(run_id: Any, run_async: Callable[..., Any]) -> None:
    """A run id is a text that is not empty, observed or not."""

    async def main() -> None:
        await one(lambda: None).bind().run(run_id)

    with pytest.raises(PolicyError, match=r"run_id=.* is not possible: give a text that is not empty"):
        run_async(main)


def test_run_shows_itself() -> None:
    """A Run reads as its id, workflow and state."""
    assert repr(Run(workflow="w", run_id="r", state=Job.WORK)) == "<Run r of 'w' in Job.WORK>"


def test_run_sync() -> None:
    """`run_sync` runs once in a loop of its own, on the workflow and on a runner."""
    calls: list[int] = []
    built = one(lambda: calls.append(1))
    built.run_sync()
    built.bind().run_sync()
    built.bind().run_sync("id")
    assert len(calls) == 3


@pytest.mark.parametrize("where", ["task", "callback"])
def test_run_sync_inside_a_loop(where: str) -> None:
    """`run_sync` on a thread that runs a loop is refused with what to do, and leaves no coroutine behind."""
    built = one(lambda: pytest.fail("it ran"))
    seen = []

    def call() -> None:
        for run in (built.run_sync, built.bind().run_sync):
            try:
                run()
            except LoopRunning as error:
                seen.append(str(error))

    async def main() -> None:
        if where == "task":
            call()
        else:
            asyncio.get_running_loop().call_soon(call)
            await asyncio.sleep(0)

    asyncio.run(main())
    assert seen == ["run_sync of workflow 'Short' was called inside an event loop: await run() there"] * 2


def test_run_sync_inside_trio() -> None:
    """`run_sync` inside trio is refused as well."""

    async def main() -> None:
        with pytest.raises(LoopRunning):
            one(lambda: None).run_sync()

    trio.run(main)


def test_run_sync_in_threads_of_a_loop(backend: str) -> None:
    """`run_sync` works in a worker thread, however the thread came to its context."""
    built = one(lambda: None)

    async def main() -> list[str]:
        ends = [await anyio.to_thread.run_sync(built.run_sync)]
        if backend == "asyncio":
            ends.append(await asyncio.to_thread(built.run_sync))
            context = contextvars.copy_context()
            ends.append(await anyio.to_thread.run_sync(context.run, built.run_sync))
        else:
            ends.append(await trio.to_thread.run_sync(built.run_sync))
        return [end.name for end in ends]

    assert set(anyio.run(main, backend=backend)) == {"DONE"}


def test_run_sync_within_async_with() -> None:
    """`run_sync` within `async with` is inside a loop, and is refused."""

    async def main() -> None:
        async with one(lambda: None).bind() as runner:
            with pytest.raises(LoopRunning):
                runner.run_sync()

    asyncio.run(main())


def test_run_sync_in_several_threads() -> None:
    """R4: `run_sync` in several threads at once gives each its own loop."""
    ends: list[Any] = []
    built = one(lambda: None)
    threads = [threading.Thread(target=lambda: ends.append(built.run_sync())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 6


def test_formats() -> None:
    """A workflow in an f-string is itself, or a diagram; another format is refused with what there is."""
    built = one(lambda: None, name="orders")
    assert f"{built:mermaid}" == built.mermaid()
    assert f"{built}" == repr(built) == "<Workflow 'orders': 2 states>"
    with pytest.raises(ValueError, match="workflow 'orders' cannot be rendered as 'svg': use 'mermaid'"):
        f"{built:svg}"


def test_runner_shows_itself(run_async: Callable[..., Any]) -> None:
    """A runner reads as its workflow, the number of resources, and whether they are set up."""

    async def main() -> None:
        async with one(lambda: None).bind() as runner:
            assert repr(runner) == "<Runner of 'Short', 0 resources, set up>"
        assert repr(runner) == "<Runner of 'Short', 0 resources, not set up>"

    run_async(main)


def test_runner_has_the_graph() -> None:
    """A runner gives the graph of its workflow."""
    built = one(lambda: None)
    assert built.bind().graph is built.graph


def test_resources_named_like_arguments(run_async: Callable[..., Any]) -> None:
    """S1: resources may be named `data`, `run_id`, `start` or `run`: they never clash with an argument."""
    seen = []

    def work(data: int, run_id: str, start: int, run: int) -> Job:
        seen.append((data, run_id, start, run))
        return Job.DONE

    class Short(Enum):
        WORK = 1
        DONE = 2

    part = state(Short.WORK, to=(Short.DONE,))(
        lambda data, run_id, start, run: (work(data, run_id, start, run), Short.DONE)[1]
    )
    built = Workflow.build(Short, part, start=Short.WORK, exits=(Short.DONE,))
    given: dict[str, Any] = {"data": 1, "run_id": "x", "start": 2, "run": 3}

    async def main() -> None:
        await built.run(**given)
        await built.bind(**given).run()

    run_async(main)
    assert seen == [(1, "x", 2, 3)] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        (Job, Literal[Job.DONE]),
        (Job, Literal[Job.DONE], int),
        (Job, Literal[Job.DONE], int, [str, int]),
        (Job, Job, Any, ...),
    ],
    ids=lambda arguments: str(len(arguments)),
)
def test_type_can_be_written_where_it_runs(arguments: Any) -> None:
    """The types of a workflow can be written in annotations that are evaluated, its last two left out."""
    alias = Workflow[arguments]
    assert alias.__origin__ is Workflow
    assert alias.__args__[:2] == arguments[:2]
    assert len(alias.__args__) == 4
