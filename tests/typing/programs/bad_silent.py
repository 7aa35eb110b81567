"""No `Literal`: the whole Enum, `Any`, no annotation."""

from typing import Any

from shop import Order

from cano_dsl import state


@state(Order.CHECK)  # E[plugin]: the whole Enum
async def whole() -> Order:
    return Order.DONE


@state(Order.CHECK)  # E[plugin]: Any
def anything() -> Any:
    return Order.DONE


@state(Order.CHECK)  # E[plugin]: no annotation
def silent():  # E[mypy, plugin]: no annotation
    return Order.DONE
