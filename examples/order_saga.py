"""Orders that are all there or not at all: stock and money balance, or it is said exactly what is owed.

    cano run examples/order_saga.py
    cano run examples/order_saga.py --set config.folder=shop

RESERVE → VALIDATE → CHARGE → SHIP → SHIPPED
        ↘ SOLD_OUT ↩ REJECTED ↘ SORRY ↩ REJECTED ↩ REFUNDED       ↩ undoes everything on its way

The outside world is an SQLite file of transfers: pieces between shelf and parcel, cents between customer and
shop. Each has the idempotency key of the state that makes it as its primary key, so nothing happens twice,
whatever is killed or called again. Ten orders show each way through; for one of them the bank does not answer
when it should refund, which is owed until the run is resumed. Kill the script and start it again: it goes on.
"""

import sqlite3
from collections import Counter
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import anyio.lowlevel

from cano_dsl import (
    Failure,
    Retry,
    Rollback,
    Run,
    RunData,
    SqliteCheckpoints,
    Workflow,
    compensate,
    state,
)
from cano_dsl.errors import CompensationFailed, RunEnded, RunError

PRICES = MappingProxyType({"tea": 450, "pot": 2900})  # cents
SHELF = MappingProxyType({"tea": 12, "pot": 2})  # pieces at the beginning
MONEY = MappingProxyType({"ann": 9000, "bob": 1000})  # cents at the beginning
CENTS, ORIGIN = "cents", "origin"
AGAIN = Retry.fixed(3, 0.01, retry_on=OSError)
LIMIT_S = 5.0  # for one attempt to undo something
TRANSFERS = """
CREATE TABLE IF NOT EXISTS transfers (
    key TEXT PRIMARY KEY,
    what TEXT NOT NULL, amount INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE VIEW IF NOT EXISTS balances AS SELECT account, what, sum(amount) AS amount FROM (
    SELECT target AS account, what, amount FROM transfers
    UNION ALL SELECT source, what, -amount FROM transfers
) GROUP BY account, what;
CREATE VIEW IF NOT EXISTS stock AS SELECT * FROM balances WHERE what <> 'cents';
CREATE VIEW IF NOT EXISTS ledger AS SELECT * FROM balances WHERE what = 'cents';
"""


class Buy(Enum):
    """The states of one order; the values are what the log keeps."""

    RESERVE = "reserve"
    VALIDATE = "validate"
    CHARGE = "charge"
    SHIP = "ship"
    SORRY = "sorry"
    SHIPPED = "shipped"
    SOLD_OUT = "sold out"
    REJECTED = "rejected"
    REFUNDED = "refunded"


class Day(Enum):
    """The states of a day, on which orders come in."""

    SELL = "sell"
    CLOSED = "closed"


@dataclass(frozen=True)
class Config:
    """The folder in which the world and the log of the runs are kept."""

    folder: Path = Path("order-saga")


@dataclass
class Order:
    """What somebody wants, and why it cannot be had."""

    customer: str = "ann"
    item: str = "tea"
    count: int = 1
    town: str = "Bremen"
    why_not: str = ""


class Transfer(NamedTuple):
    """Some pieces or cents that go from one account to another; what a state gives and its undoing takes."""

    what: str
    amount: int
    source: str
    target: str

    @property
    def back(self) -> "Transfer":
        """The same the other way round."""
        return Transfer(self.what, self.amount, self.target, self.source)


class NotEnoughError(ValueError):
    """An account does not hold what is to be taken from it; nothing was."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(f"{transfer.source} has less than {transfer.amount} {transfer.what}")


class World:
    """Shelf, bank and carrier: everything that stays where a process dies.

    Attributes:
        closed: Which service does not answer in which run.
    """

    def __init__(self, path: Path) -> None:
        self.closed: set[tuple[str, str]] = set()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(TRANSFERS)
        for item, count in SHELF.items():
            self.keep(f"opening/{item}", Transfer(item, count, ORIGIN, "shelf"))
        for name, cents in MONEY.items():
            self.keep(f"opening/{name}", Transfer(CENTS, cents, ORIGIN, name))

    async def move(self, service: str, run: Run, transfer: Transfer) -> Transfer:
        """Let a service make a transfer for a state; it is made once, however often it is asked for."""
        await self.reach(service, run)
        self.keep(run.idempotency_key, transfer)
        await self.answer(service, run)
        return transfer

    async def undo(self, service: str, run: Run, transfer: Transfer) -> None:
        """Let a service take back what a state did, once."""
        await self.reach(service, run)
        self.keep(f"{run.idempotency_key}/undone", transfer.back)
        await self.answer(service, run)

    async def reach(self, service: str, run: Run) -> None:
        """Get through to a service."""
        await anyio.lowlevel.checkpoint()
        if (run.run_id, service) in self.closed:
            raise ConnectionError(f"{service} does not answer")

    async def answer(self, service: str, run: Run) -> None:
        """Hear what a service has done."""

    def keep(self, key: str, transfer: Transfer) -> None:
        """Write a transfer, unless one of that key is there; what is not there cannot be taken.

        Raises:
            NotEnoughError: The source does not hold so much.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            known = self._db.execute("SELECT 1 FROM transfers WHERE key = ?", (key,)).fetchone()
            if known is None:
                self._check(transfer)
                self._db.execute("INSERT INTO transfers VALUES (?, ?, ?, ?, ?)", (key, *transfer))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _check(self, transfer: Transfer) -> None:
        held = self.balances()[transfer.source, transfer.what]
        if transfer.source != ORIGIN and held < transfer.amount:
            raise NotEnoughError(transfer)

    def balances(self) -> Counter[tuple[str, str]]:
        """Say what each account holds."""
        rows = self._db.execute("SELECT account, what, amount FROM balances WHERE amount <> 0")
        return Counter({(account, what): amount for account, what, amount in rows})

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@state(Buy.RESERVE, effects=True, retry=AGAIN)
async def reserve(
    world: World, order: RunData[Order], run: Run
) -> tuple[Literal[Buy.VALIDATE], Transfer] | Literal[Buy.SOLD_OUT]:
    """Put the pieces aside."""
    wanted = order.value
    try:
        done = await world.move("reserve", run, Transfer(wanted.item, wanted.count, "shelf", "reserved"))
    except NotEnoughError as error:
        wanted.why_not = str(error)
        return Buy.SOLD_OUT
    return Buy.VALIDATE, done


@compensate(reserve, retry=AGAIN, timeout=LIMIT_S)
async def release(done: Transfer, world: World, run: Run) -> None:
    """Put the pieces back onto the shelf."""
    await world.undo("release", run, done)


@state(Buy.VALIDATE)
async def validate(
    order: RunData[Order], world: World, run: Run
) -> Literal[Buy.CHARGE] | Rollback[Literal[Buy.REJECTED]]:
    """Let only orders with a place to go pass; nothing stays reserved for the others."""
    await world.reach("validate", run)
    if not order.value.town:
        order.value.why_not = "no address"
        return Rollback(Buy.REJECTED)
    return Buy.CHARGE


@state(Buy.CHARGE, effects=True, retry=AGAIN, on_error={NotEnoughError: Buy.SORRY})
async def charge(world: World, order: RunData[Order], run: Run) -> tuple[Literal[Buy.SHIP], Transfer]:
    """Take the money; a card that is declined is an edge, any other error the end of the run."""
    cents = PRICES[order.value.item] * order.value.count
    return Buy.SHIP, await world.move("charge", run, Transfer(CENTS, cents, order.value.customer, "shop"))


@compensate(charge, retry=AGAIN, timeout=LIMIT_S)
async def refund(done: Transfer, world: World, run: Run) -> None:
    """Give the money back."""
    await world.undo("refund", run, done)


@state(Buy.SORRY)
def apologise(failure: Failure, order: RunData[Order]) -> Rollback[Literal[Buy.REJECTED]]:
    """An error that has an edge undoes nothing by itself, so ask for it."""
    order.value.why_not = str(failure.error)
    return Rollback(Buy.REJECTED)


@state(Buy.SHIP, effects=True, retry=AGAIN)
async def ship(
    world: World, order: RunData[Order], run: Run
) -> tuple[Literal[Buy.SHIPPED], Transfer] | Rollback[Literal[Buy.REFUNDED]]:
    """Send the parcel, or have everything undone where nobody goes there."""
    wanted = order.value
    if wanted.town == "Atlantis":
        wanted.why_not = "the carrier does not dive"
        return Rollback(Buy.REFUNDED)
    return Buy.SHIPPED, await world.move("ship", run, Transfer(wanted.item, wanted.count, "reserved", "sent"))


@compensate(ship, retry=AGAIN, timeout=LIMIT_S)
async def recall(done: Transfer, world: World, run: Run) -> None:
    """Have the parcel brought back, as where the order is cancelled while it is being sent."""
    await world.undo("recall", run, done)


orders = Workflow.build(
    Buy,
    reserve,
    release,
    validate,
    charge,
    refund,
    apologise,
    ship,
    recall,
    start=Buy.RESERVE,
    exits=(Buy.SHIPPED, Buy.SOLD_OUT, Buy.REJECTED, Buy.REFUNDED),
    failed=(Buy.SOLD_OUT, Buy.REJECTED, Buy.REFUNDED),
    data=Order,
    timeout=60.0,
    compensation_timeout=50.0,  # what undoing may take by its attempts and limits
)

ORDERS = MappingProxyType(
    {
        "order-1": Order("ann", "tea", 2),
        "order-2": Order("bob", "tea", 1),
        "order-3": Order("ann", "pot", 5),
        "order-4": Order("ann", "tea", 1, town=""),
        "order-5": Order("bob", "pot", 1),
        "order-6": Order("ann", "pot", 1, town="Atlantis"),
        "order-7": Order("ann", "tea", 3),
        "order-8": Order("ann", "tea", 4),
        "order-9": Order("ann", "pot", 2),
        "order-10": Order("bob", "tea", 1),
    }
)
CLOSED = (("order-7", "ship"), ("order-8", "ship"), ("order-8", "refund"))


def total(owed: CompensationFailed) -> str:
    """Say what is owed."""
    transfers = [one.output for one in (*owed.failures, *owed.not_run)]
    return ", ".join(
        f"{one.amount} {one.what} to {one.source}" for one in transfers if isinstance(one, Transfer)
    )


async def ending(end: Awaitable[Buy]) -> str:
    """Wait for an order's end, and say what it is."""
    try:
        return (await end).value
    except CompensationFailed as error:
        return f"dirty, owed {total(error)}"
    except RunEnded as error:
        return error.status
    except RunError as error:
        return f"undone, as {error.__cause__ or error}"


@state(Day.SELL)
async def sell(config: Config) -> Literal[Day.CLOSED]:
    """Go on with what was cut, make all orders, and settle what is owed once every service answers again."""
    config.folder.mkdir(parents=True, exist_ok=True)
    checkpoints = SqliteCheckpoints(config.folder / "runs.db")
    with closing(World(config.folder / "world.db")) as world:
        async with checkpoints, orders.configure(checkpoints=checkpoints).bind(world=world) as runner:
            for handle in await runner.recover():
                print(f"{handle.run_id:<9} goes on: {await ending(handle.wait())}")
            world.closed.update(CLOSED)
            for name, given in ORDERS.items():
                order = replace(given)
                end = await ending(runner.run(name, data=order))
                print(f"{name:<9} {end}{': ' * bool(order.why_not)}{order.why_not}")
            print(books(world))
            world.closed.clear()
            for dirty in await runner.runs(status=["dirty"]):
                print(f"{dirty.run_id:<9} {await ending(runner.resume(dirty.run_id))}")
                print(books(world))
    return Day.CLOSED


def books(world: World) -> str:
    """List what each account holds."""
    lines = [
        f"  {account:<9}{amount:>7} {what}"
        for (account, what), amount in sorted(world.balances().items())
        if account != ORIGIN
    ]
    return "\n".join(lines)


day = Workflow.build(Day, sell, start=Day.SELL, exits=(Day.CLOSED,))
runner = day.bind(config=Config())

if __name__ == "__main__":
    runner.run_sync()
