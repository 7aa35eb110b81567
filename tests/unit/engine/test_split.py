"""J1 to J6 and J8: what a split starts, joins, cancels, and leaves behind."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import pickle
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from cano_dsl import Join, Joined, LogObserver, Run, RunData, Workflow, split, state
from cano_dsl.errors import Branch, BranchFailure, HandlerFailed, JoinFailed, RunPlace, Where
from cano_dsl.scope import _branches, _spawn
from cano_dsl.testing import Recorder


class Job(Enum):
    ASK = 1
    NEXT = 2
    DONE = 3


class Sink:
    """What the join state was given, and a log."""

    def __init__(self) -> None:
        self.joined: list[Joined[Any]] = []
        self.log: list[Any] = []


@state(Job.NEXT)
def take(outcomes: Joined[Any], sink: Sink) -> Literal[Job.DONE]:
    """Keep the outcomes."""
    sink.joined.append(outcomes)
    sink.log.append("joined")
    return Job.DONE


def of(fn: Any, over: Any = (0, 1, 2), **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a split of one function and the state that takes what came of it."""
    made = split(Job.ASK, over=over, to=Job.NEXT, **{"join": Join.all(), **options})(fn)
    return Workflow.build(Job, made, take, start=Job.ASK, exits=(Job.DONE,))


def gathered(*branches: Any, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a split of several branches and the state that takes what came of them."""
    made = split(Job.ASK, *branches, to=Job.NEXT, **{"join": Join.all(), **options})
    return Workflow.build(Job, made, take, start=Job.ASK, exits=(Job.DONE,))


HERE = RunPlace(
    workflow="jobs", run_id="r1", state=Job.ASK, attempt=1, path=(Job.ASK,), handler=Where("jobs.py", 7)
)


class Stop(BaseException):
    """What no branch may keep to itself."""


# --- outcomes


def test_outcomes_in_branch_order(run_virtual: Callable[..., Any]) -> None:
    """J8: values, successes and errors come in the order of branches, whatever order they ended in."""
    sink = Sink()

    async def ask(item: int) -> int:
        await anyio.sleep(5 - item)
        if item % 2:
            raise ValueError(item)
        return item * 10

    async def main() -> Enum:
        return await of(ask, range(5), join=Join.partial_results(3)).run(sink=sink)

    assert run_virtual(main) is Job.DONE
    (joined,) = sink.joined
    assert joined.values == (0, 20, 40)
    assert [(s.index, s.name, s.value) for s in joined.successes] == [
        (0, "ask(0)", 0),
        (2, "ask(2)", 20),
        (4, "ask(4)", 40),
    ]
    assert [(f.index, f.name, repr(f.error)) for f in joined.errors] == [
        (1, "ask(1)", "ValueError(1)"),
        (3, "ask(3)", "ValueError(3)"),
    ]
    assert joined.cancelled == ()


def test_of_branches(run_virtual: Callable[..., Any]) -> None:
    """J8: heterogeneous branches are asked by themselves; None for one that failed or was cancelled."""
    sink = Sink()

    async def slow() -> str:
        await anyio.sleep(9)
        return "late"

    async def bad() -> int:
        raise ValueError("no")

    async def good() -> bytes:
        await anyio.sleep(1)
        return b"yes"

    async def main() -> None:
        await gathered(slow, bad, good, join=Join.any()).run(sink=sink)

    run_virtual(main)
    (joined,) = sink.joined
    assert (joined.of(slow), joined.of(bad), joined.of(good)) == (None, None, b"yes")
    assert joined.cancelled == (Branch(0, "slow"),)
    assert [failure.name for failure in joined.errors] == ["bad"]
    with pytest.raises(LookupError, match="it has slow, bad, good"):
        joined.of(anyio.sleep)


@pytest.mark.parametrize(
    ("join", "delays", "values", "took"),
    [
        (Join.all(), (1, 2, 3), (0, 1, 2), 3),
        (Join.any(), (3, 1, 2), (1,), 1),
        (Join.quorum(2), (3, 1, 2), (1, 2), 2),
        (Join.percentage(0.5), (3, 1, 2), (1, 2), 2),
        (Join.partial_results(1), (3, 1, 2), (1,), 1),
        (Join.partial_timeout(), (1, 9, 2), (0, 2), 5),
        (Join.partial_timeout(), (1, 3, 2), (0, 1, 2), 3),
    ],
    ids=str,
)
def test_each_strategy(
    run_virtual: Callable[..., Any], join: Join, delays: Any, values: Any, took: float
) -> None:
    """J2: each strategy is joined at its moment, with what had come by then, and the rest is cancelled."""
    sink = Sink()

    async def ask(item: int) -> int:
        await anyio.sleep(delays[item])
        return item

    async def main() -> float:
        began = anyio.current_time()
        await of(ask, join=join, timeout=5).run(sink=sink)
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(took)
    assert sink.joined[0].values == values
    assert len(sink.joined[0].cancelled) == 3 - len(values)


def test_early_finish_awaits_the_rest(run_virtual: Callable[..., Any]) -> None:
    """J2: a cancelled branch has run its cleanup, which suspends, before the join state is entered."""
    sink = Sink()

    async def ask(item: int) -> int:
        if item == 0:
            await anyio.lowlevel.checkpoint()
            return 0
        try:
            await anyio.sleep(100)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2)
            sink.log.append(f"{item} ended")
        return item

    async def main() -> None:
        await of(ask, join=Join.any()).run(sink=sink)

    run_virtual(main)
    assert sorted(sink.log[:2]) == ["1 ended", "2 ended"]
    assert sink.log[2:] == ["joined"]


@pytest.mark.parametrize("ending", ["value", "error"])
def test_ending_after_the_decision_counts_as_cancelled(run_virtual: Callable[..., Any], ending: str) -> None:
    """J2: a branch that ends after the decision, with a value or an error, counts as cancelled."""
    sink = Sink()

    async def ask(item: int) -> int:
        if item == 0:
            await anyio.sleep(1)
            return 0
        try:
            await anyio.sleep(100)
        finally:
            sink.log.append("ends")
            if ending == "value":
                return item  # noqa: B012 - it swallows the cancel on purpose
            raise ValueError(item)

    async def main() -> None:
        await of(ask, join=Join.any()).run(sink=sink)

    run_virtual(main)
    assert sink.joined[0].values == (0,)
    assert sink.joined[0].errors == ()
    assert [branch.index for branch in sink.joined[0].cancelled] == [1, 2]
    assert sink.log == ["ends", "ends", "joined"]


def test_not_begun_are_not_begun(run_virtual: Callable[..., Any]) -> None:
    """J3: a join decided by the first branch starts no other that has not begun."""
    sink = Sink()

    async def ask(item: int) -> int:
        sink.log.append(item)
        return item

    async def main() -> None:
        await of(ask, range(100), join=Join.any(), bulkhead=1).run(sink=sink)

    run_virtual(main)
    assert sink.log == [0, "joined"]
    assert len(sink.joined[0].cancelled) == 99


# --- failures


def test_impossible_fails_at_once(run_virtual: Callable[..., Any]) -> None:
    """J3: a join that cannot be satisfied fails at that moment, with every branch in its error."""
    recorder = Recorder()
    ended = []

    async def ask(item: int) -> int:
        try:
            await anyio.sleep(item)
        finally:
            ended.append(item)
        if item in (1, 2):
            raise ValueError(item)
        return item

    built = of(ask, range(5), join=Join.quorum(4)).configure(observers=[recorder])

    async def main() -> tuple[JoinFailed, float]:
        with pytest.raises(JoinFailed) as caught:
            await built.bind(sink=Sink()).run("r7")
        return caught.value, anyio.current_time()

    error, at = run_virtual(main)
    assert at == pytest.approx(2)
    assert ended[:3] == [0, 1, 2] and sorted(ended) == [0, 1, 2, 3, 4]
    assert (error.join, error.total, error.needed, error.successes) == ("quorum(4)", 5, 4, 1)
    assert [(f.index, f.name, repr(f.error)) for f in error.errors] == [
        (1, "ask(1)", "ValueError(1)"),
        (2, "ask(2)", "ValueError(2)"),
    ]
    assert error.cancelled == (Branch(3, "ask(3)"), Branch(4, "ask(4)"))
    assert (error.timeout_s, error.stuck, error.refused) == (None, (), "")
    assert str(error) == (
        "split Job.ASK of workflow 'Job' cannot be joined: quorum(4) needs 4 successes of 5 branches, "
        "1 succeeded, 2 failed: ask(1) ValueError: 1; ask(2) ValueError: 2 (run r7, attempt 1, path ASK)"
    )
    cause = error.__cause__
    assert isinstance(cause, ExceptionGroup)
    assert cause.message == "branches of Job.ASK failed"
    assert cause.exceptions == tuple(failure.error for failure in error.errors)
    (failed,) = (event for event in recorder.events if event.name == "attempt_failed")
    assert failed.details["attempt"] == 1
    assert failed.details["error"].errors == error.errors


def test_one_error_is_the_cause(run_virtual: Callable[..., Any]) -> None:
    """J3: where one branch failed, its exception is the cause, as it was raised."""
    own = ExceptionGroup("own", [ValueError("a")])

    async def ask(item: int) -> int:
        if item == 1:
            raise own
        await anyio.sleep(100)
        return item

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await of(ask).run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert error.__cause__ is own
    assert error.errors == (BranchFailure(1, "ask(1)", own),)
    assert [branch.index for branch in error.cancelled] == [0, 2]


def test_join_failed_knows_the_path_and_survives_pickle(run_virtual: Callable[..., Any]) -> None:
    """R5: the error has the last four states of the path, keeps its notes, and survives pickle."""

    class Long(Enum):
        A = 1
        B = 2
        C = 3
        ASK = 4
        DONE = 5

    class Noting(Recorder):
        def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
            error.add_note("seen")

    async def ask(item: int) -> int:
        raise ValueError(item)

    parts = [
        state(Long.A, to=(Long.B,))(lambda: Long.B),
        state(Long.B, to=(Long.C,))(lambda: Long.C),
        state(Long.C, to=(Long.ASK,))(lambda: Long.ASK),
        split(Long.ASK, over=(1,), join=Join.all(), to=Long.DONE)(ask),
    ]
    built = Workflow.build(Long, *parts, start=Long.A, exits=(Long.DONE,)).configure(observers=[Noting()])

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await built.run()
        return caught.value

    error = run_virtual(main)
    assert error.at.path == (Long.A, Long.B, Long.C, Long.ASK)
    assert str(error).endswith("attempt 1, path A → B → C → ASK)")
    assert "needs 1 success of 1 branch, 0 succeeded" in str(error)
    assert error.__notes__ == ["seen"]

    plain = JoinFailed(join="all", total=2, needed=2, errors=[BranchFailure(0, "a", ValueError("b"))]).placed(
        HERE
    )
    twin = pickle.loads(pickle.dumps(plain))
    assert (str(twin), twin.total, twin.errors[0].name) == (str(plain), 2, "a")
    assert repr(twin.errors[0].error) == "ValueError('b')"


@pytest.mark.parametrize("join", [Join.all(), Join.any(), Join.quorum(2), Join.percentage(0.5)], ids=str)
def test_timeout_is_an_error(run_virtual: Callable[..., Any], join: Join) -> None:
    """J4: time over before the join is satisfied is an error that says so, and every branch has ended."""
    ended = []

    async def ask(item: int) -> int:
        try:
            await anyio.sleep(100)
        finally:
            ended.append(item)
        return item

    async def main() -> tuple[JoinFailed, float]:
        with pytest.raises(JoinFailed) as caught:
            await of(ask, join=join, timeout=1.5).run(sink=Sink())
        return caught.value, anyio.current_time()

    error, at = run_virtual(main)
    assert at == pytest.approx(1.5)
    assert error.timeout_s == 1.5
    assert sorted(ended) == [0, 1, 2]
    assert "was not joined within 1.5 s" in str(error)
    assert error.__cause__ is None


def test_partial_timeout_without_an_outcome(run_virtual: Callable[..., Any]) -> None:
    """J4: partial_timeout without any outcome at the deadline is an error."""

    async def ask(item: int) -> int:
        await anyio.sleep(100)
        return item

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await of(ask, join=Join.partial_timeout(), timeout=2).run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert error.needed is None
    assert "was not joined within 2 s: partial_timeout needs an outcome of 3 branches" in str(error)


def test_partial_timeout_with_failures_alone(run_virtual: Callable[..., Any]) -> None:
    """J4: a failure is an outcome for partial_timeout, at the deadline and when all have failed."""
    sink = Sink()

    async def ask(item: int) -> int:
        await anyio.sleep(item)
        raise ValueError(item)

    async def main() -> None:
        await of(ask, (1, 100), join=Join.partial_timeout(), timeout=2).run(sink=sink)
        await of(ask, (1, 1), join=Join.partial_timeout(), timeout=2).run(sink=sink)

    run_virtual(main)
    assert [(len(j.errors), len(j.cancelled)) for j in sink.joined] == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    ("items", "join", "refused"),
    [
        ([], Join.all(), "there is no branch"),
        ([], Join.partial_timeout(), "there is no branch"),
        ([1], Join.quorum(2), "quorum(2) needs 2 successes of 1 branch"),
        ([1, 2], Join.partial_results(3), "partial_results(3) needs 3 successes of 2 branches"),
    ],
    ids=str,
)
def test_counts_are_checked_before_any_branch(
    run_virtual: Callable[..., Any], items: Any, join: Join, refused: str
) -> None:
    """J5: a count that only the run knows is checked before any branch starts."""
    recorder = Recorder()

    async def ask(item: int) -> int:
        raise AssertionError("a branch was started")

    built = of(ask, lambda: items, join=join, timeout=1).configure(observers=[recorder])

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await built.run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert error.refused == refused
    assert f"cannot be joined, so no branch was started: {refused} (" in str(error)
    assert "branch_started" not in recorder.names()


@pytest.mark.parametrize("given", [5, None, "abc", b"abc", bytearray(b"abc")], ids=repr)
def test_over_gives_no_collection(run_virtual: Callable[..., Any], given: Any) -> None:
    """J5: a function that gives no collection of items fails the state, naming itself and what it gave."""

    def items() -> Any:
        return given

    async def ask(item: int) -> int:
        raise AssertionError("a branch was started")

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await of(ask, items).run(sink=Sink())
        return caught.value

    cause = run_virtual(main).__cause__
    assert isinstance(cause, TypeError)
    assert str(cause).startswith(f"items gave {given!r}, not a collection of items (")
    assert str(cause).endswith("): return a list or a tuple")


def test_over_that_raises(run_virtual: Callable[..., Any]) -> None:
    """R5: what the function that gives the items raises is the failure of the state."""

    async def items() -> list[int]:
        raise KeyError("gone")

    async def ask(item: int) -> int: ...

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await of(ask, items).run(sink=Sink())
        return caught.value

    assert repr(run_virtual(main).__cause__) == "KeyError('gone')"


# --- what no branch may keep to itself


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, Stop])
@pytest.mark.parametrize("bulkhead", [None, 2])
def test_what_must_end_everything_passes_through(
    run_async: Callable[..., Any], kind: type[BaseException], bulkhead: int | None
) -> None:
    """R5: KeyboardInterrupt, SystemExit and the like pass through as they are, once every branch has ended."""
    ended, seen = [], []

    async def ask(item: int) -> int:
        try:
            await anyio.sleep(0 if item == 0 else 100)
            if item == 0:
                raise kind("now")
        finally:
            ended.append(item)
        return item

    async def main() -> None:
        try:
            await of(ask, join=Join.any(), bulkhead=bulkhead).run(sink=Sink())
        except BaseException as error:
            seen.append(error)

    run_async(main)
    assert [type(error) for error in seen] == [kind]
    assert sorted(ended) == ([0, 1] if bulkhead else [0, 1, 2])


def test_what_must_end_everything_is_found_in_groups(run_async: Callable[..., Any]) -> None:
    """R5: inside a group, even one with a cancel in it, KeyboardInterrupt still passes through."""
    seen = []

    async def ask(item: int) -> int:
        cancel = anyio.get_cancelled_exc_class()
        made = [cancel()] if cancel is asyncio.CancelledError else []  # trio lets nobody make one
        raise BaseExceptionGroup("g", [ValueError("x"), KeyboardInterrupt(), *made])

    async def main() -> None:
        try:
            await of(ask, (0,)).run(sink=Sink())
        except BaseException as error:
            seen.append(error)

    run_async(main)
    (group,) = seen
    assert isinstance(group, BaseExceptionGroup)
    assert [type(part) for part in group.exceptions] == [ValueError, KeyboardInterrupt]


def test_interrupt_wins_over_a_cancel(run_virtual: Callable[..., Any]) -> None:
    """R5: KeyboardInterrupt that a branch raises while it is cancelled from outside is not hidden by the cancel."""
    seen = []

    async def ask(item: int) -> int:
        try:
            await anyio.sleep(100)
        finally:
            if item == 1:
                raise KeyboardInterrupt
        return item

    async def main() -> None:
        with anyio.move_on_after(1):
            try:
                await of(ask).run(sink=Sink())
            except KeyboardInterrupt as error:
                seen.append(error)

    run_virtual(main)
    assert len(seen) == 1


@pytest.mark.parametrize("bulkhead", [None, 1])
def test_native_cancel_of_a_branch_is_its_failure(bulkhead: int | None) -> None:
    """R5: a branch's task that somebody else cancels counts as a failure, and leaves nothing to the next one."""
    sink = Sink()

    async def ask(item: int) -> int:
        task = asyncio.current_task()
        assert task is not None
        sink.log.append(task.cancelling())
        if item == 0:
            task.cancel()
        await asyncio.sleep(0)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        return item

    async def main() -> None:
        await of(ask, join=Join.quorum(2), bulkhead=bulkhead).run(sink=sink)

    asyncio.run(main())
    assert sink.joined[0].values == (1, 2)
    assert [type(failure.error) for failure in sink.joined[0].errors] == [asyncio.CancelledError]
    assert sink.log[:3] == [0, 0, 0]


# --- cancel from outside


def hanging(log: list[Any], **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a split whose branches wait for ever, and take their time to clean up."""

    async def ask(item: int) -> int:
        try:
            await anyio.sleep(1000)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.002)
            log.append(item)
        return item

    return of(ask, **options)


@pytest.mark.parametrize("bulkhead", [None, 3, 2])
def test_outer_scope_reaches_every_branch(run_virtual: Callable[..., Any], bulkhead: int | None) -> None:
    """R8: a cancel scope around the run ends every branch, and the run after them, as cancelled."""
    log: list[Any] = []

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await hanging(log, bulkhead=bulkhead).run(sink=Sink())
        log.append("left")
        return scope.cancelled_caught

    assert run_virtual(main)
    assert log.pop() == "left"
    assert sorted(log) == ([0, 1] if bulkhead == 2 else [0, 1, 2])


def test_outer_fail_after(run_virtual: Callable[..., Any]) -> None:
    """R8: `anyio.fail_after` around a run is a TimeoutError there, with every branch ended."""
    log: list[Any] = []

    async def main() -> None:
        with pytest.raises(TimeoutError):
            with anyio.fail_after(1):
                await hanging(log).run(sink=Sink())

    run_virtual(main)
    assert sorted(log) == [0, 1, 2]


def test_outer_native_timeout() -> None:
    """R8: `asyncio.timeout` around a run is a TimeoutError there, and leaves no cancel on the task."""
    log: list[Any] = []

    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                await hanging(log).run(sink=Sink())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0
    assert log == [0, 1, 2]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_native_cancel_is_the_same_object(times: int) -> None:
    """R8: Task.cancel(), also again while branches end, is raised once they have, with its own message."""
    log: list[Any] = []
    seen: list[BaseException] = []

    async def run() -> None:
        try:
            await hanging(log).run(sink=Sink())
        except BaseException as error:
            seen.append(error)
            raise

    async def main() -> bool:
        task = asyncio.create_task(run())
        await asyncio.sleep(0.005)
        for number in range(times):
            task.cancel(f"cancel {number}")
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        log.append(caught.value.args)
        assert task.cancelling() == times
        return task.cancelled()

    assert asyncio.run(main())
    assert log == [0, 1, 2, ("cancel 0",)]
    assert [error.args for error in seen] == [("cancel 0",)]


def test_cancel_that_arrives_while_losers_end() -> None:
    """R8: Task.cancel() after the decision, while the losers end, is raised after them: no state is entered."""
    sink = Sink()

    async def ask(item: int) -> int:
        if item:
            try:
                await asyncio.sleep(100)
            finally:
                with anyio.CancelScope(shield=True):
                    await asyncio.sleep(0.01)
                sink.log.append("ended")
        await asyncio.sleep(0)
        return item

    async def main() -> None:
        task = asyncio.create_task(of(ask, (0, 1), join=Join.any()).run(sink=sink))
        await asyncio.sleep(0.005)
        for message in ("one", "two"):
            task.cancel(message)
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.args == ("one",)

    asyncio.run(main())
    assert sink.log == ["ended"]


def test_scope_cancelled_while_losers_end(run_virtual: Callable[..., Any]) -> None:
    """R8: a scope cancelled while the losers end waits for them, and is seen where the run next suspends."""
    sink = Sink()

    async def ask(item: int) -> int:
        if item:
            try:
                await anyio.sleep(100)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(2)
                sink.log.append("ended")
        await anyio.sleep(0.5)
        return item

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await of(ask, (0, 1), join=Join.any()).run(sink=sink)
            await anyio.lowlevel.checkpoint()
            sink.log.append("never")
        return scope.cancelled_caught

    assert run_virtual(main)
    assert sink.log == ["ended", "joined"]


@pytest.mark.parametrize("bulkhead", [None, 2])
def test_cancel_before_any_branch_began(run_virtual: Callable[..., Any], bulkhead: int | None) -> None:
    """R8: in a scope that is cancelled already no branch gets past its first await, and the run is cancelled."""
    log: list[Any] = []

    async def ask(item: int) -> int:
        await anyio.lowlevel.checkpoint()
        log.append(item)
        return item

    async def main() -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await of(ask, bulkhead=bulkhead).run(sink=Sink())
        return scope.cancelled_caught

    assert run_virtual(main)
    assert log == []


def test_native_cancel_before_any_branch_began() -> None:
    """R8: of a task that is cancelled when the split starts no branch gets past its first await."""
    log: list[Any] = []

    async def ask(item: int) -> int:
        await asyncio.sleep(0)
        log.append(item)
        return item

    async def main() -> None:
        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await of(ask).run(sink=Sink())

        task = asyncio.create_task(run())
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == []


def test_shield_inside_a_branch_holds(run_virtual: Callable[..., Any]) -> None:
    """J2: a shielded part of a branch is not cut, and the branch is cut after it."""
    log: list[Any] = []

    async def ask(item: int) -> int:
        if item:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)
                log.append("whole")
            await anyio.sleep(1)
            log.append("never")
        await anyio.sleep(1)
        return item

    async def main() -> float:
        await of(ask, (0, 1), join=Join.any()).run(sink=Sink())
        return anyio.current_time()

    assert run_virtual(main) == pytest.approx(3)
    assert log == ["whole"]


@pytest.mark.parametrize("bulkhead", [None, 2])
def test_swallowed_cancel_cannot_hang(
    run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, backend: str, bulkhead: int | None
) -> None:
    """J2: a branch that does not end within the limit after its cancel is an error that names it."""
    kept: list[int] = []
    monkeypatch.setattr(_branches, "ENDING_LIMIT_S", 0.02)

    async def ask(item: int) -> int:
        if item == 0:
            await anyio.sleep(0.001)
            return 0
        until = time.monotonic() + 0.15
        while time.monotonic() < until:
            with contextlib.suppress(anyio.get_cancelled_exc_class()), anyio.CancelScope(shield=True):
                await anyio.sleep(0.005)
        return item

    async def main() -> tuple[JoinFailed, float]:
        began = time.monotonic()
        with pytest.raises(JoinFailed) as caught:
            await of(ask, (0, 1), join=Join.any(), bulkhead=bulkhead).run(sink=Sink())
        took = time.monotonic() - began
        kept.append(len(_spawn._kept))
        await anyio.sleep(0.2)
        kept.append(len(_spawn._kept))
        return caught.value, took

    error, took = run_async(main)
    assert took < 0.14
    assert kept == ([1, 0] if backend == "asyncio" else [0, 0])  # asyncio itself would drop such a task
    assert error.stuck == (Branch(1, "ask(1)"),)
    assert error.successes == 1
    assert "has branches that did not end within 30 s of being cancelled: ask(1) (" in str(error)


def test_cancel_with_a_stuck_branch(run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """J2: a cancel from outside does not wait longer than the limit for a branch that does not end."""
    monkeypatch.setattr(_branches, "ENDING_LIMIT_S", 0.02)

    async def ask(item: int) -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.15)
        return item

    async def main() -> tuple[bool, float]:
        began = time.monotonic()
        with anyio.move_on_after(0.01) as scope:
            await of(ask).run(sink=Sink())
        took = time.monotonic() - began
        await anyio.sleep(0.2)
        return scope.cancelled_caught, took

    caught, took = run_async(main)
    assert caught
    assert took < 0.14


def test_run_closed_by_hand_ends_its_branches() -> None:
    """A run's coroutine that is closed by hand cancels its branches and does not wait."""
    log: list[Any] = []

    async def main() -> None:
        work = hanging(log).run(sink=Sink())
        step = asyncio.ensure_future(asyncio.sleep(0.005))
        work.send(None)
        await step
        work.close()
        await asyncio.sleep(0.02)
        assert sorted(log) == [0, 1, 2]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_run_closed_by_hand_while_losers_end() -> None:
    """A run's coroutine that is closed by hand after the decision does not wait either."""
    log: list[Any] = []

    async def ask(item: int) -> int:
        if item:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)
            log.append(item)
        await asyncio.sleep(0)
        return item

    async def main() -> None:
        work = of(ask, join=Join.any()).run(sink=Sink())
        work.send(None)
        await asyncio.sleep(0.002)
        work.send(None)
        work.close()
        assert log == []
        await asyncio.sleep(0.03)
        assert log == [1, 2]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_scope_that_a_branch_leaves_open() -> None:
    """A branch that leaves a cancel scope open, against anyio's rules, fails the run with anyio's error."""

    async def ask(item: int) -> int:
        if item == 0:
            anyio.CancelScope().__enter__()
            return 0
        await anyio.sleep(100)
        return item

    async def main() -> None:
        with pytest.raises(HandlerFailed, match="cancel scope") as caught:
            await of(ask).run(sink=Sink())
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_spawning_that_fails_ends_what_was_started() -> None:
    """Where the loop cannot start a branch, those started end and the run fails with the loop's error."""
    log: list[Any] = []

    async def main() -> BaseException | None:
        loop = asyncio.get_running_loop()

        def refusing(of: Any, work: Any, **more: Any) -> Any:
            if len(asyncio.all_tasks()) > 2:
                raise MemoryError("no more tasks")
            return asyncio.Task(work, loop=of, **more)

        loop.set_task_factory(refusing)
        with pytest.raises(HandlerFailed) as caught:
            await hanging(log).run(sink=Sink())
        loop.set_task_factory(None)
        assert len(asyncio.all_tasks()) == 1
        return caught.value.__cause__

    assert repr(asyncio.run(main())) == "MemoryError('no more tasks')"
    assert log == []


# --- bulkhead


@pytest.mark.parametrize("bulkhead", [1, 3, 7, 20, 100])
def test_bulkhead_limits_and_keeps_the_order(run_virtual: Callable[..., Any], bulkhead: int) -> None:
    """J6: never more than n run at once, as many as possible do, and they start in order."""
    sink = Sink()
    running, most = 0, 0

    async def ask(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        sink.log.append(item)
        await anyio.sleep(1 + item % 3)
        running -= 1
        if item % 4 == 1:
            raise ValueError(item)
        return item

    async def main() -> None:
        await of(ask, range(20), join=Join.partial_results(15), bulkhead=bulkhead).run(sink=sink)

    run_virtual(main)
    assert most == min(bulkhead, 20)
    assert sink.log == [*range(20), "joined"]


def test_bulkhead_makes_few_tasks(run_async: Callable[..., Any]) -> None:
    """J6: two hundred thousand items under a bulkhead make no more tasks than it allows."""
    most = 0

    def tasks() -> int:
        try:
            return len(asyncio.all_tasks())
        except RuntimeError:
            import trio

            return trio.lowlevel.current_statistics().tasks_living

    async def ask(item: int) -> int:
        nonlocal most
        if item % 5000 == 0:
            await anyio.lowlevel.checkpoint()
            most = max(most, tasks())
        return item

    async def main() -> int:
        before = tasks()
        sink = Sink()
        await of(ask, range(200_000), bulkhead=8).run(sink=sink)
        assert len(sink.joined[0].values) == 200_000
        return before

    before = run_async(main)
    assert 1 <= most - before <= 8


# --- what branches see

COLOUR: contextvars.ContextVar[str] = contextvars.ContextVar("COLOUR", default="none")


@pytest.mark.parametrize("bulkhead", [None, 1, 2])
def test_contextvars(run_virtual: Callable[..., Any], bulkhead: int | None) -> None:
    """Each branch sees the run's context and none of what another sets, also one after it in the same task."""
    sink = Sink()

    async def ask(item: int) -> tuple[str, str]:
        before = COLOUR.get()
        COLOUR.set(f"colour {item}")
        await anyio.sleep(1)
        with contextlib.suppress(TimeoutError), anyio.fail_after(0.5):
            await anyio.sleep(1)
        return before, COLOUR.get()

    async def main() -> str:
        COLOUR.set("outer")
        await of(ask, bulkhead=bulkhead).run(sink=sink)
        return COLOUR.get()

    assert run_virtual(main) == "outer"
    assert sink.joined[0].values == tuple(("outer", f"colour {item}") for item in range(3))


def test_context_of_a_bulkhead_passes_cancels_and_errors(run_virtual: Callable[..., Any]) -> None:
    """Under a bulkhead a branch handles what is thrown at it, and what it raises is its own."""
    sink = Sink()

    async def ask(item: int) -> str:
        try:
            with anyio.fail_after(1):
                await anyio.sleep(5)
        except TimeoutError:
            if item == 1:
                raise ValueError("late") from None
            return "in time"
        return "never"

    async def main() -> None:
        await of(ask, join=Join.partial_results(2), bulkhead=1).run(sink=sink)

    run_virtual(main)
    assert sink.joined[0].values == ("in time", "in time")
    assert [repr(failure.error) for failure in sink.joined[0].errors] == ["ValueError('late')"]


@pytest.mark.parametrize("bulkhead", [None, 2])
def test_run_and_data_in_branches(run_virtual: Callable[..., Any], bulkhead: int | None) -> None:
    """Each branch has a `Run` with a key of its own, and all share the run's data and resources."""
    recorder = Recorder()
    seen: list[Any] = []

    class Tally:
        def __init__(self) -> None:
            self.total = 0

    @split(Job.ASK, over=(5, 6, 7), join=Join.all(), to=Job.NEXT, bulkhead=bulkhead)
    async def ask(item: int, run: Run, data: RunData[Tally], sink: Sink) -> int:
        data.value.total += item
        run.progress(item, 10)
        await anyio.sleep(1)
        seen.append((item, run.run_id, run.state, run.attempt, run.idempotency_key))
        return item

    @state(Job.NEXT)
    def after(run: Run, sink: Sink) -> Literal[Job.DONE]:
        seen.append(run.idempotency_key)
        return Job.DONE

    built = Workflow.build(Job, ask, after, start=Job.ASK, exits=(Job.DONE,), data=Tally)
    built = built.configure(observers=[recorder])
    tally = Tally()

    async def main() -> None:
        await built.bind(sink=Sink()).run("r1", data=tally)

    run_virtual(main)
    assert sorted(seen[:3]) == [(5 + n, "r1", Job.ASK, 1, f"r1/0/{n}") for n in range(3)]
    assert seen[3] == "r1/1"
    assert tally.total == 18
    progress = [event.details["done"] for event in recorder.events if event.name == "progress"]
    assert progress == [5, 6, 7]


def test_over_with_resources(run_virtual: Callable[..., Any]) -> None:
    """The function that gives the items, plain or async, gets resources and the run as handlers do."""
    sink = Sink()

    def plain(sink: Sink, run: Run) -> list[str]:
        return [run.run_id, str(run.state)]

    async def slow(*, sink: Sink, factor: int = 2) -> set[int]:
        await anyio.sleep(1)
        return {factor}

    async def ask(item: Any) -> Any:
        return item

    async def main() -> None:
        await of(ask, plain).bind(sink=sink).run("r1")
        await of(ask, slow).run(sink=sink)
        await of(ask, slow).run(sink=sink, factor=5)

    run_virtual(main)
    assert [joined.values for joined in sink.joined] == [("r1", "Job.ASK"), (2,), (5,)]


def test_plain_branches(run_virtual: Callable[..., Any]) -> None:
    """Plain functions are called one after the other on the loop, and their errors count as others do."""
    sink = Sink()

    def ask(item: int, sink: Sink) -> int:
        if item == 1:
            raise StopIteration
        return item

    async def main() -> None:
        await of(ask, join=Join.quorum(2)).run(sink=sink)

    run_virtual(main)
    assert sink.joined[0].values == (0, 2)
    assert [type(failure.error) for failure in sink.joined[0].errors] == [RuntimeError]


@pytest.mark.parametrize("bulkhead", [None, 2])
def test_thread_branches(run_async: Callable[..., Any], bulkhead: int | None) -> None:
    """With thread=True branches run in worker threads at once, and all have ended when the run goes on."""
    sink = Sink()
    running: set[int] = set()

    def ask(item: int, run: Run) -> tuple[int, bool, str]:
        running.add(item)
        try:
            time.sleep(0.02)
            own = threading.current_thread() is not threading.main_thread()
            return item, own, run.idempotency_key.partition("/")[2]
        finally:
            running.discard(item)

    async def main() -> None:
        await of(ask, thread=True, bulkhead=bulkhead).run(sink=sink)
        await of(ask, thread=True, bulkhead=bulkhead, join=Join.any()).run(sink=sink)
        assert running == set()

    run_async(main)
    assert sink.joined[0].values == ((0, True, "0/0"), (1, True, "0/1"), (2, True, "0/2"))


def test_thread_is_waited_for_beyond_the_limit(
    run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """J2, R9: a branch in a thread cannot be cut, so it is waited for, however long it takes after its cancel."""
    monkeypatch.setattr(_branches, "ENDING_LIMIT_S", 0.01)
    ended = []

    def ask(item: int) -> int:
        time.sleep(0.1 * item)
        ended.append(item)
        return item

    async def main() -> list[Any]:
        sink = Sink()
        await of(ask, (0, 1), thread=True, join=Join.any()).run(sink=sink)
        assert ended == [0, 1]
        return sink.joined

    (joined,) = run_async(main)
    assert joined.values == (0,)
    assert [branch.index for branch in joined.cancelled] == [1]


def test_cancel_waits_for_threads(run_async: Callable[..., Any]) -> None:
    """R9: a cancel from outside waits for the threads of branches, which cannot be stopped."""
    ended = []

    def ask(item: int) -> int:
        time.sleep(0.03)
        ended.append(item)
        return item

    async def main() -> bool:
        with anyio.move_on_after(0.01) as scope:
            await of(ask, thread=True).run(sink=Sink())
        assert sorted(ended) == [0, 1, 2]
        return scope.cancelled_caught

    assert run_async(main)


def test_one_workflow_on_several_loops() -> None:
    """R4: one workflow runs on several threads, each with a loop of its own, at the same time."""
    found: dict[int, tuple[int, ...]] = {}

    async def ask(item: int, base: int) -> int:
        await asyncio.sleep(0.001 * (3 - item))
        return base + item

    built = of(ask)

    def one(base: int) -> None:
        for _ in range(5):
            sink = Sink()
            built.run_sync(base=base, sink=sink)
            found[base] = sink.joined[0].values

    threads = [threading.Thread(target=one, args=(base,)) for base in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {base: (base, base + 1, base + 2) for base in (0, 100, 200)}


def test_concurrent_runs_do_not_mix(run_virtual: Callable[..., Any]) -> None:
    """R4: runs at the same time each have their own outcomes."""
    sinks = [Sink() for _ in range(5)]

    async def ask(item: int, base: int) -> int:
        await anyio.sleep((item * 7 + base) % 5)
        return base * 10 + item

    built = of(ask)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for base, sink in enumerate(sinks):
                group.start_soon(lambda base=base, sink=sink: built.run(base=base, sink=sink))

    run_virtual(main)
    assert [sink.joined[0].values for sink in sinks] == [
        tuple(base * 10 + item for item in range(3)) for base in range(5)
    ]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("bulkhead", [None, 2])
def test_eager_tasks(bulkhead: int | None) -> None:
    """With eager tasks, which run at once, outcomes, early finish and errors are the same."""
    sink = Sink()

    async def ask(item: int) -> int:
        if item == 2:
            await asyncio.sleep(0)
        if item == 3:
            raise ValueError
        if item == 4:
            await asyncio.sleep(100)
        return item

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
        await of(ask).run(sink=sink)
        await of(ask, (3, 4, 0, 1, 2), join=Join.any(), bulkhead=bulkhead).run(sink=sink)
        with pytest.raises(JoinFailed):
            await of(ask, (4, 3)).run(sink=sink)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await of(ask, (4, 4)).run(sink=sink)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert sink.joined[0].values == (0, 1, 2)
    assert sink.joined[1].values == (0,)


# --- observers


@pytest.mark.parametrize("bulkhead", [None, 1])
def test_branches_are_observed(run_virtual: Callable[..., Any], bulkhead: int | None) -> None:
    """O1: each branch that began is told when it starts and ends, with its error, between the attempt's events."""
    recorder = Recorder()

    async def ask(item: int) -> int:
        await anyio.sleep(item)
        if item == 1:
            raise ValueError(item)
        return item

    built = of(ask, (0, 1, 2, 30), join=Join.quorum(2), bulkhead=bulkhead).configure(observers=[recorder])

    async def main() -> None:
        await built.bind(sink=Sink()).run("r1")

    run_virtual(main)
    told = [
        (event.name, event.details["branch"].name, type(event.details.get("error")).__name__)
        for event in recorder.events
        if event.name.startswith("branch")
    ]
    began = [name for what, name, _ in told if what == "branch_started"]
    ended = [(name, error) for what, name, error in told if what == "branch_finished"]
    assert began == ["ask(0)", "ask(1)", "ask(2)", "ask(30)"][: 3 if bulkhead else 4]
    assert ended[:3] == [("ask(0)", "NoneType"), ("ask(1)", "ValueError"), ("ask(2)", "NoneType")]
    if not bulkhead:
        assert ended[3][0] == "ask(30)" and ended[3][1] in ("CancelledError", "Cancelled")
    names = recorder.names("r1")
    first, last = names.index("attempt_started"), names.index("attempt_succeeded")
    assert all(first < at < last for at, name in enumerate(names) if name.startswith("branch"))


def test_only_what_is_overridden_is_called(run_virtual: Callable[..., Any]) -> None:
    """O2: an observer that overrides one hook of branches is called for that alone, and may raise."""
    from cano_dsl import Observer

    seen = []

    class Ends(Observer):
        def branch_finished(self, run: Run, state: Enum, branch: Branch, error: BaseException | None) -> None:
            seen.append((state, branch.index, error))
            raise ValueError("an observer's own")

    async def ask(item: int) -> int:
        return item

    async def main() -> None:
        await of(ask, (1,)).configure(observers=[Ends()]).run(sink=Sink())

    run_virtual(main)
    assert seen == [(Job.ASK, 0, None)]


# --- nothing is left


def test_no_cycles(run_async: Callable[..., Any]) -> None:
    """Whatever the outcome, what branches held is freed without the garbage collector."""
    import weakref

    class Heavy: ...

    seen: list[weakref.ref[Heavy]] = []

    async def ask(item: int) -> int:
        heavy = Heavy()
        seen.append(weakref.ref(heavy))
        await anyio.sleep(0.001 if item < 2 else 5)
        if item == 1:
            raise ValueError(item)
        return item

    ways = [
        of(ask, (0, 1), join=Join.quorum(1)),
        of(ask, (0, 1, 2), join=Join.partial_results(1), bulkhead=2),
        of(ask, (0, 1, 2), join=Join.any()),
        of(ask, (0, 1, 2)),
        of(ask, (1, 1, 2), bulkhead=2),
        of(ask, (2, 2), timeout=0.001),
        of(ask, (1, 1), join=Join.partial_timeout(), timeout=1),
    ]

    async def once(built: Any) -> None:
        with contextlib.suppress(JoinFailed):
            await built.run(sink=Sink())

    async def cancelled(built: Any) -> None:
        with anyio.move_on_after(0.0001):
            await built.run(sink=Sink())

    async def main() -> list[int]:
        kept = []
        gc.collect()
        gc.disable()
        try:
            for number, built in enumerate(ways):
                for way in (once, cancelled):
                    seen.clear()
                    await way(built)
                    await anyio.lowlevel.checkpoint()
                    kept += [number for ref in seen if ref() is not None]
        finally:
            gc.enable()
        return kept

    assert run_async(main) == []


def test_error_edges_make_no_cycles(run_async: Callable[..., Any]) -> None:
    """A failure that led along an error edge is freed with its run, without the garbage collector."""
    import weakref

    class Heavy: ...

    seen: list[weakref.ref[Heavy]] = []

    async def ask(item: int) -> int:
        heavy = Heavy()
        seen.append(weakref.ref(heavy))
        raise ValueError(str(heavy))

    part = split(Job.ASK, over=(1, 2), join=Join.all(), to=Job.DONE, on_error=Job.NEXT)(ask)
    after = state(Job.NEXT, to=(Job.DONE,))(lambda: Job.DONE)
    built = Workflow.build(Job, part, after, start=Job.ASK, exits=(Job.DONE,))

    async def main() -> bool:
        gc.collect()
        gc.disable()
        try:
            await built.run()
            return all(ref() is None for ref in seen)
        finally:
            gc.enable()

    assert run_async(main)
    assert seen


def test_branches_are_logged(run_virtual: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """O3: the log tells of each branch: start, success and cancel at DEBUG, an error at WARNING."""

    async def ask(item: int) -> int:
        await anyio.sleep(item)
        if item == 1:
            raise ValueError("no")
        return item

    built = of(ask, (0, 1, 2, 9), join=Join.quorum(2)).configure(observers=[LogObserver()])

    async def main() -> None:
        await built.bind(sink=Sink()).run("r1")

    with caplog.at_level(logging.DEBUG, "cano_dsl.runs"):
        run_virtual(main)
    told = [
        (record.levelname, record.getMessage().removeprefix("run r1 of Job: "))
        for record in caplog.records
        if "branch" in record.getMessage()
    ]
    assert told == [
        *[("DEBUG", f"branch ask({item}) of Job.ASK started") for item in (0, 1, 2, 9)],
        ("DEBUG", "branch ask(0) of Job.ASK succeeded"),
        ("WARNING", "branch ask(1) of Job.ASK raised ValueError: no"),
        ("DEBUG", "branch ask(2) of Job.ASK succeeded"),
        ("DEBUG", "branch ask(9) of Job.ASK was cancelled"),
    ]
