"""Who runs the runs of a store in this event loop, and the task that keeps its lease alive meanwhile (C7a).

All runs of one store in one loop have one owner, so one renewal is enough for them all. The task lives as
long as one of them goes on.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from cano_dsl.checkpoint import RENEW_S, CheckpointStore, Claim, Owner
from cano_dsl.errors import StoreError
from cano_dsl.scope import SYSTEM_CLOCK, Launched, end_all, loop_mark, settle

logger = logging.getLogger("cano_dsl")
T = TypeVar("T")


class _Keeper:
    def __init__(self, store: CheckpointStore) -> None:
        self.owner = Owner.here()
        self.count = 0
        self._store = store
        self._task = Launched()

    def start(self) -> None:
        self._task.start(self._renew)

    async def _renew(self) -> None:
        while True:
            await SYSTEM_CLOCK.sleep(RENEW_S)  # a lease is about real time, whatever clock the runs go by
            try:
                await self._store.renew(self.owner, now=SYSTEM_CLOCK.now())
            except StoreError as error:
                logger.warning(
                    "the lease of runs could not be renewed, tried again in %g s: %s", RENEW_S, error
                )

    async def stop(self) -> None:
        await end_all([self._task], cancel=True)


_keepers: dict[tuple[int, int], _Keeper] = {}


@asynccontextmanager
async def kept(store: CheckpointStore) -> AsyncIterator[Owner]:
    """Give the owner of this loop's runs, whose lease is renewed while anyone is in here."""
    mark = (id(store), loop_mark())
    keeper = _keepers.get(mark)
    if keeper is None:
        keeper = _keepers[mark] = _Keeper(store)
        keeper.start()
    keeper.count += 1
    try:
        yield keeper.owner
    finally:
        keeper.count -= 1
        if not keeper.count:
            del _keepers[mark]
            await keeper.stop()


async def taken(store: CheckpointStore, take: Callable[[], Awaitable[T]]) -> T:
    """Take a run, and give it back where a cancel came meanwhile: then nobody would know of the claim.

    Raises:
        StoreError: It cannot be taken.
        BaseException: The cancel.
    """
    settled = await settle(take, ())
    error, settled.error = settled.error, None  # whose traceback holds the frame that holds `settled`
    if error is not None:
        raise error
    if settled.cancel is None:
        return settled.value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
    if isinstance(settled.value, Claim):
        await settle(store.release, (settled.value,))
    raise settled.cancel
