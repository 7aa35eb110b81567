"""A split whose branches, items, join or outcomes do not fit."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Failure, Join, Joined, Workflow, split, state


class Order(Enum):
    QUOTE = auto()
    CHOOSE = auto()
    DONE = auto()


class Other(Enum):
    A = auto()
    B = auto()


class Quote: ...


@split(Order.QUOTE, over=("ups", "dhl"), join=Join.quorum(1), to=Order.CHOOSE)  # E: the items are text
async def other_item(carrier: int) -> Quote:
    return Quote()


@split(Order.QUOTE, over=("ups", "dhl"), join=Join.all(), to=Order.CHOOSE)  # E: it takes no item
async def no_item() -> Quote:
    return Quote()


async def numbers() -> list[int]:
    return [1]


@split(Order.QUOTE, over=numbers, join=Join.all(), to=Order.CHOOSE)  # E: the items are numbers
async def text_item(carrier: str) -> Quote:
    return Quote()


def plain() -> Quote:
    return Quote()


async def ups() -> Quote:
    return Quote()


blocking = split(Order.QUOTE, ups, plain, join=Join.all(), to=Order.CHOOSE)  # E: a branch is async
unjoined = split(Order.QUOTE, ups, to=Order.CHOOSE)  # E: no join
nowhere = split(Order.QUOTE, ups, join=Join.all())  # E: no state that follows
half = split(Order.QUOTE, ups, join=Join.quorum(1.5), to=Order.CHOOSE)  # E: a whole number
slow = split(Order.QUOTE, ups, join=Join.all(), to=Order.CHOOSE, timeout="2 s")  # E: seconds
wide = split(Order.QUOTE, ups, join=Join.all(), to=Order.CHOOSE, bulkhead="2")  # E: a number


@split(Other.A, over=(1, 2), join=Join.all(), to=Other.B)
async def elsewhere(number: int) -> int:
    return number


@split(Order.QUOTE, over=(1, 2), join=Join.all(), to=Order.CHOOSE)
async def quote(number: int) -> Quote:
    return Quote()


@state(Order.CHOOSE)
def choose(quotes: Joined[Quote], failure: Failure | None) -> Literal[Order.DONE]:
    price: int = quotes.values[0]  # E: a Quote
    best: Quote = quotes.of(ups)  # E: there may be none
    text: str = failure.state  # E: there may be none
    return Order.DONE if price and best and text else Order.QUOTE  # E: not declared


flow = Workflow.build(Order, quote, choose, elsewhere, start=Order.QUOTE, exits=(Order.DONE,))  # E: foreign
