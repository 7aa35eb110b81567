"""A handler called with other arguments in a test."""

from typing import Literal

from shop import Mailer, Order, Store

from cano_dsl import state


@state(Order.CHECK)
async def check(store: Store) -> Literal[Order.CHARGE]:
    return Order.CHARGE


@state(Order.CHARGE)
def charge(store: Store, tries: int = 3) -> Literal[Order.DONE]:
    return Order.DONE


async def main() -> None:
    await check()  # E: missing
    await check(Mailer())  # E: another type
    await check(shop=Store())  # E: unknown
    charge(Store(), "3")  # E: another type
    end: Literal[Order.FAILED] = charge(Store())  # E: another state
    later: Order = check(Store())  # E: not awaited
    print(end, later)
