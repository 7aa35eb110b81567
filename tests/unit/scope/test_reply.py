"""Answers from threads: always waited for, and many with one wake-up."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cano_dsl.scope import Reply, wake


def answer(replies: list[Reply[Any]], *, after: float = 0.0, error: BaseException | None = None) -> None:
    """Answer from another thread, each with its place."""

    def work() -> None:
        for place, reply in enumerate(replies):
            reply.value, reply.error = place, error
        wake(replies)

    threading.Timer(after, work).start()


@pytest.mark.parametrize("after", [0.0, 0.02])
def test_answer_reaches_the_task(after: float, run_async: Callable[..., Any]) -> None:
    """A task gets the value that a thread gave, or the error that it gave in its place."""
    error = ValueError("no")

    async def main() -> Any:
        good: Reply[int] = Reply()
        answer([good], after=after)
        bad: Reply[int] = Reply()
        answer([bad], after=after, error=error)
        value = await good.wait()
        with pytest.raises(ValueError, match="no") as caught:
            await bad.wait()
        return value, caught.value is error

    assert run_async(main) == (0, True)


def test_many_answers_need_one_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tasks of a loop wait, their answers wake it once."""

    async def main() -> int:
        loop = asyncio.get_running_loop()
        calls: list[object] = []
        inner = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *args: (calls.append(args), inner(*args)))
        replies: list[Reply[int]] = []

        async def one() -> int:
            reply: Reply[int] = Reply()
            replies.append(reply)
            return await reply.wait()

        tasks = [asyncio.create_task(one()) for _ in range(50)]
        await asyncio.sleep(0)
        answer(replies)
        assert await asyncio.gather(*tasks) == list(range(50))
        return len(calls)

    assert asyncio.run(main()) == 1


def test_many_tasks_are_woken(run_async: Callable[..., Any]) -> None:
    """Each of many tasks gets its own answer."""
    got: list[int] = []

    async def main() -> None:
        replies: list[Reply[int]] = []

        async def one() -> None:
            reply: Reply[int] = Reply()
            replies.append(reply)
            got.append(await reply.wait() - replies.index(reply))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
            await anyio.sleep(0.01)
            answer(replies)

    run_async(main)
    assert got == [0] * 20


def test_scope_cancel_waits_for_the_answer(run_async: Callable[..., Any]) -> None:
    """A cancel of a scope is raised once the answer is there, not before."""
    seen: list[str] = []

    async def main() -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            reply: Reply[int] = Reply()
            answer([reply], after=0.03)
            try:
                await reply.wait()
            finally:
                seen.append(f"answered {reply.value}")
        return scope.cancelled_caught

    assert run_async(main)
    assert seen == ["answered 0"]


def test_error_goes_before_a_cancel(run_async: Callable[..., Any]) -> None:
    """Where what was asked for was refused, the refusal is raised and not the cancel, which stays pending."""

    async def main() -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            reply: Reply[int] = Reply()
            answer([reply], after=0.01, error=ValueError("refused"))
            with pytest.raises(ValueError, match="refused"):
                await reply.wait()
            await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught

    assert run_async(main)


@pytest.mark.parametrize("cancels", [1, 3])
def test_task_cancel_waits_for_the_answer(cancels: int) -> None:
    """However often Task.cancel() comes, the answer is waited for, and the first cancel is raised."""

    async def main() -> None:
        made: list[Reply[int]] = []

        async def one() -> None:
            made.append(Reply())
            await made[0].wait()

        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        for number in range(cancels):
            task.cancel(f"stop {number}")
            await asyncio.sleep(0.002)
        assert not task.done()
        answer(made)
        with pytest.raises(asyncio.CancelledError, match="stop 0"):
            await task

    asyncio.run(main())


def test_loops_that_have_ended_are_past_waiting(run_async: Callable[..., Any]) -> None:
    """An answer for a loop that has ended is dropped, and those for others still arrive."""

    async def make() -> Reply[int]:
        return Reply()

    old = run_async(make)

    async def main() -> int:
        reply: Reply[int] = Reply()
        answer([old, reply])
        return await reply.wait()

    assert run_async(main) == 1
