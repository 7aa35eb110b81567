"""`managed` and `per_run` are typed as the resource that handlers get."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import Enum
from typing import Literal, assert_type

from shop import Mailer, Redis, Resources, Store

from cano_dsl import Health, Workflow, managed, per_run, state


class Session:
    async def __aenter__(self) -> Redis:
        return Redis()

    async def __aexit__(self, *details: object) -> None: ...


class Pool(AbstractAsyncContextManager[Redis]):
    async def __aexit__(self, *details: object) -> None: ...
    async def __aenter__(self) -> Redis:
        return Redis()


@asynccontextmanager
async def connection() -> AsyncGenerator[Redis]:
    yield Redis()


async def generated() -> AsyncIterator[Redis]:
    yield Redis()


async def connect() -> Redis:
    return Redis()


assert_type(managed(Session), Redis)
assert_type(managed(Session()), Redis)
assert_type(managed(Pool), Redis)
assert_type(managed(Pool()), Redis)
assert_type(managed(connection), Redis)
assert_type(managed(connection()), Redis)
assert_type(managed(generated), Redis)
assert_type(per_run(Redis), Redis)
assert_type(per_run(connect), Redis)
assert_type(per_run(lambda: Redis("cache")), Redis)
assert_type(per_run(lambda: managed(generated)), Redis)

assert_type(Health.healthy(), Health)
assert_type(Health.degraded("slow"), Health)
assert_type(Health.unhealthy("gone"), Health)
assert_type(Health.worst({"db": Health.healthy()}), Health)
assert_type(Health("healthy").status, Literal["healthy", "degraded", "unhealthy"])
assert_type(Health("healthy").parts, Mapping[str, Health])


class Job(Enum):
    WORK = 1
    DONE = 2


@state(Job.WORK)
async def work(store: Store, mailer: Mailer) -> Literal[Job.DONE]:
    return Job.DONE


jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), resources=Resources)


async def main() -> None:
    await jobs.run(store=managed(Session()), mailer=per_run(Mailer))
    async with jobs.bind(managed(connection), Mailer()) as runner:
        await runner.run()


asyncio.run(main())
