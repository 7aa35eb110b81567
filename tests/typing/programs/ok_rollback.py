"""Rollbacks as their author means them: every checker accepts each line, and knows the types asserted."""

from enum import Enum, auto
from typing import Literal, TypeAlias, assert_type

from cano_dsl import Failure, Retry, Rollback, Workflow, compensate, state


class Order(Enum):
    CHARGE = auto()
    CHECK = auto()
    STAMP = auto()
    SHIP = auto()
    SORRY = auto()
    DONE = auto()
    REFUNDED = auto()


class Receipt: ...


Back: TypeAlias = Rollback[Literal[Order.REFUNDED]]


@state(Order.CHARGE)
async def charge(stock: int) -> tuple[Literal[Order.CHECK], Receipt] | Rollback[Literal[Order.REFUNDED]]:
    if not stock:
        return Rollback(Order.REFUNDED)
    return Order.CHECK, Receipt()


@state(Order.CHECK, on_error=Order.SORRY)
async def check(
    stock: int,
) -> Literal[Order.STAMP, Order.SHIP] | Rollback[Literal[Order.REFUNDED, Order.SORRY]]:
    if not stock:
        return Rollback(Order.SORRY)
    return Order.STAMP


@state(Order.STAMP, thread=True)
def stamp() -> Literal[Order.SHIP] | Back:
    return Rollback(Order.REFUNDED)


@state(Order.SHIP, to=(Order.DONE, Order.REFUNDED))
def ship(stock: int) -> Literal[Order.DONE] | Rollback[Literal[Order.REFUNDED]]:
    return Order.DONE if stock else Rollback(Order.REFUNDED)


@state(Order.SORRY)
def sorry(failure: Failure | None) -> Back:
    return Rollback(Order.REFUNDED)


@compensate(charge, retry=Retry.fixed(3, 0.5), timeout=5)
async def refund(receipt: Receipt, stock: int) -> None: ...


async def calls() -> None:
    assert_type(
        await check(3),
        Literal[Order.STAMP, Order.SHIP] | Rollback[Literal[Order.REFUNDED, Order.SORRY]],
    )
    assert_type(await charge(3), tuple[Literal[Order.CHECK], Receipt] | Rollback[Literal[Order.REFUNDED]])
    assert_type(sorry(None), Rollback[Literal[Order.REFUNDED]])
    assert_type(sorry(None).to, Literal[Order.REFUNDED])


orders = Workflow.build(
    Order,
    charge,
    check,
    stamp,
    ship,
    sorry,
    refund,
    start=Order.CHARGE,
    exits=(Order.DONE, Order.REFUNDED),
)
