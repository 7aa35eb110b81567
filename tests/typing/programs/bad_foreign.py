"""A `Literal` of another Enum."""

from typing import Literal

from shop import Order, Other

from cano_dsl import router, state


@state(Order.CHECK)  # E: all of them
async def check() -> Literal[Other.BEGIN]:
    return Other.BEGIN


@state(Order.CHECK)  # E: one of them
async def mixed() -> Literal[Order.DONE, Other.END]:
    return Order.DONE


@state(Order.CHECK)  # E: plain
def plain() -> Literal[Other.END]:
    return Other.END


@state(Order.CHECK, thread=True)  # E: in a thread
def threaded() -> Literal[Order.DONE, Other.END]:
    return Order.DONE


@router(Order.CHECK)  # E: a router
def route() -> Literal[Other.END]:
    return Other.END


@state(Order.CHECK, to=(Order.DONE,))  # E: with to=
def given() -> Other:
    return Other.END
