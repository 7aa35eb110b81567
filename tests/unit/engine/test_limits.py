"""R7, R8 and R9: the total timeout and the number of transitions end a run wherever it is."""

import asyncio
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Join, Retry, Run, Waive, Workflow, compensate, per_run, router, split, state
from cano_dsl.errors import CompensationFailed, HandlerFailed, PolicyError, RunTimeout, TransitionsExhausted
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    MORE = 2
    DONE = 3


def one(part: Any, *parts: Any, waive: Any = (), **limits: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of one working state, which may go on to `MORE`."""
    goes_on = any(other.spec.kind != "compensation" for other in parts)
    waive = [*waive] if goes_on else [*waive, Waive("unreachable", Job.MORE, "not in this test")]
    exits = (Job.DONE,) if goes_on else (Job.DONE, Job.MORE)
    return Workflow.build(Job, part, *parts, start=Job.WORK, exits=exits, waive=waive, **limits)


@state(Job.WORK)
async def hang() -> Literal[Job.DONE]:
    await anyio.sleep(1000)
    return Job.DONE


async def timed_out(run: Callable[[], Any]) -> tuple[RunTimeout, float]:
    """Run until the total timeout; give the error, and how long it took."""
    began = anyio.current_time()
    with pytest.raises(RunTimeout) as caught:
        await run()
    return caught.value, anyio.current_time() - began


def test_total_timeout_of_the_workflow(run_virtual: Callable[..., Any]) -> None:
    """R7: after `build(timeout=)` the handler is cut at its await; the error says elapsed, limit and place."""
    found, took = run_virtual(lambda: timed_out(one(hang, timeout=3).run))
    assert isinstance(found, TimeoutError)
    assert (found.limit_s, found.elapsed_s) == (3.0, pytest.approx(3.0))
    assert (found.at.state, found.at.path, found.is_unknown) == (Job.WORK, (Job.WORK,), False)
    assert took == pytest.approx(3.0)
    assert str(found).startswith(
        "workflow 'Job' took 3 s, more than its timeout of 3 s, and was ended in state Job.WORK"
    )


def test_total_timeout_of_one_run(run_virtual: Callable[..., Any]) -> None:
    """R7: `run(timeout=)` goes before the workflow's own limit, shorter or longer, for that run alone."""
    runner = one(hang, timeout=3).bind()

    async def main() -> list[float]:
        return [
            (await timed_out(lambda: runner.run(timeout=1)))[1],
            (await timed_out(lambda: runner.run(timeout=9)))[1],
            (await timed_out(runner.run))[1],
            (await timed_out(lambda: one(hang).bind().run(timeout=2)))[1],
        ]

    assert run_virtual(main) == [pytest.approx(seconds) for seconds in (1.0, 9.0, 3.0, 2.0)]


@pytest.mark.parametrize("value", [0, -1, "soon", float("nan")])
def test_timeout_must_be_a_time(value: Any) -> None:
    """R7: a timeout that is none is refused at build and at run, before anything is called."""
    with pytest.raises(PolicyError, match="timeout"):
        one(hang, timeout=value)
    with pytest.raises(PolicyError, match="timeout"):
        one(hang).bind().run_sync(timeout=value)


def test_run_sync_takes_a_timeout() -> None:
    """R7: `run_sync(timeout=)` is the same."""
    with pytest.raises(RunTimeout):
        one(hang).bind().run_sync(timeout=0.01)


def test_run_within_its_time(run_virtual: Callable[..., Any]) -> None:
    """R7: a run that ends in time is not touched, and leaves no timer."""

    @state(Job.WORK)
    async def work() -> Literal[Job.DONE]:
        await anyio.sleep(2)
        return Job.DONE

    assert run_virtual(one(work, timeout=3, max_transitions=1).run) is Job.DONE


def test_timeout_in_a_cycle_that_never_suspends(run_async: Callable[..., Any]) -> None:
    """R8: the total timeout is seen at every boundary, so a cycle that never suspends is ended too."""
    calls: list[int] = []

    @state(Job.WORK)
    def spin() -> Literal[Job.WORK, Job.DONE]:
        calls.append(1)
        return Job.WORK

    found, took = run_async(lambda: timed_out(one(spin, timeout=0.02).run))
    assert found.at.path == (Job.WORK,) * 4
    assert len(calls) > 1
    assert took < 5


def test_timeout_before_the_first_state(run_async: Callable[..., Any]) -> None:
    """R8: a time that is over when the run begins is seen before the first handler."""

    @state(Job.WORK)
    def never() -> Literal[Job.DONE]:
        raise AssertionError

    class Slow:
        async def setup(self) -> None:
            time.sleep(0.02)  # noqa: ASYNC251 - blocks the loop, so that no timer cuts it

        async def teardown(self) -> None: ...

    @state(Job.WORK)
    def wants(slow: Slow) -> Literal[Job.DONE]:
        raise AssertionError

    found, _ = run_async(lambda: timed_out(lambda: one(wants, timeout=0.01).run(slow=Slow())))
    assert found.at.state is Job.WORK
    found, _ = run_async(lambda: timed_out(one(never, timeout=1e-9).run))
    assert found.at.state is Job.WORK


def test_timeout_waits_for_a_thread(run_async: Callable[..., Any]) -> None:
    """R9: a handler in a thread is waited for; the time is seen at the boundary after it."""
    log: list[str] = []

    @state(Job.WORK, thread=True)
    def work() -> Literal[Job.MORE]:
        threading.Event().wait(0.05)
        log.append("worked")
        return Job.MORE

    @state(Job.MORE)
    def never() -> Literal[Job.DONE]:
        raise AssertionError

    found, _ = run_async(lambda: timed_out(one(work, never, timeout=0.01).run))
    assert log == ["worked"]
    assert found.at.path[0] is Job.WORK


def test_thread_reads_deadline_and_cancelled(run_async: Callable[..., Any]) -> None:
    """R9: a loop in a thread can read `cancelled`, `deadline` and `time_left`, and end by itself."""
    seen: list[Any] = []

    @state(Job.WORK, thread=True)
    def work(run: Run) -> Literal[Job.MORE]:
        seen.extend((run.cancelled, run.deadline is not None, 0 < run.time_left <= 0.05))
        for _ in range(1000):
            if run.cancelled:
                break
            threading.Event().wait(0.005)
        seen.extend((run.cancelled, run.time_left))
        return Job.MORE

    @state(Job.MORE)
    def never() -> Literal[Job.DONE]:
        raise AssertionError

    run_async(lambda: timed_out(one(work, never, timeout=0.05).run))
    assert seen == [False, True, True, True, 0.0]


def test_run_reads_its_deadline(run_virtual: Callable[..., Any]) -> None:
    """R7: a handler reads the moment by which the run must end, and the seconds left; without one none."""
    seen: list[Any] = []

    @state(Job.WORK)
    async def work(run: Run) -> Literal[Job.DONE]:
        await anyio.sleep(1)
        deadline = run.deadline
        seen.append((run.time_left, deadline and deadline - anyio.current_time(), run.cancelled))
        return Job.DONE

    async def main() -> None:
        await one(work, timeout=4).run()
        await one(work).run()
        await one(work, max_transitions=5).run()

    run_virtual(main)
    assert seen[0] == (pytest.approx(3.0), pytest.approx(3.0), False)
    assert seen[1:] == [(float("inf"), None, False)] * 2


def test_timeout_ends_a_split(run_virtual: Callable[..., Any]) -> None:
    """R7 and J2: branches in flight are cancelled and waited for before the run ends."""
    log: list[Any] = []

    @split(Job.WORK, over=(1, 2), join=Join.all(), to=Job.DONE, retry=Retry.fixed(9, 1))
    async def branch(item: int) -> int:
        try:
            await anyio.sleep(item * 100)
        finally:
            log.append(item)
        return item

    found, took = run_virtual(lambda: timed_out(one(branch, timeout=5).run))
    assert sorted(log) == [1, 2]
    assert took == pytest.approx(5.0)
    assert found.at.state is Job.WORK


@pytest.mark.parametrize("what", ["retry", "attempt"])
def test_timeout_goes_before_the_attempts(what: str, run_virtual: Callable[..., Any]) -> None:
    """R7: the total timeout ends the wait between attempts, and an attempt; nothing is called again."""
    calls: list[int] = []

    @state(Job.WORK, retry=Retry.fixed(9, 10), timeout=60, on_error=Job.MORE)
    async def work(run: Run) -> Literal[Job.DONE]:
        calls.append(run.attempt)
        if what == "attempt" and run.attempt == 2:
            await anyio.sleep(50)
        raise ValueError

    @state(Job.MORE)
    def never() -> Literal[Job.DONE]:
        raise AssertionError

    limit = 5 if what == "retry" else 15
    waive = [Waive("policy", Job.WORK, "the total timeout is what is tested")]
    found, took = run_virtual(lambda: timed_out(one(work, never, timeout=limit, waive=waive).run))
    assert took == pytest.approx(limit)
    assert calls == ([1] if what == "retry" else [1, 2])
    assert found.at.attempt == len(calls)


def test_timeout_during_setup(run_virtual: Callable[..., Any]) -> None:
    """R7 and S2: the setup of a resource is cut too; what was set up is torn down, and no handler is called."""
    log: list[str] = []

    class Fast:
        async def setup(self) -> None:
            log.append("fast up")

        async def teardown(self) -> None:
            await anyio.sleep(1)
            log.append("fast down")

    class Slow(Fast):
        async def setup(self) -> None:
            await anyio.sleep(100)

    @state(Job.WORK)
    def wants(fast: Fast, slow: Slow) -> Literal[Job.DONE]:
        raise AssertionError

    flow = one(wants, timeout=5)
    found, took = run_virtual(lambda: timed_out(lambda: flow.run(fast=Fast(), slow=Slow())))
    assert found.at.state is Job.WORK
    assert log == ["fast up", "fast down"]
    assert took == pytest.approx(6.0)


def test_timeout_during_setup_of_a_runs_own_resource(run_virtual: Callable[..., Any]) -> None:
    """R7 and S4: what is made for one run within a runner is cut the same."""

    class Slow:
        async def setup(self) -> None:
            await anyio.sleep(100)

        async def teardown(self) -> None: ...

    @state(Job.WORK)
    def wants(slow: Slow) -> Literal[Job.DONE]:
        raise AssertionError

    async def main() -> float:
        async with one(wants).bind(slow=per_run(Slow)) as runner:
            return (await timed_out(lambda: runner.run(timeout=5)))[1]

    assert run_virtual(main) == pytest.approx(5.0)


def saga(log: list[Any], *, works_s: float, undoes_s: float, **limits: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a compensatable state that takes so long, before one that hangs."""

    async def work() -> tuple[Literal[Job.MORE], str]:
        try:
            await anyio.sleep(works_s)
        except BaseException:
            log.append("cut")
            raise
        log.append("worked")
        return Job.MORE, "output"

    async def undo(output: str) -> None:
        await anyio.sleep(undoes_s)
        log.append(f"undone {output}")

    @state(Job.MORE)
    async def more() -> Literal[Job.DONE]:
        await anyio.sleep(1000)
        return Job.DONE

    made = state(Job.WORK)(work)
    return one(made, compensate(made)(undo), more, **limits)


def test_timeout_compensates_under_its_own_budget(run_virtual: Callable[..., Any]) -> None:
    """R7 and R10: compensations run after the timeout, for as long as their budget allows."""
    log: list[Any] = []
    recorder = Recorder()
    flow = saga(log, works_s=1, undoes_s=20, timeout=5).configure(observers=[recorder])
    found, took = run_virtual(lambda: timed_out(flow.run))
    assert log == ["worked", "undone output"]
    assert (took, found.elapsed_s) == (pytest.approx(25.0), pytest.approx(5.0))
    names = recorder.names()
    assert names.index("timed_out") < names.index("compensation_started")
    told = next(event.details for event in recorder.events if event.name == "timed_out")
    assert told == {"elapsed_s": pytest.approx(5.0), "limit_s": 5.0}
    assert recorder.events[-1].details["error"] is found


def test_timeout_whose_rollback_is_cut(run_virtual: Callable[..., Any]) -> None:
    """R7 and G2: where the budget is over too, the error carries the timeout and what is not undone."""
    flow = saga([], works_s=1, undoes_s=20, timeout=5, compensation_timeout=3)

    async def main() -> tuple[CompensationFailed, float]:
        began = anyio.current_time()
        with pytest.raises(CompensationFailed) as caught:
            await flow.run()
        return caught.value, anyio.current_time() - began

    found, took = run_virtual(main)
    assert isinstance(found.original, RunTimeout)
    assert [owed.state for owed in found.failures] == [Job.WORK]
    assert took == pytest.approx(8.0)


def test_timeout_waits_for_a_compensatable_state(run_virtual: Callable[..., Any]) -> None:
    """R9: a compensatable state ends within the compensation budget, is recorded, and then undone."""
    log: list[Any] = []
    found, took = run_virtual(lambda: timed_out(saga(log, works_s=10, undoes_s=1, timeout=5).run))
    assert log == ["worked", "undone output"]
    assert took == pytest.approx(11.0)
    assert not found.is_unknown


def test_timeout_cuts_a_compensatable_state_at_last(run_virtual: Callable[..., Any]) -> None:
    """R9: beyond the compensation budget it is cut, not compensated, and the error says it is unknown."""
    log: list[Any] = []
    flow = saga(log, works_s=1000, undoes_s=1, timeout=5, compensation_timeout=3)
    found, took = run_virtual(lambda: timed_out(flow.run))
    assert log == ["cut"]
    assert took == pytest.approx(8.0)
    assert found.is_unknown
    assert "had to be cut, so whether it took effect is not known" in str(found)


def test_attempt_timeout_cuts_a_compensatable_state(run_virtual: Callable[..., Any]) -> None:
    """R9 and G5: its own timeout does cut it, as a failed attempt without an output, and it may go on."""
    log: list[Any] = []

    async def work(run: Run) -> tuple[Literal[Job.DONE], int]:
        await anyio.sleep(10 if run.attempt == 1 else 1)
        return Job.DONE, run.attempt

    async def undo(output: int) -> None:
        log.append(output)

    made = state(Job.WORK, timeout=2, retry=Retry.fixed(2, 1))(work)

    async def main() -> float:
        began = anyio.current_time()
        assert await one(made, compensate(made)(undo), timeout=60).run() is Job.DONE
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(4.0)
    assert log == []


def test_timeout_leaves_nothing_on_the_task() -> None:
    """R5: after the total timeout the asyncio task has no cancel pending, compensatable states included."""

    async def main() -> list[int]:
        task = asyncio.current_task()
        assert task is not None
        found = []
        for flow in (
            one(hang, timeout=0.005),
            saga([], works_s=0.02, undoes_s=0, timeout=0.005),
            saga([], works_s=10, undoes_s=0, timeout=0.005, compensation_timeout=0.005),
        ):
            with pytest.raises(RunTimeout):
                await flow.run()
            await asyncio.sleep(0)
            found.append(task.cancelling())
        return found

    assert asyncio.run(main()) == [0, 0, 0]


def test_cancel_from_outside_goes_before_the_timeout(run_virtual: Callable[..., Any]) -> None:
    """R5: a scope around a run with a total timeout cuts it as it does any other."""

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await one(hang, timeout=3).run()
        return scope.cancelled_caught

    assert run_virtual(main)


def test_handler_that_answers_the_timeout_with_an_error(run_virtual: Callable[..., Any]) -> None:
    """R5 and R7: an error raised while a handler is cut is its failure, as with any timeout around a call."""

    @state(Job.WORK)
    async def work() -> Literal[Job.DONE]:
        try:
            await anyio.sleep(100)
        finally:
            raise ValueError("while cleaning up")
        return Job.DONE

    async def main() -> None:
        with pytest.raises(HandlerFailed, match="while cleaning up"):
            await one(work, timeout=1).run()

    run_virtual(main)


def test_handler_that_swallows_the_timeout(run_virtual: Callable[..., Any]) -> None:
    """R8: a handler that swallows its cut goes no further: the time is seen at the next boundary."""

    @state(Job.WORK)
    async def work() -> Literal[Job.MORE]:
        try:
            await anyio.sleep(100)
        except anyio.get_cancelled_exc_class():
            pass
        return Job.MORE

    @state(Job.MORE)
    def never() -> Literal[Job.DONE]:
        raise AssertionError

    found, _ = run_virtual(lambda: timed_out(one(work, never, timeout=1).run))
    assert found.at.state is Job.MORE


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_transitions_are_counted_exactly(most: int, run_virtual: Callable[..., Any]) -> None:
    """R8: a run makes just as many transitions as it may, routers counted, and then no handler is called."""
    calls: list[Enum] = []

    @state(Job.WORK)
    def work() -> Literal[Job.MORE, Job.DONE]:
        calls.append(Job.WORK)
        return Job.MORE

    @router(Job.MORE)
    def more() -> Literal[Job.WORK]:
        calls.append(Job.MORE)
        return Job.WORK

    async def main() -> TransitionsExhausted:
        with pytest.raises(TransitionsExhausted) as caught:
            await one(work, more, max_transitions=most).run()
        return caught.value

    found = run_virtual(main)
    assert len(calls) == most
    assert found.limit == most
    assert found.at.state is (Job.WORK if most % 2 == 0 else Job.MORE)
    assert f"reached no exit within {most} transitions" in str(found)


@pytest.mark.parametrize(("most", "reaches"), [(3, True), (2, False)])
def test_exit_by_the_last_transition(most: int, reaches: bool, run_virtual: Callable[..., Any]) -> None:
    """R8: the transition to an exit counts, and a run that needs just as many as it may reaches it."""

    class Chain(Enum):
        A = 1
        B = 2
        C = 3
        DONE = 4

    parts = [
        state(at, to=(to,))(lambda to=to: to)  # type: ignore[misc]
        for at, to in zip(list(Chain), list(Chain)[1:], strict=False)
    ]
    flow: Any = Workflow.build(Chain, *parts, start=Chain.A, exits=(Chain.DONE,), max_transitions=most)

    async def main() -> Any:
        try:
            return await flow.run()
        except TransitionsExhausted as error:
            return error.at.state

    assert run_virtual(main) is (Chain.DONE if reaches else Chain.C)


def test_attempts_are_no_transitions(run_virtual: Callable[..., Any]) -> None:
    """R8 and L1: retries count as no transition; the way along an error edge does."""
    calls: list[int] = []

    @state(Job.WORK, retry=Retry.fixed(5, 0), on_error=Job.WORK)
    async def work() -> Literal[Job.DONE]:
        calls.append(1)
        raise ValueError

    async def main() -> None:
        with pytest.raises(TransitionsExhausted):
            await one(work, max_transitions=2).run()

    run_virtual(main)
    assert len(calls) == 10


def test_exhausted_transitions_compensate(run_virtual: Callable[..., Any]) -> None:
    """G1: what a run did is undone when it made as many transitions as it may."""
    log: list[Any] = []

    async def main() -> None:
        with pytest.raises(TransitionsExhausted):
            await saga(log, works_s=0, undoes_s=0, max_transitions=1).run()

    run_virtual(main)
    assert log == ["worked", "undone output"]


def test_timeout_goes_before_the_number(run_async: Callable[..., Any]) -> None:
    """R8: where time and number are over at one boundary, the error is the timeout's."""

    @state(Job.WORK)
    def work() -> Literal[Job.WORK, Job.DONE]:
        time.sleep(0.02)
        return Job.WORK

    found, _ = run_async(lambda: timed_out(one(work, timeout=0.01, max_transitions=1).run))
    assert found.limit_s == 0.01


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "many"])
def test_number_must_be_whole(value: Any) -> None:
    """R8: `max_transitions` is a whole number above 0."""
    with pytest.raises(PolicyError, match="max_transitions"):
        one(hang, max_transitions=value)


def test_runs_have_limits_of_their_own(run_virtual: Callable[..., Any]) -> None:
    """R4: of several runs at once each has its own time and its own number."""

    @state(Job.WORK)
    async def work(box: list[float]) -> Literal[Job.DONE]:
        await anyio.sleep(box.pop())
        return Job.DONE

    ends: dict[float, Any] = {}
    flow = one(work, timeout=5, max_transitions=1)

    async def run(seconds: float) -> None:
        try:
            ends[seconds] = await flow.run(box=[seconds])
        except RunTimeout as error:
            ends[seconds] = round(error.elapsed_s, 3)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for seconds in (1.0, 4.0, 6.0, 60.0):
                group.start_soon(run, seconds)

    run_virtual(main)
    assert ends == {1.0: Job.DONE, 4.0: Job.DONE, 6.0: 5.0, 60.0: 5.0}
