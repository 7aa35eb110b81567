"""An output, or a compensation, of another type or of none."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Workflow, compensate, router, state


class Order(Enum):
    CHARGE = auto()
    SHIP = auto()
    DONE = auto()


class Other(Enum):
    A = auto()
    B = auto()


class Receipt: ...


class Quote: ...


@state(Order.CHARGE)
async def charge() -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP, Receipt()


@state(Order.SHIP)
async def ship() -> Literal[Order.DONE]:
    return Order.DONE


@state(Other.A)
async def elsewhere() -> tuple[Literal[Other.B], Receipt]:
    return Other.B, Receipt()


@state(Order.CHARGE)
async def wrong_state() -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.DONE, Receipt()  # E: not a declared state


@state(Order.CHARGE)
async def wrong_output() -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP, Quote()  # E: not the declared output


@state(Order.CHARGE)
async def no_output() -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP  # E: the output is missing


@state(Order.CHARGE)  # E: a state of another Enum
async def foreign() -> tuple[Literal[Other.B], Receipt]:
    return Other.B, Receipt()


@router(Order.CHARGE)  # E: a router gives no output
def choose() -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP, Receipt()


@compensate(charge)  # E: takes another type
async def wrong_parameter(quote: Quote) -> None: ...


@compensate(charge)  # E: takes nothing
async def no_parameter() -> None: ...


@compensate(charge)  # E: takes the output by name only
async def by_name(*, receipt: Receipt) -> None: ...


@compensate(charge)  # E: gives something
def gives(receipt: Receipt) -> int:
    return 1


@compensate(charge, thread=True)  # E: async in a thread
async def in_thread(receipt: Receipt) -> None: ...


@compensate(ship)  # E: the step gives no output
async def nothing_to_undo(receipt: Receipt) -> None: ...


@compensate(elsewhere)
async def undo_elsewhere(receipt: Receipt) -> None: ...


@compensate(charge)
async def refund(receipt: Receipt) -> None: ...


async def calls() -> None:
    await refund(Quote())  # E: not the output


Workflow.build(Order, charge, ship, undo_elsewhere, start=Order.CHARGE, exits=(Order.DONE,))  # E: foreign
