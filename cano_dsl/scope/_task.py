"""Waiting for work that must not be cut, on asyncio and trio alike."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

import anyio
import anyio.to_thread

T = TypeVar("T")
Args = TypeVarTuple("Args")


def _on_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


async def uncut(fn: Callable[[Unpack[Args]], Coroutine[Any, Any, T]], *args: *Args) -> T:
    """Await `fn(*args)` to its end, whatever cancels the caller.

    On asyncio a shielded scope holds off other scopes but not `Task.cancel()`, so the call gets a task of
    its own; the first cancel is raised again, as the same object, once that task has ended. On trio a
    shielded scope is enough, and a pending cancel shows at the next checkpoint.

    Raises:
        BaseException: The first cancel that arrived meanwhile, else whatever `fn` raised.
    """
    if not _on_asyncio():
        with anyio.CancelScope(shield=True):
            return await fn(*args)
    task = asyncio.get_running_loop().create_task(fn(*args))
    first: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as cancel:
                first = first or cancel
    if first is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # the cancel wins; an error never looked at would be logged
    raise first


async def in_thread(fn: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    """Call a plain function in a worker thread and always wait for it, as a thread cannot be cut."""
    return await uncut(_to_thread, fn, *args)


async def _to_thread(fn: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    return await anyio.to_thread.run_sync(fn, *args)


def run_to_end(fn: Callable[[], Awaitable[T]]) -> T:
    """Run an async function in an event loop of its own and give its result."""
    return anyio.run(fn)


def loop_is_running() -> bool:
    """Tell whether this thread already runs an event loop, where `run_to_end` must not be called."""
    try:
        anyio.get_current_task()
    except RuntimeError:
        return False
    return True


def is_cancel(error: BaseException) -> bool:
    """Tell whether an exception is the running backend's cancellation."""
    return isinstance(error, anyio.get_cancelled_exc_class())
