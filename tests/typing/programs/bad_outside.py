"""A returned state that the annotation does not declare."""

from typing import Literal

from shop import Order, Store

from cano_dsl import router, state


@state(Order.CHECK)
async def check(store: Store) -> Literal[Order.CHARGE, Order.FAILED]:
    return Order.DONE  # E: not declared


@state(Order.CHARGE)
def charge(store: Store) -> Literal[Order.DONE]:
    if store.url:
        return Order.FAILED  # E: not declared
    return Order.DONE


@state(Order.CHARGE, thread=True)
def slowly(store: Store) -> Literal[Order.DONE]:
    return Order.CHARGE  # E: not declared


@router(Order.CHECK)
def route(store: Store) -> Literal[Order.CHARGE]:
    return Order.CHECK  # E: not declared
