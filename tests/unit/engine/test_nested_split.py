"""Workflows as branches: their exit is the value, and their resources are the outer run's."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import Join, Joined, RunData, Workflow, per_run, split, state
from cano_dsl.errors import (
    HandlerFailed,
    JoinFailed,
    PolicyError,
    ResourceMissing,
    ResourceWrongType,
)


class Inner(Enum):
    WORK = 1
    GOOD = 2
    BAD = 3


class Outer(Enum):
    ASK = 1
    NEXT = 2
    DONE = 3


class Box:
    """A resource that notes its life."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def setup(self) -> None:
        self.log.append("up")

    async def teardown(self) -> None:
        self.log.append("down")


class Sink:
    """What the join state was given."""

    def __init__(self) -> None:
        self.joined: list[Joined[Any]] = []


@state(Outer.NEXT)
def take(outcomes: Joined[Any], sink: Sink) -> Literal[Outer.DONE]:
    sink.joined.append(outcomes)
    return Outer.DONE


def inner(handler: Any, name: str = "inner", **more: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of one state."""
    work = state(Inner.WORK, to=(Inner.GOOD, Inner.BAD))(handler)
    return Workflow.build(Inner, work, start=Inner.WORK, exits=(Inner.GOOD, Inner.BAD), name=name, **more)


def outer(*branches: Any, join: Join | None = None, **more: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a split of branches."""
    part = split(Outer.ASK, *branches, join=join or Join.all(), to=Outer.NEXT, **more)
    return Workflow.build(Outer, part, take, start=Outer.ASK, exits=(Outer.DONE,))


async def good(box: Box) -> Inner:
    box.log.append("good")
    return Inner.GOOD


async def bad(box: Box, extra: str = "none") -> Inner:
    box.log.append(f"bad {extra}")
    return Inner.BAD


def test_exit_is_the_value(run_virtual: Callable[..., Any]) -> None:
    """A workflow's exit is its branch's value, and it stands beside functions."""
    one, two = inner(good, "one"), inner(bad, "two")

    async def plain() -> int:
        return 7

    sink, box = Sink(), Box()

    async def main() -> None:
        await outer(one, plain, two).run(sink=sink, box=box)

    run_virtual(main)
    (joined,) = sink.joined
    assert (joined.of(one), joined.of(plain), joined.of(two)) == (Inner.GOOD, 7, Inner.BAD)
    assert [success.name for success in joined.successes] == ["one", "plain", "two"]


def test_resources_are_set_up_once(run_virtual: Callable[..., Any]) -> None:
    """A resource that nested workflows share with the outer run is set up and torn down once, around it all."""
    box = Box()

    async def main() -> None:
        built = outer(inner(good, "one"), inner(bad, "two"))
        await built.run(sink=Sink(), box=box)
        async with built.bind(sink=Sink(), box=box) as runner:
            await runner.run()
            await runner.run()

    run_virtual(main)
    once = ["up", "bad none", "good", "down"]
    assert sorted(box.log[:4]) == sorted(once)
    assert box.log[0] == box.log[4] == "up"
    assert box.log.count("up") == box.log.count("down") == 2
    assert len(box.log) == 10


def test_per_run_is_of_the_outer_run(run_virtual: Callable[..., Any]) -> None:
    """A resource made for each run is made once for the outer run and all its branches."""
    made: list[Box] = []

    def make() -> Box:
        made.append(Box())
        return made[-1]

    async def main() -> None:
        await outer(inner(good, "one"), inner(bad, "two")).run(sink=Sink(), box=per_run(make))

    run_virtual(main)
    assert [sorted(box.log) for box in made] == [sorted(["up", "good", "bad none", "down"])]


def test_resources_of_a_nested_workflow_count(run_virtual: Callable[..., Any]) -> None:
    """S1: what nested handlers want is asked of the outer run, by name and class; optional stays optional."""
    built = outer(inner(bad))
    with pytest.raises(ResourceMissing, match="box"):
        built.bind(sink=Sink())
    with pytest.raises(ResourceWrongType, match="box"):
        built.bind(sink=Sink(), box=3)
    box = Box()

    async def main() -> None:
        await built.run(sink=Sink(), box=box)
        await built.run(sink=Sink(), box=box, extra="given")

    run_virtual(main)
    assert box.log == ["up", "bad none", "down", "up", "bad given", "down"]


def test_error_of_a_nested_workflow_is_the_branch_error(run_virtual: Callable[..., Any]) -> None:
    """J3: the error of a nested run, with its own place, is the failure of its branch."""

    async def fails() -> Inner:
        raise ValueError("deep")

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await outer(inner(fails, "deep")).run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    (failure,) = error.errors
    assert failure.name == "deep"
    assert isinstance(failure.error, HandlerFailed)
    assert failure.error.at.workflow == "deep"
    assert failure.error.at.state is Inner.WORK
    assert repr(failure.error.__cause__) == "ValueError('deep')"
    assert error.at.state is Outer.ASK


def test_split_inside_a_split(run_virtual: Callable[..., Any]) -> None:
    """J3: a nested split that fails is an error of the outer branch, not of the outer split itself."""

    class Deep(Enum):
        ASK = 1
        DONE = 2

    @split(Deep.ASK, over=(1, 2), join=Join.all(), to=Deep.DONE)
    async def ask(item: int) -> int:
        await anyio.sleep(item)
        if item == 2:
            raise ValueError(item)
        return item

    deep = Workflow.build(Deep, ask, start=Deep.ASK, exits=(Deep.DONE,), name="deep")

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await outer(deep).run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert error.at.workflow == "Outer"
    (failure,) = error.errors
    assert isinstance(failure.error, JoinFailed)
    assert failure.error.at.workflow == "deep"
    assert failure.error.errors[0].name == "ask(2)"


def test_cancel_reaches_nested_branches(run_virtual: Callable[..., Any]) -> None:
    """J2: a nested workflow that is not needed any more is cancelled with all its branches, and awaited."""
    log: list[str] = []

    class Deep(Enum):
        ASK = 1
        DONE = 2

    @split(Deep.ASK, over=(1, 2), join=Join.all(), to=Deep.DONE)
    async def ask(item: int) -> int:
        try:
            await anyio.sleep(100)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)
            log.append(f"{item} ended")
        return item

    deep = Workflow.build(Deep, ask, start=Deep.ASK, exits=(Deep.DONE,), name="deep")

    async def quick() -> int:
        await anyio.sleep(1)
        return 1

    sink = Sink()

    async def main() -> float:
        await outer(deep, quick, join=Join.any()).run(sink=sink)
        log.append("joined")
        return anyio.current_time()

    assert run_virtual(main) == pytest.approx(2)
    assert sorted(log[:2]) == ["1 ended", "2 ended"]
    assert log[2] == "joined"
    assert [branch.name for branch in sink.joined[0].cancelled] == ["deep"]


def test_data_of_a_nested_workflow_is_its_own(run_virtual: Callable[..., Any]) -> None:
    """A nested run has data of its own, made anew each time; where that cannot be made the branch fails."""

    class Tally:
        def __init__(self, start: int = 0) -> None:
            self.total = start

    class Strict:
        def __init__(self, start: int) -> None:
            self.total = start

    totals: list[int] = []

    def counts(data: RunData[Tally]) -> Inner:
        data.value.total += 1
        totals.append(data.value.total)
        return Inner.GOOD

    def strict(data: RunData[Strict]) -> Inner: ...

    async def main() -> JoinFailed:
        built = outer(inner(counts, "one", data=Tally), inner(counts, "two", data=Tally))
        await built.run(sink=Sink())
        with pytest.raises(JoinFailed) as caught:
            await outer(inner(strict, "strict", data=Strict)).run(sink=Sink())
        return caught.value

    assert isinstance(run_virtual(main).errors[0].error, PolicyError)
    assert totals == [1, 1]


def test_nested_workflow_under_a_bulkhead(run_virtual: Callable[..., Any]) -> None:
    """J6: a bulkhead counts workflows as it counts functions."""
    running: list[int] = []

    async def slow() -> Inner:
        running.append(1)
        assert len(running) <= 2
        await anyio.sleep(1)
        running.pop()
        return Inner.GOOD

    async def main() -> float:
        await outer(*[inner(slow, f"w{n}") for n in range(5)], bulkhead=2).run(sink=Sink())
        return anyio.current_time()

    assert run_virtual(main) == pytest.approx(3)
