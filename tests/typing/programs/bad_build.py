"""A handler or `start=` of another Enum given to `build`."""

from typing import Literal

from shop import Order, Other

from cano_dsl import Workflow, state


@state(Order.CHECK)
def check() -> Literal[Order.DONE]:
    return Order.DONE


@state(Other.BEGIN)
def begin() -> Literal[Other.END]:
    return Other.END


a = Workflow.build(Order, check, begin, start=Order.CHECK, exits=(Order.DONE,))  # E: a handler
b = Workflow.build(Order, begin, start=Order.CHECK, exits=(Order.DONE,))  # E: the only handler
c = Workflow.build(Other, check, start=Other.BEGIN, exits=(Other.END,))  # E: the Enum
d = Workflow.build(Order, check, start=Other.BEGIN, exits=(Order.DONE,))  # E: the start
