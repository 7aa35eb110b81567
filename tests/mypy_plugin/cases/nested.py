"""Workflows in states of others: exits that lead somewhere, resources by other names, error edges."""

from enum import Enum, auto
from typing import Literal, reveal_type

from cano_dsl import Workflow, state
from order import Mailer, Store


class Pay(Enum):
    CHARGE = auto()
    PAID = auto()
    REFUSED = auto()
class Shop(Enum):
    PAY = auto()
    SHIP = auto()
    DONE = auto()
    LOST = auto()
class Other(Enum):
    X = auto()


@state(Pay.CHARGE)
async def charge(store: Store, limit: int = 3) -> Literal[Pay.PAID, Pay.REFUSED]: ...
@state(Shop.SHIP)
async def ship(mailer: Mailer) -> Literal[Shop.DONE]: ...
pay = Workflow.build(Pay, charge, start=Pay.CHARGE, exits=(Pay.PAID, Pay.REFUSED))

paying = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST}, resources={"store": "till"})
reveal_type(paying)  # N: Revealed type is "cano_dsl.declare._nested.Nested[nested.Shop, Literal[nested.Shop.PAY], [*, till: order.Store, limit: int =], Literal[nested.Shop.SHIP] | Literal[nested.Shop.LOST]]"
shop = Workflow.build(Shop, paying, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))
reveal_type(shop)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[nested.Shop, Literal[nested.Shop.DONE] | Literal[nested.Shop.LOST], None, [*, till: order.Store, limit: int =, mailer: order.Mailer]]"
async def run(store: Store, mailer: Mailer) -> None:
    await shop.run(till=store, mailer=mailer)
    await shop.run(store=store, mailer=mailer)  # E: Unexpected keyword argument "store" for "run" of "Workflow"  [call-arg]

# Exits.
half = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP})  # E: Handler "pay" does not say where exit Pay.REFUSED leads  [cano-transition]  # N: fix: add Pay.REFUSED to exits= of as_state (README.md#cano-transition)
Workflow.build(Shop, half, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))
pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Other.X})  # E: Handler "pay" may go to Other.X, not a member of Shop  [cano-transition]  # N: fix: name only members of Shop (README.md#cano-transition)
pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST, Pay.CHARGE: Shop.LOST})  # E: Dict entry 2 has incompatible type "Literal[Pay.CHARGE]": "Shop"; expected "Literal[Pay.PAID, Pay.REFUSED]": "Shop"  [dict-item]
lost = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.SHIP})
Workflow.build(Shop, lost, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))  # E: Exit Shop.LOST is unreachable from Shop.PAY  [cano-unreachable]  # N: fix: declare Shop.LOST as a target of a handler that runs, or remove it (README.md#cano-unreachable)

# Error edges lead on, and may not be seen.
edge = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.SHIP}, on_error={OSError: Shop.LOST})
Workflow.build(Shop, edge, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))
abroad = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST}, on_error={OSError: Other.X})
Workflow.build(Shop, abroad, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))  # E: on_error= of handler "pay" must be one member of Shop, got Other.X  [cano-state]  # N: fix: give a member of Shop, such as Shop.PAY (README.md#cano-state)
def computed(at: Shop, exits: dict[Pay, Shop], names: dict[str, str], errors: dict[type[Exception], Shop]) -> None:
    pay.as_state(at, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST})  # E: as_state(…) must be one member of Shop, got a value of type Shop  [cano-state]  # N: fix: give a member of Shop, such as Shop.PAY (README.md#cano-state)
    Workflow.build(Shop, pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.SHIP}, on_error=errors), ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))
    unseen = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST}, resources=names)
    built = Workflow.build(Shop, unseen, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))
    built.run_sync(anything=1)

# One type for one name.
clash = pay.as_state(Shop.PAY, {Pay.PAID: Shop.SHIP, Pay.REFUSED: Shop.LOST}, resources={"store": "mailer"})
Workflow.build(Shop, clash, ship, start=Shop.PAY, exits=(Shop.DONE, Shop.LOST))  # E: Resource "mailer" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]  # N: fix: give one of the two another name, or annotate both with one type; the earlier is "pay" (nested.py:59) (README.md#cano-resource)
