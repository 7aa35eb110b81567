"""`managed` and `per_run` used as another type."""

from collections.abc import AsyncIterator
from typing import Literal

from shop import Mailer, Order, Redis, Resources, Store

from cano_dsl import Health, Workflow, managed, per_run, state


@state(Order.CHECK)
def check(store: Store, mailer: Mailer) -> Literal[Order.DONE]:
    return Order.DONE


async def redis() -> AsyncIterator[Redis]:
    yield Redis()


flow = Workflow.build(Order, check, start=Order.CHECK, exits=(Order.DONE,), resources=Resources)
flow.bind(store=managed(redis), mailer=managed(redis))  # E: mailer
flow.bind(store=per_run(Mailer), mailer=Mailer())  # E: store
managed(Redis)  # E: no context manager
managed(Redis())  # E: no context manager
per_run(Redis())  # E: no factory
per_run(lambda url: Redis(url))  # E: a factory takes no argument
Health("sick")  # E: none of the three
