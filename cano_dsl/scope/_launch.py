"""Tasks of the loop's own that somebody starts, and cancels and waits for at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from cano_dsl.scope._spawn import spawner


class Launched:
    """One call in a task of its own.

    Attributes:
        value: What it gave; None until then.
        error: What it raised; None where it gave something, or was cut.
        is_cut: Whether a cancel ended it, by `cancel` or by whoever ends the loop.
        is_done: Whether it has ended.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.is_cut = False
        self.is_done = False
        self._scope = anyio.CancelScope()
        self._ended = anyio.Event()
        self._task: object = None  # asyncio itself holds no task

    def start(self, fn: Callable[[], Awaitable[Any]]) -> None:
        """Begin it, in the caller's context variables."""
        work = self._run(fn)
        try:
            self._task = task = spawner()(work)
        except BaseException:
            work.close()
            raise
        if isinstance(task, asyncio.Task):
            task.add_done_callback(self._gone)

    async def _run(self, fn: Callable[[], Awaitable[Any]]) -> None:
        try:
            with self._scope:
                self.value = await fn()
                self.is_done = True
            self.is_cut = not self.is_done
        except anyio.get_cancelled_exc_class():  # of the task, as at the end of its loop
            self.is_cut = True
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            self.error = error
        self._end()

    def _gone(self, _task: object) -> None:
        """Note that the task has ended; asyncio never begins one that is cancelled before its first turn."""
        if not self.is_done:
            self.is_cut = True
            self._end()

    def _end(self) -> None:
        self.is_done = True
        self._task = None
        self._ended.set()

    def cancel(self) -> None:
        """Cancel it as a scope around it would."""
        self._scope.cancel()

    async def wait(self) -> None:
        """Wait for its end; a cancel of the waiting does not touch it."""
        await self._ended.wait()


async def end_all(launched: list[Launched], *, cancel: bool) -> None:
    """Wait for the end of all; when the waiting is cancelled, or at once, cancel them and wait still.

    Raises:
        BaseException: What cancelled the waiting, once all have ended.
    """
    first: BaseException | None = None
    if not cancel:
        try:
            for one in launched:
                await one.wait()
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            first = error
    for one in launched:
        one.cancel()
    for one in launched:
        while not one.is_done:
            try:
                with anyio.CancelScope(shield=True):
                    await one.wait()
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - as above
                first = first if first is not None else error
    try:
        if first is not None:
            raise first
    finally:
        del first  # with its traceback it would be a cycle
