"""R9, R10 and states that must not run twice: who stops a run, and what is left in its log then."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import (
    Failure,
    MemoryCheckpoints,
    MemoryStore,
    Rollback,
    Run,
    Workflow,
    compensate,
    per_run,
    router,
    state,
)
from cano_dsl.errors import HandlerFailed, NotEncodable, RunEnded, RunParked, RunTimeout, StoreUnavailable
from cano_dsl.testing import crash_points

Go = Callable[..., Any]


async def until(fn: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not fn():  # noqa: ASYNC110 - set by code that knows no events
        await anyio.sleep(0.001)


class Pay(Enum):
    CHARGE = 1
    SHIP = 2
    DONE = 3


@dataclass
class World:
    done: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    fails: int = 0
    hangs: bool = False


def build(store: Any, *, after: str = "state", **configured: Any) -> Any:
    """Build a state that is undone, and after it a state, a router or an exit."""
    target = Pay.DONE if after == "exit" else Pay.SHIP

    async def charge(world: World, run: Run) -> Any:
        world.done.append("charge")
        world.keys.append(run.idempotency_key)
        await anyio.sleep(0.05)
        world.done.append("charged")
        return target, 12

    charge.__annotations__["return"] = tuple[Literal[target], int]
    first = state(Pay.CHARGE)(charge)

    @compensate(first)
    async def refund(amount: int, world: World, run: Run) -> None:
        world.done.append(f"refund {amount} {run.idempotency_key}")

    @state(Pay.SHIP)
    async def ship(world: World) -> Literal[Pay.DONE]:
        world.done.append("ship")
        if world.hangs:
            await anyio.sleep(10)
        if world.fails:
            world.fails -= 1
            raise OSError("no lorry")
        return Pay.DONE

    @router(Pay.SHIP)
    def route() -> Literal[Pay.DONE]:
        return Pay.DONE

    parts: list[Any] = [first, refund]
    parts += [] if after == "exit" else [route] if after == "router" else [ship]
    exits = (Pay.DONE, Pay.SHIP) if after == "exit" else (Pay.DONE,)
    from cano_dsl import Waive

    waive = [Waive("unreachable", Pay.SHIP, "not in this test")] if after == "exit" else []
    built = Workflow.build(Pay, *parts, start=Pay.CHARGE, exits=exits, waive=waive)
    return built.configure(checkpoints=store, **configured)


@pytest.mark.parametrize("after", ["state", "router", "exit"])
def test_cancel_from_outside_in_a_state_that_is_undone(after: str, run_clean: Go) -> None:
    """R9, R10: it finishes and is recorded, nothing is undone, and resume goes on after it, whatever follows."""

    async def main() -> None:
        store, world = MemoryCheckpoints(), World()
        runner = build(store, after=after).bind(world=world)
        with anyio.move_on_after(0.01) as scope:
            await runner.run("r")
        assert scope.cancelled_caught
        assert world.done == ["charge", "charged"]
        info = await store.info("r")
        assert (info.status, info.owner) == ("finished" if after == "exit" else "unfinished", None)
        row = (await store.load("r")).rows[-1]
        kind, name = ("ended", "DONE") if after == "exit" else ("entered", "SHIP")
        assert (row.kind, row.state, row.output_type) == (kind, name, "int")
        assert await runner.resume("r") is Pay.DONE
        assert world.done == ["charge", "charged"] + (["ship"] if after == "state" else [])

    run_clean(main)


def test_what_an_earlier_process_did_is_undone(run_clean: Go) -> None:
    """G3: a resumed run that fails undoes also what was done before it was stopped, with that state's key."""

    async def main() -> None:
        store, world = MemoryCheckpoints(), World(fails=1)
        runner = build(store).bind(world=world)
        with anyio.move_on_after(0.01):
            await runner.run("r")
        with pytest.raises(HandlerFailed):
            await runner.resume("r")
        assert world.done == ["charge", "charged", "ship", "refund 12 r/0"]
        assert (await store.info("r")).status == "rolled_back"

    run_clean(main)


def test_failure_is_not_handed_on(run_clean: Go) -> None:
    """J8, R9: what a state was entered with is not what the one after it is entered with, when it is cancelled."""
    seen: list[Any] = []

    async def main() -> None:
        store = MemoryCheckpoints()

        class Way(Enum):
            TRY = 1
            MEND = 2
            CHECK = 3
            DONE = 4

        @state(Way.TRY, on_error={OSError: Way.MEND})
        async def attempt() -> Literal[Way.CHECK]:
            raise OSError("down")

        @state(Way.MEND)
        async def mend(failure: Failure) -> tuple[Literal[Way.CHECK], int]:
            await anyio.sleep(0.05)
            return Way.CHECK, 1

        @compensate(mend)
        async def unmend(number: int) -> None: ...

        @state(Way.CHECK, on_error={OSError: Way.DONE})
        async def check(failure: Failure | None) -> Literal[Way.DONE]:
            seen.append(failure)
            return Way.DONE

        built = Workflow.build(Way, attempt, mend, unmend, check, start=Way.TRY, exits=(Way.DONE,))
        runner = built.configure(checkpoints=store).bind()
        with anyio.move_on_after(0.01):
            await runner.run("r")
        assert await runner.resume("r") is Way.DONE

    run_clean(main)
    assert seen == [None]


@pytest.mark.parametrize("how", ["handle", "timeout"])
def test_own_ends_undo_and_are_recorded(how: str, run_clean: Go) -> None:
    """R10, C3: the handle's cancel and the total timeout undo what was done; that is in the log, and for good."""

    async def main() -> None:
        store, world = MemoryCheckpoints(), World(hangs=True)
        async with build(store).bind(world=world) as runner:
            handle = runner.launch("r", timeout=0.15 if how == "timeout" else None)
            await until(lambda: "ship" in world.done)
            if how == "handle":
                handle.cancel()
            with pytest.raises(RunTimeout if how == "timeout" else Exception):
                await handle.wait()
        assert world.done[-1] == "refund 12 r/0"
        kinds = [row.kind for row in (await store.load("r")).rows]
        assert kinds == ["entered", "entered", "rollback", "compensated", "ended"]
        assert (await store.info("r")).status == "rolled_back"
        with pytest.raises(RunEnded):
            await build(store).bind(world=world).resume("r")

    run_clean(main)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_end_of_the_process_leaves_the_run(kind: type[BaseException], backend: str) -> None:
    """R10: what ends the process undoes nothing; the run is given back and goes on when it is resumed."""
    store, world = MemoryCheckpoints(), World()
    done: list[str] = []

    async def stop(world: World) -> Literal[Pay.SHIP]:
        if not done:
            done.append("stopped")
            raise kind
        return Pay.SHIP

    @state(Pay.SHIP)
    async def ship(world: World) -> Literal[Pay.DONE]:
        return Pay.DONE

    built = Workflow.build(Pay, state(Pay.CHARGE)(stop), ship, start=Pay.CHARGE, exits=(Pay.DONE,))
    runner = built.configure(checkpoints=store).bind(world=world)
    with pytest.raises(kind):
        anyio.run(runner.run, "r", backend=backend)
    info = asyncio.run(store.info("r"))
    assert (info.status, info.owner) == ("unfinished", None)
    assert anyio.run(runner.resume, "r", backend=backend) is Pay.DONE


class Slow:
    """A store whose start waits, so that a cancel comes in the middle of it."""

    def __init__(self) -> None:
        self.inner = MemoryCheckpoints()
        self.breaks_at: int | None = None
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def codec(self) -> Any:
        return self.inner.codec

    async def start(self, *arguments: Any, **named: Any) -> Any:
        await anyio.sleep(0.03)
        return await self.inner.start(*arguments, **named)

    async def append(self, *arguments: Any, **named: Any) -> None:
        self.count += 1
        if self.count == self.breaks_at:
            raise StoreUnavailable(store="runs.db", what="the disk is full", fix="make room")
        await self.inner.append(*arguments, **named)


def test_cancelled_while_it_is_begun(run_clean: Go) -> None:
    """R10, C7a: a run whose caller was cancelled while its start was written is given back, not held for 30 s."""

    async def main() -> None:
        store, world = Slow(), World()
        runner = build(store).bind(world=world)
        with anyio.move_on_after(0.01):
            await runner.run("r")
        assert (await store.info("r")).owner is None
        assert await runner.resume("r") is Pay.DONE

    run_clean(main)


def test_store_that_fails_in_the_middle(run_clean: Go) -> None:
    """C9: where a row is refused, the run stops as it is with the store's error, nothing undone, resumable at once."""

    async def main() -> None:
        store, world = Slow(), World()
        store.breaks_at = 1
        runner = build(store).bind(world=world)
        with pytest.raises(StoreUnavailable, match="full"):
            await runner.run("r")
        assert world.done == ["charge", "charged"]
        info = await store.info("r")
        assert (info.status, info.state, info.owner) == ("unfinished", "CHARGE", None)
        assert await runner.resume("r") is Pay.DONE
        assert world.keys == ["r/0", "r/0"]

    run_clean(main)


def at_most_once(store: Any) -> Any:
    @state(Pay.CHARGE, semantics="at_most_once")
    async def charge(world: World, run: Run) -> Literal[Pay.SHIP]:
        world.done.append(run.idempotency_key)
        if world.hangs:
            await anyio.sleep(10)
        if world.fails:
            world.fails -= 1
            raise OSError("declined")
        return Pay.SHIP

    @state(Pay.SHIP)
    async def ship() -> Literal[Pay.DONE]:
        return Pay.DONE

    built = Workflow.build(Pay, charge, ship, start=Pay.CHARGE, exits=(Pay.DONE,))
    return built.configure(checkpoints=store)


def test_at_most_once_parks_when_killed(run_clean: Go) -> None:
    """C3: a crash within such a state parks the run for a person, who takes it on with at=; a crash after it not."""
    parked = []

    async def main() -> None:
        for store in crash_points():
            world = World()
            runner = at_most_once(store).bind(world=world)
            with store.crashes():
                await runner.run("r")
            if not store.is_started:
                continue
            refused: RunParked | None = None
            try:
                await runner.resume("r")
            except RunParked as error:
                refused = error
            if refused is not None:
                assert (refused.run_id, refused.state, refused.at) == ("r", "CHARGE", 0)
                parked.append((store.at, store.when))
                assert (await store.info("r")).status == "parked"
                assert [info.run_id for info in await runner.runs(status=("parked",))] == ["r"]
                with pytest.raises(RunParked):
                    await runner.resume("r")
                assert len(world.done) <= 1
                assert await runner.resume("r", at=0) is Pay.DONE
            assert world.done in (["r/0"], ["r/0", "r/0"])
            assert (await store.info("r")).status == "finished"

    run_clean(main)
    assert parked == [(0, "after"), (1, "before")]


def test_at_most_once_cancelled_or_failed(run_clean: Go) -> None:
    """C3: cancelled from outside within it the run is parked at once; a failed attempt is an ordinary failure."""

    async def main() -> None:
        store, world = MemoryCheckpoints(), World(hangs=True)
        runner = at_most_once(store).bind(world=world)
        with anyio.move_on_after(0.01):
            await runner.run("r")
        info = await store.info("r")
        assert (info.status, info.owner) == ("parked", None)
        with pytest.raises(RunParked):
            await runner.resume("r")
        world.hangs = False
        async with runner:
            assert await runner.recover() == []
        assert await runner.resume("r", at=0) is Pay.DONE
        world.fails = 1
        with pytest.raises(HandlerFailed):
            await runner.run("s")
        assert (await store.info("s")).status == "failed"
        assert await runner.resume("s") is Pay.DONE

    run_clean(main)


def test_at_most_once_that_runs_is_not_parked(run_clean: Go) -> None:
    """C7a: a run that somebody runs within such a state is theirs: resuming it is a conflict, and parks nothing."""
    from cano_dsl.errors import RunConflict

    async def main() -> None:
        store, world = MemoryCheckpoints(), World(hangs=True)
        async with at_most_once(store).bind(world=world) as runner:
            handle = runner.launch("r")
            await until(lambda: bool(world.done))
            with pytest.raises(RunConflict):
                await at_most_once(store).bind(world=world).resume("r")
            assert (await store.info("r")).status == "unfinished"
            handle.cancel()

    run_clean(main)


def back(store: Any, world: World) -> Any:
    """Build a state that asks for everything to be undone, and then goes to another."""

    class Way(Enum):
        BOOK = 1
        CHECK = 2
        OTHER = 3
        DONE = 4

    @state(Way.BOOK)
    async def book() -> tuple[Literal[Way.CHECK], str]:
        world.done.append("book")
        return Way.CHECK, "seat"

    @compensate(book)
    async def unbook(what: str) -> None:
        world.done.append(f"unbook {what}")
        if world.fails:
            world.fails -= 1
            raise OSError("closed")

    @state(Way.CHECK)
    async def check() -> Rollback[Literal[Way.OTHER]] | Literal[Way.DONE]:
        world.done.append("check")
        return Rollback(Way.OTHER)

    @state(Way.OTHER)
    async def other() -> Literal[Way.DONE]:
        world.done.append("other")
        return Way.DONE

    built = Workflow.build(Way, book, unbook, check, other, start=Way.BOOK, exits=(Way.DONE,))
    return built.configure(checkpoints=store)


def test_rollback_edge_killed_anywhere(run_clean: Go) -> None:
    """G3: killed at any row of a rollback that a handler asked for, the run undoes the rest and goes on."""

    async def main() -> None:
        crashes = 0
        for store in crash_points():
            world = World()
            runner = back(store, world).bind()
            with store.crashes():
                await runner.run("r")
            if not store.is_started:
                continue
            crashes += 1
            assert (await runner.resume("r")).name == "DONE"
            assert list(dict.fromkeys(world.done)) == ["book", "check", "unbook seat", "other"], store
            assert len(world.done) <= 5
            rows = [row for row in (await store.load("r")).rows if row.kind in ("rollback", "compensated")]
            assert rows[-1].kind == "compensated" and rows[-1].state == "BOOK"

        assert crashes == 12  # before and after each of six writes; nothing is started before the first

    run_clean(main)


def test_rollback_edge_that_is_dirty(run_clean: Go) -> None:
    """C3, G2: a rollback that was asked for and failed is dirty, stays so when it fails again, and then goes on."""
    from cano_dsl.errors import CompensationFailed

    async def main() -> None:
        store, world = MemoryCheckpoints(), World(fails=2)
        runner = back(store, world).bind()
        with pytest.raises(CompensationFailed):
            await runner.run("r")
        assert (await store.info("r")).status == "dirty"
        with pytest.raises(CompensationFailed):
            await runner.resume("r")
        info = await store.info("r")
        assert (info.status, info.owner) == ("dirty", None)
        assert (await runner.resume("r")).name == "DONE"
        assert world.done == ["book", "check", *["unbook seat"] * 3, "other"]

    run_clean(main)


def test_data_of_who_asks_for_a_rollback(run_clean: Go) -> None:
    """C1, G3: what the state that asked for a rollback left is written with its row, so that a crash keeps it."""

    class Way(Enum):
        BOOK = 1
        CHECK = 2
        OTHER = 3
        DONE = 4

    @state(Way.BOOK)
    async def book() -> tuple[Literal[Way.CHECK], str]:
        return Way.CHECK, "seat"

    @compensate(book)
    async def unbook(what: str) -> None: ...

    @state(Way.CHECK)
    async def check(store: MemoryStore) -> Literal[Way.DONE] | Rollback[Literal[Way.OTHER]]:
        store.put("why", "full" if wrong is None else wrong)
        if wrong is not None:
            store.get_shared("why").append(object())
        return Rollback(Way.OTHER)

    @state(Way.OTHER)
    async def other(store: MemoryStore) -> Literal[Way.DONE]:
        assert store.get("why", str) == "full"
        return Way.DONE

    wrong: list[Any] | None = None
    built = Workflow.build(Way, book, unbook, check, other, start=Way.BOOK, exits=(Way.DONE,))

    async def main() -> None:
        for store in crash_points():
            runner = built.configure(checkpoints=store).bind(store=per_run(MemoryStore))
            with store.crashes():
                await runner.run("r")
            if store.is_started:
                assert await runner.resume("r") is Way.DONE

    async def cannot_be_saved() -> None:
        checkpoints = MemoryCheckpoints()
        with pytest.raises(NotEncodable):
            await built.configure(checkpoints=checkpoints).bind(store=MemoryStore()).run("r")
        info = await checkpoints.info("r")
        assert (info.status, info.owner) == ("rolled_back", None)

    run_clean(main)
    wrong = []
    run_clean(cannot_be_saved)
