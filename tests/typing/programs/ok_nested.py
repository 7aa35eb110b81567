"""A workflow as a state of another: what is given, what is asked for, and the result of the whole."""

from enum import Enum, auto
from typing import Literal, assert_type

from cano_dsl import Handler, Run, Workflow, compensate, state
from cano_dsl.graph import Graph


class Pay(Enum):
    CHARGE = auto()
    PAID = auto()
    REFUSED = auto()


class Order(Enum):
    PAY = auto()
    DUTY = auto()
    SHIP = auto()
    DONE = auto()
    LOST = auto()


class Bank: ...


@state(Pay.CHARGE)
async def charge(bank: Bank, cents: int, run: Run) -> tuple[Literal[Pay.PAID], int] | Literal[Pay.REFUSED]:
    assert_type(run.state_name, str)
    return (Pay.PAID, cents) if cents else Pay.REFUSED


@compensate(charge)
def refund(paid: int, bank: Bank) -> None: ...


@state(Order.SHIP)
def ship(bank: Bank) -> Literal[Order.DONE]:
    return Order.DONE


pay = Workflow.build(
    Pay, charge, refund, start=Pay.CHARGE, exits=(Pay.PAID, Pay.REFUSED), timeout=5.0, max_transitions=9
)
first = pay.as_state(
    Order.PAY,
    exits={Pay.PAID: Order.DUTY, Pay.REFUSED: Order.LOST},
    resources={"cents": "price"},
    on_error={OSError: Order.LOST},
)
second = pay.as_state(
    Order.DUTY,
    {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.LOST},
    resources={"cents": "duty"},
    on_error=Order.LOST,
)
part: Handler[Order, Order, ..., Order] = first
orders = Workflow.build(
    Order, first, second, ship, start=Order.PAY, exits=(Order.DONE, Order.LOST), max_transitions=20
)
end: Order = orders.run_sync(bank=Bank(), price=3, duty=4)
nested = orders.graph.states["PAY"].nested
assert_type(nested, Graph | None)
if nested is not None:
    assert_type(nested.start, str)


async def main(bank: Bank) -> None:
    assert_type(await pay.run(bank=bank, cents=3) in (Pay.PAID, Pay.REFUSED), bool)
