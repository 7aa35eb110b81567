"""Tasks are made as the loop makes them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cano_dsl.scope._spawn import spawner


class OwnLoop(asyncio.SelectorEventLoop):
    """A loop that makes its tasks itself."""

    made = 0

    def create_task(self, *args: Any, **kwargs: Any) -> Any:
        type(self).made += 1
        return super().create_task(*args, **kwargs)


def with_factory() -> tuple[asyncio.AbstractEventLoop, Callable[[], int]]:
    """Make a loop whose tasks a factory makes."""
    loop = asyncio.new_event_loop()
    made = []

    def factory(loop: Any, work: Any, **kwargs: Any) -> asyncio.Task[Any]:
        made.append(work)
        return asyncio.Task(work, loop=loop, **kwargs)

    loop.set_task_factory(factory)
    return loop, lambda: len(made)


def with_method() -> tuple[asyncio.AbstractEventLoop, Callable[[], int]]:
    """Make a loop that overrides how tasks are made."""
    OwnLoop.made = 0
    return OwnLoop(), lambda: OwnLoop.made


@pytest.mark.parametrize("make", [with_factory, with_method])
def test_the_loop_makes_the_tasks(make: Callable[[], Any]) -> None:
    """A loop's task factory, and a method of its own, are used for branches too."""
    loop, count = make()

    async def work() -> None: ...

    async def main() -> int:
        before = count()
        task: Any = spawner()(work())
        await task
        return int(count() - before)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(main()) == 1


def test_bare_tasks() -> None:
    """Without either a branch is a task as `create_task` makes it."""

    async def main() -> None:
        task: Any = spawner()(asyncio.sleep(0, 3))
        assert type(task) is asyncio.Task
        assert task in asyncio.all_tasks()
        assert await task == 3

    asyncio.run(main())
