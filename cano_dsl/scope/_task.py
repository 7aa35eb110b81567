"""Calls that must be waited for, and loops of one's own, on asyncio and trio alike."""

import asyncio
import math
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar, TypeVarTuple, Unpack

import anyio
import anyio.to_thread

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Work:
    """What the loop of a thread waits for from other threads: a fake clock must not run ahead of it.

    A call counts as long as it is within a `with` of this.

    Attributes:
        calls: How many calls have not come back; one that still waits for a free thread counts too.
        watchers: Each is called when none is left, in the loop's thread.
    """

    __slots__ = ("calls", "watchers")

    def __init__(self) -> None:
        self.calls = 0
        self.watchers: tuple[Callable[[], None], ...] = ()

    def __enter__(self) -> None:
        self.calls += 1

    def __exit__(self, *error: object) -> None:
        self.calls -= 1
        if not self.calls:
            for tell in self.watchers:
                tell()


class _Here(threading.local):
    def __init__(self) -> None:
        self.work = Work()


_here = _Here()


def work_of_threads() -> Work:
    """Give what the loop of this thread waits for from other threads."""
    return _here.work


async def in_thread(fn: Callable[[Unpack[Args]], T], *args: *Args) -> T:
    """Call a plain function in a worker thread and always wait for it, as a thread cannot be cut.

    Until the call begins, for one while all threads are busy, it can be cancelled like any other await. From
    then on anyio holds off cancel scopes, but on asyncio not `Task.cancel()`, which is raised again once
    the call has ended.

    Raises:
        BaseException: A cancel that arrived meanwhile, else whatever `fn` raised.
    """
    call: Future[T] = Future()
    try:
        with _here.work:
            try:
                await anyio.to_thread.run_sync(_perform, call, fn, args)
            except asyncio.CancelledError:
                if not call.cancel():  # it has begun
                    await end_of(call)
                error = None if call.cancelled() else call.exception()
                if error is not None and not isinstance(error, (Exception, asyncio.CancelledError)):
                    raise error from None  # such as KeyboardInterrupt, which a cancel must not hide
                raise
        return call.result()
    finally:
        del call  # whose error holds this frame; so would be a cycle


def _perform(call: "Future[T]", fn: Callable[..., T], args: tuple[Any, ...]) -> None:
    if not call.set_running_or_notify_cancel():
        return
    try:
        call.set_result(fn(*args))
    except BaseException as error:  # noqa: BLE001 - raised by whoever waits
        call.set_exception(error)
    finally:
        del call  # whose error holds this frame; so would be a cycle


async def end_of(call: "Future[Any] | asyncio.Future[Any]") -> None:
    """Wait on asyncio for a call or a task, whatever cancels the waiting."""
    ended = asyncio.wrap_future(call)
    with anyio.CancelScope(shield=True):
        while not ended.done():
            try:
                await asyncio.wait((ended,))
            except asyncio.CancelledError:
                continue
    ended.exception()  # one never looked at would be logged


def run_to_end(fn: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an async function in an event loop of its own and give its result.

    Not `anyio.run`, which refuses a thread whose context was copied from an event loop's, as
    `asyncio.to_thread` does.
    """
    return asyncio.run(fn())


def loop_is_running() -> bool:
    """Tell whether this thread already runs an event loop, where `run_to_end` must not be called."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        return True
    try:
        anyio.get_current_task()
    except RuntimeError:
        return False
    return True


def is_cancel(error: BaseException) -> bool:
    """Tell whether an exception is the running backend's cancellation, or a group with one in it."""
    if isinstance(error, Exception):
        return False
    try:
        kind = anyio.get_cancelled_exc_class()
    except RuntimeError:  # no loop runs: a coroutine that is driven or closed by hand
        return False
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(kind) is not None
    return isinstance(error, kind)


def cancel_is_pending() -> bool:
    """Tell whether a scope around the caller, or a `Task.cancel()`, still wants it to end."""
    if anyio.current_effective_deadline() == -math.inf:
        return True
    try:
        task = asyncio.current_task()
    except RuntimeError:  # trio
        return False
    return task is not None and task.cancelling() > 0


def forget_cancels(task: "asyncio.Task[Any]") -> None:
    """Take back every `Task.cancel()` of a task, whose cancel has been dealt with."""
    while task.cancelling() > 0:
        task.uncancel()
