"""C1, C3, C5 and C8: which rows a run writes, how it can stand, and what resuming it does then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import MemoryCheckpoints, MemoryStore, Retry, Run, RunData, Workflow, compensate, router, state
from cano_dsl.errors import (
    CompensationFailed,
    HandlerFailed,
    RunConflict,
    RunEnded,
    RunNotFound,
    RunTimeout,
)
from cano_dsl.testing import Recorder

Go = Callable[..., Any]


async def until(fn: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not fn():  # noqa: ASYNC110 - set by code that knows no events
        await anyio.sleep(0.001)


class Order(Enum):
    ROUTE = 1
    RESERVE = 2
    CHARGE = 3
    SHIP = 4
    DONE = 5


@dataclass
class World:
    """What happened outside, and what goes wrong there."""

    done: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    ship_fails: int = 0
    refund_fails: int = 0
    hangs: bool = False


@dataclass
class Count:
    steps: int = 0


def parts(*, undone: bool) -> list[Any]:
    @router(Order.ROUTE)
    def route() -> Literal[Order.RESERVE]:
        return Order.RESERVE

    async def reserve(world: World, data: RunData[Count], store: MemoryStore, run: Run) -> Any:
        world.done.append("reserve")
        world.keys.append(run.idempotency_key)
        data.value.steps += 1
        store.put("reserved", data.value.steps)
        return (Order.CHARGE, "tea") if undone else Order.CHARGE

    async def charge(world: World, data: RunData[Count], run: Run) -> Any:
        world.done.append("charge")
        world.keys.append(run.idempotency_key)
        data.value.steps += 1
        return (Order.SHIP, 12) if undone else Order.SHIP

    @state(Order.SHIP)
    async def ship(world: World, data: RunData[Count], run: Run) -> Literal[Order.DONE]:
        world.done.append("ship")
        world.keys.append(run.idempotency_key)
        data.value.steps += 100
        if world.hangs:
            await anyio.sleep(10)
        if world.ship_fails:
            world.ship_fails -= 1
            raise OSError("no lorry")
        return Order.DONE

    if not undone:
        first = state(Order.RESERVE, to=(Order.CHARGE,))(reserve)
        return [route, first, state(Order.CHARGE, to=(Order.SHIP,))(charge), ship]
    reserve.__annotations__["return"] = tuple[Literal[Order.CHARGE], str]
    charge.__annotations__["return"] = tuple[Literal[Order.SHIP], int]
    first, second = state(Order.RESERVE)(reserve), state(Order.CHARGE)(charge)

    @compensate(first)
    async def release(what: str, world: World, run: Run) -> None:
        world.done.append(f"release {what} {run.idempotency_key}")

    @compensate(second)
    async def refund(amount: int, world: World) -> None:
        world.done.append(f"refund {amount}")
        if world.refund_fails:
            world.refund_fails -= 1
            raise ValueError("closed")

    return [route, first, second, ship, release, refund]


def build(store: Any, *, undone: bool = False, **configured: Any) -> Any:
    built = Workflow.build(Order, *parts(undone=undone), start=Order.ROUTE, exits=(Order.DONE,), data=Count)
    return built.configure(checkpoints=store, **configured)


async def rows_of(store: Any, run_id: str = "r") -> list[tuple[Any, ...]]:
    saved = await store.load(run_id)
    return [(row.sequence, row.kind, row.state) for row in saved.rows]


def test_rows_of_a_run(run_clean: Go) -> None:
    """C1: a router has no row, each other state one with what the state before it left, and the exit one."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World()
        end = await build(store).bind(world=world, store=MemoryStore()).run("r", data=Count())
        assert end is Order.DONE
        assert await rows_of(store) == [
            (0, "entered", "RESERVE"),
            (1, "entered", "CHARGE"),
            (2, "entered", "SHIP"),
            (3, "ended", "DONE"),
        ]
        changes = [(change.sequence, change.key) for change in await store.changes("r")]
        assert changes == [
            (-1, "data"),  # the start writes the run itself, and all that it holds
            (1, "data"),
            (1, "store/reserved"),
            (2, "data"),
            (3, "data"),
        ]
        assert world.keys == ["r/0", "r/1", "r/2"]
        assert (await store.info("r")).status == "finished"

    run_clean(main)


def test_row_is_there_before_the_handler(run_async: Go) -> None:
    """C1: when a handler is called, its row and the data of the state before it can be read."""
    seen: list[Any] = []

    async def main() -> None:
        store = MemoryCheckpoints()

        @state(Order.ROUTE)
        async def first(data: RunData[Count]) -> Literal[Order.SHIP]:
            seen.append((await rows_of(store), (await store.load("r")).data))
            data.value.steps = 7
            return Order.SHIP

        @state(Order.SHIP)
        async def second(data: RunData[Count]) -> Literal[Order.DONE]:
            seen.append((await rows_of(store), (await store.load("r")).data))
            return Order.DONE

        exits = (Order.DONE, Order.RESERVE, Order.CHARGE)
        built = Workflow.build(
            Order, first, second, start=Order.ROUTE, exits=exits, data=Count, waive=_unreachable()
        )
        await built.configure(checkpoints=store).bind().run("r")
        codec = store.codec
        assert [rows for rows, _ in seen] == [
            [(0, "entered", "ROUTE")],
            [(0, "entered", "ROUTE"), (1, "entered", "SHIP")],
        ]
        assert [codec.decode("data", data["data"], Count).steps for _, data in seen] == [0, 7]

    run_async(main)


def _unreachable() -> list[Any]:
    from cano_dsl import Waive

    return [Waive("unreachable", one, "not in this test") for one in (Order.RESERVE, Order.CHARGE)]


def test_finished(run_clean: Go) -> None:
    """C3, C5: a finished run gives its exit to run and to resume, runs nothing, and brings its data back."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World()
        runner = build(store).bind(world=world, store=MemoryStore())
        await runner.run("r", data=Count())
        before = await rows_of(store)
        assert await runner.run("r") is Order.DONE
        mine = MemoryStore()
        assert await build(store).bind(world=world, store=mine).resume("r") is Order.DONE
        assert mine.get("reserved", int) == 1
        assert world.done == ["reserve", "charge", "ship"]
        assert await rows_of(store) == before

    run_clean(main)


def test_failed(run_clean: Go) -> None:
    """C3, C1: a failure with nothing to undo writes no data, and resume runs that state again, with its key."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(ship_fails=1)
        runner = build(store).bind(world=world, store=MemoryStore())
        with pytest.raises(HandlerFailed):
            await runner.run("r", data=Count())
        info = await store.info("r")
        assert (info.status, info.owner) == ("failed", None)
        rows = (await store.load("r")).rows
        assert (rows[-1].kind, rows[-1].state) == ("ended", "SHIP")
        assert "no lorry" in str(rows[-1].text)
        assert store.codec.decode("data", (await store.load("r")).data["data"], Count) == Count(2)
        with pytest.raises(RunConflict, match="resume"):
            await runner.run("r")
        assert await runner.resume("r") is Order.DONE
        assert store.codec.decode("data", (await store.load("r")).data["data"], Count) == Count(102)
        assert world.done == ["reserve", "charge", "ship", "ship"]
        assert world.keys[-2:] == ["r/2", "r/2"]
        assert (await rows_of(store))[3:] == [
            (3, "ended", "SHIP"),
            (4, "resumed", "SHIP"),
            (5, "ended", "DONE"),
        ]

    run_clean(main)


def test_timed_out(run_clean: Go) -> None:
    """C3: a run whose total timeout was over with nothing to undo is failed, and goes on when resumed."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(hangs=True)
        runner = build(store).bind(world=world, store=MemoryStore())
        with pytest.raises(RunTimeout):
            await runner.run("r", data=Count(), timeout=0.05)
        assert (await store.info("r")).status == "failed"
        world.hangs = False
        assert await runner.resume("r") is Order.DONE
        assert world.done == ["reserve", "charge", "ship", "ship"]

    run_clean(main)


def test_rolled_back(run_clean: Go) -> None:
    """C3: a failure after which all is undone is for good: resume and run are refused, and nothing is called."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(ship_fails=1)
        runner = build(store, undone=True).bind(world=world, store=MemoryStore())
        with pytest.raises(HandlerFailed):
            await runner.run("r", data=Count())
        assert world.done == ["reserve", "charge", "ship", "refund 12", "release tea r/0"]
        assert (await rows_of(store))[3:] == [
            (3, "rollback", "SHIP"),
            (4, "compensated", "CHARGE"),
            (5, "compensated", "RESERVE"),
            (6, "ended", "SHIP"),
        ]
        assert [row.about for row in (await store.load("r")).rows[4:6]] == [1, 0]
        info = await store.info("r")
        assert (info.status, info.owner) == ("rolled_back", None)
        with pytest.raises(RunEnded, match="rolled_back"):
            await runner.resume("r")
        with pytest.raises(RunEnded, match="rolled_back"):
            await runner.run("r")
        assert len(world.done) == 5

    run_clean(main)


def test_dirty(run_clean: Go) -> None:
    """C3, G2: resume of a dirty run runs the compensations that are missing, and those alone."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(ship_fails=1, refund_fails=2)
        runner = build(store, undone=True).bind(world=world, store=MemoryStore())
        with pytest.raises(CompensationFailed):
            await runner.run("r", data=Count())
        assert (await store.info("r")).status == "dirty"
        with pytest.raises(CompensationFailed) as caught:
            await runner.resume("r")
        assert [(one.state, one.output) for one in caught.value.failures] == [(Order.CHARGE, 12)]
        assert "no lorry" in str(caught.value.original)
        info = await store.info("r")
        assert (info.status, info.owner) == ("dirty", None)
        with pytest.raises(RunEnded):
            await runner.resume("r")
        assert (await store.info("r")).status == "rolled_back"
        assert world.done[3:] == ["refund 12", "release tea r/0", "refund 12", "refund 12"]

    run_clean(main)


def test_cancelled_by_its_handle(run_clean: Go) -> None:
    """C3, R10: the handle's cancel with nothing to undo is for good; with something it is undone, recorded."""

    async def main(undone: bool) -> None:
        store = MemoryCheckpoints()
        world = World(hangs=True)
        async with build(store, undone=undone).bind(world=world, store=MemoryStore()) as runner:
            handle = runner.launch("r", data=Count())
            await until(lambda: "ship" in world.done)
            handle.cancel()
            with pytest.raises(Exception, match="cancelled"):
                await handle.wait()
            with pytest.raises(RunEnded):
                await runner.resume("r")
        assert (await store.info("r")).status == ("rolled_back" if undone else "cancelled")
        assert world.done[3:] == (["refund 12", "release tea r/0"] if undone else [])

    run_clean(main, False)
    run_clean(main, True)


def test_unknown_run(run_clean: Go) -> None:
    """C5: there is nothing to resume where there is no such run, or it is one of another workflow."""

    async def main() -> None:
        store = MemoryCheckpoints()
        runner = build(store).bind(world=World(), store=MemoryStore())
        with pytest.raises(RunNotFound, match="nobody"):
            await runner.resume("nobody")
        await runner.run("r", data=Count())
        other = Workflow.build(
            Order, *parts(undone=False), start=Order.ROUTE, exits=(Order.DONE,), data=Count, name="other"
        )
        with pytest.raises(RunNotFound, match="other"):
            await other.configure(checkpoints=store).bind(world=World(), store=MemoryStore()).resume("r")

    run_clean(main)


def test_attempts_are_counted(run_clean: Go) -> None:
    """C1: retries make no rows of their own; the next row says how many attempts the state before it took."""

    async def main() -> None:
        store = MemoryCheckpoints()
        tries: list[str] = []

        @state(Order.ROUTE, retry=Retry.fixed(attempts=3, wait=0))
        async def flaky(run: Run) -> Literal[Order.SHIP]:
            tries.append(run.idempotency_key)
            if run.attempt < 3:
                raise OSError("again")
            return Order.SHIP

        @state(Order.SHIP)
        async def ship() -> Literal[Order.DONE]:
            return Order.DONE

        exits = (Order.DONE, Order.RESERVE, Order.CHARGE)
        built = Workflow.build(Order, flaky, ship, start=Order.ROUTE, exits=exits, waive=_unreachable())
        await built.configure(checkpoints=store).bind().run("r")
        assert [(row.kind, row.attempts) for row in (await store.load("r")).rows] == [
            ("entered", 0),
            ("entered", 3),
            ("ended", 1),
        ]
        assert tries == ["r/0"] * 3

    run_clean(main)


def test_observers_see_the_log(run_clean: Go) -> None:
    """O1: each row is told once it is durable, and a resumed run says where it goes on."""

    async def main() -> None:
        store = MemoryCheckpoints()
        recorder = Recorder()
        world = World(ship_fails=1)
        runner = build(store, observers=[recorder]).bind(world=world, store=MemoryStore())
        with pytest.raises(HandlerFailed):
            await runner.run("r", data=Count())
        await runner.resume("r")
        told = [
            (event.details["sequence"], event.details["kind"])
            for event in recorder.events
            if event.name == "checkpoint_written"
        ]
        assert told == [(row.sequence, row.kind) for row in (await store.load("r")).rows]
        names = [event.name for event in recorder.events]
        again = names.index("run_started", 1)
        assert names[again : again + 4] == [
            "run_started",
            "checkpoint_written",
            "run_resumed",
            "state_entered",
        ]
        assert recorder.events[again + 2].details == {"state": Order.SHIP}

    run_clean(main)


def test_no_store_no_cost() -> None:
    """C8: without a store a step's call is the thunk itself, and neither logging nor msgspec is around it."""

    @state(Order.SHIP)
    async def ship() -> Literal[Order.DONE]:
        return Order.DONE

    from cano_dsl import Waive

    rest = (Order.ROUTE, Order.RESERVE, Order.CHARGE)
    waive = [Waive("unreachable", one, "not in this test") for one in rest]
    plain = Workflow.build(Order, ship, start=Order.SHIP, exits=(Order.DONE, *rest), waive=waive)
    logged = plain.configure(checkpoints=MemoryCheckpoints())
    bare = plain.bind()
    assert bare._ready is not None  # straight to the loop
    assert bare._ready[0].call is ship.spec.fn
    assert logged.bind()._ready is None
    assert logged._plan.steps(()).start.call is not ship.spec.fn
