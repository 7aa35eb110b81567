"""Arguments that `build` does not take."""

from enum import Enum
from typing import Literal

from shop import Order

from cano_dsl import Waive, Workflow, state


@state(Order.CHECK)
def check() -> Literal[Order.DONE]:
    return Order.DONE


class Inner(Enum):
    WORK = 1
    END = 2


@state(Inner.WORK)
def work() -> Literal[Inner.END]:
    return Inner.END


inner = Workflow.build(Inner, work, start=Inner.WORK, exits=(Inner.END,))


def undecorated() -> Literal[Order.DONE]:
    return Order.DONE


a = Workflow.build(Order, undecorated, start=Order.CHECK, exits=(Order.DONE,))  # E: not decorated
b = Workflow.build(Order, [check], start=Order.CHECK, exits=(Order.DONE,))  # E: a list without a star
c = Workflow.build(Order, check, start=Order.CHECK, exits=Order.DONE)  # E: no collection
d = Workflow.build(Order, check, start=Order.CHECK)  # E: no exits
e = Workflow.build(Order, check, start="CHECK", exits=(Order.DONE,))  # E: text
f = Workflow.build(Order.DONE, check, start=Order.CHECK, exits=(Order.DONE,))  # E: a member
g = Workflow.build(Order, check, start=Order.CHECK, exits=(Order.DONE,), retries=3)  # E: unknown
h = Waive("transition", Order.CHECK, "why")  # E: cannot be waived
i = Waive("dead-end", Order.CHECK)  # E: no reason
j = inner.as_state(Order.CHECK, {Order.DONE: Order.DONE})  # E: no exit of it
k = inner.as_state(Order.CHECK, [Inner.END])  # E: no dict
o = inner.as_state(Order.CHECK)  # E: no exits
m = inner.as_state(Order.CHECK, {Inner.END: Order.DONE}, resources={"a": 1})  # E: no name
