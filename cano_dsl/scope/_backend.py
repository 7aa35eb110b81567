"""The backend at hand, asked cheaply: on asyncio anyio's own answers cost more than what is then done."""

import asyncio
import math
from collections.abc import Callable

import anyio

_known: list[type[anyio.CancelScope]] = []  # the class of a scope on asyncio, once there has been one


def asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """Give the loop whose task is the caller; None in a task of trio, also where its host is asyncio."""
    try:
        return asyncio.get_running_loop() if asyncio.current_task() is not None else None
    except RuntimeError:
        return None


def new_scope(seconds: float = math.inf, *, shield: bool = False) -> anyio.CancelScope:
    """Make a scope of the backend's own class, which ends after some seconds."""
    loop = asyncio_loop()
    if loop is None:
        return anyio.CancelScope(deadline=anyio.current_time() + seconds, shield=shield)
    if not _known:
        _known.append(type(anyio.CancelScope()))
    return _known[0](deadline=loop.time() + seconds, shield=shield)


def current_task() -> object:
    """Give something that is equal within one task, and differs between two that live at once."""
    try:
        task: object = asyncio.current_task()
    except RuntimeError:
        task = None
    return task if task is not None else anyio.get_current_task()


def current_time() -> float:
    """Give the time by which the deadlines of scopes are set."""
    loop = asyncio_loop()
    return loop.time() if loop is not None else anyio.current_time()


def loop_mark() -> int:
    """Give a number that tells loops apart that run at once."""
    loop = asyncio_loop()
    if loop is not None:
        return id(loop)
    import trio

    return id(trio.lowlevel.current_trio_token())


def loop_timer() -> Callable[[], float]:
    """Give what tells the time of the running loop in any thread, and at once."""
    loop = asyncio_loop()
    if loop is not None:
        return loop.time
    import trio

    return trio.lowlevel.current_clock().current_time
