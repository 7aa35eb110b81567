"""A payment as a workflow of its own, which stands in two states of a checkout.

    cano run examples/checkout.py
    cano run examples/checkout.py --set basket.cents=90000
    cano run examples/checkout.py --set courier.vans=0

PAY → CUSTOMS → DUTY → SHIP → SHIPPED
   ↘ DECLINED        ↘ HELD, where the duty is not paid
   ↘ LATER, where the bank does not answer: nothing is charged

PAY and DUTY are the same workflow: AUTHORISE → CAPTURE. Where no courier takes the parcel the checkout fails,
and both payments, though they ended well, are given back, the last first.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from cano_dsl import Retry, Run, Workflow, compensate, router, state


class Payment(Enum):
    """The states of a payment."""

    AUTHORISE = auto()
    CAPTURE = auto()
    PAID = auto()
    DECLINED = auto()


class Checkout(Enum):
    """The states of a checkout."""

    PAY = auto()
    CUSTOMS = auto()
    DUTY = auto()
    SHIP = auto()
    SHIPPED = auto()
    DECLINED = auto()
    HELD = auto()
    LATER = auto()


@dataclass(frozen=True)
class Bill:
    """What is to be paid."""

    cents: int


@dataclass(frozen=True)
class Receipt:
    """What was paid, under the key that made the bank do it once."""

    cents: int
    key: str


class BankBusy(Exception):
    """It is worth trying again."""


class NoCourier(Exception):
    """Nobody takes the parcel."""


@dataclass
class Bank:
    """A bank with one account, and a book of what was done; the first `busy` questions get no answer."""

    balance: int = 60_000
    busy: int = 1
    book: list[str] = field(default_factory=list)

    def ask(self, cents: int) -> bool:
        """Tell whether the account can pay."""
        if self.busy:
            self.busy -= 1
            raise BankBusy("the bank does not answer")
        return cents <= self.balance

    def move(self, cents: int, key: str) -> None:
        """Take money, or give it back."""
        self.balance -= cents
        self.book.append(f"{key}: {-cents:+d}")


@dataclass
class Courier:
    """Has so many vans, of which each takes one parcel."""

    vans: int = 1


@state(Payment.AUTHORISE, retry=Retry.fixed(3, 0.01, retry_on=BankBusy))
async def authorise(bill: Bill, bank: Bank) -> Literal[Payment.CAPTURE, Payment.DECLINED]:
    """Ask whether the money is there."""
    return Payment.CAPTURE if bank.ask(bill.cents) else Payment.DECLINED


@state(Payment.CAPTURE)
async def capture(bill: Bill, bank: Bank, run: Run) -> tuple[Literal[Payment.PAID], Receipt]:
    """Take it; the key differs for the two payments of one checkout, as its number goes on."""
    bank.move(bill.cents, run.idempotency_key)
    return Payment.PAID, Receipt(bill.cents, run.idempotency_key)


@compensate(capture)
async def refund(receipt: Receipt, bank: Bank) -> None:
    """Give it back."""
    bank.move(-receipt.cents, f"{receipt.key}/refund")


payment = Workflow.build(
    Payment,
    authorise,
    capture,
    refund,
    start=Payment.AUTHORISE,
    exits=(Payment.PAID, Payment.DECLINED),
    timeout=5.0,
)


@router(Checkout.CUSTOMS)
def customs(duty: Bill) -> Literal[Checkout.DUTY, Checkout.SHIP]:
    """Pay duty where there is any."""
    return Checkout.DUTY if duty.cents else Checkout.SHIP


@state(Checkout.SHIP)
async def ship(courier: Courier) -> Literal[Checkout.SHIPPED]:
    """Hand the parcel over."""
    if not courier.vans:
        raise NoCourier("no van is left")
    courier.vans -= 1
    return Checkout.SHIPPED


checkout = Workflow.build(
    Checkout,
    payment.as_state(
        Checkout.PAY,
        exits={Payment.PAID: Checkout.CUSTOMS, Payment.DECLINED: Checkout.DECLINED},
        resources={"bill": "basket"},
        on_error={BankBusy: Checkout.LATER},
    ),
    customs,
    payment.as_state(
        Checkout.DUTY,
        exits={Payment.PAID: Checkout.SHIP, Payment.DECLINED: Checkout.HELD},
        resources={"bill": "duty"},
        on_error=Checkout.HELD,
    ),
    ship,
    start=Checkout.PAY,
    exits=(Checkout.SHIPPED, Checkout.DECLINED, Checkout.HELD, Checkout.LATER),
)
runner = checkout.bind(basket=Bill(25_000), duty=Bill(4_000), bank=Bank(), courier=Courier())

if __name__ == "__main__":
    match runner.run_sync():
        case Checkout.SHIPPED:
            print("The parcel is on its way")
        case Checkout.DECLINED | Checkout.LATER:
            print("Nothing was paid")
        case Checkout.HELD:
            print("The parcel waits for its duty")
