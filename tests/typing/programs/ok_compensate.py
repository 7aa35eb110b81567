"""Sagas as their author means them: every checker accepts each line, and knows the types asserted."""

from enum import Enum, auto
from typing import Literal, assert_type

from cano_dsl import Compensation, Run, RunData, Workflow, compensate, state


class Order(Enum):
    RESERVE = auto()
    CHARGE = auto()
    STAMP = auto()
    SHIP = auto()
    DONE = auto()
    REJECTED = auto()


class Receipt: ...


class Gateway: ...


@state(Order.RESERVE)
async def reserve(gateway: Gateway) -> tuple[Literal[Order.CHARGE, Order.REJECTED], str]:
    return Order.CHARGE, "tea"


@state(Order.CHARGE)
async def charge(
    gateway: Gateway, run: Run
) -> tuple[Literal[Order.STAMP], Receipt] | Literal[Order.REJECTED]:
    if run.attempt > 1:
        return Order.REJECTED
    return Order.STAMP, Receipt()


@state(Order.STAMP, thread=True)
def stamp() -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 3


@state(Order.SHIP)
def ship() -> Literal[Order.DONE]:
    return Order.DONE


@compensate(reserve)
async def release(what: str, gateway: Gateway, run: Run) -> None: ...


@compensate(charge)
def refund(receipt: Receipt, *, gateway: Gateway, note: str = "") -> None: ...


@compensate(stamp, thread=True)
def unstamp(number: float, data: RunData[list[int]]) -> None: ...


@compensate(stamp)
async def anything(output: object, /) -> None: ...


async def calls() -> None:
    target, what = await reserve(Gateway())
    assert_type(target, Literal[Order.CHARGE, Order.REJECTED])
    assert_type(what, str)
    assert_type(stamp(), tuple[Literal[Order.SHIP], int])
    await release("tea", Gateway(), run=Run(workflow="w", run_id="r", state=Order.SHIP))
    refund(Receipt(), gateway=Gateway())
    await anything(3)


parts: tuple[Compensation[Order, Order, ...], ...] = (refund, unstamp)
orders = Workflow.build(
    Order,
    reserve,
    charge,
    stamp,
    ship,
    release,
    *parts,  # X[plugin]: a tuple of any length cannot be seen
    start=Order.RESERVE,
    exits=(Order.DONE, Order.REJECTED),
    data=list[int],
    compensation_timeout=5,
)
