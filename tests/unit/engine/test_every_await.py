"""R5, R8, R9 and R10 at every await point of a run with every feature: never a swallowed cancel, nothing left.

An uninterrupted run counts the points at which it, or anything that it calls, suspends; then one run for each
point is cancelled just there.
"""

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest
import trio
import trio.testing

from cano_dsl import Failure, Join, Observer, Retry, Run, Workflow, compensate, router, split, state
from cano_dsl.errors import Cancelled, CircuitOpen, RunTimeout

LIMIT_S = 20.0  # the total timeout where there is one; the run itself takes half of it


class Job(Enum):
    LIMITED = 1
    RETRIED = 2
    BROKEN = 3
    SORRY = 4
    ROUTE = 5
    FIRST = 6
    FAN = 7
    THREAD = 8
    SECOND = 9
    LAST = 10
    DONE = 11


class Points:
    """The points at which something suspended; at one of them something is done."""

    def __init__(self) -> None:
        self.count = 0
        self.at: int | None = None
        self.act: Callable[[], Any] = lambda: None

    def passed(self) -> None:
        """Count one."""
        self.count += 1
        if self.count == self.at:
            self.act()

    def within(self, work: Coroutine[Any, Any, Any]) -> Awaitable[Any]:
        """Give the same work, which counts wherever it suspends."""
        return Counted(self, work)


class Counted:
    """Awaits a coroutine, and counts wherever it suspends."""

    def __init__(self, points: Points, work: Coroutine[Any, Any, Any]) -> None:
        self.points = points
        self.work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        step, given = self.work.send, None
        try:
            while True:
                try:
                    wanted = step(given)
                except StopIteration as ended:
                    return ended.value
                self.points.passed()
                try:
                    step, given = self.work.send, (yield wanted)
                except BaseException as error:
                    step, given = self.work.throw, error  # type: ignore[assignment]
        finally:
            del step, given


class World:
    """What one run touches: a resource, a breaker, a limiter, and an account of what began and ended."""

    name = "world"
    wait_s = 1.0

    def __init__(self, points: Points, fatal: tuple[str, type[BaseException]] | None = None) -> None:
        self.points = points
        self.fatal = fatal
        self.open: list[str] = []  # what has begun and not ended
        self.did: list[str] = []
        self.undone: list[str] = []
        self.called: list[str] = []
        self.tickets = 0

    def call(self, what: str) -> None:
        """Note the call of a user's function, and raise there what ends the process if that is wanted."""
        self.called.append(what)
        if self.fatal is not None and self.fatal[0] == what:
            raise self.fatal[1]

    async def busy(self, what: str, seconds: float) -> None:
        """Be at something for a while."""
        self.call(what)
        self.open.append(what)
        try:
            await self.points.within(self._sleep(seconds))
        finally:
            self.open.remove(what)

    async def _sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / 2)
        await anyio.lowlevel.checkpoint()
        await anyio.sleep(seconds / 2)

    async def setup(self) -> None:
        """Take a moment."""
        await self.busy("setup", 0.5)
        self.open.append("resource")

    async def teardown(self) -> None:
        """Take a moment."""
        self.open.remove("resource")
        await self.busy("teardown", 0.5)

    def reserve(self, now: float, most_s: float) -> "World":
        """Make a call wait."""
        self.open.append("room")
        return self

    def give_back(self) -> None:
        """Take back the room."""
        self.open.remove("room")

    def admit(self, now: float) -> int:
        """Let the first call through and no other."""
        self.tickets += 1
        if self.tickets > 1:
            raise CircuitOpen(breaker="world", failures=1, retry_after_s=60.0)
        self.open.append("ticket")
        return 1

    def succeeded(self, ticket: int, now: float) -> None:
        """Take back the ticket."""
        self.open.remove("ticket")

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Take back the ticket."""
        self.open.remove("ticket")

    def dropped(self, ticket: int, now: float) -> None:
        """Take back the ticket."""
        self.open.remove("ticket")


def everything(world: World, *, thread: bool = True) -> list[Any]:
    """Make the handlers of the workflow with every feature."""

    @state(Job.LIMITED, limiter=world)
    async def limited(world: World) -> Literal[Job.RETRIED]:
        world.give_back()
        await world.busy("limited", 1)
        return Job.RETRIED

    def again(error: Exception) -> bool:
        world.call("retry_on")
        return True

    @state(Job.RETRIED, retry=Retry.fixed(3, 1, retry_on=again), timeout=5)
    async def retried(world: World, run: Run) -> Literal[Job.BROKEN]:
        await world.busy("retried", 0.5)
        if run.attempt < 3:
            raise ValueError
        return Job.BROKEN

    @state(Job.BROKEN, breaker=world, retry=Retry.fixed(5, 0.5), on_error={CircuitOpen: Job.SORRY})
    async def broken(world: World) -> Literal[Job.DONE]:
        await world.busy("broken", 0.5)
        raise ValueError

    @state(Job.SORRY)
    def sorry(world: World, failure: Failure) -> Literal[Job.ROUTE]:
        world.call("sorry")
        return Job.ROUTE

    @router(Job.ROUTE)
    async def route(world: World) -> Literal[Job.FIRST]:
        await world.busy("route", 0.1)
        return Job.FIRST

    @state(Job.FIRST, timeout=5, retry=Retry.fixed(2, 0.5))
    async def first(world: World, run: Run) -> tuple[Literal[Job.FAN], str]:
        await world.busy("first", 0.5)
        if run.attempt < 2:
            raise ValueError
        world.did.append("first")
        return Job.FAN, "first"

    async def undo(output: str, world: World) -> None:
        await world.busy("undo", 0.5)
        world.undone.append(output)

    def items(world: World) -> tuple[int, ...]:
        world.call("items")
        return (1, 2, 3)

    @split(
        Job.FAN, over=items, join=Join.quorum(2), to=Job.THREAD, retry=Retry.fixed(2, 0.2), attempt_timeout=5
    )
    async def fan(item: int, world: World, run: Run) -> int:
        await world.busy(f"branch {item}", 0.1 * item if item < 3 else 50)
        if run.attempt < item:
            raise ValueError
        return item

    def in_thread(world: World) -> Literal[Job.SECOND]:
        world.call("thread")
        return Job.SECOND

    @state(Job.SECOND)
    def second(world: World) -> tuple[Literal[Job.LAST], str]:
        world.call("second")
        world.did.append("second")
        return Job.LAST, "second"

    def plain_undo(output: str, world: World) -> None:
        world.call("plain undo")
        world.undone.append(output)

    @state(Job.LAST)
    async def last(world: World) -> Literal[Job.DONE]:
        await world.busy("last", 0.5)
        world.called.append("exit")
        return Job.DONE

    made: list[Any] = [limited, retried, broken, sorry, route, first, compensate(first)(undo), fan, second]
    made.append(state(Job.THREAD, thread=thread)(in_thread))
    return [*made, compensate(second)(plain_undo), last]


class Nothing(Observer):
    """Observes every attempt, so that what tells observers stands around each call too."""

    def attempt_started(self, run: Run, state: Enum, attempt: int) -> None:
        """See it."""

    def branch_finished(self, run: Run, state: Enum, branch: Any, error: BaseException | None) -> None:
        """See it."""


def build(world: World, *, observed: bool, thread: bool = True, timeout: float | None = None) -> Any:
    """Build the workflow with every feature."""
    parts = everything(world, thread=thread)
    flow = Workflow.build(Job, *parts, start=Job.LIMITED, exits=(Job.DONE,), timeout=timeout)
    return flow.configure(observers=[Nothing()]) if observed else flow


async def by_scope(flow: Any, world: World, points: Points) -> str:
    """Run in a scope that is cancelled; no cancel is swallowed if the scope caught one in the end."""
    with anyio.CancelScope() as scope:
        points.act = scope.cancel
        end = await points.within(flow.run(world=world))
        assert end is Job.DONE
        if points.at is None:
            return "done"
        await anyio.sleep(1)  # here at the latest, where the run had no await left
        return "swallowed"
    assert scope.cancelled_caught
    return "cancelled"


async def by_task(flow: Any, world: World, points: Points) -> str:
    """Run in a task that is cancelled natively."""

    async def run() -> None:
        end = await points.within(flow.run(world=world))
        assert end is Job.DONE
        if points.at is not None:
            await asyncio.sleep(1)

    task = asyncio.create_task(run())
    points.act = task.cancel
    await asyncio.wait((task,))
    if task.cancelled():
        return "cancelled"
    task.result()
    return "done" if points.at is None else "swallowed"


async def by_handle(flow: Any, world: World, points: Points) -> str:
    """Launch a run whose handle is told to cancel it."""
    async with flow.bind(world=world) as runner:
        execute = runner._execute
        runner._execute = lambda *given: points.within(execute(*given))
        handle = runner.launch()
        points.act = handle.cancel
        try:
            assert await handle.wait() is Job.DONE
        except Cancelled:
            assert handle.is_done
            return "cancelled"
        return "done"


async def by_timeout(flow: Any, world: World, points: Points) -> str:
    """Run with a total timeout, past which the clock jumps."""
    points.act = _jump
    try:
        assert await points.within(flow.run(world=world)) is Job.DONE
    except RunTimeout as error:
        return "unknown" if error.is_unknown or error.elapsed_s < LIMIT_S else "cancelled"
    return "done"


def _jump() -> None:
    try:
        loop: Any = asyncio.get_running_loop()
    except RuntimeError:
        clock: Any = trio.lowlevel.current_clock()
        clock.jump(LIMIT_S)
    else:
        loop.now += LIMIT_S


MANNERS = {"scope": by_scope, "task": by_task, "handle": by_handle, "timeout": by_timeout}


async def attempt(manner: str, at: int | None, *, observed: bool = False) -> tuple[str, World, int]:
    """Run once, cancelled at one point; check what holds whatever happens."""
    points = Points()
    world = World(points)
    points.at = at
    # A thread takes no virtual time: while it works, the clock jumps to the next timer, the timeout's.
    is_timed = manner == "timeout"
    flow = build(world, observed=observed, thread=not is_timed, timeout=LIMIT_S if is_timed else None)
    end = await MANNERS[manner](flow, world, points)
    assert world.open == [], f"left open when {manner} came at point {at}"
    if end == "cancelled" and "exit" not in world.called:
        assert world.undone == world.did[::-1], f"{manner} at point {at}"
    else:
        assert world.undone == [], f"{manner} at point {at}"
        assert "exit" in world.called
    assert world.called.count("undo") == world.undone.count("first")
    return end, world, points.count


def of_backend(manner: str, backend: str) -> None:
    """Skip what a backend does not have."""
    if manner == "task" and backend != "asyncio":
        pytest.skip("only asyncio cancels tasks")


@pytest.mark.parametrize("observed", [False, True], ids=["bare", "observed"])
@pytest.mark.parametrize("manner", MANNERS)
def test_cancel_at_every_await_point(
    manner: str, observed: bool, backend: str, run_virtual: Callable[..., Any]
) -> None:
    """R8, R9, R10: wherever a cancel comes, the run ends as documented, undone, with nothing left running."""
    of_backend(manner, backend)
    end, world, count = run_virtual(lambda: attempt(manner, None, observed=observed))
    assert end == "done"
    assert world.did == ["first", "second"]
    assert count > 50
    ends = []
    for at in range(1, count + 1):
        end, world, _ = run_virtual(lambda at=at: attempt(manner, at, observed=observed))
        ends.append(end)
        if "exit" not in world.called or manner in ("scope", "task"):
            assert end == "cancelled", at
    assert "swallowed" not in ends
    assert ends.count("cancelled") > 0.8 * count


@pytest.mark.parametrize("manner", ["scope", "task"])
def test_cancelled_runs_keep_nothing(manner: str, backend: str, run_virtual: Callable[..., Any]) -> None:
    """R5: a run that was cancelled, at whatever point, is collected with all its frames, resources and errors."""
    of_backend(manner, backend)
    _, _, count = run_virtual(lambda: attempt(manner, None))
    kept: list[weakref.ref[World]] = []
    for at in range(1, count + 1, 3):
        _, world, _ = run_virtual(lambda at=at: attempt(manner, at))
        kept.append(weakref.ref(world))
        del world
    for _ in range(100):
        gc.collect()
        if not any(ref() is not None for ref in kept):
            break
        time.sleep(0.05)  # a worker thread holds its last call until it has seen the end of the loop
    assert [ref for ref in kept if ref() is not None] == []


@pytest.mark.parametrize("backend", ["asyncio"])
def test_cancel_leaves_nothing_on_the_task(run_virtual: Callable[..., Any]) -> None:
    """R5: after a run that a scope cut, at whatever point, asyncio's task has no cancel pending."""

    async def main(at: int) -> int:
        await attempt("scope", at)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    _, _, count = run_virtual(lambda: attempt("scope", None))
    assert [at for at in range(1, count + 1) if run_virtual(main, at)] == []


FUNCTIONS = (
    *("setup", "limited", "retry_on", "retried", "broken", "sorry", "route", "first", "items", "branch 1"),
    *("branch 3", "thread", "second", "last", "teardown"),
)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", FUNCTIONS)
def test_interrupts_pass_through(
    where: str, stop: type[BaseException], run_virtual: Callable[..., Any]
) -> None:
    """R5: what ends the process passes through from each function of the user's, and nothing is left open."""
    points = Points()
    world = World(points, (where, stop))
    caught: list[BaseException] = []

    async def main() -> None:
        try:
            await build(world, observed=True).run(world=world)
        except BaseException as error:
            caught.append(error)

    run_virtual(main)
    assert [type(error) for error in caught] == [stop]
    assert world.called.count("exit") == (where == "teardown")
    assert world.open == []
    assert world.undone == ([] if where == "teardown" else world.did[::-1])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["undo", "plain undo"])
def test_interrupts_pass_through_a_rollback(
    where: str, stop: type[BaseException], run_virtual: Callable[..., Any]
) -> None:
    """R5: raised by a compensation of a cancelled run it ends the rollback, and is what comes out."""
    points = Points()
    world = World(points, (where, stop))
    caught: list[BaseException] = []

    async def main() -> None:
        with anyio.CancelScope() as scope:
            world.busy = lambda what, seconds, busy=world.busy: (  # type: ignore[method-assign]
                scope.cancel() if what == "last" else None,
                busy(what, seconds),
            )[1]
            try:
                await build(world, observed=True).run(world=world)
            except BaseException as error:
                caught.append(error)

    run_virtual(main)
    assert [type(error) for error in caught] == [stop]
    assert world.undone == ([] if where == "plain undo" else ["second"])


TOOK_S = 12.0  # more than a run takes


async def _asyncio_timeout(seconds: float, run: Callable[[], Any]) -> Any:
    async with asyncio.timeout(seconds):
        return await run()


async def _wait_for(seconds: float, run: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(run(), seconds)


async def _fail_after(seconds: float, run: Callable[[], Any]) -> Any:
    with anyio.fail_after(seconds):
        return await run()


async def _trio_fail_after(seconds: float, run: Callable[[], Any]) -> Any:
    with trio.fail_after(seconds):
        return await run()


@pytest.mark.parametrize(
    ("limit", "backend"),
    [
        (_asyncio_timeout, "asyncio"),
        (_wait_for, "asyncio"),
        (_fail_after, "asyncio"),
        (_fail_after, "trio"),
        (_trio_fail_after, "trio"),
    ],
    ids=[
        "asyncio.timeout",
        "asyncio.wait_for",
        "anyio.fail_after",
        "anyio.fail_after on trio",
        "trio.fail_after",
    ],
)
def test_timeouts_of_the_caller(limit: Any, backend: str, run_virtual: Callable[..., Any]) -> None:
    """R5: a timeout of the caller's around a run ends it with its own error, as it does any coroutine."""

    async def main() -> list[str]:
        ends = []
        for tenths in range(1, int(TOOK_S * 10), 4):
            points = Points()
            world = World(points)
            flow = build(world, observed=False, thread=False)
            try:
                end = await limit(tenths / 10, lambda flow=flow, world=world: flow.run(world=world))
            except (TimeoutError, trio.TooSlowError):
                ends.append("timeout")
                assert world.undone == world.did[::-1] or "exit" in world.called
            else:
                assert end is Job.DONE
                assert world.undone == []
                ends.append("done")
            assert world.open == []
        task = asyncio.current_task() if backend == "asyncio" else None
        assert task is None or task.cancelling() == 0
        return ends

    ends = run_virtual(main)
    assert ends == sorted(ends, reverse=True)  # first only timeouts, then none
    assert set(ends) == {"timeout", "done"}
