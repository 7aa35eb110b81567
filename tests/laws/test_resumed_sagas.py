"""C3, G2 to G4: a random saga killed at any row, also of its rollback, undoes what a model of a few lines says."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cano_dsl import MemoryCheckpoints, Retry, Rollback, Run, Workflow, compensate, state
from cano_dsl.errors import CompensationFailed, HandlerFailed, RunEnded
from cano_dsl.testing import FakeClock, crash_points

ATTEMPTS = 3


@dataclass(frozen=True)
class Step:
    """One state of a chain.

    Attributes:
        undone: Whether it gives an output that something undoes.
        back: Whether it asks for a rollback before the chain goes on, in place of giving one.
        stumbles: How often its compensation fails before it succeeds.
        retries: Whether the compensation is called again, `ATTEMPTS` times in all.
        thread: Whether the compensation is a plain function in a thread.
    """

    undone: bool = True
    back: bool = False
    stumbles: int = 0
    retries: bool = False
    thread: bool = False

    @property
    def is_stuck(self) -> bool:
        """Whether the first rollback cannot undo it."""
        return self.stumbles >= (ATTEMPTS if self.retries else 1)


@dataclass(frozen=True)
class Saga:
    """A chain of states, whether it fails at its end, and after how many more writes a resumed run is killed."""

    steps: tuple[Step, ...]
    fails: bool
    again: int


steps = st.builds(
    Step,
    undone=st.booleans() | st.just(True),
    back=st.integers(0, 4).map(lambda n: n == 0),
    stumbles=st.sampled_from([0, 0, 0, 1, 2, ATTEMPTS, ATTEMPTS + 1]),
    retries=st.booleans(),
    thread=st.booleans(),
)
sagas = st.builds(Saga, st.lists(steps, min_size=1, max_size=5).map(tuple), st.booleans(), st.integers(0, 5))


@dataclass
class Model:
    """What must have happened once nothing is left to do.

    Attributes:
        rollbacks: Of each rollback the steps that it undoes, in the order of the first try.
        stuck: Those of them that the first try cannot undo.
        status: How the run has ended.
    """

    rollbacks: list[list[int]] = field(default_factory=list)
    stuck: set[int] = field(default_factory=set)
    status: str = "finished"


def model(saga: Saga) -> Model:
    """Say what must happen."""
    found, stack = Model(), list[int]()

    def roll_back() -> None:
        if stack:
            found.rollbacks.append(stack[::-1])
            found.stuck |= {number for number in stack if saga.steps[number].is_stuck}
        stack.clear()

    for number, step in enumerate(saga.steps):
        if step.back:
            roll_back()
        elif step.undone:
            stack.append(number)
    if saga.fails:
        found.status = "rolled_back" if stack else "failed"
        roll_back()
    return found


@dataclass(frozen=True)
class Output:
    """What a step gives: its number, and the key under which it was done."""

    number: int
    key: str


class World:
    """What happened outside: it stays when a process dies.

    Attributes:
        done: The steps that were done.
        called: The compensations that were called, with the key of what they undo.
        undone: Those that succeeded.
        left: How often each compensation still fails.
    """

    def __init__(self, saga: Saga) -> None:
        self.done: list[int] = []
        self.called: list[tuple[int, str]] = []
        self.undone: list[tuple[int, str]] = []
        self.left = Counter({number: step.stumbles for number, step in enumerate(saga.steps)})

    def undo(self, output: Output, run: Run) -> None:
        assert output.key == run.idempotency_key
        self.called.append((output.number, output.key))
        if self.left[output.number]:
            self.left[output.number] -= 1
            raise OSError(f"cannot undo {output.number}")
        self.undone.append((output.number, output.key))


def build(saga: Saga) -> Any:
    count = len(saga.steps)
    states: Any = Enum("Flow", {f"S{number}": number for number in range(count)} | {"END": "e", "DONE": "d"})
    members = list(states)
    parts: list[Any] = []
    for number, step in enumerate(saga.steps):
        parts += chained(number, step, members[number], members[number + 1])

    @state(states.END, to=(states.DONE,))
    async def end(world: World) -> Any:
        await anyio.lowlevel.checkpoint()
        if saga.fails:
            raise ValueError("no")
        return states.DONE

    return Workflow.build(states, *parts, end, start=members[0], exits=(states.DONE,))


def chained(number: int, step: Step, at: Any, after: Any) -> list[Any]:
    async def work(world: World, run: Run) -> Any:
        await anyio.lowlevel.checkpoint()
        world.done.append(number)
        if step.back:
            return Rollback(after)
        return (after, Output(number, run.idempotency_key)) if step.undone else after

    if step.back:
        work.__annotations__["return"] = Rollback[type(at)]  # type: ignore[misc]
        return [state(at, to=(after,))(work)]
    if not step.undone:
        return [state(at, to=(after,))(work)]
    work.__annotations__["return"] = tuple[type(at), Output]  # type: ignore[misc]
    made = state(at, to=(after,))(work)
    retry = Retry.fixed(ATTEMPTS, 5.0) if step.retries else None

    def plain(output: Output, world: World, run: Run) -> None:
        world.undo(output, run)

    async def later(output: Output, world: World, run: Run) -> None:
        await anyio.lowlevel.checkpoint()
        world.undo(output, run)

    if step.thread:
        return [made, compensate(made, thread=True, retry=retry)(plain)]
    return [made, compensate(made, retry=retry)(later)]


async def outcome(call: Any) -> str:
    """Give how a run ended, as its status would be."""
    try:
        await call
    except HandlerFailed:
        return "rolled_back or failed"
    except CompensationFailed as error:
        return "dirty" if error.failures and not error.not_run else "not run"
    except RunEnded as error:
        return error.status
    return "finished"


async def leg(saga: Saga, world: World, store: Any, *, is_new: bool) -> None:
    """Run or resume; nothing that the log has as compensated is compensated again, and the last goes first."""
    recorded, called = set(), len(world.called)
    if not is_new:
        recorded = {f"r/{row.about}" for row in (await store.load("r")).rows if row.kind == "compensated"}
    runner = build(saga).configure(checkpoints=store, clock=FakeClock()).bind(world=world)
    end = await outcome(runner.run("r") if is_new else runner.resume("r"))
    status = (await store.info("r")).status
    assert status == end or (status in ("rolled_back", "failed") and end == "rolled_back or failed")
    assert not recorded & {key for _, key in world.called[called:]}


async def killed_at_each_row(saga: Saga) -> None:
    expected = model(saga)
    for crash in crash_points():
        world, where = World(saga), f"{crash!r} of {saga}"
        with crash.crashes():
            await leg(saga, world, crash, is_new=True)
        if not crash.is_started:
            continue
        is_last = not crash._has_crashed
        crash.at = crash._writes + saga.again  # once more, if it gets so far
        with crash.crashes():
            await leg(saga, world, crash, is_new=False)
        crash._has_crashed = not is_last  # so that the points end where the first leg has no more
        for _ in range(2 * ATTEMPTS * len(saga.steps)):
            info = await crash.info("r")
            if info.status in ("finished", "rolled_back", "failed"):
                break
            await leg(saga, world, crash, is_new=False)
        assert info.status == expected.status, where
        check(saga, world, expected, where)
        rows = (await crash.load("r")).rows
        compensated = [row.about for row in rows if row.kind == "compensated"]
        assert len(compensated) == len(set(compensated)) == sum(map(len, expected.rollbacks)), where


def check(saga: Saga, world: World, expected: Model, where: str) -> None:
    """See that everything was undone that the model says and nothing else, the last first."""
    undone = [number for number, _ in world.undone]
    at_first = [n for rollback in expected.rollbacks for n in rollback]
    assert set(undone) == set(at_first), where
    assert sum((Counter(undone) - Counter(at_first)).values()) <= 2, where  # in flight when it was killed
    for rollback in expected.rollbacks:
        clean = [number for number in rollback if number not in expected.stuck]
        seen = [number for number in dict.fromkeys(undone) if number in clean]
        assert seen == clean, where
        earliest = [number for number, _ in world.called if number in rollback]
        assert list(dict.fromkeys(earliest)) == rollback, where
    assert list(dict.fromkeys(world.done)) == list(range(len(saga.steps))), where
    calls = Counter(number for number, _ in world.called)
    for number in at_first:
        assert calls[number] == saga.steps[number].stumbles + undone.count(number), where


@settings(max_examples=25, deadline=None)
@given(saga=sagas)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_killed_sagas_undo_what_the_model_says(backend: str, saga: Saga) -> None:
    """G2 to G4: killed at any row, and again when resumed, a run undoes each output in its order, none twice.

    So it is also within a rollback that fails, is retried or was asked for. What was at work when the process
    died, and is not recorded as undone, may be undone once more.
    """
    anyio.run(killed_at_each_row, saga, backend=backend)


@settings(max_examples=25, deadline=None)
@given(saga=sagas)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_dirty_sagas_are_resumed_with_what_is_missing(backend: str, saga: Saga) -> None:
    """G2, C3: each resume of a dirty run calls only what is missing."""

    async def whole() -> None:
        world, store = World(saga), MemoryCheckpoints()
        await leg(saga, world, store, is_new=True)
        while (await store.info("r")).status == "dirty":
            called, missing = len(world.called), {n for n, step in enumerate(saga.steps) if step.is_stuck}
            missing -= {number for number, _ in world.undone}
            assert missing
            await leg(saga, world, store, is_new=False)
            later = [number for number, _ in world.called[called:]]
            assert missing & set(later)
            assert not ({number for number, _ in world.called[:called]} - missing) & set(later)
        check(saga, world, model(saga), str(saga))
        assert len(world.undone) == sum(map(len, model(saga).rollbacks))

    anyio.run(whole, backend=backend)
