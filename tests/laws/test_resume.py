"""C3, C4, G3: a run that was killed at any row and resumed equals the run that was not, for random workflows."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cano_dsl import (
    Failure,
    Join,
    Joined,
    MemoryStore,
    Retry,
    Rollback,
    Run,
    RunData,
    Workflow,
    compensate,
    router,
    split,
    state,
)
from cano_dsl.errors import CompensationFailed, HandlerFailed, RunEnded, RunNotFound
from cano_dsl.testing import crash_points

Kind = Literal["state", "plain", "router", "split", "undone", "thread", "retried", "back"]


@dataclass
class Count:
    steps: int = 0
    trail: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Receipt:
    state: str
    amount: int


@dataclass(frozen=True)
class Spec:
    """A workflow: each state's kind, where it goes by the parity of the steps made, and what fails."""

    kinds: tuple[Kind, ...]
    jumps: tuple[tuple[int, int], ...]
    fails_at: int | None  # the step at which the run fails for good
    routes: bool  # whether that failure takes an error edge
    again: tuple[int, ...]  # after how many more writes the process dies again, each time it goes on


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    count = draw(st.integers(2, 6))
    again = st.lists(st.integers(0, 3), max_size=3)
    kinds = draw(
        st.lists(
            st.sampled_from(
                ["state", "plain", "router", "split", "undone", "undone", "thread", "retried", "back"]
            ),
            min_size=count,
            max_size=count,
        )
    )
    jumps = tuple(
        (draw(st.integers(i + 1, count)), draw(st.integers(max(0, i - 1), count))) for i in range(count)
    )
    jumps = tuple(
        (i + 1, b) for i, (_, b) in enumerate(jumps)
    )  # the first leads on, so every state is reached
    kinds[0] = "state"  # so that some handler wants the resources
    return Spec(
        tuple(kinds), jumps, draw(st.none() | st.integers(0, 8)), draw(st.booleans()), tuple(draw(again))
    )


LIMIT = 9


class World:
    """What happened outside: it stays when a process dies."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.undone: list[tuple[str, str]] = []
        self.is_failing = True


def build(spec: Spec) -> Any:
    count = len(spec.kinds)
    states: Any = Enum("Flow", {f"S{i}": f"s{i}" for i in range(count)} | {"SORRY": "sorry", "DONE": "done"})
    members = [states[f"S{i}"] for i in range(count)]

    def target(number: int) -> Any:
        return states.DONE if number >= count else members[number]

    parts = []
    for i, kind in enumerate(spec.kinds):
        parts += _parts(spec, i, kind, states, members[i], target)

    @state(states.SORRY, to=(states.DONE,))
    def sorry(failure: Failure, data: RunData[Count], world: World) -> Any:
        data.value.trail.append(f"sorry {failure.state.name}")
        return states.DONE

    used = spec.routes and any(kind != "router" for kind in spec.kinds)
    exits = (states.DONE,) if used else (states.DONE, states.SORRY)
    from cano_dsl import Waive

    waive = [] if used else [Waive("unreachable", states.SORRY, "not in this test")]
    parts += [sorry] if used else []
    return Workflow.build(states, *parts, start=members[0], exits=exits, data=Count, waive=waive)


def _parts(spec: Spec, i: int, kind: Kind, states: Any, at: Any, target: Any) -> list[Any]:
    first, second = spec.jumps[i]
    options: dict[str, Any] = {"to": tuple(dict.fromkeys((target(first), target(second))))}
    if spec.routes and kind != "router":
        options["on_error"] = {KeyError: states.SORRY}

    def step(data: RunData[Count], store: MemoryStore, world: World, run: Run) -> Any:
        count = data.value
        world.done.append((str(count.steps), at.name))
        if spec.fails_at == count.steps and world.is_failing:
            raise KeyError("no") if spec.routes else ValueError("no")
        count.steps += 1
        count.trail.append(at.name)
        store.put(f"k{i}", count.steps)
        store.append("all", at.name)
        second_now = count.steps % 2 == 0 and count.steps < LIMIT
        return target(second if second_now else first)

    if kind == "state":

        @state(at, **options)
        async def one(data: RunData[Count], store: MemoryStore, world: World, run: Run) -> Any:
            await anyio.lowlevel.checkpoint()
            return step(data, store, world, run)

        return [one]
    if kind == "retried":

        @state(at, retry=Retry.fixed(attempts=2, wait=0, retry_on=ConnectionError), **options)
        async def retried(data: RunData[Count], store: MemoryStore, world: World, run: Run) -> Any:
            if run.attempt == 1:
                raise ConnectionError("again")
            return step(data, store, world, run)

        return [retried]
    if kind == "back":

        async def back(data: RunData[Count], store: MemoryStore, world: World, run: Run) -> Any:
            to = step(data, store, world, run)
            return Rollback(target(first)) if data.value.steps % 3 else to

        forward = Literal[options.pop("to")]  # type: ignore[valid-type]
        back.__annotations__["return"] = forward | Rollback[Literal[target(first)]]  # type: ignore[valid-type]
        return [state(at, **options)(back)]
    if kind in ("plain", "thread"):

        @state(at, thread=kind == "thread", **options)
        def plain(data: RunData[Count], store: MemoryStore, world: World, run: Run) -> Any:
            return step(data, store, world, run)

        return [plain]
    if kind == "router":

        @router(at, to=options["to"])
        def routed(data: RunData[Count]) -> Any:
            return target(
                second if data.value.steps % 2 == 0 and data.value.steps < LIMIT and second > i else first
            )

        return [routed]
    if kind == "split":
        options["to"] = target(first) if first < len(spec.kinds) else states.DONE

        @split(at, over=(1, 2, 3), join=Join.all(), **options)
        async def branch(item: int, world: World, run: Run) -> Receipt:
            await anyio.lowlevel.checkpoint()
            world.done.append((str(item), at.name))
            return Receipt(at.name, item)

        return [branch]

    @state(at, **options)
    async def undone(
        data: RunData[Count],
        store: MemoryStore,
        world: World,
        run: Run,
        joined: Joined[Receipt] | None,
    ) -> tuple[Any, Receipt]:
        await anyio.lowlevel.checkpoint()
        if joined is not None:
            data.value.trail.append(str([value.amount for value in joined.values]))
        to = step(data, store, world, run)
        return to, Receipt(at.name, data.value.steps)

    @compensate(undone)
    async def undo(receipt: Receipt, run: Run, world: World) -> None:
        await anyio.lowlevel.checkpoint()
        world.undone.append(("", f"{receipt.state} {receipt.amount}"))

    return [undone, undo]


def values_of(store: MemoryStore) -> dict[str, Any]:
    """Give what a store holds."""
    keys = store.keys()
    return {key: store.get(key) for key in keys}


async def outcome(call: Any) -> str:
    """Give how a run ended, in words."""
    try:
        return str(await call)
    except HandlerFailed as error:
        return f"failed {error.at.state.name} {error.__cause__!r}"
    except CompensationFailed:
        return "dirty"
    except RunEnded as error:
        return f"ended {error.status}"


async def uninterrupted(spec: Spec) -> tuple[str, World, dict[str, Any], Count]:
    world, store, count = World(), MemoryStore(), Count()
    end = await outcome(build(spec).bind(world=world, store=store).run("r", data=count))
    return end, world, values_of(store), count


async def killed_at_each_row(spec: Spec) -> None:
    expected, whole, values, count = await uninterrupted(spec)
    for crash in crash_points():
        world = World()
        built = build(spec).configure(checkpoints=crash)
        with crash.crashes():
            await outcome(built.bind(world=world, store=MemoryStore()).run("r", data=Count()))
        store = MemoryStore()
        runner = built.bind(world=world, store=store)
        if not crash.is_started:
            with pytest.raises(RunNotFound):
                await runner.resume("r")
            continue
        resumed = 1
        for more in spec.again if crash._has_crashed else ():
            crash.at = crash._writes + more
            crash._has_crashed = False
            with crash.crashes():
                await outcome(runner.resume("r"))
            resumed += 1
            crash._has_crashed = True
        before = (await crash.info("r")).status
        end = await outcome(runner.resume("r"))
        after = await crash.info("r")
        where = f"{crash!r} of {spec}"
        if expected == "Flow.DONE":
            assert end == expected, where
            saved = (await crash.load("r")).data
            assert crash.codec.decode("data", saved["data"], Count) == count, where
            assert values_of(store) == values, where
            undone = Counter(world.undone)
            assert list(dict.fromkeys(world.undone)) == whole.undone, where
            assert sum((undone - Counter(whole.undone)).values()) <= resumed, where
        elif whole.undone:
            assert after.status == "rolled_back", where
            assert end in (expected, "ended rolled_back"), where
            assert list(dict.fromkeys(world.undone)) == whole.undone, where
            more = Counter(world.undone) - Counter(whole.undone)
            assert sum(more.values()) <= resumed, where  # the one in flight may run once more
        else:
            assert (before, after.status) in (("unfinished", "failed"), ("failed", "failed")), where
            assert end == expected, where
        more = Counter(world.done) - Counter(whole.done)
        entries = {name for _, name in more}
        assert len(entries) <= resumed, where  # only the state in flight ran again
        assert max(more.values(), default=0) <= resumed, where
        assert set(world.done) == set(whole.done), where


@settings(max_examples=25, deadline=None)
@given(spec=specs())
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_killed_at_any_row_equals_uninterrupted(backend: str, spec: Spec) -> None:
    """C3, C4, G3: killed at any row, and again, a run ends as the one that was not, and what ended stays ended."""
    anyio.run(killed_at_each_row, spec, backend=backend)
