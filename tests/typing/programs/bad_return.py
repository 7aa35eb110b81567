"""A handler that returns `None`, or no state."""

from typing import Literal

from shop import Order

from cano_dsl import router, state


@state(Order.CHECK)  # E: nothing
async def check() -> None: ...


@state(Order.CHECK)  # E: nothing, plain
def plain() -> None: ...


@state(Order.CHECK)  # E: perhaps nothing
def perhaps(done: bool) -> Literal[Order.DONE] | None:
    return Order.DONE if done else None


@state(Order.CHECK, thread=True)  # E: a name
def name() -> str:
    return "DONE"


@router(Order.CHECK)  # E: a Literal of text
def text() -> Literal["DONE"]:
    return "DONE"
