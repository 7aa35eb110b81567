"""`@state` of something that is no member of an Enum."""

from typing import Literal

from shop import Order

from cano_dsl import router, state


@state("CHECK")  # E: text
async def text() -> Literal[Order.DONE]:
    return Order.DONE


@state(1)  # E: a number
def number() -> Literal[Order.DONE]:
    return Order.DONE


@state(Order)  # E: the whole Enum
def whole() -> Literal[Order.DONE]:
    return Order.DONE


@state  # E: no state
def bare() -> Literal[Order.DONE]:
    return Order.DONE


@router(None)  # E: nothing
def route() -> Literal[Order.DONE]:
    return Order.DONE
