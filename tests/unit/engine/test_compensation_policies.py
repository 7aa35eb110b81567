"""Compensations with a retry policy and a timeout of their own, within the time for all; what is told and owed."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Retry, Run, Workflow, compensate, state
from cano_dsl.errors import AttemptsExhausted, AttemptTimeout, CompensationFailed, HandlerFailed
from cano_dsl.testing import Recorder


class Order(Enum):
    RESERVE = 1
    CHARGE = 2
    SHIP = 3
    DONE = 4


Log = list[Any]
SHUT = OSError("shut")


@state(Order.RESERVE)
async def reserve() -> tuple[Literal[Order.CHARGE], str]:
    return Order.CHARGE, "tea"


@state(Order.CHARGE)
async def charge() -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 12


@state(Order.SHIP)
async def ship() -> Literal[Order.DONE]:
    raise ValueError("no lorry")


def saga(refund: Any, log: Log, *, budget: float = 30, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build reserve → charge → ship, which fails; `refund` undoes the charge with these policies."""

    async def release(what: str) -> None:
        log.append(f"release {what}")

    parts = (reserve, charge, ship, compensate(reserve)(release), compensate(charge, **options)(refund))
    return Workflow.build(
        Order, *parts, start=Order.RESERVE, exits=(Order.DONE,), compensation_timeout=budget
    )


def failing(log: Log, times: int, kind: str) -> Any:
    """Make a compensation that raises so many times, then succeeds."""

    def refund(amount: int) -> None:
        log.append(f"refund {amount}")
        if log.count(f"refund {amount}") <= times:
            raise SHUT

    async def later(amount: int) -> None:
        await anyio.lowlevel.checkpoint()
        refund(amount)

    def handed_on(amount: int) -> Any:
        return later(amount)

    return {"async": later, "handed on": handed_on}.get(kind, refund)


KINDS = ["async", "plain", "thread", "handed on"]


@pytest.mark.parametrize("kind", KINDS)
def test_retry_until_it_succeeds(kind: str, run_async: Callable[..., Any]) -> None:
    """L1 and G2: a compensation that fails is called again as its policy says, and then counts as done."""
    log: Log = []
    thread: Any = {"thread": True} if kind == "thread" else {}
    built = saga(failing(log, 2, kind), log, retry=Retry.fixed(3, 0), **thread)

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await built.run()

    run_async(main)
    assert log == ["refund 12", "refund 12", "refund 12", "release tea"]


@pytest.mark.parametrize("kind", KINDS)
def test_exhausted_retry_is_owed(kind: str, run_async: Callable[..., Any]) -> None:
    """G2 and L1: after the last attempt the rest still runs, and what is owed carries the last error as cause."""
    log: Log = []
    thread: Any = {"thread": True} if kind == "thread" else {}
    built = saga(failing(log, 9, kind), log, retry=Retry.fixed(3, 0), **thread)

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.bind().run("r1")
        return caught.value

    error = run_async(main)
    assert log == [*["refund 12"] * 3, "release tea"]
    (owed,) = error.failures
    assert isinstance(owed.error, AttemptsExhausted)
    assert (owed.error.attempts, owed.error.is_late, owed.error.__cause__) == (3, False, SHUT)
    at = owed.error.at
    assert (at.run_id, at.state, at.attempt, at.handler) == ("r1", Order.CHARGE, 3, owed.where)
    assert str(owed).startswith("Order.CHARGE: ")
    assert ") failed after 3 attempts, " in str(owed)
    assert str(owed).endswith(f" after the first failure: OSError: shut ({owed.where})")
    assert error.at.state is Order.SHIP


def test_error_that_the_policy_does_not_name(run_async: Callable[..., Any]) -> None:
    """L2: an error that the policy does not let pass is owed at once, as it is."""
    log: Log = []
    built = saga(failing(log, 9, "async"), log, retry=Retry.fixed(3, 0, retry_on=KeyError))

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.run()
        return caught.value

    assert run_async(main).failures[0].error is SHUT
    assert log == ["refund 12", "release tea"]


def test_timeout_of_an_attempt(run_virtual: Callable[..., Any]) -> None:
    """L3: an attempt that takes too long is cut and owed as AttemptTimeout; the rest still runs."""
    log: Log = []

    async def refund(amount: int) -> None:
        await anyio.sleep(60)

    built = saga(refund, log, timeout=2)

    async def main() -> CompensationFailed:
        began = anyio.current_time()
        with pytest.raises(CompensationFailed) as caught:
            await built.run()
        assert anyio.current_time() - began == pytest.approx(2)
        return caught.value

    (owed,) = run_virtual(main).failures
    assert isinstance(owed.error, AttemptTimeout)
    assert owed.error.at.state is Order.CHARGE
    assert ") took longer than its timeout of 2 s; whether it took effect is not known (" in str(owed)
    assert log == ["release tea"]


def test_each_attempt_has_a_timeout_of_its_own(run_virtual: Callable[..., Any]) -> None:
    """L3 and L6: expiry counts as a failed attempt, and the next has a fresh deadline."""
    log: Log = []

    async def refund(amount: int, run: Run) -> None:
        log.append((run.attempt, run.state, run.idempotency_key, anyio.current_time()))
        await anyio.sleep(60 if run.attempt < 3 else 1)

    built = saga(refund, log, timeout=2, retry=Retry.fixed(3, 1))

    async def main() -> float:
        began = anyio.current_time()
        with pytest.raises(HandlerFailed) as caught:
            await built.bind().run("r1")
        assert caught.value.at.attempt == 1
        return began

    began = run_virtual(main)
    assert [(*entry[:3], entry[3] - began) for entry in log[:-1]] == [
        (1, Order.CHARGE, "r1/1", pytest.approx(0)),
        (2, Order.CHARGE, "r1/1", pytest.approx(3)),
        (3, Order.CHARGE, "r1/1", pytest.approx(6)),
    ]


def test_wait_that_does_not_fit_the_budget(run_virtual: Callable[..., Any]) -> None:
    """G4: a wait that would go beyond the time for all compensations ends the retry, and the rest has that time."""
    log: Log = []
    built = saga(failing(log, 9, "async"), log, budget=5, retry=Retry.fixed(9, 2))

    async def main() -> CompensationFailed:
        began = anyio.current_time()
        with pytest.raises(CompensationFailed) as caught:
            await built.run()
        assert anyio.current_time() - began == pytest.approx(4)
        return caught.value

    error = run_virtual(main)
    assert log == [*["refund 12"] * 3, "release tea"]
    assert error.not_run == ()
    (owed,) = error.failures
    assert isinstance(owed.error, AttemptsExhausted)
    assert (owed.error.attempts, owed.error.is_late, owed.error.__cause__) == (3, True, SHUT)
    assert ") failed after 3 attempts, 4 s after the first failure, with no time left for the next: " in str(
        owed
    )


def test_attempt_cut_by_the_budget_names_the_one_before(run_virtual: Callable[..., Any]) -> None:
    """G2 and G4: an attempt that the time for all cuts is owed with its number and what the one before raised."""
    log: Log = []

    async def refund(amount: int, run: Run) -> None:
        if run.attempt == 1:
            raise SHUT
        await anyio.sleep(60)

    built = saga(refund, log, budget=5, retry=Retry.fixed(9, 2))

    async def main() -> CompensationFailed:
        with pytest.raises(CompensationFailed) as caught:
            await built.run()
        return caught.value

    error = run_virtual(main)
    assert log == []
    assert [owed.state for owed in error.not_run] == [Order.RESERVE]
    (owed,) = error.failures
    assert isinstance(owed.error, TimeoutError)
    assert owed.error.__cause__ is SHUT
    assert str(owed.error) == (
        "cut in attempt 2, as all compensations of a run may take 5 s; whether it took effect is not known; "
        "the attempt before raised OSError: shut"
    )


def test_observers_see_retries_of_a_compensation(run_async: Callable[..., Any]) -> None:
    """O1: each retry is told with the state that is being undone, between start and end of its compensation."""
    log: Log = []
    recorder = Recorder()
    built = saga(failing(log, 2, "plain"), log, retry=Retry.fixed(3, 0)).configure(observers=[recorder])

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await built.run()

    run_async(main)
    began = recorder.names().index("compensation_started")
    assert recorder.names()[began : began + 4] == [
        "compensation_started",
        "retry_scheduled",
        "retry_scheduled",
        "compensation_done",
    ]
    assert [event.details for event in recorder.events[began + 1 : began + 3]] == [
        {"state": Order.CHARGE, "attempt": number, "error": SHUT, "delay_s": 0.0, "branch": None}
        for number in (1, 2)
    ]


def test_task_cancel_does_not_cut_the_wait_of_a_retry() -> None:
    """R9: Task.cancel() twice during a retry's wait is raised only when the rollback has ended."""
    log: Log = []

    async def main() -> None:
        waiting = asyncio.Event()

        def refund(amount: int) -> None:
            waiting.set()
            failing_refund(amount)

        failing_refund = failing(log, 1, "plain")
        built = saga(refund, log, retry=Retry.fixed(2, 0.02))
        task = asyncio.create_task(built.run())
        await waiting.wait()
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert isinstance(caught.value.__cause__, HandlerFailed)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert log == ["refund 12", "refund 12", "release tea"]


@pytest.mark.parametrize("kind", ["async", "plain"])
def test_end_of_the_process_is_not_retried(kind: str, run_async: Callable[..., Any]) -> None:
    """R5: SystemExit in a compensation ends retry and rollback, and passes as itself."""
    calls: Log = []

    def refund(amount: int) -> None:
        calls.append(amount)
        raise SystemExit(3)

    async def later(amount: int) -> None:
        refund(amount)

    built = saga(later if kind == "async" else refund, calls, retry=Retry.fixed(3, 0))

    async def main() -> SystemExit:
        with pytest.raises(SystemExit) as caught:
            await built.run()
        return caught.value

    report = run_async(main).__cause__
    assert isinstance(report, CompensationFailed)
    assert calls == [12]
    assert [owed.state for owed in report.not_run] == [Order.RESERVE]
