"""Tasks of the loop's own, which no scope of the caller reaches, and contexts of one's own within a task."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextvars import copy_context
from functools import partial
from types import CoroutineType
from typing import Any


class InContext:
    """Awaits what a call gives in a context of its own, as a task would: no branch sees what another sets."""

    __slots__ = ("_argument", "_fn")

    def __init__(self, fn: Callable[[int], Awaitable[Any]], argument: int) -> None:
        self._fn = fn
        self._argument = argument

    def __await__(self) -> Generator[Any, Any, Any]:
        run = copy_context().run
        found = run(self._fn, self._argument)
        work = found if isinstance(found, CoroutineType) else _given(found)
        step: Callable[[Any], Any] = work.send
        given: Any = None
        try:
            while True:
                try:
                    wanted = run(step, given)
                except StopIteration as ended:
                    return ended.value
                try:
                    step, given = work.send, (yield wanted)
                except BaseException as error:  # noqa: BLE001 - the coroutine's to handle
                    step, given = work.throw, error
        finally:
            del step, given  # with its traceback it would be a cycle


_kept: set[Any] = set()


def keep(tasks: Iterable[Any]) -> None:
    """Hold tasks that refuse to end: asyncio itself holds none."""
    for task in tasks:
        if isinstance(task, asyncio.Task) and not task.done():
            _kept.add(task)
            task.add_done_callback(_kept.discard)


def spawner() -> Callable[[Coroutine[Any, Any, None]], object]:
    """Give what starts tasks that no scope of the caller reaches; they begin in the order given."""
    task = asyncio_task()
    if task is not None:
        loop = task.get_loop()
        if type(loop).create_task is asyncio.BaseEventLoop.create_task and loop.get_task_factory() is None:
            return partial(asyncio.Task, loop=loop)  # what that method does, without its call
        return loop.create_task
    import trio

    waiting: deque[Coroutine[Any, Any, None]] = deque()

    async def first_waiting() -> None:  # trio begins new tasks in any order
        await waiting.popleft()

    def spawn(work: Coroutine[Any, Any, None]) -> object:
        waiting.append(work)
        return trio.lowlevel.spawn_system_task(first_waiting, context=copy_context())

    return spawn


async def _given(work: Awaitable[Any]) -> Any:
    return await work


def asyncio_task() -> "asyncio.Task[Any] | None":
    """Give the calling task; None on trio."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
