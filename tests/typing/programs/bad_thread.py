"""`async` with `thread=True`."""

from typing import Literal

from shop import Order

from cano_dsl import router, state


@state(Order.CHECK, thread=True)  # E: a thread runs plain functions
async def check() -> Literal[Order.DONE]:
    return Order.DONE


@state(Order.CHECK, to=(Order.DONE,), thread=True)  # E: a thread runs plain functions
async def given() -> Order:
    return Order.DONE


@router(Order.CHECK, thread=True)  # E: a router only decides
def route() -> Literal[Order.DONE]:
    return Order.DONE
