"""R5 and R8, and what R9 says of threads: cancellation passes through, and nothing is left behind."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from cano_dsl import Workflow, managed, state
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    MORE = 2
    DONE = 3


class Box:
    """A resource that notes its life; its teardown suspends, to be cut where it is not shielded."""

    def __init__(self, log: list[str], name: str = "box") -> None:
        self.log = log
        self.name = name

    async def setup(self) -> None:
        self.log.append(f"{self.name} up")

    async def teardown(self) -> None:
        await anyio.lowlevel.checkpoint()
        await anyio.sleep(0.001)
        self.log.append(f"{self.name} down")


def one(handler: Callable[..., Any], *, thread: bool = False) -> Workflow[Any, Any, Any, ...]:
    """Build two states, the second of which must never be reached by a cancelled run."""
    work = state(Job.WORK, to=(Job.MORE,), thread=thread)(handler)

    def more() -> Job:
        raise AssertionError("a handler was called after the cancel")

    return Workflow.build(Job, work, state(Job.MORE, to=(Job.DONE,))(more), start=Job.WORK, exits=(Job.DONE,))


async def _hang(box: Box) -> Job:
    await anyio.sleep(10)
    return Job.MORE


def test_cancel_scope_ends_the_run(run_async: Callable[..., Any]) -> None:
    """R5: a cancel scope around a run cuts the handler, is not wrapped, and teardown runs shielded."""
    log: list[str] = []

    async def main() -> bool:
        with anyio.move_on_after(0.005) as scope:
            await one(_hang).run(box=Box(log))
        return scope.cancelled_caught

    assert run_async(main)
    assert log == ["box up", "box down"]


def test_cancel_reaches_the_caller_as_itself(run_async: Callable[..., Any]) -> None:
    """R5: what passes through the run is the backend's own cancel, the very object."""
    seen: list[BaseException] = []

    async def work(box: Box) -> Job:
        try:
            await anyio.sleep(10)
        except BaseException as error:
            seen.append(error)
            raise
        return Job.MORE

    async def main() -> None:
        with anyio.move_on_after(0.005):
            try:
                await one(work).run(box=Box([]))
            except BaseException as error:
                seen.append(error)
                raise

    run_async(main)
    assert seen[0] is seen[1]


def test_native_task_cancel_ends_the_run() -> None:
    """R5: Task.cancel() cuts the handler, the task counts as cancelled, and teardown runs to its end."""
    log: list[str] = []

    async def main() -> None:
        task = asyncio.create_task(one(_hang).run(box=Box(log)))
        await asyncio.sleep(0.005)
        task.cancel("please")
        with pytest.raises(asyncio.CancelledError, match="please"):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert log == ["box up", "box down"]


def test_native_timeout_is_seen_as_timeout() -> None:
    """R5: asyncio.timeout around a run raises TimeoutError, and nothing of the cancel is left on the task."""
    log: list[str] = []

    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                await one(_hang).run(box=Box(log))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0
    assert log == ["box up", "box down"]


def test_scope_leaves_nothing_on_the_task() -> None:
    """R5: after a cancel scope around a run with resources, the asyncio task has no cancel pending."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Box]:
        async with anyio.create_task_group():
            yield Box([])

    async def main() -> int:
        with anyio.move_on_after(0.005):
            await one(_hang).run(box=managed(opened))
        await anyio.lowlevel.checkpoint()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_trio_cancel_scope_ends_the_run() -> None:
    """R5: trio's own cancel scopes end a run, which trio sees as cancelled."""
    log: list[str] = []

    async def main() -> bool:
        with trio.move_on_after(0.005) as scope:
            await one(_hang).run(box=Box(log))
        return scope.cancelled_caught

    assert trio.run(main)
    assert log == ["box up", "box down"]


def test_handler_that_raises_on_cancel_loses_the_cancel_as_in_python(run_async: Callable[..., Any]) -> None:
    """R5: an exception that a handler raises in answer to a cancel is its failure, with its own error."""
    from cano_dsl.errors import HandlerFailed

    async def work(box: Box) -> Job:
        try:
            await anyio.sleep(10)
        finally:
            raise ValueError("while cleaning up")
        return Job.MORE

    async def main() -> None:
        with anyio.move_on_after(0.005):
            await one(work).run(box=Box([]))

    with pytest.raises(HandlerFailed, match="while cleaning up"):
        run_async(main)


def test_cancel_is_seen_where_the_run_next_suspends(run_async: Callable[..., Any]) -> None:
    """R8: the engine adds no checkpoint: handlers that do not suspend run on in a cancelled scope."""
    calls = []

    def work() -> Job:
        calls.append("work")
        return Job.MORE

    async def more() -> Job:
        calls.append("more")
        await anyio.lowlevel.checkpoint()
        calls.append("never")
        return Job.DONE

    built = Workflow.build(
        Job,
        state(Job.WORK, to=(Job.MORE,))(work),
        state(Job.MORE, to=(Job.DONE,))(more),
        start=Job.WORK,
        exits=(Job.DONE,),
    )

    async def main() -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await built.run()
        return scope.cancelled_caught

    assert run_async(main)
    assert calls == ["work", "more"]


def test_cancel_twice_is_cancel_once() -> None:
    """R8: a second Task.cancel() in the handler's own cleanup ends the run as one cancel, teardown once."""
    log: list[str] = []
    cleaning = asyncio.Event()

    async def work(box: Box) -> Job:
        try:
            await asyncio.sleep(10)
        finally:
            cleaning.set()
            await asyncio.sleep(10)
        return Job.MORE

    async def main() -> None:
        task = asyncio.create_task(one(work).run(box=Box(log)))
        await asyncio.sleep(0)
        task.cancel()
        await cleaning.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["box up", "box down"]


def test_thread_is_waited_for_on_scope_cancel(run_async: Callable[..., Any]) -> None:
    """R9: a handler in a thread is always waited for, before teardown; the cancel is honoured after it."""
    log: list[str] = []
    begun = threading.Event()

    def work(box: Box) -> Job:
        begun.set()
        threading.Event().wait(0.03)
        log.append("thread ended")
        return Job.MORE

    # The next handler must not be called, so it suspends first: a plain one would run on, as R8 says.
    async def more() -> Job:
        await anyio.lowlevel.checkpoint()
        raise AssertionError

    built = Workflow.build(
        Job,
        state(Job.WORK, to=(Job.MORE,), thread=True)(work),
        state(Job.MORE, to=(Job.DONE,))(more),
        start=Job.WORK,
        exits=(Job.DONE,),
    )

    async def main() -> bool:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: built.run(box=Box(log)))
                await anyio.to_thread.run_sync(begun.wait)
                scope.cancel()
        return scope.cancelled_caught

    run_async(main)
    assert log == ["box up", "thread ended", "box down"]


@pytest.mark.parametrize("cancels", [1, 2, 5])
@pytest.mark.parametrize("fails", [False, True])
def test_thread_is_waited_for_on_task_cancel(cancels: int, fails: bool) -> None:
    """R9: however often Task.cancel() comes, the thread is waited for; then the cancel is raised, not lost."""
    log: list[str] = []
    begun = threading.Event()

    def work(box: Box) -> Job:
        begun.set()
        threading.Event().wait(0.02)
        log.append("thread ended")
        if fails:
            raise ValueError
        return Job.MORE

    async def main() -> None:
        task = asyncio.create_task(one(work, thread=True).run(box=Box(log)))
        await asyncio.to_thread(begun.wait)
        for _ in range(cancels):
            task.cancel("stop")
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError, match="stop"):
            await task

    asyncio.run(main())
    assert log == ["box up", "thread ended", "box down"]


def test_thread_is_waited_for_when_the_loop_shuts_down() -> None:
    """R9: a loop that ends cancels every task it knows, and still waits for the thread before teardown."""
    log: list[str] = []
    begun = threading.Event()

    def work(box: Box) -> Job:
        begun.set()
        threading.Event().wait(0.02)
        log.append("thread ended")
        return Job.MORE

    async def main() -> None:
        task = asyncio.create_task(one(work, thread=True).run(box=Box(log)))
        await asyncio.to_thread(begun.wait)
        assert not task.done()

    asyncio.run(main())
    assert log == ["box up", "thread ended", "box down"]


def test_exit_of_the_process_in_a_thread_wins_over_a_cancel() -> None:
    """R5: a KeyboardInterrupt raised in a thread is not hidden by a cancel that came meanwhile."""
    begun = threading.Event()

    def work(box: Box) -> Job:
        begun.set()
        threading.Event().wait(0.01)
        raise KeyboardInterrupt

    async def main() -> None:
        async def guarded() -> str:
            try:
                await one(work, thread=True).run(box=Box([]))
            except BaseException as error:
                return type(error).__name__
            return "nothing"

        task = asyncio.create_task(guarded())
        await asyncio.to_thread(begun.wait)
        task.cancel()
        assert await task == "KeyboardInterrupt"

    asyncio.run(main())


def test_loop_of_threads_can_be_cancelled(run_async: Callable[..., Any]) -> None:
    """R8: a run suspends where it calls into a thread, so a cycle of such handlers sees the cancel."""
    calls = []

    def work() -> Job:
        calls.append(1)
        return Job.WORK if len(calls) < 5000 else Job.DONE

    part = state(Job.WORK, to=(Job.WORK, Job.MORE, Job.DONE), thread=True)(work)
    more = state(Job.MORE, to=(Job.DONE,))(lambda: Job.DONE)
    built = Workflow.build(Job, part, more, start=Job.WORK, exits=(Job.DONE,))

    async def main() -> bool:
        with anyio.move_on_after(0.01) as scope:
            await built.run()
        return scope.cancelled_caught

    assert run_async(main)
    assert len(calls) < 5000


@pytest.mark.parametrize("native", [False, True])
def test_call_that_waits_for_a_free_thread_can_be_cancelled(native: bool) -> None:
    """R8: a handler that still waits for a thread has not begun: a cancel ends the run without calling it."""
    release = threading.Event()
    called = []

    def work() -> Job:
        called.append(1)
        return Job.MORE

    async def main() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, release.wait)
            await anyio.sleep(0.005)
            if native:
                task = asyncio.create_task(one(work, thread=True).run())
                await asyncio.sleep(0.005)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with anyio.move_on_after(0.005) as scope:
                    await one(work, thread=True).run()
                assert scope.cancelled_caught
            release.set()

    anyio.run(main, backend="asyncio")
    assert called == []


def test_thread_sees_the_callers_context(run_async: Callable[..., Any]) -> None:
    """A handler in a thread sees the context variables of the run, and may call back into the loop."""
    from contextvars import ContextVar

    from anyio import from_thread

    who: ContextVar[str] = ContextVar("who")
    seen = []

    async def back() -> None:
        seen.append("back")

    def work() -> Job:
        seen.append(who.get())
        seen.append(threading.current_thread() is threading.main_thread())
        from_thread.run(back)
        return Job.DONE

    part = state(Job.WORK, to=(Job.DONE, Job.MORE), thread=True)(work)
    more = state(Job.MORE, to=(Job.DONE,))(lambda: Job.DONE)
    built = Workflow.build(Job, part, more, start=Job.WORK, exits=(Job.DONE,))

    async def main() -> Any:
        who.set("me")
        return await built.run()

    assert run_async(main) is Job.DONE
    assert seen == ["me", False, "back"]


@pytest.mark.parametrize("managed_too", [False, True])
def test_cancel_during_setup(managed_too: bool, run_async: Callable[..., Any]) -> None:
    """S2: a cancel in the middle of a setup tears down what was set up before, and passes on."""
    log: list[str] = []

    class Slow(Box):
        async def setup(self) -> None:
            await anyio.sleep(10)

    @asynccontextmanager
    async def slow() -> AsyncIterator[Box]:
        try:
            await anyio.sleep(10)
            yield Box([])
        finally:
            log.append("manager left")

    def work(first: Any, second: Any) -> Job:
        raise AssertionError

    async def main() -> bool:
        second: Any = managed(slow) if managed_too else Slow(log, "slow")
        with anyio.move_on_after(0.005) as scope:
            await one(work).run(first=Box(log, "first"), second=second)
        return scope.cancelled_caught

    assert run_async(main)
    assert log == ["first up", *(["manager left"] if managed_too else []), "first down"]


def test_second_task_cancel_cuts_one_teardown_and_the_others_run() -> None:
    """S2: Task.cancel() during a teardown cuts that one; the others still run, and the cancel goes on."""
    log: list[str] = []
    begun = asyncio.Event()

    class Slow(Box):
        async def teardown(self) -> None:
            self.log.append("slow begins")
            begun.set()
            await asyncio.sleep(10)

    async def work(first: Box, second: Box, third: Box) -> Job:
        await asyncio.sleep(10)
        return Job.MORE

    async def main() -> None:
        boxes = {"first": Box(log, "first"), "second": Slow(log, "slow"), "third": Box(log, "third")}
        task = asyncio.create_task(one(work).run(**boxes))
        await asyncio.sleep(0.005)
        task.cancel()
        await begun.wait()
        task.cancel("again")
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["first up", "slow up", "third up", "third down", "slow begins", "first down"]


def test_scope_does_not_cut_a_teardown(run_async: Callable[..., Any]) -> None:
    """S2: a teardown after success is shielded: the scope around the run is seen when it is over."""
    log: list[str] = []

    class Slow(Box):
        async def teardown(self) -> None:
            await anyio.sleep(0.02)
            log.append("slow down")

    part = state(Job.WORK, to=(Job.DONE, Job.MORE))(lambda box: Job.DONE)
    more = state(Job.MORE, to=(Job.DONE,))(lambda: Job.DONE)
    built = Workflow.build(Job, part, more, start=Job.WORK, exits=(Job.DONE,))

    async def main() -> Any:
        with anyio.move_on_after(0.005):
            return await built.run(box=Slow(log, "slow"))

    assert run_async(main) is Job.DONE
    assert log == ["slow up", "slow down"]


def test_observers_see_a_cancel(run_async: Callable[..., Any]) -> None:
    """O1: a cancelled run is observed as cancelled, then finished with the cancel as error."""
    recorder = Recorder()
    watched = one(_hang).configure(observers=[recorder])

    async def main() -> type[BaseException]:
        with anyio.move_on_after(0.005):
            await watched.run(box=Box([]))
        return anyio.get_cancelled_exc_class()

    kind = run_async(main)
    assert recorder.names() == [
        "run_started",
        "state_entered",
        "attempt_started",
        "cancelled",
        "run_finished",
    ]
    assert isinstance(recorder.events[-1].details["error"], kind)


def test_observers_see_a_cancel_within_a_group() -> None:
    """O1: where the handler's own nursery gives the cancel as a group, the run still counts as cancelled."""
    recorder = Recorder()

    async def work() -> Job:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 10)
            await trio.sleep(10)
        return Job.MORE

    async def main() -> bool:
        with trio.move_on_after(0.005) as scope:
            await one(work).configure(observers=[recorder]).run()
        return scope.cancelled_caught

    assert trio.run(main)
    assert recorder.names()[-2:] == ["cancelled", "run_finished"]


def test_cancelled_future_ends_the_run_as_cancelled() -> None:
    """R5: a CancelledError that a handler gets from something cancelled is neither wrapped nor swallowed."""

    async def work() -> Job:
        future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await one(work).run()

    asyncio.run(main())
