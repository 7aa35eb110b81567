"""A rollback that leads to a state of another Enum, or one that is not declared."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Rollback, compensate, router, state


class Order(Enum):
    CHECK = auto()
    SHIP = auto()
    REFUNDED = auto()


class Other(Enum):
    A = auto()
    B = auto()


@state(Order.CHECK)
async def check() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]:
    return Order.SHIP


@state(Order.CHECK)
async def to_another() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]:
    return Rollback(Order.SHIP)  # E: not declared after a rollback


@state(Order.CHECK)
def without_rollback() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]:
    return Order.REFUNDED  # E: declared after a rollback alone


@state(Order.CHECK)
async def unasked() -> Literal[Order.SHIP]:
    return Rollback(Order.SHIP)  # E: no rollback is declared


@state(Order.CHECK)
async def with_output() -> tuple[Literal[Order.SHIP], int] | Rollback[Literal[Order.REFUNDED]]:
    return Rollback(Order.REFUNDED), 3  # E: a rollback has no output


@state(Order.CHECK)  # E: a state of another Enum
async def foreign() -> Literal[Order.SHIP] | Rollback[Literal[Other.B]]:
    return Order.SHIP


@state(Order.CHECK)  # E: a state of another Enum, and nothing else
def foreign_alone() -> Rollback[Literal[Other.B]]:
    return Rollback(Other.B)


@state(Order.CHECK)  # E: a state of another Enum, beside an output
def foreign_with_output() -> tuple[Literal[Order.SHIP], int] | Rollback[Literal[Other.B]]:
    return Order.SHIP, 3


@router(Order.CHECK)  # E: a router only decides
def decides() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]:
    return Order.SHIP


@compensate(check)  # E: a rollback is no output
async def refund(amount: int) -> None: ...


Rollback("REFUNDED")  # E: no state
