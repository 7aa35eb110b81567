"""Calls that no cancel may cut: each runs in a task of its own, and is waited for whatever happens.

An anyio shield alone holds off scopes, but on asyncio neither a second `Task.cancel()` nor a loop that ends.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import anyio
import anyio.lowlevel

from cano_dsl.scope._backend import asyncio_loop
from cano_dsl.scope._task import end_of

T = TypeVar("T")


class Settled(Generic[T]):
    """How a call ended.

    Attributes:
        value: What it gave; None where it raised.
        error: What it raised; None where it gave something.
        cancel: The first cancel that reached the waiting meanwhile; whoever waited must raise it.
        waiter: What is waited for on asyncio; None elsewhere.
        task: The task of the call on asyncio; None elsewhere.
    """

    __slots__ = ("cancel", "error", "task", "value", "waiter")

    def __init__(self, waiter: "asyncio.Future[None] | None") -> None:
        self.value: T | None = None
        self.error: BaseException | None = None
        self.cancel: BaseException | None = None
        self.waiter = waiter
        self.task: asyncio.Task[None] | None = None

    async def call(self, fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> None:
        """Call, and put down how it ended; the body of the task."""
        try:
            self.value = await fn(*args)
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            self.error = error
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def cancelled(self, cancel: BaseException) -> None:
        """Keep a cancel of the waiting, and wait on."""
        if self.task is not None:
            await end_of(self.task)
        self.cancel = cancel


async def settle(fn: Callable[..., Awaitable[T]], *args: Any) -> Settled[T]:
    """Call in a task of its own and wait for its end, however often the caller is cancelled meanwhile.

    The call sees the caller's context variables; those that it sets are its own. It is in none of the
    caller's scopes, so a limit on it must lie inside it.
    """
    settled = _begun(fn, args)
    if settled.waiter is None:
        await _in_group(settled, fn, args)
    else:
        try:
            await settled.waiter  # not the task, to which a cancel would be handed on
        except asyncio.CancelledError as cancel:
            await settled.cancelled(cancel)
    return settled


async def in_task(fn: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Call as `settle` does, then honour a cancel, else give the result.

    Raises:
        BaseException: The first cancel that arrived meanwhile, else whatever `fn` raised. Only what ends the
            process, such as KeyboardInterrupt, goes before a cancel.
    """
    settled = _begun(fn, args)
    if settled.waiter is None:
        await _in_group(settled, fn, args)
        if settled.error is None or isinstance(settled.error, Exception):
            await anyio.lowlevel.checkpoint_if_cancelled()
    else:
        try:
            await settled.waiter
        except asyncio.CancelledError as cancel:
            await settled.cancelled(cancel)
            if settled.error is None or isinstance(settled.error, (Exception, asyncio.CancelledError)):
                raise
    error = settled.error
    if error is None:
        return settled.value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
    try:
        raise error
    finally:
        del error, settled  # with its traceback it would be a cycle


def _begun(fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> Settled[T]:
    """Begin a call on asyncio; elsewhere only make what it ends in."""
    loop = asyncio_loop()
    if loop is None:
        return Settled(None)
    settled: Settled[T] = Settled(loop.create_future())
    settled.task = loop.create_task(settled.call(fn, args))
    asyncio._unregister_task(settled.task)  # noqa: SLF001 - public; a loop that ends cancels all it knows
    return settled


async def _in_group(settled: Settled[T], fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> None:
    with anyio.CancelScope(shield=True):
        async with anyio.create_task_group() as group:
            group.start_soon(settled.call, fn, args)
