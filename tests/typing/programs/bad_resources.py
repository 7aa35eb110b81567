"""`managed` and `per_run` used as another type."""

from collections.abc import AsyncIterator
from typing import Literal

from shop import Mailer, Redis, Resources, Store, Visit

from cano_dsl import Health, Workflow, managed, per_run, state


@state(Visit.CHECK)
def check(store: Store, mailer: Mailer) -> Literal[Visit.DONE, Visit.FAILED]:
    return Visit.DONE


async def redis() -> AsyncIterator[Redis]:
    yield Redis()


flow = Workflow.build(Visit, check, start=Visit.CHECK, exits=(Visit.DONE, Visit.FAILED), resources=Resources)
flow.bind(store=managed(redis), mailer=managed(redis))  # E: mailer
flow.bind(store=per_run(Mailer), mailer=Mailer())  # E: store
managed(Redis)  # E: no context manager
managed(Redis())  # E: no context manager
per_run(Redis())  # E: no factory
per_run(lambda url: Redis(url))  # E: a factory takes no argument
Health("sick")  # E: none of the three
