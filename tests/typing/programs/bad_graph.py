"""A rule of `build` over the whole workflow."""

from typing import Literal

from shop import Mailer, Order, Other, Store

from cano_dsl import Workflow, state


@state(Order.CHECK)
def check(store: Store) -> Literal[Order.CHARGE]:
    return Order.CHARGE


@state(Order.CHARGE)
def charge(store: Store) -> Literal[Order.CHARGE, Order.DONE]:
    return Order.DONE


@state(Order.CHARGE)
def forever(store: Store) -> Literal[Order.CHARGE]:
    return Order.CHARGE


@state(Order.CHARGE)
def mail(store: Mailer) -> Literal[Order.DONE]:
    return Order.DONE


a = Workflow.build(Order, check, start=Order.CHECK, exits=(Order.DONE,))  # E[]: CHARGE is not handled
b = Workflow.build(Order, charge, start=Order.CHECK, exits=(Order.DONE,))  # E[]: the start is not handled
c = Workflow.build(Order, check, charge, start=Order.CHARGE, exits=(Order.DONE,))  # E[]: CHECK is unreachable
d = Workflow.build(Order, check, forever, start=Order.CHECK, exits=(Order.DONE,))  # E[]: a dead end
e = Workflow.build(Order, check, charge, mail, start=Order.CHECK, exits=(Order.DONE,))  # E[]: twice
f = Workflow.build(Order, check, mail, start=Order.CHECK, exits=(Order.DONE,))  # E[]: store is two things
g = Workflow.build(
    Order, check, charge, start=Order.CHECK, exits=(Other.END,)
)  # E[]: an exit of another Enum
h = state(Order.CHECK, to=(Other.END,))(lambda: Order.DONE)  # E[]: a target of another Enum
