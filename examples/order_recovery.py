"""An order that survives being killed: its run is in a file, and so is what it does outside.

    python examples/order_recovery.py FOLDER
    python examples/order_recovery_killer.py FOLDER

RESERVE (undone by giving the goods back) → QUOTE (a split: one offer for each carrier) → CHARGE (undone by a
refund) → SHIP → DONE, or REJECTED where the card is refused, when all is undone. The files in FOLDER play the
warehouse, the bank and the carrier. Each effect is one file whose name is made of `Run.idempotency_key`, so
doing it twice is doing it once: that is what the one state which runs again after a kill relies on. The
companion kills the process at random moments and starts it again until the order is done.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

from cano_dsl import (
    Join,
    Joined,
    Rollback,
    Run,
    RunData,
    SqliteCheckpoints,
    Workflow,
    compensate,
    split,
    state,
)
from cano_dsl.errors import RunNotFound

ORDER = "order-1"
CARRIERS = {"bike": 4, "van": 9, "drone": 7}


class Order(Enum):
    """The states of the workflow."""

    RESERVE = "reserve"
    QUOTE = "quote"
    CHARGE = "charge"
    SHIP = "ship"
    DONE = "done"
    REJECTED = "rejected"


@dataclass
class Basket:
    """What is ordered, and what became of it."""

    goods: list[str] = field(default_factory=lambda: ["tea", "cup"])
    price: int = 20
    limit: int = 100  # of the card
    carrier: str = ""
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Offer:
    """What a carrier wants."""

    carrier: str
    price: int


@dataclass(frozen=True)
class Receipt:
    """What was done outside, by the name of its file."""

    name: str
    amount: int


class Outside:
    """The world as a folder: one file for each effect.

    Args:
        folder: Where the files are.
        pause: How many seconds each effect takes.
    """

    def __init__(self, folder: Path, pause: float = 0.01) -> None:
        self._folder = folder
        self._pause = pause
        folder.mkdir(parents=True, exist_ok=True)

    async def do(self, what: str, key: str, amount: int) -> Receipt:
        """Do something; where the same was done before, find it done."""
        name = f"{what}-{key.replace('/', '-')}.json"
        await asyncio.sleep(self._pause)
        draft = self._folder / f".{name}.{os.getpid()}"
        draft.write_text(json.dumps({"what": what, "amount": amount}), encoding="utf-8")
        draft.replace(self._folder / name)  # at once: a kill leaves the whole file or none
        await asyncio.sleep(self._pause)
        return Receipt(name, amount)

    async def undo(self, receipt: Receipt) -> None:
        """Take something back; where it is back already, that is all right."""
        await asyncio.sleep(self._pause)
        (self._folder / receipt.name).unlink(missing_ok=True)

    def effects(self) -> list[str]:
        """Name what is done and not taken back."""
        return sorted(path.stem for path in self._folder.glob("[!.]*.json"))


@state(Order.RESERVE)
async def reserve(
    outside: Outside, basket: RunData[Basket], run: Run
) -> tuple[Literal[Order.QUOTE], Receipt]:
    """Take the goods off the shelf."""
    receipt = await outside.do("reserve", run.idempotency_key, len(basket.value.goods))
    basket.value.steps.append("reserved")
    return Order.QUOTE, receipt


@compensate(reserve)
async def give_back(receipt: Receipt, outside: Outside) -> None:
    """Put the goods back."""
    await outside.undo(receipt)


@split(Order.QUOTE, over=tuple(CARRIERS), join=Join.all(), to=Order.CHARGE)
async def ask(carrier: str) -> Offer:
    """Ask a carrier for its price."""
    await asyncio.sleep(0.01)
    return Offer(carrier, CARRIERS[carrier])


@state(Order.CHARGE)
async def charge(
    offers: Joined[Offer], outside: Outside, basket: RunData[Basket], run: Run
) -> tuple[Literal[Order.SHIP], Receipt] | Rollback[Literal[Order.REJECTED]]:
    """Charge the goods and the cheapest carrier, or undo all where that is more than the card allows."""
    best = min(offers.values, key=lambda offer: offer.price)
    amount = basket.value.price + best.price
    if amount > basket.value.limit:
        return Rollback(Order.REJECTED)
    receipt = await outside.do("charge", run.idempotency_key, amount)
    basket.value.carrier = best.carrier
    basket.value.steps.append("charged")
    return Order.SHIP, receipt


@compensate(charge)
async def refund(receipt: Receipt, outside: Outside) -> None:
    """Give the money back."""
    await outside.undo(receipt)


@state(Order.SHIP)
async def ship(outside: Outside, basket: RunData[Basket], run: Run) -> Literal[Order.DONE]:
    """Hand the goods to the carrier."""
    await outside.do("ship", run.idempotency_key, len(basket.value.goods))
    basket.value.steps.append("shipped")
    return Order.DONE


PARTS = (reserve, give_back, ask, charge, refund, ship)
orders = Workflow.build(Order, *PARTS, start=Order.RESERVE, exits=(Order.DONE, Order.REJECTED), data=Basket)


async def place(folder: Path, basket: Basket | None = None) -> Order:
    """Begin the order, or go on with it where an earlier process was killed."""
    outside = Outside(folder / "outside")
    async with SqliteCheckpoints(folder / "orders.db") as checkpoints:
        runner = orders.configure(checkpoints=checkpoints).bind(outside=outside)
        try:
            await checkpoints.info(ORDER)
        except RunNotFound:
            return await runner.run(ORDER, data=basket or Basket())
        return await runner.resume(ORDER)


def main() -> None:
    """Place the order in the folder that is named, and say how it ended."""
    if not sys.argv[1:]:
        raise SystemExit(f"usage: {sys.argv[0]} FOLDER [LIMIT]")
    folder = Path(sys.argv[1])
    basket = Basket(limit=int(sys.argv[2])) if sys.argv[2:] else None
    end = asyncio.run(place(folder, basket))
    print(end.name, *Outside(folder / "outside").effects())


if __name__ == "__main__":
    main()
