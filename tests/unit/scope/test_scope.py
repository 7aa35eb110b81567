"""Waiting, threads and guards, on both backends."""

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from cano_dsl.scope import (
    SYSTEM_CLOCK,
    cancel_is_pending,
    in_thread,
    is_cancel,
    loop_is_running,
    run_to_end,
    work_of_threads,
)
from cano_dsl.scope._task import _perform


def test_in_thread_gives_the_result(run_async: Callable[..., Any]) -> None:
    """A call in a thread gives its result, and runs beside the loop."""

    async def main() -> Any:
        return await in_thread(
            lambda a, b: (a, b, threading.current_thread() is threading.main_thread()), 1, 2
        )

    assert run_async(main) == (1, 2, False)


@pytest.mark.parametrize(
    "error", [ValueError(), StopIteration(), asyncio.CancelledError(), SystemExit(2)], ids=repr
)
def test_in_thread_raises_what_the_call_raises(error: BaseException, run_async: Callable[..., Any]) -> None:
    """A call in a thread raises what it raises, in the caller's own task."""

    def fails() -> None:
        raise error

    async def main() -> bool:
        try:
            await in_thread(fails)
        except BaseException as raised:
            return raised is error or raised.__cause__ is error
        return False

    assert run_async(main)


def test_error_of_a_call_lives_no_longer_than_it_is_wanted() -> None:
    """An error that a thread raised is in no cycle of frames, which would keep all that they hold alive."""

    class Lost(Exception):
        pass

    def fails() -> None:
        raise Lost

    async def main() -> weakref.ref[Lost] | None:
        seen = None
        try:
            await in_thread(fails)
        except Lost as error:
            seen = weakref.ref(error)
        await in_thread(int)  # a worker keeps its last call until the next
        return seen

    gc.collect()
    gc.disable()
    try:
        seen = anyio.run(main)
        assert seen is not None
        assert seen() is None
    finally:
        gc.enable()


def test_call_that_was_cancelled_is_not_begun() -> None:
    """A call that is cancelled between being handed to a thread and the thread's taking it up never begins."""
    call: Future[None] = Future()
    assert call.cancel()
    _perform(call, lambda: pytest.fail("it began"), ())


@pytest.mark.parametrize("end", ["result", "error", "cancel"])
def test_calls_in_threads_are_counted(end: str, run_async: Callable[..., Any]) -> None:
    """While calls are in threads the loop's thread knows how many, and tells whoever watches when none is left."""
    told: list[int] = []

    def work(gate: threading.Event) -> None:
        gate.wait(5)
        if end == "error":
            raise ValueError

    async def call(gate: threading.Event) -> None:
        with contextlib.suppress(ValueError):
            await in_thread(work, gate)

    async def main() -> None:
        work = work_of_threads()
        work.watchers = (lambda: told.append(work.calls),)
        gates = threading.Event(), threading.Event()
        try:
            async with anyio.create_task_group() as group:
                for gate in gates:
                    group.start_soon(call, gate)
                await anyio.sleep(0.01)
                assert work.calls == 2
                if end == "cancel":
                    group.cancel_scope.cancel()
                gates[0].set()
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.01)
                assert work.calls == 1
                assert told == []
                gates[1].set()
        finally:
            work.watchers = ()
        assert work.calls == 0

    run_async(main)
    assert told == [0]


def test_calls_of_other_threads_do_not_count(run_async: Callable[..., Any]) -> None:
    """Each thread that runs a loop counts the calls of its own."""

    async def main() -> tuple[int, int]:
        return work_of_threads().calls, await in_thread(lambda: work_of_threads().calls)

    assert run_async(main) == (0, 0)


def test_is_cancel(run_async: Callable[..., Any]) -> None:
    """Only the running backend's cancel, or a group that holds one, is a cancel."""
    seen: list[bool] = []

    async def main() -> None:
        kind = anyio.get_cancelled_exc_class()
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await anyio.lowlevel.checkpoint()
            except kind as cancel:
                group = BaseExceptionGroup("both", [cancel, ValueError()])
                seen.extend([is_cancel(cancel), is_cancel(group), cancel_is_pending()])
                raise
        assert seen == [True] * 3
        assert not cancel_is_pending()
        assert not is_cancel(ValueError())
        assert not is_cancel(KeyboardInterrupt())
        assert not is_cancel(BaseExceptionGroup("g", [KeyboardInterrupt()]))

    run_async(main)


def test_is_cancel_without_a_loop() -> None:
    """Without a loop nothing is a cancel, and nothing is asked of one."""
    assert not is_cancel(asyncio.CancelledError())
    assert not is_cancel(GeneratorExit())
    assert not is_cancel(ValueError())


def test_loop_is_running(run_async: Callable[..., Any]) -> None:
    """A thread knows whether it runs a loop."""

    async def main() -> tuple[bool, bool]:
        return loop_is_running(), await anyio.to_thread.run_sync(loop_is_running)

    assert run_async(main) == (True, False)
    assert not loop_is_running()


def test_run_to_end() -> None:
    """An async function runs to its end in a loop of its own, where anyio works."""

    async def main() -> int:
        await anyio.lowlevel.checkpoint()
        return 5

    assert run_to_end(main) == 5


def test_clock(run_async: Callable[..., Any]) -> None:
    """The system clock is the running loop's."""

    async def main() -> float:
        before = anyio.current_time()
        await anyio.sleep(0.01)
        return SYSTEM_CLOCK.monotonic() - before

    assert 0.01 <= run_async(main) < 5


def test_guard_shields_late(run_async: Callable[..., Any]) -> None:
    """A guard lets cancels through until it protects, and holds them off afterwards."""
    log: list[str] = []

    async def main() -> None:
        with anyio.CancelScope() as scope, SYSTEM_CLOCK.guard() as guard:
            scope.cancel()
            try:
                await anyio.lowlevel.checkpoint()
            finally:
                log.append("seen")
                guard.protect(5)
                await anyio.sleep(0.001)
                log.append("held off")
        assert scope.cancelled_caught
        assert not guard.cut

    run_async(main)
    assert log == ["seen", "held off"]


def test_guard_cuts(run_async: Callable[..., Any]) -> None:
    """A guard that protects cuts what is inside when the time is over."""

    async def main() -> bool:
        with SYSTEM_CLOCK.guard() as guard:
            guard.protect(0.005)
            await anyio.sleep(10)
        return guard.cut

    assert run_async(main)


def test_cancel_is_pending_after_a_task_cancel() -> None:
    """A Task.cancel() that nobody has taken back is pending."""
    seen = []

    async def work() -> None:
        seen.append(cancel_is_pending())
        try:
            await asyncio.sleep(10)
        finally:
            seen.append(cancel_is_pending())

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == [False, True]


def test_trio_needs_no_asyncio() -> None:
    """On trio a scope without a cancel is not pending."""

    async def main() -> bool:
        return cancel_is_pending()

    assert not trio.run(main)
