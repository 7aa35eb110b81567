"""C1, C3, C4: a workflow within another in the log of its run, killed at any row; and R9 for what was in flight."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, cast

import anyio.lowlevel
import pytest

from cano_dsl import MemoryCheckpoints, MemoryStore, Run, RunData, Waive, Workflow, compensate, state
from cano_dsl.errors import Cancelled, HandlerFailed, NotEncodable, RunEnded, RunTimeout, SignatureError
from cano_dsl.testing import crash_points


class Pay(Enum):
    ASK = "ask"
    CHARGE = "charge"
    PAID = "paid"


class Order(Enum):
    PAY = "pay"
    SHIP = "ship"
    DONE = "done"


@dataclass
class Asked:
    times: int = 0


class World:
    """What happened outside: it stays when a process dies."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.keys: list[str] = []
        self.fails = False


@state(Pay.ASK)
async def ask(data: RunData[Asked], world: World) -> Literal[Pay.CHARGE]:
    await anyio.lowlevel.checkpoint()
    data.value.times += 1
    world.done.append("ask")
    return Pay.CHARGE


@state(Pay.CHARGE)
async def charge(data: RunData[Asked], world: World, run: Run) -> tuple[Literal[Pay.PAID], int]:
    await anyio.lowlevel.checkpoint()
    assert data.value == Asked(1)
    world.done.append("charge")
    world.keys.append(run.idempotency_key)
    return Pay.PAID, 12


@compensate(charge)
async def refund(amount: int, world: World) -> None:
    world.done.append(f"refund {amount}")


@state(Order.SHIP)
async def ship(world: World) -> Literal[Order.DONE]:
    await anyio.lowlevel.checkpoint()
    world.done.append("ship")
    if world.fails:
        raise ValueError("no lorry")
    return Order.DONE


pay = Workflow.build(Pay, ask, charge, refund, start=Pay.ASK, exits=(Pay.PAID,), data=Asked)
orders = Workflow.build(
    Order, pay.as_state(Order.PAY, exits={Pay.PAID: Order.SHIP}), ship, start=Order.PAY, exits=(Order.DONE,)
)


def test_rows_have_paths(run_async: Callable[..., Any]) -> None:
    """C1: the states of a workflow within another have rows of their own, named by path, and its data a key."""

    async def main() -> None:
        store = MemoryCheckpoints()
        await orders.configure(checkpoints=store).bind(world=World()).run("r")
        saved = await store.load("r")
        names = [(row.kind, row.state) for row in saved.rows]
        assert names == [
            ("entered", "PAY/ASK"),
            ("entered", "PAY/CHARGE"),
            ("entered", "SHIP"),
            ("ended", "DONE"),
        ]
        assert [row.output for row in saved.rows] == [None, None, store.codec.encode("", 12), None]
        assert store.codec.decode("", saved.data["@PAY/data"], Asked) == Asked(1)

    run_async(main)


@pytest.mark.parametrize("fails", [False, True])
def test_killed_at_every_row(fails: bool, run_async: Callable[..., Any]) -> None:
    """C3, C4, G3: killed at any row, within or behind, the run goes on with the inner data, and is undone once."""

    async def main() -> None:
        points = 0
        for store in crash_points():
            world = World()
            world.fails = fails
            runner = orders.configure(checkpoints=store).bind(world=world)
            with store.crashes():
                try:
                    await runner.run("r")
                except HandlerFailed:
                    continue
            if not store.is_started:
                continue
            points += 1
            if fails:
                with pytest.raises((HandlerFailed, RunEnded)):
                    await runner.resume("r")
                assert set(world.done) == {"ask", "charge", "ship", "refund 12"}
                assert world.done[-1] == "refund 12"
                assert (await store.info("r")).status == "rolled_back"
            else:
                assert await runner.resume("r") is Order.DONE
                assert list(dict.fromkeys(world.done)) == ["ask", "charge", "ship"]
                assert len(world.done) <= 4
            assert len(set(world.keys)) == 1 or store.at == 0
        assert points > 5

    run_async(main)


@pytest.mark.parametrize("how", ["handle", "timeout"])
def test_state_in_flight_ends_before_a_cancel(how: str, run_async: Callable[..., Any]) -> None:
    """R9: a state that can be undone and was cut by a kill runs again before a cancel counts, so that it is undone."""

    async def main() -> list[str]:
        for store in crash_points():
            world = World()
            flow = orders.configure(checkpoints=store)
            with store.crashes():
                await flow.bind(world=world).run("r")
            if store.when == "after" or world.done != ["ask", "charge"]:
                continue  # else the charge was made, and has no row
            async with flow.bind(world=world) as runner:
                if how == "handle":
                    (handle,) = await runner.recover()
                    handle.cancel()
                    with pytest.raises(Cancelled):
                        await handle.wait()
                else:
                    with pytest.raises(RunTimeout):
                        await runner.resume("r", timeout=1e-9)
            assert (await store.info("r")).status == "rolled_back"
            return world.done
        raise AssertionError

    assert run_async(main) == ["ask", "charge", "charge", "refund 12"]


def test_log_of_a_dirty_run_says_what_is_owed(run_async: Callable[..., Any]) -> None:
    """G2: the last row of a run that is not all undone names what failed, and no output."""

    @compensate(charge)
    async def no_refund(amount: int) -> None:
        raise OSError("the bank is closed")

    failing = Workflow.build(Pay, ask, charge, no_refund, start=Pay.ASK, exits=(Pay.PAID,), data=Asked)
    flow = Workflow.build(
        Order,
        failing.as_state(Order.PAY, exits={Pay.PAID: Order.SHIP}),
        ship,
        start=Order.PAY,
        exits=(Order.DONE,),
    )

    async def main() -> None:
        store, world = MemoryCheckpoints(), World()
        world.fails = True
        with pytest.raises(Exception, match="not undone"):
            await flow.configure(checkpoints=store).bind(world=world).run("r")
        saved = await store.load("r")
        assert saved.info.status == "dirty"
        text = saved.rows[-1].text or ""
        assert "not undone: PAY/CHARGE (no_refund failed: OSError: the bank is closed)" in text
        assert "no lorry" in text
        assert "12" not in text.replace("r, attempt", "")

    run_async(main)


def test_a_resource_named_as_the_state(run_async: Callable[..., Any]) -> None:
    """C4: the inner data comes back also where a durable resource has the name of the state that it is of."""

    class Shop(Enum):
        pay = "pay"
        DONE = "done"

    @state(Pay.ASK)
    async def note(data: RunData[Asked], pay: MemoryStore) -> Literal[Pay.CHARGE]:
        data.value.times += 1
        pay.put("data", "of the resource")
        return Pay.CHARGE

    @state(Pay.CHARGE)
    async def see(data: RunData[Asked], pay: MemoryStore) -> Literal[Pay.PAID]:
        assert (data.value, pay.get("data", str)) == (Asked(1), "of the resource")
        return Pay.PAID

    inner = Workflow.build(Pay, note, see, start=Pay.ASK, exits=(Pay.PAID,), data=Asked)
    shop = Workflow.build(
        Shop, inner.as_state(Shop.pay, exits={Pay.PAID: Shop.DONE}), start=Shop.pay, exits=(Shop.DONE,)
    )

    async def main() -> None:
        resumed = 0
        for store in crash_points():
            durable = shop.configure(checkpoints=store)
            with store.crashes():
                await durable.bind(pay=MemoryStore()).run("r")
            if store.is_started:
                assert await durable.bind(pay=MemoryStore()).resume("r") is Shop.DONE
                resumed += 1
        assert resumed > 3

    run_async(main)


def test_inner_data_that_would_not_come_back(run_async: Callable[..., Any]) -> None:
    """C4: inner data that would not be read as its declared type is refused when it is written, by its key."""

    @state(Pay.ASK)
    async def spoil(data: RunData[Asked]) -> Literal[Pay.PAID]:
        data.value.times = cast("int", "many")
        return Pay.PAID

    inner = Workflow.build(
        Pay, spoil, start=Pay.ASK, exits=(Pay.PAID,), data=Asked, waive=[Waive("exhaustive", Pay.CHARGE, "-")]
    )
    outer = Workflow.build(
        Order,
        inner.as_state(Order.PAY, exits={Pay.PAID: Order.SHIP}),
        ship,
        start=Order.PAY,
        exits=(Order.DONE,),
    )

    async def main() -> None:
        world = World()
        with pytest.raises(NotEncodable, match="@PAY/data"):
            await outer.configure(checkpoints=MemoryCheckpoints()).bind(world=world).run("r")
        assert world.done == []

    run_async(main)


def test_inner_types_are_checked_when_a_store_is_given() -> None:
    """C4: data and outputs of a sub-workflow that no log could bring back are refused by `configure`."""

    @dataclass
    class Socket:
        ports: list[int] | set[int]  # in msgpack both are one

    @state(Pay.ASK)
    async def connect() -> tuple[Literal[Pay.PAID], Socket]:
        raise AssertionError("never called")

    @state(Pay.ASK)
    async def keep(data: RunData[Socket]) -> Literal[Pay.PAID]:
        raise AssertionError("never called")

    @compensate(connect)
    async def disconnect(socket: Socket) -> None:
        raise AssertionError("never called")

    waive = [Waive("exhaustive", Pay.CHARGE, "-")]
    inners = [
        Workflow.build(Pay, connect, disconnect, start=Pay.ASK, exits=(Pay.PAID,), waive=waive),
        Workflow.build(Pay, keep, start=Pay.ASK, exits=(Pay.PAID,), data=Socket, name="kept", waive=waive),
    ]
    for inner, what in zip(inners, ("disconnect", "the data of a run of 'kept'"), strict=True):
        outer = Workflow.build(
            Order,
            inner.as_state(Order.PAY, exits={Pay.PAID: Order.SHIP}),
            ship,
            start=Order.PAY,
            exits=(Order.DONE,),
        )
        with pytest.raises(SignatureError, match=what):
            outer.configure(checkpoints=MemoryCheckpoints())
