"""A rule of `build` over the whole workflow."""

from typing import Literal

from shop import Bill, Mailer, Other, Store

from cano_dsl import Workflow, state


@state(Bill.CHECK)
def check(store: Store) -> Literal[Bill.CHARGE]:
    return Bill.CHARGE


@state(Bill.CHARGE)
def charge(store: Store) -> Literal[Bill.CHARGE, Bill.DONE]:
    return Bill.DONE


@state(Bill.CHARGE)
def forever(store: Store) -> Literal[Bill.CHARGE]:
    return Bill.CHARGE


@state(Bill.CHARGE)
def mail(store: Mailer) -> Literal[Bill.DONE]:
    return Bill.DONE


a = Workflow.build(Bill, check, start=Bill.CHECK, exits=(Bill.DONE,))  # E[plugin]: CHARGE is not handled
b = Workflow.build(Bill, charge, start=Bill.CHECK, exits=(Bill.DONE,))  # E[plugin]: the start is not handled
c = Workflow.build(Bill, check, charge, start=Bill.CHARGE, exits=(Bill.DONE,))  # E[plugin]: CHECK unreachable
d = Workflow.build(Bill, check, forever, start=Bill.CHECK, exits=(Bill.DONE,))  # E[plugin]: a dead end
e = Workflow.build(Bill, check, charge, mail, start=Bill.CHECK, exits=(Bill.DONE,))  # E[plugin]: twice
f = Workflow.build(Bill, check, mail, start=Bill.CHECK, exits=(Bill.DONE,))  # E[plugin]: store is two things
g = Workflow.build(Bill, check, charge, start=Bill.CHECK, exits=(Other.END,))  # E[plugin]: a foreign exit
h = state(Bill.CHECK, to=(Other.END,))(lambda: Bill.DONE)  # E[plugin]: a target of another Enum
