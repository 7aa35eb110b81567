"""Workflows in states of others are drawn within them."""

from enum import Enum
from typing import Any, Literal

from cano_dsl import Workflow, router, state


class Card(Enum):
    ASK = 1
    DECIDE = 2
    OK = 3
    NO = 4


class Pay(Enum):
    CARD = 1
    PAID = 2
    end = 3


class Order(Enum):
    PAY = 1
    PAY_CARD = 2
    DONE = 3


@state(Card.ASK)
async def ask() -> Literal[Card.DECIDE]:
    return Card.DECIDE


@router(Card.DECIDE)
def decide() -> Literal[Card.OK, Card.NO]:
    return Card.OK


@state(Order.PAY_CARD)
async def again() -> Literal[Order.PAY]:
    return Order.PAY


card = Workflow.build(Card, ask, decide, start=Card.ASK, exits=(Card.OK, Card.NO))
pay = Workflow.build(
    Pay,
    card.as_state(Pay.CARD, {Card.OK: Pay.PAID, Card.NO: Pay.end}, on_error={OSError: Pay.end}),
    start=Pay.CARD,
    exits=(Pay.PAID, Pay.end),
)
orders = Workflow.build(
    Order,
    pay.as_state(Order.PAY, {Pay.PAID: Order.DONE, Pay.end: Order.PAY_CARD}),
    again,
    start=Order.PAY,
    exits=(Order.DONE,),
)

DRAWN = """\
stateDiagram-v2
    state "PAY" as PAY {
        state "PAID" as PAY_PAID
        state "end" as PAY_s2
        state "CARD" as PAY_CARD_ {
            state "ASK" as PAY_CARD__ASK
            state "◇ DECIDE" as PAY_CARD__DECIDE
            state "OK" as PAY_CARD__OK
            state "NO" as PAY_CARD__NO
            [*] --> PAY_CARD__ASK
            PAY_CARD__ASK --> PAY_CARD__DECIDE
            PAY_CARD__DECIDE --> PAY_CARD__OK
            PAY_CARD__DECIDE --> PAY_CARD__NO
            PAY_CARD__OK --> [*]
            PAY_CARD__NO --> [*]
        }
        [*] --> PAY_CARD_
        PAY_CARD_ --> PAY_PAID : OK
        PAY_CARD_ --> PAY_s2 : NO
        PAY_CARD_ --> PAY_s2 : ⚡ OSError
        PAY_PAID --> [*]
        PAY_s2 --> [*]
    }
    [*] --> PAY
    PAY --> DONE : PAID
    PAY --> PAY_CARD : end
    PAY_CARD --> PAY
    DONE --> [*]
    classDef router stroke-dasharray: 5 5
    class PAY_CARD__DECIDE router"""


def test_nested_in_nested() -> None:
    """A workflow within another is a composite state; ids are unique, and arrows out of it name the exits."""
    assert orders.mermaid() == DRAWN


def test_exits_to_one_state_share_an_arrow() -> None:
    """Exits that lead to one state are the words of one arrow."""
    exits: Any = {Card.OK: Pay.PAID, Card.NO: Pay.PAID}
    from cano_dsl import Waive

    waive = [Waive("exhaustive", Pay.end, "not here")]
    both = Workflow.build(Pay, card.as_state(Pay.CARD, exits), start=Pay.CARD, exits=(Pay.PAID,), waive=waive)
    assert "    CARD --> PAID : OK, NO\n" in both.mermaid()
