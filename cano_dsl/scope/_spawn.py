"""Tasks of the loop's own, which no scope of the caller reaches, and contexts of one's own within a task."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextlib import suppress
from contextvars import copy_context
from typing import Any


class InContext:
    """Awaits a coroutine in a copy of the context, as a task of its own would: no branch sees another's."""

    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        run = copy_context().run
        step: Callable[[Any], Any] = self._work.send
        given: Any = None
        try:
            while True:
                try:
                    wanted = run(step, given)
                except StopIteration as ended:
                    return ended.value
                try:
                    step, given = self._work.send, (yield wanted)
                except BaseException as error:  # noqa: BLE001 - the coroutine's to handle
                    step, given = self._work.throw, error
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
    """Give what starts a task that no scope of the caller reaches."""
    with suppress(RuntimeError):
        task = asyncio.current_task()
        if task is not None:
            return task.get_loop().create_task
    import trio

    return lambda work: trio.lowlevel.spawn_system_task(_given, work, context=copy_context())


async def _given(work: Coroutine[Any, Any, None]) -> None:
    await work
