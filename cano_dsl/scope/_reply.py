"""Answers that a thread gives to tasks of any loop, with one wake-up of each loop for many answers.

Whoever waits for one always waits for it: a cancel that comes meanwhile is kept until the answer is there. So
what was asked for has either been done or refused, and the task knows which.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import anyio

from cano_dsl.scope._backend import asyncio_loop
from cano_dsl.scope._task import work_of_threads

T = TypeVar("T")


class Reply(Generic[T]):
    """An answer to come, made by the task that will wait for it.

    Attributes:
        value: The answer; set by the thread before it wakes the loops.
        error: What is raised in place of it.
    """

    __slots__ = ("_done", "_home", "_is_parked", "_wait", "error", "value")

    def __init__(self) -> None:
        self.value: T | None = None
        self.error: BaseException | None = None
        self._done = False
        self._is_parked = False  # on trio
        loop = asyncio_loop()
        if loop is not None:
            self._home: Any = loop
            self._wait: Any = loop.create_future()
        else:
            import trio

            self._home = trio.lowlevel.current_trio_token()
            self._wait = trio.lowlevel.current_task()

    async def wait(self) -> T:
        """Wait for the answer, whatever cancels the waiting.

        Raises:
            BaseException: The error in place of an answer; else the first cancel that came meanwhile.
        """
        cancel: BaseException | None = None
        with work_of_threads():
            if isinstance(self._wait, asyncio.Future):
                try:
                    await self._wait
                except asyncio.CancelledError as caught:
                    cancel = caught
                    await self._wait_on()
            else:
                await self._parked()
        try:
            if self.error is not None:
                raise self.error
            if cancel is not None:
                raise cancel
            return self.value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        finally:
            del self, cancel  # with their tracebacks they would be cycles

    async def _wait_on(self) -> None:
        with anyio.CancelScope(shield=True):
            while not self._done:
                self._wait = self._home.create_future()
                try:
                    await self._wait
                except asyncio.CancelledError:
                    continue

    async def _parked(self) -> None:
        import trio

        def no(_: object) -> trio.lowlevel.Abort:
            return trio.lowlevel.Abort.FAILED

        if not self._done:
            self._is_parked = True
            await trio.lowlevel.wait_task_rescheduled(no)
        if self.error is None:
            await trio.lowlevel.checkpoint_if_cancelled()

    def _wake(self) -> None:
        self._done = True
        if isinstance(self._wait, asyncio.Future):
            if not self._wait.done():
                self._wait.set_result(None)
        elif self._is_parked:
            import trio

            trio.lowlevel.reschedule(self._wait)


def wake(replies: Sequence[Reply[Any]]) -> None:
    """Wake whoever waits for these, from any thread; one whose loop has ended is past waiting."""
    if len(replies) == 1:
        _tell(replies[0]._home, replies)  # noqa: SLF001 - of this module
        return
    homes: dict[Any, list[Reply[Any]]] = {}
    for reply in replies:
        homes.setdefault(reply._home, []).append(reply)  # noqa: SLF001 - of this module
    for home, group in homes.items():
        _tell(home, group)


def _tell(home: Any, replies: Sequence[Reply[Any]]) -> None:
    with suppress(RuntimeError):  # closed; trio's RunFinishedError is one too
        if isinstance(home, asyncio.AbstractEventLoop):
            home.call_soon_threadsafe(_wake_all, replies)
        else:
            home.run_sync_soon(_wake_all, replies)


def _wake_all(replies: Sequence[Reply[Any]]) -> None:
    for reply in replies:
        reply._wake()  # noqa: SLF001 - of this module
