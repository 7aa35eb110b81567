"""R8, R9 and R10 by the handle: runs that go on by themselves, are looked at, waited for and cancelled."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from cano_dsl import Join, Retry, Run, RunData, RunHandle, Waive, Workflow, compensate, per_run, split, state
from cano_dsl.errors import Cancelled, CompensationFailed, HandlerFailed, PolicyError, RunnerState, RunTimeout
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    MORE = 2
    DONE = 3


class Log:
    """A resource that notes what happens."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def __call__(self, line: Any) -> None:
        self.lines.append(line)


def flow(*parts: Any, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of these; `MORE` is an exit where nothing handles it."""
    handled = {part.spec.at for part in parts if part.spec.kind != "compensation"}
    exits = (Job.DONE,) if Job.MORE in handled else (Job.DONE, Job.MORE)
    waive = [Waive("unreachable", Job.MORE, "not in this test")] if Job.MORE not in handled else []
    return Workflow.build(Job, *parts, start=Job.WORK, exits=exits, waive=waive, **options)


@state(Job.WORK)
async def hang(log: Log) -> Literal[Job.DONE]:
    log("begun")
    try:
        await anyio.sleep(1000)
    except BaseException as error:
        log("cut" if isinstance(error, anyio.get_cancelled_exc_class()) else error)
        raise
    return Job.DONE


async def work(log: Log) -> tuple[Literal[Job.MORE], str]:
    """Do something that can be undone, in 2 s."""
    try:
        await anyio.sleep(2)
    except BaseException:
        log("cut")
        raise
    log("worked")
    return Job.MORE, "it"


async def undo(output: str, log: Log) -> None:
    """Undo it, in 2 s."""
    await anyio.sleep(2)
    log(f"undone {output}")


@state(Job.MORE)
async def more(log: Log) -> Literal[Job.DONE]:
    log("more")
    await anyio.sleep(1000)
    return Job.DONE


MADE: Any = state(Job.WORK)(work)
SAGA = flow(MADE, compensate(MADE)(undo), more)


async def ended(handle: RunHandle[Any, Any, Any]) -> Any:
    """Wait, and give the exit or the error."""
    try:
        return await handle.wait()
    except Exception as error:
        return error


def test_handle_follows_its_run(run_virtual: Callable[..., Any]) -> None:
    """R1: a launched run goes on by itself; its handle tells id, state, path, data and the exit reached."""
    seen: list[Any] = []

    @state(Job.WORK)
    async def first(data: RunData[list[int]]) -> Literal[Job.MORE]:
        data.value.append(1)
        await anyio.sleep(1)
        return Job.MORE

    @state(Job.MORE)
    async def then() -> Literal[Job.DONE]:
        await anyio.sleep(1)
        return Job.DONE

    def look(handle: Any) -> None:
        seen.append((handle.state, handle.path, handle.data, handle.is_done))

    async def main() -> None:
        async with flow(first, then, data=list).bind() as runner:
            handle = runner.launch("job-7", data=[0])
            assert handle.run_id == "job-7"
            look(handle)
            for _ in range(3):
                await anyio.sleep(0.9)
                look(handle)
            assert "job-7" in repr(handle)
            assert await handle.wait() is await handle.wait() is Job.DONE

    run_virtual(main)
    assert seen == [
        (None, (), None, False),
        (Job.WORK, (Job.WORK,), [0, 1], False),
        (Job.MORE, (Job.WORK, Job.MORE), [0, 1], False),
        (Job.DONE, (Job.WORK, Job.MORE), [0, 1], True),
    ]


def test_runs_go_on_at_once(run_virtual: Callable[..., Any]) -> None:
    """R4: launched runs go on at once, each by an id of its own."""

    @state(Job.WORK)
    async def slow() -> Literal[Job.DONE]:
        await anyio.sleep(10)
        return Job.DONE

    async def main() -> float:
        began = anyio.current_time()
        async with flow(slow).bind() as runner:
            handles = [runner.launch() for _ in range(20)]
            assert len({handle.run_id for handle in handles}) == 20
            assert {await handle.wait() for handle in handles} == {Job.DONE}
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(10.0)


def test_context_variables_are_those_of_the_launch(run_virtual: Callable[..., Any]) -> None:
    """R4: a launched run sees the context variables as they were when it was launched."""
    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: list[str] = []

    @state(Job.WORK)
    async def look() -> Literal[Job.DONE]:
        seen.append(who.get())
        who.set("the run")
        return Job.DONE

    async def main() -> None:
        async with flow(look).bind() as runner:
            who.set("a")
            runner.launch()
            who.set("b")
            await runner.launch().wait()
            assert who.get() == "b"

    run_virtual(main)
    assert sorted(seen) == ["a", "b"]  # trio begins tasks in any order


def test_cancel_before_the_start(run_virtual: Callable[..., Any]) -> None:
    """R8: a cancel before the run begins is seen before the first state; no handler is called."""
    log = Log()

    async def main() -> Any:
        async with flow(hang).bind(log=log) as runner:
            handle = runner.launch("a")
            handle.cancel()
            return await ended(handle)

    error = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert (error.at.state, error.at.run_id, error.at.attempt) == (Job.WORK, "a", 1)
    assert str(error).startswith("workflow 'Job' was cancelled by its handle in state Job.WORK")
    assert log.lines == []


@pytest.mark.parametrize("times", [1, 2])
def test_cancel_cuts_the_handler(times: int, run_virtual: Callable[..., Any]) -> None:
    """R8: the handler in flight is cut at its await; to cancel twice is to cancel once."""
    log = Log()
    recorder = Recorder()

    async def main() -> tuple[Any, float]:
        began = anyio.current_time()
        async with flow(hang).configure(observers=[recorder]).bind(log=log) as runner:
            handle = runner.launch()
            await anyio.sleep(1)
            for _ in range(times):
                handle.cancel()
            return await ended(handle), anyio.current_time() - began

    error, took = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert error.__cause__ is None
    assert took == pytest.approx(1.0)
    assert log.lines == ["begun", "cut"]
    assert recorder.names()[-2:] == ["cancelled", "run_finished"]
    assert recorder.events[-1].details["error"] is error


def test_cancel_during_a_handlers_cleanup(run_virtual: Callable[..., Any]) -> None:
    """R8: a second cancel while a handler cleans up cuts nothing that the first left alone."""
    log = Log()

    @state(Job.WORK)
    async def tidy(log: Log) -> Literal[Job.DONE]:
        try:
            await anyio.sleep(100)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
            log("tidy")
        return Job.DONE

    async def main() -> Any:
        async with flow(tidy).bind(log=log) as runner:
            handle = runner.launch()
            await anyio.sleep(1)
            handle.cancel()
            await anyio.sleep(1)
            handle.cancel()
            return await ended(handle)

    assert isinstance(run_virtual(main), Cancelled)
    assert log.lines == ["tidy"]


def test_cancel_after_the_end_changes_nothing(run_virtual: Callable[..., Any]) -> None:
    """R8: a run that has ended stays as it is."""

    @state(Job.WORK)
    async def quick() -> Literal[Job.DONE]:
        return Job.DONE

    async def main() -> None:
        async with flow(quick).bind() as runner:
            handle = runner.launch()
            await handle.wait()
            handle.cancel()
            assert await handle.wait() is Job.DONE
        handle.cancel()
        assert await handle.wait() is Job.DONE

    run_virtual(main)


def test_cancel_is_seen_at_a_boundary(run_async: Callable[..., Any]) -> None:
    """R8: a cycle that never suspends is ended by the handle at the next boundary."""
    calls: list[int] = []
    handles: list[Any] = []

    @state(Job.WORK)
    def spin() -> Literal[Job.WORK, Job.DONE]:
        calls.append(1)
        if len(calls) == 5:
            handles[0].cancel()
        return Job.WORK

    async def main() -> Any:
        async with flow(spin).bind() as runner:
            handles.append(runner.launch())
            return await ended(handles[0])

    error = run_async(main)
    assert isinstance(error, Cancelled)
    assert len(calls) == 5
    assert error.at.path == (Job.WORK,) * 4


def test_cancel_compensates(run_virtual: Callable[..., Any]) -> None:
    """R10: the handle's cancel undoes what the run did, and the cancel stays the error."""
    log = Log()

    async def main() -> Any:
        async with SAGA.bind(log=log) as runner:
            handle = runner.launch()
            await anyio.sleep(5)
            handle.cancel()
            return await ended(handle)

    error = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert error.at.path == (Job.WORK, Job.MORE)
    assert log.lines == ["worked", "more", "undone it"]


def test_cancel_never_cuts_a_compensatable_state(run_virtual: Callable[..., Any]) -> None:
    """R9: a compensatable state in flight ends, is recorded, and is undone with the rest."""
    log = Log()

    async def main() -> tuple[Any, float]:
        began = anyio.current_time()
        async with SAGA.bind(log=log) as runner:
            handle = runner.launch()
            await anyio.sleep(1)
            handle.cancel()
            handle.cancel()
            return await ended(handle), anyio.current_time() - began

    error, took = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert not error.is_unknown
    assert log.lines == ["worked", "undone it"]
    assert took == pytest.approx(4.0)


def test_cancel_during_the_rollback_cuts_nothing(run_virtual: Callable[..., Any]) -> None:
    """R9: a cancel while compensations run leaves them alone, and the error that they undo."""
    log = Log()

    async def main() -> Any:
        async with SAGA.bind(log=log) as runner:
            handle = runner.launch(timeout=5)
            await anyio.sleep(6)
            handle.cancel()
            return await ended(handle)

    assert isinstance(run_virtual(main), RunTimeout)
    assert log.lines == ["worked", "more", "undone it"]


def test_cancel_whose_rollback_fails(run_virtual: Callable[..., Any]) -> None:
    """G2: where not everything could be undone, the error carries the cancel."""

    async def fails(output: str) -> None:
        raise ValueError(output)

    async def main() -> Any:
        async with flow(MADE, compensate(MADE)(fails), more).bind(log=Log()) as runner:
            handle = runner.launch()
            await anyio.sleep(1)
            handle.cancel()
            return await ended(handle)

    error = run_virtual(main)
    assert isinstance(error, CompensationFailed)
    assert isinstance(error.original, Cancelled)


def test_cancel_goes_before_the_total_timeout(run_virtual: Callable[..., Any]) -> None:
    """R8: where a run is cancelled and its time is over too, the error is the cancel's."""

    async def main() -> list[Any]:
        found = []
        for seconds in (0.5, 1.5):
            async with SAGA.bind(log=Log()) as runner:
                handle = runner.launch(timeout=1)  # over within the compensatable state, which ends at 2 s
                await anyio.sleep(seconds)
                handle.cancel()
                found.append(await ended(handle))
        return found

    assert [type(error) for error in run_virtual(main)] == [Cancelled, Cancelled]


def test_cancel_goes_before_the_timeout_at_one_boundary(run_async: Callable[..., Any]) -> None:
    """R8: the same where both are seen first at a boundary."""
    handles: list[Any] = []

    @state(Job.WORK)
    def block() -> Literal[Job.WORK, Job.DONE]:
        time.sleep(0.02)
        handles[0].cancel()
        return Job.WORK

    async def main() -> Any:
        async with flow(block).bind() as runner:
            handles.append(runner.launch(timeout=0.01))
            return await ended(handles[0])

    assert isinstance(run_async(main), Cancelled)


def test_cancel_of_a_state_that_had_to_be_cut(run_virtual: Callable[..., Any]) -> None:
    """R8 and R9: cancelled, out of time and beyond the budget: cut, and the error says it is unknown."""
    log = Log()
    short = flow(MADE, compensate(MADE)(undo), more, compensation_timeout=0.2)

    async def main() -> Any:
        async with short.bind(log=log) as runner:
            handle = runner.launch(timeout=1)
            await anyio.sleep(0.5)
            handle.cancel()
            return await ended(handle)

    error = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert error.is_unknown
    assert log.lines == ["cut"]


class Slow:
    """A resource whose setup and teardown take time."""

    log: list[str]

    def __init__(self) -> None:
        self.log = LIVES

    async def setup(self) -> None:
        """Take 2 s."""
        await anyio.sleep(2)
        self.log.append("up")

    async def teardown(self) -> None:
        """Take 2 s."""
        await anyio.sleep(2)
        self.log.append("down")


LIVES: list[str] = []


@pytest.mark.parametrize(("seconds", "lives"), [(1, []), (3, ["up", "down"]), (4.5, ["up", "down"])])
def test_cancel_in_each_phase(seconds: float, lives: list[str], run_virtual: Callable[..., Any]) -> None:
    """R8 and S2: during setup, handler and teardown; what was set up is torn down to its end."""
    LIVES.clear()

    @state(Job.WORK)
    async def use(slow: Slow) -> Literal[Job.DONE]:
        await anyio.sleep(2)
        return Job.DONE

    async def main() -> tuple[Any, float]:
        began = anyio.current_time()
        async with flow(use).bind(slow=per_run(Slow)) as runner:
            handle = runner.launch()
            await anyio.sleep(seconds)
            handle.cancel()
            return await ended(handle), anyio.current_time() - began

    end, took = run_virtual(main)
    assert lives == LIVES
    if seconds == 4.5:  # its exit is reached already
        assert (end, took) == (Job.DONE, pytest.approx(6.0))
    else:
        assert isinstance(end, Cancelled)
        assert took == pytest.approx(seconds + 2 * bool(lives))


@pytest.mark.parametrize("what", ["retry", "split", "limiter"])
def test_cancel_while_the_engine_waits(what: str, run_virtual: Callable[..., Any]) -> None:
    """R8: a cancel ends the wait between attempts, for a limiter's room, and for the branches of a split."""
    calls: list[int] = []

    async def fails() -> Literal[Job.DONE]:
        calls.append(1)
        raise ValueError

    async def branch(item: int) -> int:
        calls.append(1)
        await anyio.sleep(100)
        return item

    class Limiter:
        name = "calls"

        def reserve(self, now: float, most_s: float) -> Any:
            calls.append(1)
            return self

        wait_s = 100.0

        def give_back(self) -> None:
            calls.append(-1)

    part: Any
    if what == "retry":
        part = state(Job.WORK, retry=Retry.fixed(9, 100), on_error=Job.MORE)(fails)
    elif what == "limiter":
        part = state(Job.WORK, limiter=Limiter(), on_error=Job.MORE)(fails)
    else:
        part = split(Job.WORK, over=(1, 2), join=Join.any(), to=Job.DONE, on_error=Job.MORE)(branch)

    async def main() -> tuple[Any, float]:
        began = anyio.current_time()
        async with Workflow.build(Job, part, start=Job.WORK, exits=(Job.DONE, Job.MORE)).bind() as runner:
            handle = runner.launch()
            await anyio.sleep(5)
            handle.cancel()
            return await ended(handle), anyio.current_time() - began

    error, took = run_virtual(main)
    assert isinstance(error, Cancelled)
    assert took == pytest.approx(5.0)
    assert calls == {"retry": [1], "split": [1, 1], "limiter": [1, -1]}[what]


def test_cancel_waits_for_a_thread(run_async: Callable[..., Any]) -> None:
    """R9: a handler in a thread is waited for, can see that it is cancelled, and nothing is called after it."""
    begun, log = threading.Event(), Log()

    @state(Job.WORK, thread=True)
    def loops(run: Run, log: Log) -> Literal[Job.MORE]:
        begun.set()
        for _ in range(1000):
            if run.cancelled:
                log("saw it")
                break
            threading.Event().wait(0.005)
        return Job.MORE

    async def main() -> Any:
        async with flow(loops, more).bind(log=log) as runner:
            handle = runner.launch()
            await anyio.to_thread.run_sync(begun.wait)
            handle.cancel()
            return await ended(handle)

    assert isinstance(run_async(main), Cancelled)
    assert log.lines == ["saw it"]


def test_cancelled_wait_leaves_the_run_alone(run_virtual: Callable[..., Any]) -> None:
    """R10: to cancel the waiting is not to cancel the run."""

    @state(Job.WORK)
    async def slow() -> Literal[Job.DONE]:
        await anyio.sleep(10)
        return Job.DONE

    async def main() -> None:
        async with flow(slow).bind() as runner:
            handle = runner.launch()
            with anyio.move_on_after(1) as scope:
                await handle.wait()
            assert scope.cancelled_caught
            assert not handle.is_done
            assert await handle.wait() is Job.DONE

    run_virtual(main)


def test_launch_needs_async_with(run_virtual: Callable[..., Any]) -> None:
    """R10: outside `async with` nothing would wait for a launched run, so it is refused."""

    async def main() -> None:
        runner = flow(hang).bind(log=Log())
        with pytest.raises(RunnerState, match="launch within `async with`"):
            runner.launch()
        async with runner:
            runner.launch().cancel()
        with pytest.raises(RunnerState):
            runner.launch()

    run_virtual(main)


def test_impossible_launch_is_refused_at_once(run_virtual: Callable[..., Any]) -> None:
    """R3: start, id, data and timeout are checked by `launch` itself, and nothing is started."""

    async def main() -> None:
        async with flow(hang).bind(log=Log()) as runner:
            refused: list[dict[str, Any]] = [
                {"start": Job},
                {"run_id": " "},
                {"data": []},
                {"timeout": 0},
            ]
            for options in refused:
                with pytest.raises(PolicyError):
                    runner.launch(**options)

    run_virtual(main)


def test_launch_may_start_elsewhere(run_virtual: Callable[..., Any]) -> None:
    """R3: `start=` is a state or an exit, which is reached at once."""

    async def main() -> list[Any]:
        async with SAGA.bind(log=Log()) as runner:
            handle = runner.launch(start=Job.MORE)
            await anyio.sleep(1)
            handle.cancel()
            error = await ended(handle)
            return [error.at.path, await runner.launch(start=Job.DONE).wait()]

    assert run_virtual(main) == [(Job.MORE,), Job.DONE]


def test_leaving_waits_for_runs(run_virtual: Callable[..., Any]) -> None:
    """R10: leaving `async with` waits for every launched run before anything is torn down."""
    LIVES.clear()

    @state(Job.WORK)
    async def use(slow: Slow) -> Literal[Job.DONE]:
        await anyio.sleep(5)
        LIVES.append("used")
        return Job.DONE

    async def main() -> None:
        async with flow(use).bind(slow=Slow()) as runner:
            runner.launch()
            runner.launch()

    run_virtual(main)
    assert LIVES == ["up", "used", "used", "down"]


def test_leaving_by_an_error_cancels_runs(run_virtual: Callable[..., Any]) -> None:
    """R10: left by an error, launched runs are cancelled, compensated and waited for; the error passes."""
    log = Log()
    handles: list[Any] = []

    async def main() -> Any:
        with pytest.raises(ValueError, match="mine"):
            async with SAGA.bind(log=log) as runner:
                handles.append(runner.launch())
                await anyio.sleep(5)
                raise ValueError("mine")
        return await ended(handles[0])

    error = run_virtual(main)
    assert log.lines == ["worked", "more", "undone it"]
    assert isinstance(error, Cancelled)
    assert "was cancelled by the end of its runner in state Job.MORE" in str(error)


def test_leaving_by_a_cancel_cancels_runs(run_virtual: Callable[..., Any]) -> None:
    """R10: a cancel while the body, or the end of it, waits reaches the runs, and goes on after their end."""
    log = Log()

    async def main(body_s: float) -> tuple[bool, float]:
        began = anyio.current_time()
        with anyio.move_on_after(5) as scope:
            async with SAGA.bind(log=log) as runner:
                runner.launch()
                await anyio.sleep(body_s)
        return scope.cancelled_caught, anyio.current_time() - began

    for body_s in (100, 0):
        assert run_virtual(main, body_s) == (True, pytest.approx(7.0))
    assert log.lines == ["worked", "more", "undone it"] * 2


@pytest.mark.parametrize("cancels", [1, 3])
@pytest.mark.parametrize("backend", ["asyncio"])
def test_native_cancels_while_leaving(cancels: int, run_virtual: Callable[..., Any]) -> None:
    """R10: however often the task that leaves is cancelled, runs are undone and waited for, and the first is raised."""
    log = Log()

    async def leaves() -> None:
        async with SAGA.bind(log=log) as runner:
            runner.launch()

    async def main() -> float:
        began = anyio.current_time()
        task = asyncio.create_task(leaves())
        for number in range(cancels):
            await asyncio.sleep(1)
            task.cancel(f"cancel {number}")
        with pytest.raises(asyncio.CancelledError, match="cancel 0"):
            await task
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(4.0)
    assert log.lines == ["worked", "undone it"]


@pytest.mark.parametrize("waited", [False, True])
def test_failure_that_nobody_waited_for_is_logged(
    waited: bool, run_virtual: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """R5: the error of a launched run ends no other run; it is raised by `wait`, else logged once."""

    @state(Job.WORK)
    async def fails() -> Literal[Job.DONE]:
        raise ValueError("lost")

    async def main() -> None:
        async with flow(fails).bind() as runner:
            handle = runner.launch("job-7")
            if waited:
                with pytest.raises(HandlerFailed, match="lost"):
                    await handle.wait()
            await anyio.sleep(1)
            for _ in range(3):
                assert isinstance(await ended(runner.launch()), HandlerFailed)

    with caplog.at_level(logging.ERROR, logger="cano_dsl"):
        run_virtual(main)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ([] if waited else ["run job-7 of 'Job' failed, and nobody waited for it"])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interrupt_in_a_run_reaches_the_end_of_its_runner(
    stop: type[BaseException], run_async: Callable[..., Any]
) -> None:
    """R5: what ends the process is raised where the runner is left, once all runs have ended."""
    log = Log()
    caught: list[BaseException] = []

    @state(Job.WORK)
    async def fatal(log: Log) -> Literal[Job.MORE]:
        log("fatal")
        raise stop

    async def main() -> None:
        try:
            async with flow(fatal, more).bind(log=log) as runner:
                runner.launch()
                other = runner.launch(start=Job.MORE)
                await anyio.sleep(0.01)
                other.cancel()
        except BaseException as error:
            caught.append(error)

    run_async(main)
    assert sorted(log.lines) == ["fatal", "more"]
    assert [type(error) for error in caught] == [stop]


def test_run_launches_another(run_virtual: Callable[..., Any]) -> None:
    """R10: a launched run may launch another, also when the runner is being left; all are waited for."""
    log = Log()
    runners: list[Any] = []

    @state(Job.WORK)
    async def spawns(log: Log, depth: list[int]) -> Literal[Job.DONE]:
        await anyio.sleep(1)
        log(len(depth))
        if depth:
            depth.pop()
            runners[0].launch()
        return Job.DONE

    async def main() -> float:
        began = anyio.current_time()
        async with flow(spawns).bind(log=log, depth=[0] * 4) as runner:
            runners.append(runner)
            runner.launch()
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(5.0)
    assert log.lines == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("by", ["error", "cancel", "interrupt"])
def test_runs_launched_while_all_are_ended_are_ended_too(by: str, run_virtual: Callable[..., Any]) -> None:
    """R10: what a run launches while it is cancelled with its runner is cancelled too; nothing is left."""
    log = Log()
    runners: list[Any] = []

    @state(Job.WORK)
    async def stubborn(log: Log) -> Literal[Job.MORE]:
        try:
            await anyio.sleep(100 if by != "interrupt" else 1)
        finally:
            log("launches")
            runners[0].launch(start=Job.MORE)
        if by == "interrupt":
            raise KeyboardInterrupt
        return Job.MORE

    async def main() -> float:
        began = anyio.current_time()
        try:
            with anyio.move_on_after(5 if by == "cancel" else 1000):
                async with flow(stubborn, more).bind(log=log) as runner:
                    runners.append(runner)
                    runner.launch()
                    if by == "error":
                        await anyio.sleep(5)
                        raise ValueError
        except (ValueError, KeyboardInterrupt):
            pass
        return anyio.current_time() - began

    assert run_virtual(main) <= 6
    assert log.lines[0] == "launches"


def test_task_cancelled_before_its_first_turn_does_not_hang() -> None:
    """R5: on asyncio a task cancelled by others before it begins never begins; its handle ends all the same."""
    log = Log()

    async def main() -> Any:
        async with asyncio.timeout(5), flow(hang).bind(log=log) as runner:
            handle = runner.launch("a")
            (task,) = asyncio.all_tasks() - {asyncio.current_task()}
            task.cancel()
            return await ended(handle)

    error = asyncio.run(main())
    assert isinstance(error, Cancelled)
    assert (error.at.state, error.at.run_id) == (Job.WORK, "a")
    assert log.lines == []


@pytest.mark.parametrize("backend", ["asyncio"])
def test_task_cancelled_by_others(run_virtual: Callable[..., Any]) -> None:
    """R5: the task of a launched run that others cancel on asyncio does not look like a cancel of the waiting."""
    log = Log()

    async def main() -> Any:
        async with SAGA.bind(log=log) as runner:
            handle = runner.launch()
            (task,) = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.sleep(1)
            task.cancel()
            return await ended(handle)

    assert isinstance(run_virtual(main), Cancelled)
    assert log.lines == ["worked", "undone it"]


def test_handle_cancels_itself(run_virtual: Callable[..., Any]) -> None:
    """R8: a handler may cancel its own run, which is seen where it next suspends."""
    log = Log()
    handles: list[Any] = []

    @state(Job.WORK)
    async def gives_up(log: Log) -> Literal[Job.DONE]:
        handles[0].cancel()
        log("gives up")
        await anyio.lowlevel.checkpoint()
        log("never")
        return Job.DONE

    async def main() -> Any:
        async with flow(gives_up).bind(log=log) as runner:
            handles.append(runner.launch())
            return await ended(handles[0])

    assert isinstance(run_virtual(main), Cancelled)
    assert log.lines == ["gives up"]


def test_launched_run_has_a_total_timeout(run_virtual: Callable[..., Any]) -> None:
    """R7: `launch(timeout=)` bounds the one run, and `build(timeout=)` bounds launched runs too."""

    async def main() -> list[Any]:
        found = []
        async with flow(hang, timeout=7).bind(log=Log()) as runner:
            began = anyio.current_time()
            for options in ({"timeout": 2}, {}):
                error = await ended(runner.launch(**options))
                found.append((type(error), round(anyio.current_time() - began, 3)))
        return found

    assert run_virtual(main) == [(RunTimeout, 2.0), (RunTimeout, 9.0)]
