"""G1, G2, G4, G5, and what R5, R9 and R10 say of sagas: what is undone, in which order, and what is raised."""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Observer, Run, RunData, Workflow, compensate, state
from cano_dsl.errors import (
    CompensationFailed,
    HandlerFailed,
    PolicyError,
    UndeclaredTransition,
)
from cano_dsl.testing import Recorder


class Order(Enum):
    RESERVE = 1
    CHARGE = 2
    SHIP = 3
    DONE = 4
    REJECTED = 5


class Ship(Exception):
    """What the last state raises."""


Log = list[Any]
KINDS = ["async", "plain", "thread"]


def of_kind(kind: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Make an async function of a plain one where the kind asks for it; it suspends once before the call."""
    if kind != "async":
        return fn

    async def later(*args: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return fn(*args)

    later.__annotations__ = fn.__annotations__
    names = ", ".join(fn.__code__.co_varnames[: fn.__code__.co_argcount])
    space: dict[str, Any] = {"later": later}
    exec(f"async def made({names}):\n return await later({names})", space)
    made: Callable[..., Any] = space["made"]
    made.__annotations__ = fn.__annotations__
    made.__name__ = fn.__name__
    return made


def saga(
    ship: Callable[..., Any],
    *,
    kind: str = "plain",
    undo_kind: str = "plain",
    release: Callable[..., Any] | None = None,
    refund: Callable[..., Any] | None = None,
    **options: Any,
) -> Workflow[Any, Any, Any, ...]:
    """Build reserve → charge → ship, the first two compensated; every call is noted in `log`."""

    def reserve(log: Log) -> tuple[Literal[Order.CHARGE], str]:
        log.append("reserve")
        return Order.CHARGE, "tea"

    def charge(log: Log) -> tuple[Literal[Order.SHIP], int] | Literal[Order.REJECTED]:
        log.append("charge")
        return Order.SHIP, 12

    def release_it(output: str, log: Log) -> None:
        log.append(f"release {output}")

    def refund_it(output: int, log: Log) -> None:
        log.append(f"refund {output}")

    thread: Any = {"thread": True} if kind == "thread" else {}
    undo_thread: Any = {"thread": True} if undo_kind == "thread" else {}
    first: Any = state(Order.RESERVE, **thread)(of_kind(kind, reserve))
    second: Any = state(Order.CHARGE, **thread)(of_kind(kind, charge))
    parts = [
        first,
        second,
        compensate(first, **undo_thread)(release or of_kind(undo_kind, release_it)),
        compensate(second, **undo_thread)(refund or of_kind(undo_kind, refund_it)),
        state(Order.SHIP, to=(Order.DONE,))(ship),
    ]
    return Workflow.build(Order, *parts, start=Order.RESERVE, exits=(Order.DONE, Order.REJECTED), **options)


def failing(log: Log) -> Any:
    """Fail as the last state."""
    log.append("ship")
    raise Ship


UNDONE = ["reserve", "charge", "ship", "refund 12", "release tea"]


@pytest.mark.parametrize("undo_kind", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_failure_undoes_last_in_first_out(kind: str, undo_kind: str, run_async: Callable[..., Any]) -> None:
    """G1 and G2: a run that fails undoes each output, the last first, and raises its own error unchanged."""
    log: Log = []

    async def main() -> None:
        with pytest.raises(HandlerFailed) as caught:
            await saga(failing, kind=kind, undo_kind=undo_kind).run(log=log)
        assert isinstance(caught.value.__cause__, Ship)
        assert caught.value.at.path == (Order.RESERVE, Order.CHARGE, Order.SHIP)
        assert caught.value.__context__ is caught.value.__cause__

    run_async(main)
    assert log == UNDONE


@pytest.mark.parametrize("kind", KINDS)
def test_success_undoes_nothing(kind: str, run_async: Callable[..., Any]) -> None:
    """G1: a run that reaches an exit calls no compensation."""
    log: Log = []

    def ship() -> Any:
        return Order.DONE

    async def main() -> Any:
        return await saga(ship, kind=kind).run(log=log)

    assert run_async(main) is Order.DONE
    assert log == ["reserve", "charge"]


def test_undeclared_transition_undoes(run_async: Callable[..., Any]) -> None:
    """G1: a transition that is not declared is a failure like any other."""
    log: Log = []

    def ship() -> Any:
        return Order.RESERVE

    async def main() -> None:
        with pytest.raises(UndeclaredTransition, match=r"returned Order\.RESERVE, but declares Order\.DONE"):
            await saga(ship).run(log=log)

    run_async(main)
    assert log[2:] == ["refund 12", "release tea"]


@pytest.mark.parametrize("kind", KINDS)
def test_state_that_fails_has_no_output(kind: str, run_async: Callable[..., Any]) -> None:
    """G5: a state that failed is not compensated; those before it are."""
    log: Log = []

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3

    def a() -> tuple[Literal[Job.B], int]:
        return Job.B, 1

    def b() -> tuple[Literal[Job.DONE], int]:
        raise Ship

    def undo(output: int) -> None:
        log.append(output)

    thread: Any = {"thread": True} if kind == "thread" else {}
    first: Any = state(Job.A, **thread)(of_kind(kind, a))
    second: Any = state(Job.B, **thread)(of_kind(kind, b))

    def undo_second(output: int) -> None:
        log.append("undone without an output")

    parts = (first, second, compensate(first)(undo), compensate(second)(undo_second))
    built = Workflow.build(Job, *parts, start=Job.A, exits=(Job.DONE,))

    async def main() -> None:
        with pytest.raises(HandlerFailed) as caught:
            await built.run()
        assert caught.value.at.state is Job.B

    run_async(main)
    assert log == [1]


def test_state_without_output_this_time(run_async: Callable[..., Any]) -> None:
    """G1: a transition that is declared without an output puts nothing onto the stack."""
    log: Log = []

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3

    @state(Job.A)
    async def a() -> tuple[Literal[Job.DONE], int] | Literal[Job.B]:
        return Job.B

    @state(Job.B)
    def b() -> Literal[Job.DONE]:
        raise Ship

    @compensate(a)
    def undo(output: int) -> None:
        log.append(output)

    built = Workflow.build(Job, a, b, undo, start=Job.A, exits=(Job.DONE,))

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await built.run()

    run_async(main)
    assert log == []


def test_state_entered_twice_is_undone_twice(run_async: Callable[..., Any]) -> None:
    """G1: each success of a state is an entry of its own, undone with its own output and key."""
    log: Log = []

    class Job(Enum):
        ADD = 1
        CHECK = 2
        DONE = 3

    @state(Job.ADD)
    async def add(run: Run) -> tuple[Literal[Job.CHECK], str]:
        return Job.CHECK, run.idempotency_key

    @compensate(add)
    async def take(output: str, run: Run) -> None:
        log.append((output, run.idempotency_key, run.state))

    @state(Job.CHECK)
    def check(run: Run) -> Literal[Job.ADD, Job.DONE]:
        if run.idempotency_key == "r/5":
            raise Ship
        return Job.ADD

    built = Workflow.build(Job, add, take, check, start=Job.ADD, exits=(Job.DONE,))
    seen: list[Any] = []

    async def main() -> None:
        with pytest.raises(HandlerFailed) as caught:
            await built.bind().run("r")
        seen.append(caught.value.at.state)

    run_async(main)
    assert log == [(key, key, Job.ADD) for key in ("r/4", "r/2", "r/0")]
    assert seen == [Job.CHECK]


def test_compensation_gets_resources_and_data(run_async: Callable[..., Any]) -> None:
    """G1: a compensation takes the output first, then resources by name, the run and its data, as a handler."""
    seen: list[Any] = []

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3

    @state(Job.A)
    def a(data: RunData[list[int]]) -> tuple[Literal[Job.B], int]:
        data.value.append(1)
        return Job.B, 7

    def undo(what: int, data: RunData[list[int]], *, gate: str, note: str = "none", run: Run) -> None:
        seen.append((what, data.value, gate, note, run.run_id))

    @state(Job.B)
    def b() -> Literal[Job.DONE]:
        raise Ship

    built = Workflow.build(Job, a, b, compensate(a)(undo), start=Job.A, exits=(Job.DONE,), data=list)

    async def main(**given: Any) -> None:
        with pytest.raises(HandlerFailed):
            await built.bind(**given).run("r")

    run_async(lambda: main(gate="g"))
    run_async(lambda: main(gate="g", note="n"))
    assert seen == [(7, [1], "g", "none", "r"), (7, [1], "g", "n", "r")]


def test_rollback_comes_before_teardown(run_async: Callable[..., Any]) -> None:
    """G1: resources are still set up while compensations run."""
    log: Log = []

    class Box:
        async def setup(self) -> None:
            log.append("up")

        async def teardown(self) -> None:
            log.append("down")

    def ship(log: Log, box: Box) -> Any:
        raise Ship

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await saga(ship).run(log=log, box=Box())

    run_async(main)
    assert log == ["up", "reserve", "charge", "refund 12", "release tea", "down"]


@pytest.mark.parametrize("undo_kind", KINDS)
def test_failing_compensation_does_not_stop_the_rest(undo_kind: str, run_async: Callable[..., Any]) -> None:
    """G2: a compensation that fails is put down, the rest still run, and one error carries everything."""
    log: Log = []

    def refund(output: int, log: Log) -> None:
        log.append("refund fails")
        raise OSError("the bank is closed")

    built = saga(failing, undo_kind=undo_kind, refund=of_kind(undo_kind, refund))

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.run(log=log)
        return caught.value

    error = run_async(main)
    assert log == ["reserve", "charge", "ship", "refund fails", "release tea"]
    assert isinstance(error.original, HandlerFailed)
    assert error.__cause__ is error.original
    assert isinstance(error.original.__cause__, Ship)
    (owed,) = error.failures
    assert (owed.state, owed.compensation, owed.output) == (Order.CHARGE, "refund", 12)
    assert isinstance(owed.error, OSError)
    assert error.not_run == ()
    assert error.at == error.original.at
    assert "Order.CHARGE: refund(12) failed: OSError: the bank is closed (" in str(error)


def test_all_compensations_fail(run_async: Callable[..., Any]) -> None:
    """G2: every failure is put down, in the order in which they ran."""

    def release(output: str) -> None:
        raise KeyError("release")

    async def refund(output: int) -> None:
        raise KeyError("refund")

    async def main() -> Any:
        with pytest.raises(CompensationFailed) as caught:
            await saga(failing, release=release, refund=refund).run(log=[])
        return [(owed.state, str(owed.error)) for owed in caught.value.failures]

    assert run_async(main) == [(Order.CHARGE, "'refund'"), (Order.RESERVE, "'release'")]


def test_plain_compensation_that_hands_on_a_coroutine(run_async: Callable[..., Any]) -> None:
    """G1: what a plain compensation gives to be awaited, as a lambda does, is awaited, not thrown away."""
    log: Log = []

    async def later(what: str) -> None:
        await anyio.lowlevel.checkpoint()
        log.append(what)

    built = saga(failing, refund=lambda output: later(f"refunded {output}"), release=lambda output: None)

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await built.run(log=log)

    run_async(main)
    assert log[-1] == "refunded 12"


def test_budget_cuts_and_leaves_the_rest(run_async: Callable[..., Any]) -> None:
    """G2 and G4: when the time for compensations is over the one at work is cut and the rest is not run."""
    log: Log = []

    async def refund(output: int, log: Log) -> None:
        log.append("refund begins")
        try:
            await anyio.sleep(30)
        finally:
            log.append("refund cut")

    built = saga(failing, refund=refund, compensation_timeout=0.02)

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.run(log=log)
        return caught.value

    error = run_async(main)
    assert log == ["reserve", "charge", "ship", "refund begins", "refund cut"]
    (failed,) = error.failures
    assert isinstance(failed.error, TimeoutError)
    assert str(failed.error) == (
        "cut, as all compensations of a run may take 0.02 s; whether it took effect is not known"
    )
    (left,) = error.not_run
    assert (left.state, left.output, left.error) == (Order.RESERVE, "tea", None)


def test_budget_that_runs_out_between_two(run_async: Callable[..., Any]) -> None:
    """G4: a plain compensation cannot be cut: it ends, and what is left is not run."""
    log: Log = []

    def refund(output: int, log: Log) -> None:
        threading.Event().wait(0.03)
        log.append("refunded")

    built = saga(failing, refund=refund, compensation_timeout=timedelta(seconds=0.01))

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.run(log=log)
        return caught.value

    error = run_async(main)
    assert log[-1] == "refunded"
    assert error.failures == ()
    assert [owed.state for owed in error.not_run] == [Order.RESERVE]


@pytest.mark.parametrize("value", [0, -1, float("nan"), True, "5", None, timedelta(0)])
def test_budget_must_be_a_time(value: Any) -> None:
    """G4: a budget that is not more than nothing is refused at build."""
    with pytest.raises(PolicyError) as caught:
        saga(failing, compensation_timeout=value)
    assert caught.value.field == "compensation_timeout"


def test_compensation_that_raises_a_cancel_of_its_own() -> None:
    """G2: a cancel that a compensation gets from something it awaits is its failure; the rest still run."""
    log: Log = []

    async def refund(output: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await saga(failing, refund=refund).run(log=log)
        return caught.value

    error = asyncio.run(main())
    assert isinstance(error.failures[0].error, asyncio.CancelledError)
    assert log[-1] == "release tea"


def test_compensation_that_cancels_its_own_task() -> None:
    """G2: what a compensation does to its own task does not reach the next one."""
    log: Log = []

    async def refund(output: int, log: Log) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        log.append("refund")

    async def release(output: str, log: Log) -> None:
        await asyncio.sleep(0)
        log.append("release")

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await saga(failing, refund=refund, release=release).run(log=log)

    asyncio.run(main())
    assert log[-2:] == ["refund", "release"]


async def _hang(log: Log) -> Any:
    log.append("ship")
    await anyio.sleep(30)


@pytest.mark.parametrize("undo_kind", KINDS)
def test_scope_cancel_undoes(undo_kind: str, run_async: Callable[..., Any]) -> None:
    """R10: a cancel from outside undoes everything, shielded, and is then the scope's own cancel again."""
    log: Log = []

    async def main() -> bool:
        with anyio.move_on_after(0.01) as scope:
            await saga(_hang, undo_kind=undo_kind).run(log=log)
        return scope.cancelled_caught

    assert run_async(main)
    assert log == UNDONE


def test_cancel_passes_as_the_same_object(run_async: Callable[..., Any]) -> None:
    """R5: what reaches the caller after a rollback is the very cancel that cut the handler."""
    seen: list[BaseException] = []

    async def ship() -> Any:
        try:
            await anyio.sleep(30)
        except BaseException as error:
            seen.append(error)
            raise

    async def main() -> None:
        with anyio.move_on_after(0.01):
            try:
                await saga(ship).run(log=[])
            except BaseException as error:
                seen.append(error)
                raise

    run_async(main)
    assert seen[0] is seen[1]
    assert not hasattr(seen[0], "__notes__")


@pytest.mark.parametrize("cancels", [1, 2, 5])
def test_task_cancel_undoes(cancels: int) -> None:
    """R8 and R10: however often Task.cancel() comes, everything is undone once, then the task is cancelled."""
    log: Log = []

    async def undo(output: Any, log: Log) -> None:
        log.append(f"undo {output}")
        await asyncio.sleep(0.005)
        log.append(f"undid {output}")

    async def main() -> None:
        task = asyncio.create_task(saga(_hang, refund=undo, release=undo).run(log=log))
        await asyncio.sleep(0.01)
        for number in range(cancels):
            task.cancel(f"stop {number}")
            await asyncio.sleep(0.001)
        with pytest.raises(asyncio.CancelledError, match="stop 0"):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert log == ["reserve", "charge", "ship", "undo 12", "undid 12", "undo tea", "undid tea"]


def test_native_timeout_undoes_and_is_seen_as_timeout() -> None:
    """R10: asyncio.timeout around a saga is a timeout, after everything is undone."""
    log: Log = []

    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await saga(_hang, undo_kind="async").run(log=log)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0
    assert log == UNDONE


def test_scopes_and_timeouts_leave_nothing_on_the_task() -> None:
    """R5: after a cut in the middle of a compensatable state, or of a rollback, no cancel is left on the task."""

    async def main() -> int:
        for runner in (saga(_hang, undo_kind="async").bind(log=[]), slow([], anyio.Event()).bind()):
            with anyio.move_on_after(0.005) as scope:
                await runner.run()
            assert scope.cancelled_caught
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await runner.run()
        await anyio.lowlevel.checkpoint()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_end_of_the_loop_undoes() -> None:
    """R10: a loop that ends cancels the run and still waits for its rollback."""
    log: Log = []

    async def main() -> None:
        task = asyncio.create_task(saga(_hang, undo_kind="async").run(log=log))
        await asyncio.sleep(0.01)
        assert not task.done()

    asyncio.run(main())
    assert log == UNDONE


def slow(log: Log, begun: "anyio.Event", seconds: float = 0.02) -> Workflow[Any, Any, Any, ...]:
    """Build a compensated state that takes a while, and one after it that suspends first."""

    class Job(Enum):
        CHARGE = 1
        SHIP = 2
        DONE = 3

    @state(Job.CHARGE)
    async def charge() -> tuple[Literal[Job.SHIP], int]:
        log.append("charge begins")
        begun.set()
        await anyio.sleep(seconds)
        log.append("charge ends")
        return Job.SHIP, 12

    @compensate(charge)
    async def refund(output: int) -> None:
        await anyio.lowlevel.checkpoint()
        log.append(f"refund {output}")

    @state(Job.SHIP)
    async def ship() -> Literal[Job.DONE]:
        await anyio.lowlevel.checkpoint()
        raise AssertionError("a state was called after the cancel")

    return Workflow.build(Job, charge, refund, ship, start=Job.CHARGE, exits=(Job.DONE,))


WHOLE = ["charge begins", "charge ends", "refund 12"]


def test_scope_does_not_cut_a_compensatable_state(run_async: Callable[..., Any]) -> None:
    """R9: a state in the middle of its work ends, its output is kept, then the cancel is honoured."""
    log: Log = []

    async def main() -> bool:
        begun = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(slow(log, begun).run)
            await begun.wait()
            group.cancel_scope.cancel()
        return group.cancel_scope.cancelled_caught

    run_async(main)
    assert log == WHOLE


@pytest.mark.parametrize("cancels", [1, 2, 5])
def test_task_cancel_does_not_cut_a_compensatable_state(cancels: int) -> None:
    """R9: nor do any number of Task.cancel(); the first is raised, as it came, after the rollback."""
    log: Log = []

    async def main() -> None:
        begun = anyio.Event()
        task = asyncio.create_task(slow(log, begun).run())
        await begun.wait()
        for number in range(cancels):
            task.cancel(f"stop {number}")
            await asyncio.sleep(0.001)
        with pytest.raises(asyncio.CancelledError, match="stop 0"):
            await task

    asyncio.run(main())
    assert log == WHOLE


def test_end_of_the_loop_does_not_cut_a_compensatable_state() -> None:
    """R9: a loop that ends cancels every task it knows, which the state's own is not."""
    log: Log = []

    async def main() -> None:
        begun = anyio.Event()
        task = asyncio.create_task(slow(log, begun).run())
        await begun.wait()
        assert not task.done()

    asyncio.run(main())
    assert log == WHOLE


def test_last_state_before_an_exit_is_not_cut(run_async: Callable[..., Any]) -> None:
    """R9: a cancel that came during a compensatable state is honoured right after it, not lost at an exit."""
    log: Log = []

    class Job(Enum):
        CHARGE = 1
        DONE = 2

    @state(Job.CHARGE)
    async def charge() -> tuple[Literal[Job.DONE], int]:
        await anyio.sleep(0.02)
        log.append("charge")
        return Job.DONE, 12

    @compensate(charge)
    def refund(output: int) -> None:
        log.append("refund")

    built = Workflow.build(Job, charge, refund, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> bool:
        with anyio.move_on_after(0.005) as scope:
            await built.run()
        return scope.cancelled_caught

    assert run_async(main)
    assert log == ["charge", "refund"]


@pytest.mark.parametrize("cancels", [1, 3])
def test_thread_is_waited_for_and_undone(cancels: int) -> None:
    """R9: a compensatable state in a thread ends, however often it is cancelled, and its output is undone."""
    log: Log = []
    begun = threading.Event()

    class Job(Enum):
        CHARGE = 1
        DONE = 2

    @state(Job.CHARGE, thread=True)
    def charge() -> tuple[Literal[Job.DONE], int]:
        begun.set()
        threading.Event().wait(0.02)
        log.append("charge")
        return Job.DONE, 12

    @compensate(charge)
    def refund(output: int) -> None:
        log.append(f"refund {output}")

    built = Workflow.build(Job, charge, refund, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> None:
        task = asyncio.create_task(built.run())
        await asyncio.to_thread(begun.wait)
        for _ in range(cancels):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["charge", "refund 12"]


def test_compensatable_state_that_fails_while_cancelled() -> None:
    """R9 and G5: a state that fails after a cancel came has no output, and the cancel goes before its error."""
    log: Log = []

    class Job(Enum):
        CHARGE = 1
        DONE = 2

    @state(Job.CHARGE)
    async def charge() -> tuple[Literal[Job.DONE], int]:
        await asyncio.sleep(0.01)
        raise Ship

    @compensate(charge)
    def refund(output: int) -> None:
        log.append("refund")

    built = Workflow.build(Job, charge, refund, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> None:
        task = asyncio.create_task(built.run())
        await asyncio.sleep(0)
        task.cancel("stop")
        with pytest.raises(asyncio.CancelledError, match="stop"):
            await task

    asyncio.run(main())
    assert log == []


def test_cancel_during_a_rollback_is_raised_after_it() -> None:
    """R5: a Task.cancel() that arrives while a failed run rolls back cuts nothing and is not lost."""
    log: Log = []
    undoing = asyncio.Event()

    async def refund(output: int, log: Log) -> None:
        undoing.set()
        await asyncio.sleep(0.01)
        log.append("refund")

    async def main() -> None:
        task = asyncio.create_task(saga(failing, refund=refund).run(log=log))
        await undoing.wait()
        task.cancel("late")
        with pytest.raises(asyncio.CancelledError, match="late") as caught:
            await task
        assert isinstance(caught.value.__cause__, HandlerFailed)

    asyncio.run(main())
    assert log[-2:] == ["refund", "release tea"]


def test_scope_cancelled_during_a_rollback_cuts_nothing(run_async: Callable[..., Any]) -> None:
    """R5: a scope that is cancelled while a failed run rolls back cuts nothing; the run's own error stands."""
    log: Log = []

    async def refund(output: int, log: Log) -> None:
        await anyio.sleep(0.02)
        log.append("refund")

    async def main() -> None:
        with anyio.move_on_after(0.005), pytest.raises(HandlerFailed):
            await saga(failing, refund=refund).run(log=log)

    run_async(main)
    assert log[-2:] == ["refund", "release tea"]


def test_incomplete_rollback_of_a_cancel(
    run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """R5: a cancel is never replaced: what is owed is its cause, its note, and logged."""
    seen: list[BaseException] = []

    def refund(output: int) -> None:
        raise OSError("shut")

    async def main() -> bool:
        with anyio.move_on_after(0.005) as scope:
            try:
                await saga(_hang, refund=refund).bind(log=[]).run("r1")
            except BaseException as error:
                seen.append(error)
                raise
        return scope.cancelled_caught

    with caplog.at_level(logging.ERROR, logger="cano_dsl"):
        assert run_async(main)
    (cancel,) = seen
    report = cancel.__cause__
    assert isinstance(report, CompensationFailed)
    assert report.original is cancel
    assert [owed.output for owed in report.failures] == [12]
    assert (report.at.run_id, report.at.path) == ("r1", (Order.RESERVE, Order.CHARGE))
    assert cancel.__notes__ == [str(report)]
    assert [record.getMessage() for record in caplog.records] == [str(report)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_end_of_the_process_undoes_and_is_not_wrapped(
    kind: type[BaseException], run_async: Callable[..., Any]
) -> None:
    """R5 and R10: KeyboardInterrupt and SystemExit of a handler undo what was done, and pass unchanged."""
    log: Log = []
    error = kind()

    async def ship(log: Log) -> Any:
        log.append("ship")
        raise error

    async def main() -> None:
        with pytest.raises(kind) as caught:
            await saga(ship, undo_kind="async").run(log=log)
        assert caught.value is error

    run_async(main)
    assert log == UNDONE
    assert error.__cause__ is None


@pytest.mark.parametrize("undo_kind", KINDS)
def test_end_of_the_process_in_a_compensation_ends_the_rollback(
    undo_kind: str, run_async: Callable[..., Any]
) -> None:
    """R5: a compensation that ends the process is obeyed at once; what is owed is the exit's cause."""
    log: Log = []

    def refund(output: int) -> None:
        raise SystemExit(3)

    async def main() -> None:
        with pytest.raises(SystemExit) as caught:
            await saga(failing, undo_kind=undo_kind, refund=of_kind(undo_kind, refund)).run(log=log)
        report = caught.value.__cause__
        assert isinstance(report, CompensationFailed)
        assert isinstance(report.original, HandlerFailed)
        assert [owed.state for owed in report.failures] == [Order.CHARGE]
        assert [owed.state for owed in report.not_run] == [Order.RESERVE]

    run_async(main)
    assert log == ["reserve", "charge", "ship"]


@pytest.mark.parametrize("kind", KINDS)
def test_compensatable_state_that_ends_the_process(kind: str, run_async: Callable[..., Any]) -> None:
    """R5: KeyboardInterrupt in a compensatable state passes through the task of its own."""

    class Job(Enum):
        CHARGE = 1
        DONE = 2

    def charge() -> tuple[Literal[Job.DONE], int]:
        raise KeyboardInterrupt

    thread: Any = {"thread": True} if kind == "thread" else {}
    part: Any = state(Job.CHARGE, **thread)(of_kind(kind, charge))
    undo = compensate(part)(lambda output: None)
    built = Workflow.build(Job, part, undo, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> str:
        try:
            await built.run()
        except BaseException as error:
            return type(error).__name__
        return "nothing"

    assert run_async(main) == "KeyboardInterrupt"


def interrupted(main: Callable[..., Any], begun: threading.Event, run_async: Callable[..., Any]) -> None:
    """Run in the main task, and press Ctrl-C once it has begun."""

    def press() -> None:
        begun.wait(5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_async(main)
    finally:
        begun.set()
        thread.join()


def test_interrupt_in_a_plain_state_undoes(run_async: Callable[..., Any]) -> None:
    """R5 and R10: Ctrl-C while a state waits undoes what was done, and is KeyboardInterrupt, not a group of it."""
    log: Log = []
    begun = threading.Event()

    async def ship(log: Log) -> Any:
        log.append("ship")
        begun.set()
        await anyio.sleep(10)

    async def main() -> None:
        await saga(ship, kind="async", undo_kind="async").run(log=log)

    interrupted(main, begun, run_async)
    assert log == UNDONE


def test_interrupt_in_a_compensatable_state_passes_as_itself(run_async: Callable[..., Any]) -> None:
    """R5: Ctrl-C while a compensatable state waits ends the run with KeyboardInterrupt, and undoes those before."""
    log: Log = []
    begun = threading.Event()

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3

    @state(Job.A)
    async def a() -> tuple[Literal[Job.B], int]:
        return Job.B, 1

    @state(Job.B)
    async def b() -> tuple[Literal[Job.DONE], int]:
        begun.set()
        await anyio.sleep(0.05)
        return Job.DONE, 2

    parts = (a, b, compensate(a)(log.append), compensate(b)(lambda output: None))
    built = Workflow.build(Job, *parts, start=Job.A, exits=(Job.DONE,))

    async def main() -> None:
        await built.run()

    interrupted(main, begun, run_async)
    assert log == [1]


def test_interrupt_in_a_rollback(run_async: Callable[..., Any]) -> None:
    """R5: Ctrl-C while a run rolls back is not lost: on asyncio after it, on trio at once, with what is owed."""
    log: Log = []
    begun = threading.Event()

    async def refund(output: int, log: Log) -> None:
        begun.set()
        await anyio.sleep(0.05)
        log.append("refund")

    async def main() -> None:
        await saga(failing, refund=refund).run(log=log)

    interrupted(main, begun, run_async)
    assert log[3:] in (["refund", "release tea"], [])


def test_place_is_that_of_the_failure_again(run_async: Callable[..., Any]) -> None:
    """O1: after a rollback observers see the run where it failed, not where it was undone."""
    seen: list[Any] = []

    class Ends(Observer):
        def run_finished(self, run: Run, *ends: object) -> None:
            seen.append((run.state, run.idempotency_key))

        def compensation_started(self, run: Run, *what: object) -> None:
            seen.append((run.state, run.idempotency_key))

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await saga(failing).configure(observers=[Ends()]).bind(log=[]).run("r")

    run_async(main)
    assert seen == [(Order.CHARGE, "r/1"), (Order.RESERVE, "r/0"), (Order.SHIP, "r/2")]


def test_run_that_is_closed_awaits_nothing() -> None:
    """R5: a run that is closed by hand, where nothing can be awaited, ends without a rollback."""
    log: Log = []
    running = saga(_hang).run(log=log)

    async def main() -> None:
        running.send(None)
        running.close()

    asyncio.run(main())
    gc.collect()
    assert log == ["reserve", "charge", "ship"]


def test_context_variables_of_a_compensatable_state_are_its_own(run_async: Callable[..., Any]) -> None:
    """R9: a compensatable state sees the run's context variables; what it sets is its own, on each backend."""
    who: ContextVar[str] = ContextVar("who")
    seen: list[str] = []

    class Job(Enum):
        CHARGE = 1
        SHIP = 2
        DONE = 3

    @state(Job.CHARGE)
    async def charge() -> tuple[Literal[Job.SHIP], int]:
        seen.append(who.get())
        who.set("charge")
        return Job.SHIP, 12

    @compensate(charge)
    async def refund(output: int) -> None:
        seen.append(who.get())
        who.set("refund")

    @state(Job.SHIP)
    def ship() -> Literal[Job.DONE]:
        seen.append(who.get())
        raise Ship

    built = Workflow.build(Job, charge, refund, ship, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> str:
        who.set("run")
        with pytest.raises(HandlerFailed):
            await built.run()
        return who.get()

    assert run_async(main) == "run"
    assert seen == ["run", "run", "run"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("returned", "text", "undone"),
    [
        (lambda job: job.SHIP, r"returned Job\.SHIP without the output, but declares", []),
        (lambda job: (job.SHIP, 1, 2), r"returned \(<Job\.SHIP: 2>, 1, 2\), but declares", []),
        (lambda job: (job.DONE, 1), r"returned \(<Job\.DONE: 3>, 1\), but declares", [1]),
        (lambda job: (job.CHARGE, 1), r"returned \(<Job\.CHARGE: 1>, 1\), but declares", [1]),
        (lambda job: ("SHIP", 1), r"returned \('SHIP', 1\), but declares", []),
        (lambda job: [job.SHIP, 1], r"returned \[<Job\.SHIP: 2>, 1\], but declares", []),
        (lambda job: None, r"returned None, but declares", []),
    ],
)
def test_wrong_shape(
    kind: str, returned: Any, text: str, undone: list[int], run_async: Callable[..., Any]
) -> None:
    """R2 and G1: what is no declared pair is refused in plain words; an output that came all the same is undone."""
    log: Log = []

    class Job(Enum):
        CHARGE = 1
        SHIP = 2
        DONE = 3

    def charge() -> tuple[Literal[Job.SHIP], int] | Literal[Job.DONE]:
        return returned(Job)

    thread: Any = {"thread": True} if kind == "thread" else {}
    part: Any = state(Job.CHARGE, **thread)(of_kind(kind, charge))
    undo = compensate(part)(log.append)
    ship = state(Job.SHIP, to=(Job.DONE,))(lambda: Job.DONE)
    built = Workflow.build(Job, part, undo, ship, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> None:
        with pytest.raises(UndeclaredTransition, match=text + r" \(Job\.SHIP, int\), Job\.DONE: ") as caught:
            await built.run()
        assert caught.value.target == returned(Job)
        assert caught.value.declared == (Job.SHIP, Job.DONE)

    run_async(main)
    assert log == undone


def test_output_without_a_compensation(run_async: Callable[..., Any]) -> None:
    """G1: a state with an output and no compensation runs as any other, and nothing is kept."""

    class Job(Enum):
        CHARGE = 1
        DONE = 2

    @state(Job.CHARGE)
    async def charge() -> tuple[Literal[Job.DONE], int]:
        await anyio.lowlevel.checkpoint()
        return Job.DONE, 12

    built = Workflow.build(Job, charge, start=Job.CHARGE, exits=(Job.DONE,))

    async def main() -> Any:
        return await built.run()

    assert run_async(main) is Job.DONE


def test_concurrent_runs_have_stacks_of_their_own(run_async: Callable[..., Any]) -> None:
    """R4: runs at once undo each what it did itself."""
    logs: list[Log] = [[] for _ in range(5)]

    async def one(built: Workflow[Any, Any, Any, ...], log: Log) -> None:
        with pytest.raises(HandlerFailed):
            await built.run(log=log)

    async def main() -> None:
        built = saga(failing, kind="async", undo_kind="async")
        async with anyio.create_task_group() as group:
            for log in logs:
                group.start_soon(one, built, log)

    run_async(main)
    assert logs == [UNDONE] * 5


def test_saga_in_a_runner_with_held_resources(run_async: Callable[..., Any]) -> None:
    """G1: within `async with` a run undoes itself and leaves the resources set up."""
    log: Log = []

    async def main() -> None:
        async with saga(failing).bind(log=log) as runner:
            for _ in range(2):
                with pytest.raises(HandlerFailed):
                    await runner.run()

    run_async(main)
    assert log == UNDONE * 2


def test_observers_see_a_rollback(run_async: Callable[..., Any]) -> None:
    """O1: each compensation is told when it starts and when it is done or failed, the last state first."""
    recorder = Recorder()
    shut = OSError("shut")

    async def refund(output: int) -> None:
        raise shut

    built = saga(failing, refund=refund, kind="async").configure(observers=[recorder])

    async def main() -> None:
        with pytest.raises(CompensationFailed):
            await built.bind(log=[]).run("r1")

    run_async(main)
    names = recorder.names()
    assert names[-6:] == [
        "attempt_failed",
        "compensation_started",
        "compensation_failed",
        "compensation_started",
        "compensation_done",
        "run_finished",
    ]
    assert [event.details for event in recorder.events[-5:-1]] == [
        {"state": Order.CHARGE, "output": 12},
        {"state": Order.CHARGE, "output": 12, "error": shut},
        {"state": Order.RESERVE, "output": "tea"},
        {"state": Order.RESERVE, "output": "tea"},
    ]
    succeeded = [e.details["target"] for e in recorder.events if e.name == "attempt_succeeded"]
    assert succeeded == [Order.CHARGE, Order.SHIP]


def test_observers_see_a_state_that_a_cancel_did_not_cut() -> None:
    """O1 and R9: a state that ended after the cancel is told as succeeded before it is told as undone."""
    recorder = Recorder()
    log: Log = []

    async def main() -> None:
        begun = anyio.Event()
        built = slow(log, begun).configure(observers=[recorder])
        task = asyncio.create_task(built.run())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert recorder.names()[2:] == [
        "attempt_started",
        "attempt_succeeded",
        "compensation_started",
        "compensation_done",
        "cancelled",
        "run_finished",
    ]


def test_nothing_is_left_running() -> None:
    """R9: after a rollback the loop has no task but the caller's, and nothing of a compensation goes on."""
    log: Log = []

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await saga(failing, kind="async", undo_kind="async").run(log=log)
        count = len(log)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await asyncio.sleep(0.005)
        assert len(log) == count

    asyncio.run(main())
