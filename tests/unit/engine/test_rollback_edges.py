"""`Rollback`: a handler has everything undone and the run goes on; and what error edges and sagas are together."""

import asyncio
import gc
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Failure, Retry, Rollback, Run, Waive, Workflow, compensate, state
from cano_dsl.errors import (
    CompensationFailed,
    HandlerFailed,
    RunTimeout,
    TransitionsExhausted,
    UndeclaredTransition,
)
from cano_dsl.testing import Recorder


class Order(Enum):
    RESERVE = 1
    CHARGE = 2
    CHECK = 3
    SORRY = 4
    DONE = 5
    REJECTED = 6


Log = list[Any]
ENDS = (Order.DONE, Order.REJECTED)
UNDONE = ["refund 12", "release tea"]


def charging(undo: Any = None, **options: Any) -> tuple[Any, ...]:
    """Make reserve and charge with what undoes them; a plain one and an async one."""

    @state(Order.RESERVE)
    def reserve() -> tuple[Literal[Order.CHARGE], str]:
        return Order.CHARGE, "tea"

    @state(Order.CHARGE)
    async def charge() -> tuple[Literal[Order.CHECK], int]:
        await anyio.lowlevel.checkpoint()
        return Order.CHECK, 12

    @compensate(reserve)
    def release(what: str, log: Log) -> None:
        log.append(f"release {what}")

    async def refund(amount: int, log: Log) -> None:
        await anyio.lowlevel.checkpoint()
        log.append(f"refund {amount}")

    return reserve, charge, release, compensate(charge, **options)(undo or refund)


def build(*parts: Any, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of them; a state that nobody handles is an exit."""
    handled = {part.spec.at for part in parts if hasattr(part.spec, "at")}
    exits = tuple(member for member in Order if member not in handled)
    waive = [Waive("unreachable", at, "not in this test") for at in exits]
    return Workflow.build(Order, *parts, start=Order.RESERVE, exits=exits, waive=waive, **options)


async def check() -> Literal[Order.SORRY, Order.DONE] | Rollback[Literal[Order.REJECTED]]:
    await anyio.lowlevel.checkpoint()
    return Rollback(Order.REJECTED)


def check_plain() -> Literal[Order.SORRY, Order.DONE] | Rollback[Literal[Order.REJECTED]]:
    return Rollback(Order.REJECTED)


@pytest.mark.parametrize("kind", ["async", "plain", "thread"])
def test_everything_is_undone_then_the_run_goes_on(kind: str, run_async: Callable[..., Any]) -> None:
    """A handler that returns a rollback has each output undone, the last first, and the run reaches its state."""
    log: Log = []
    thread: Any = {"thread": True} if kind == "thread" else {}
    made = state(Order.CHECK, **thread)(check if kind == "async" else check_plain)
    built = build(*charging(), made)
    assert run_async(lambda: built.run(log=log)) is Order.REJECTED
    assert log == UNDONE


def test_declared_and_not_taken(run_async: Callable[..., Any]) -> None:
    """A handler that declares a rollback and goes on without one undoes nothing."""
    log: Log = []

    @state(Order.CHECK)
    def goes() -> Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        return Order.DONE

    built = build(*charging(), goes)
    assert run_async(lambda: built.run(log=log)) is Order.DONE
    assert log == []


@pytest.mark.parametrize("returned", [Rollback(Order.DONE), Rollback(Order.RESERVE), Order.REJECTED])
def test_undeclared_rollback(returned: Any, run_async: Callable[..., Any]) -> None:
    """R2: a rollback to a state that is only an ordinary target, or none, fails; so does its target without one."""
    log: Log = []

    @state(Order.CHECK)
    def goes() -> Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        return returned  # type: ignore[no-any-return]

    built = build(*charging(), goes)

    async def main() -> UndeclaredTransition:
        with pytest.raises(UndeclaredTransition) as caught:
            await built.run(log=log)
        return caught.value

    error = run_async(main)
    assert error.target is returned
    assert f"returned {returned!r}" in str(error) or "returned Order.REJECTED" in str(error)
    assert "but declares Order.DONE, Rollback(Order.REJECTED): return one of these" in str(error)
    assert log == UNDONE  # a failure like any other


def test_rollback_where_none_is_declared(run_async: Callable[..., Any]) -> None:
    """R2: a handler without a rollback in its annotation is told how to declare the one that it returned."""
    log: Log = []

    @state(Order.CHECK)
    def goes() -> Literal[Order.DONE]:
        return Rollback(Order.DONE)  # type: ignore[return-value]

    built = build(*charging(), goes)

    async def main() -> None:
        hint = r"returned Rollback\(Order\.DONE\), but declares Order\.DONE: .*add Rollback\[Literal\[Order\.DONE\]\]"
        with pytest.raises(UndeclaredTransition, match=hint):
            await built.run(log=log)

    run_async(main)


def test_bare_call_where_no_rollback_is_declared() -> None:
    """R6: a handler that declares no rollback is called as it is, though another one of the workflow does."""

    @state(Order.SORRY)
    def sorry() -> Literal[Order.DONE]:
        return Order.DONE

    built = build(*charging(), state(Order.CHECK)(check), sorry)
    steps = built._plan.steps(["log"]).by_name
    assert steps["SORRY"].call is steps["SORRY"].thunk
    assert steps["CHECK"].call is not steps["CHECK"].thunk


def test_state_that_asks_has_no_output_in_that_step(run_async: Callable[..., Any]) -> None:
    """G5: a state with an output that asks for a rollback adds none, and is itself undone only for earlier entries."""
    log: Log = []

    @state(Order.CHECK)
    async def counted(
        left: list[int],
    ) -> tuple[Literal[Order.CHECK], int] | Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        if not left:
            return Rollback(Order.REJECTED)
        return Order.CHECK, left.pop()

    @compensate(counted)
    async def uncount(number: int, log: Log) -> None:
        log.append(f"uncount {number}")

    built = build(*charging(), counted, uncount)
    assert run_async(lambda: built.run(log=log, left=[1, 2])) is Order.REJECTED
    assert log == ["uncount 1", "uncount 2", *UNDONE]


def test_run_goes_on_with_an_empty_stack(run_async: Callable[..., Any]) -> None:
    """G1: what is done after a rollback is undone by a later failure, and what was undone before is not again."""
    log: Log = []

    @state(Order.CHECK)
    def back(left: list[int]) -> Literal[Order.DONE] | Rollback[Literal[Order.RESERVE]]:
        if not left:
            raise OSError
        left.pop()
        return Rollback(Order.RESERVE)

    built = build(*charging(), back)

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await built.run(log=log, left=[1])
        return caught.value

    assert run_async(main).at.path == (Order.CHECK, Order.RESERVE, Order.CHARGE, Order.CHECK)
    assert log == UNDONE * 2


def test_sequence_goes_on_after_a_rollback(run_async: Callable[..., Any]) -> None:
    """A rollback takes no number of its own: keys of states before, in and after it are those of their entries."""
    keys: Log = []

    async def refund(amount: int, run: Run) -> None:
        keys.append(("refund", run.state, run.idempotency_key))

    @state(Order.CHECK)
    async def asks(run: Run) -> Literal[Order.DONE] | Rollback[Literal[Order.SORRY]]:
        keys.append(("check", run.state, run.idempotency_key))
        return Rollback(Order.SORRY)

    @state(Order.SORRY)
    async def sorry(run: Run) -> Literal[Order.REJECTED]:
        keys.append(("sorry", run.state, run.idempotency_key))
        return Order.REJECTED

    built = build(*charging(refund), asks, sorry)
    run_async(lambda: built.bind(log=[]).run("r1"))
    assert keys == [
        ("check", Order.CHECK, "r1/2"),
        ("refund", Order.CHARGE, "r1/1"),
        ("sorry", Order.SORRY, "r1/3"),
    ]


def test_incomplete_rollback_fails_the_run(run_async: Callable[..., Any]) -> None:
    """G2: where not all is undone the run fails with what is owed, the state that asked, and no original error."""
    log: Log = []

    def refund(amount: int) -> None:
        raise OSError("shut")

    built = build(*charging(refund), state(Order.CHECK)(check))

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.bind(log=log).run("r1")
        return caught.value

    error = run_async(main)
    assert log == ["release tea"]
    assert (error.original, error.__cause__, error.at.state) == (None, None, Order.CHECK)
    assert error.at.path == (Order.RESERVE, Order.CHARGE, Order.CHECK)
    assert [(owed.state, owed.output) for owed in error.failures] == [(Order.CHARGE, 12)]
    assert str(error).endswith(
        "\nOrder.CHECK asked for a rollback (run r1, attempt 1, path RESERVE → CHARGE → CHECK)"
    )


def test_budget_of_a_rollback(run_virtual: Callable[..., Any]) -> None:
    """G4: a rollback that is asked for has the whole budget, each time it is."""

    async def refund(amount: int) -> None:
        await anyio.sleep(4)

    @state(Order.CHECK)
    def back(left: list[int]) -> Literal[Order.DONE] | Rollback[Literal[Order.RESERVE]]:
        if left:
            left.pop()
            return Rollback(Order.RESERVE)
        return Order.DONE

    built = build(*charging(refund), back, compensation_timeout=5)
    assert run_virtual(lambda: built.run(log=[], left=[1, 2, 3])) is Order.DONE


def test_observers_see_a_rollback_that_is_asked_for(run_async: Callable[..., Any]) -> None:
    """O1: the handler's rollback is what its attempt gave; compensations follow, then the next state."""
    recorder = Recorder()

    @state(Order.SORRY)
    def sorry() -> Literal[Order.REJECTED]:
        return Order.REJECTED

    @state(Order.CHECK)
    def asks() -> Literal[Order.DONE] | Rollback[Literal[Order.SORRY]]:
        return Rollback(Order.SORRY)

    built = build(*charging(), asks, sorry).configure(observers=[recorder])
    run_async(lambda: built.run(log=[]))
    given = [e.details["target"] for e in recorder.events if e.name == "attempt_succeeded"]
    assert given == [Order.CHARGE, Order.CHECK, Rollback(Order.SORRY), Order.REJECTED]
    assert recorder.names()[-9:] == [
        "attempt_succeeded",
        "compensation_started",
        "compensation_done",
        "compensation_started",
        "compensation_done",
        "state_entered",
        "attempt_started",
        "attempt_succeeded",
        "run_finished",
    ]


def test_rollback_after_a_retry(run_async: Callable[..., Any]) -> None:
    """L1: a rollback that a later attempt returns is taken as one of the first."""
    log: Log = []

    @state(Order.CHECK, retry=Retry.fixed(3, 0))
    async def flaky(run: Run) -> Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        if run.attempt < 3:
            raise OSError
        return Rollback(Order.REJECTED)

    built = build(*charging(), flaky)
    assert run_async(lambda: built.run(log=log)) is Order.REJECTED
    assert log == UNDONE


# Error edges and sagas.


@state(Order.SORRY)
def give_up(failure: Failure, log: Log) -> Rollback[Literal[Order.REJECTED]]:
    log.append(f"gave up on {failure.error}")
    return Rollback(Order.REJECTED)


def test_routed_error_undoes_nothing(run_async: Callable[..., Any]) -> None:
    """J9 and G1: an error that an edge leads on is no failure of the run: outputs stay, and nothing is undone."""
    log: Log = []

    @state(Order.CHECK, on_error=Order.SORRY)
    async def fails() -> Literal[Order.DONE]:
        raise OSError("shut")

    @state(Order.SORRY)
    def sorry(failure: Failure) -> Literal[Order.REJECTED]:
        return Order.REJECTED

    built = build(*charging(), fails, sorry)
    assert run_async(lambda: built.run(log=log)) is Order.REJECTED
    assert log == []


def test_failure_after_a_routed_error_undoes_all(run_async: Callable[..., Any]) -> None:
    """J9 and G1: what was done before a routed error is undone by a failure after it."""
    log: Log = []

    @state(Order.CHECK, on_error=Order.SORRY)
    async def fails() -> Literal[Order.DONE]:
        raise OSError("shut")

    @state(Order.SORRY)
    def sorry(failure: Failure) -> Literal[Order.REJECTED]:
        raise KeyError

    built = build(*charging(), fails, sorry)

    async def main() -> None:
        with pytest.raises(HandlerFailed) as caught:
            await built.run(log=log)
        assert caught.value.at.state is Order.SORRY

    run_async(main)
    assert log == UNDONE


def test_rejected_after_refund(run_async: Callable[..., Any]) -> None:
    """The idiom: an error edge to a state that asks for a rollback ends a failed order as rejected, all undone."""
    log: Log = []

    @state(Order.CHECK, on_error=Order.SORRY)
    async def fails() -> Literal[Order.DONE]:
        raise OSError("shut")

    built = build(*charging(), fails, give_up)
    assert run_async(lambda: built.run(log=log)) is Order.REJECTED
    assert log == ["gave up on shut", *UNDONE]


def test_failed_compensatable_state_that_is_routed(run_async: Callable[..., Any]) -> None:
    """G5 and J9: a compensatable state whose error is routed has no output; those before it keep theirs."""
    log: Log = []

    @state(Order.CHECK, on_error=Order.SORRY)
    async def fails() -> tuple[Literal[Order.DONE], str]:
        raise OSError("shut")

    @compensate(fails)
    def unfail(output: str, log: Log) -> None:
        log.append("undone without an output")

    built = build(*charging(), fails, unfail, give_up)
    assert run_async(lambda: built.run(log=log)) is Order.REJECTED
    assert log == ["gave up on shut", *UNDONE]


# Cancels and limits.


def test_task_cancel_while_undoing_is_raised_after_it() -> None:
    """R9: Task.cancel() during a rollback that was asked for does not cut it, and ends the run after it."""
    log: Log = []

    async def main() -> None:
        undoing = asyncio.Event()

        async def refund(amount: int, log: Log) -> None:
            undoing.set()
            await asyncio.sleep(0.01)
            log.append(f"refund {amount}")

        task = asyncio.create_task(build(*charging(refund), state(Order.CHECK)(check)).run(log=log))
        await undoing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__cause__ is None

    asyncio.run(main())
    assert log == UNDONE


def test_scope_cancel_while_undoing_is_seen_after_it(run_async: Callable[..., Any]) -> None:
    """R9: a cancel scope does not cut a rollback that was asked for, and the run does not go on after it."""
    log: Log = []

    async def main() -> bool:
        with anyio.CancelScope() as scope:

            async def refund(amount: int, log: Log) -> None:
                scope.cancel()
                await anyio.sleep(0.01)
                log.append(f"refund {amount}")

            await build(*charging(refund), state(Order.CHECK)(check)).run(log=log)
            log.append("went on")
        return scope.cancelled_caught

    assert run_async(main)
    assert log == UNDONE


def test_incomplete_rollback_and_a_cancel(
    run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """R5 and G2: a cancel passes as it is, with what is owed as its cause, and logged."""

    async def main() -> BaseException:
        raised: list[BaseException] = []
        with anyio.CancelScope() as scope:

            async def refund(amount: int) -> None:
                scope.cancel()
                raise OSError("shut")

            try:
                await build(*charging(refund), state(Order.CHECK)(check)).run(log=[])
            except BaseException as error:
                raised.append(error)
                raise
        return raised[0]

    report = run_async(main).__cause__
    assert isinstance(report, CompensationFailed)
    assert report.original is None
    assert "refund(12) failed: OSError: shut" in caplog.text


def test_end_of_the_process_in_an_asked_rollback(run_async: Callable[..., Any]) -> None:
    """R5: SystemExit in a compensation passes as itself, with what was left as its cause."""

    def refund(amount: int) -> None:
        raise SystemExit(3)

    async def main() -> SystemExit:
        with pytest.raises(SystemExit) as caught:
            await build(*charging(refund), state(Order.CHECK)(check)).run(log=[])
        return caught.value

    report = run_async(main).__cause__
    assert isinstance(report, CompensationFailed)
    assert [owed.state for owed in (*report.failures, *report.not_run)] == [Order.CHARGE, Order.RESERVE]


def test_timeout_during_an_asked_rollback(run_virtual: Callable[..., Any]) -> None:
    """R7: the total timeout does not cut compensations; where the run would go on after them it ends it."""
    log: Log = []

    async def refund(amount: int, log: Log) -> None:
        await anyio.sleep(5)
        log.append(f"refund {amount}")

    @state(Order.CHECK)
    def asks() -> Literal[Order.DONE] | Rollback[Literal[Order.SORRY]]:
        return Rollback(Order.SORRY)

    @state(Order.SORRY)
    def sorry(log: Log) -> Literal[Order.REJECTED]:
        log.append("went on")
        return Order.REJECTED

    built = build(*charging(refund), asks, sorry, timeout=1)

    async def main() -> None:
        with pytest.raises(RunTimeout):
            await built.run(log=log)

    run_virtual(main)
    assert log == UNDONE


def test_cycle_of_rollbacks_is_ended(run_async: Callable[..., Any]) -> None:
    """R8: states entered after rollbacks count as transitions, so `max_transitions` ends a cycle of them."""
    log: Log = []

    @state(Order.CHECK)
    def back() -> Literal[Order.DONE] | Rollback[Literal[Order.RESERVE]]:
        return Rollback(Order.RESERVE)

    built = build(*charging(), back, max_transitions=7)

    async def main() -> None:
        with pytest.raises(TransitionsExhausted):
            await built.run(log=log)

    run_async(main)
    assert log == [*UNDONE * 2, "release tea"]


def test_no_compensation_at_all(run_async: Callable[..., Any]) -> None:
    """A rollback in a workflow where nothing undoes anything is an edge like another."""

    @state(Order.RESERVE)
    def asks() -> Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        return Rollback(Order.REJECTED)

    assert run_async(build(asks).run) is Order.REJECTED


def test_rollback_leaves_no_cycle_of_references(run_async: Callable[..., Any]) -> None:
    """A run that goes on after a rollback leaves nothing for the garbage collector."""
    built = build(*charging(), state(Order.CHECK)(check_plain))

    async def main() -> int:
        await built.run(log=[])
        gc.collect()
        gc.disable()
        try:
            await built.run(log=[])
            return gc.collect()
        finally:
            gc.enable()

    assert run_async(main) == 0
