"""Methods, partials, callable objects and `to=` as handlers."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Literal, assert_type

from shop import Order, Store

from cano_dsl import Workflow, router, state


class Till:
    async def open(self, store: Store) -> Literal[Order.DONE]:
        return Order.DONE

    def count(self, store: Store) -> Literal[Order.DONE]:
        return Order.DONE

    @staticmethod
    async def close(store: Store) -> Literal[Order.DONE]:
        return Order.DONE

    @classmethod
    async def clean(cls, store: Store) -> Literal[Order.DONE]:
        return Order.DONE

    async def __call__(self, store: Store) -> Literal[Order.DONE]:
        return Order.DONE


async def pay(store: Store, tries: int) -> Literal[Order.DONE]:
    return Order.DONE


def later(store: Store) -> Coroutine[Any, Any, Literal[Order.DONE]]:
    return pay(store, 1)


def computed(store: Store) -> Order:
    return Order[store.url.upper()]


till = Till()
opened = state(Order.CHARGE)(till.open)
counted = state(Order.CHARGE)(till.count)
closed = state(Order.CHARGE)(Till.close)
cleaned = state(Order.CHARGE)(Till.clean)
called = state(Order.CHARGE)(till)
paid = state(Order.CHARGE)(partial(pay, tries=1))
handed_on = state(Order.CHARGE)(later)
by_to = state(Order.CHARGE, to=(Order.DONE, Order.FAILED))(computed)
by_list = state(Order.CHARGE, to=[Order.DONE], thread=True)(computed)
routed = router(Order.CHECK, to={Order.CHARGE, Order.FAILED})(computed)


async def main() -> None:
    assert_type(await opened(Store()), Literal[Order.DONE])
    assert_type(counted(Store()), Literal[Order.DONE])
    assert_type(await closed(Store()), Literal[Order.DONE])
    assert_type(await cleaned(Store()), Literal[Order.DONE])
    assert_type(await called(Store()), Literal[Order.DONE])
    assert_type(await paid(Store()), Literal[Order.DONE])
    assert_type(await handed_on(Store()), Literal[Order.DONE])  # X[mypy]: its Any fits two overloads
    ends: list[Order] = [by_to(Store("done")), by_list(Store("done")), routed(Store("charge"))]
    print(ends)
    flow = Workflow.build(Order, routed, by_to, start=Order.CHECK, exits=(Order.DONE, Order.FAILED))
    await flow.run(store=Store("failed"))


asyncio.run(main())
