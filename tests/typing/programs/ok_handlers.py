"""Handlers of every kind: the types that a user would write."""

import asyncio
from typing import Any, Literal, assert_type

from shop import Mailer, Order, Store

from cano_dsl import Handler, router, state


@state(Order.CHECK)
async def check(store: Store) -> Literal[Order.CHARGE, Order.FAILED]:
    return Order.CHARGE if store.url else Order.FAILED


@state(Order.CHARGE)
def charge(store: Store, mailer: Mailer, attempts: int = 3) -> Literal[Order.DONE]:
    return Order.DONE


@state(Order.CHARGE, thread=True)
def charge_slowly(store: Store) -> Literal[Order.DONE]:
    return Order.DONE


@router(Order.CHECK)
def route(store: Store) -> Literal[Order.CHARGE, Order.FAILED]:
    return Order.FAILED


@router(Order.CHECK)
async def route_later(*, store: Store) -> Literal[Order.CHARGE]:
    return Order.CHARGE


some: Handler[Order, Order, ..., Order] = check
every: list[Handler[Order, Any, ..., Any]] = [check, charge, charge_slowly, route, route_later]


async def main() -> None:
    assert_type(await check(Store()), Literal[Order.CHARGE, Order.FAILED])
    assert_type(await route_later(store=Store()), Literal[Order.CHARGE])
    assert_type(charge(Store(), mailer=Mailer()), Literal[Order.DONE])
    assert_type(charge(Store(), Mailer(), 5), Literal[Order.DONE])
    assert_type(charge_slowly(Store()), Literal[Order.DONE])
    assert_type(route(store=Store()), Literal[Order.CHARGE, Order.FAILED])


asyncio.run(main())
