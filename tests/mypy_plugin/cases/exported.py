"""Handlers and states that others import from here."""

from typing import Final, Literal

from cano_dsl import state
from order import Order as Order


@state(Order.START)
def begin() -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.PAY)
def again() -> Literal[Order.DONE, Order.FAILED]: ...
STEPS = (begin, again)
PAID = Order.PAY
ALSO_PAID: Final = Order.PAY
