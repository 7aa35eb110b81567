"""L4, L5 and L6: where breaker and limiter stand around a call, and what their refusal does."""

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Failure, Join, Retry, Run, Waive, Workflow, compensate, split, state
from cano_dsl.errors import (
    AttemptsExhausted,
    AttemptTimeout,
    CircuitOpen,
    HandlerFailed,
    JoinFailed,
    RateLimited,
)
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    SORRY = 2
    DONE = 3


class Breaker:
    """Opens after so many failures in a row, for ever; notes what it is asked and told."""

    name = "payments"

    def __init__(self, log: list[Any], threshold: int = 99) -> None:
        self.log = log
        self.threshold = threshold
        self.failures = 0
        self.ticket = 0

    def admit(self, now: float) -> int:
        """Count, or refuse."""
        assert now > 0
        if self.failures >= self.threshold:
            self.log.append("refused")
            raise CircuitOpen(breaker=self.name, failures=self.failures, retry_after_s=30.0)
        self.ticket += 1
        self.log.append(("admit", self.ticket))
        return self.ticket

    def succeeded(self, ticket: int, now: float) -> None:
        """Note it."""
        self.failures = 0
        self.log.append(("succeeded", ticket))

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Note it."""
        self.failures += 1
        self.log.append(("failed", ticket, type(error)))

    def dropped(self, ticket: int, now: float) -> None:
        """Note it."""
        self.log.append(("dropped", ticket))


class Room:
    """Room for a call in the future."""

    def __init__(self, log: list[Any], wait_s: float) -> None:
        self.log = log
        self.wait_s = wait_s

    def give_back(self) -> None:
        """Note it."""
        self.log.append("given back")


class Limiter:
    """Makes every call wait so long."""

    name = "calls"

    def __init__(self, log: list[Any], wait_s: float = 0.0) -> None:
        self.log = log
        self.wait_s = wait_s

    def reserve(self, now: float, most_s: float) -> Room | None:
        """Take room, or refuse."""
        self.log.append(("reserve", most_s if most_s == math.inf else round(most_s, 3)))
        if self.wait_s > most_s:
            raise RateLimited(limiter=self.name, wait_s=self.wait_s, max_wait_s=most_s)
        return Room(self.log, self.wait_s) if self.wait_s else None


@state(Job.SORRY)
def sorry(failure: Failure, box: list[Any]) -> Literal[Job.DONE]:
    box.append(failure)
    return Job.DONE


def built(kind: str, act: Callable[[Run], Any], *, total: Any = None, **options: Any) -> Any:
    """Build a workflow whose one handler does something, in the manner wanted."""

    async def work(run: Run, box: list[Any]) -> Job:
        wait = act(run)
        await anyio.sleep(wait or 0)
        return Job.DONE

    def plain(run: Run, box: list[Any]) -> Job:
        act(run)
        return Job.DONE

    async def paired(run: Run, box: list[Any]) -> tuple[Literal[Job.DONE], int]:
        return await work(run, box), 1  # type: ignore[return-value]

    async def undo(output: int, box: list[Any]) -> None:
        box.append("undone")

    parts: list[Any]
    if kind == "saga":
        parts = [state(Job.WORK, **options)(paired)]
        parts.append(compensate(parts[0])(undo))
    else:
        fn = work if kind == "async" else plain
        parts = [state(Job.WORK, to=(Job.DONE,), thread=kind == "thread", **options)(fn)]
    leads = "on_error" in options
    return Workflow.build(
        Job,
        *parts,
        *([sorry] if leads else []),
        start=Job.WORK,
        exits=(Job.DONE,) if leads else (Job.DONE, Job.SORRY),
        waive=[] if leads else [Waive("unreachable", Job.SORRY, "not in this test")],
        timeout=total,
    )


@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_order_of_guards(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L6: the limiter is asked once before all attempts, then each attempt asks the breaker first."""
    log: list[Any] = []

    def act(run: Run) -> None:
        log.append(("call", run.attempt))
        if run.attempt < 3:
            raise ValueError

    options: dict[str, Any] = {"timeout": 5} if kind in ("async", "saga") else {}
    flow = built(kind, act, limiter=Limiter(log), breaker=Breaker(log), retry=Retry.fixed(3, 0), **options)

    async def main() -> None:
        await flow.run(box=[])

    run_virtual(main)
    assert log == [
        ("reserve", math.inf),
        ("admit", 1),
        ("call", 1),
        ("failed", 1, ValueError),
        ("admit", 2),
        ("call", 2),
        ("failed", 2, ValueError),
        ("admit", 3),
        ("call", 3),
        ("succeeded", 3),
    ]


@pytest.mark.parametrize("kind", ["async", "saga"])
def test_attempt_timeout_is_inside_the_breaker(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L6 and L3: an attempt that takes too long counts as a failure of the breaker."""
    log: list[Any] = []
    flow = built(kind, lambda _: 60.0, breaker=Breaker(log), timeout=2)

    async def main() -> None:
        with pytest.raises(AttemptTimeout):
            await flow.run(box=[])

    run_virtual(main)
    assert log == [("admit", 1), ("failed", 1, AttemptTimeout)]


@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_open_breaker_ends_the_retry(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L4: a breaker that opens rejects the next attempt, which ends the retry; observers are told."""
    log: list[Any] = []
    calls: list[int] = []
    recorder = Recorder()

    def act(run: Run) -> None:
        calls.append(run.attempt)
        raise ValueError

    flow = built(kind, act, breaker=Breaker(log, 2), retry=Retry.fixed(9, 1)).configure(observers=[recorder])

    async def main() -> CircuitOpen:
        with pytest.raises(CircuitOpen) as caught:
            await flow.run(box=[])
        return caught.value

    found = run_virtual(main)
    assert calls == [1, 2]
    assert log[-1] == "refused"
    assert (found.breaker, found.failures, found.retry_after_s) == ("payments", 2, 30.0)
    assert (found.at.state, found.at.attempt) == (Job.WORK, 3)
    assert str(found).startswith(
        "state Job.WORK of workflow 'Job' was not called, as circuit breaker 'payments'"
    )
    rejected = [event.details for event in recorder.events if event.name == "call_rejected"]
    assert [type(details["error"]) for details in rejected] == [CircuitOpen]
    assert recorder.names().count("attempt_started") == 2


@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_open_breaker_calls_nothing(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L4 and G5: an open breaker rejects the first call too, and the error can be routed with its place."""
    log: list[Any] = []
    box: list[Any] = []
    breaker = Breaker(log, 0)
    flow = built(kind, _never, breaker=breaker, retry=Retry.fixed(9, 1), on_error={CircuitOpen: Job.SORRY})

    async def main() -> None:
        assert await flow.run(box=box) is Job.DONE

    run_virtual(main)
    assert log == ["refused"]
    (failure,) = box
    assert isinstance(failure.error, CircuitOpen)
    assert failure.error.at.state is Job.WORK
    assert failure.state is Job.WORK


def _never(run: Run) -> None:
    raise AssertionError("was called")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_interrupt_says_nothing_to_the_breaker(
    kind: str, stop: type[BaseException], run_async: Callable[..., Any]
) -> None:
    """L4 and R5: what ends the process gives its ticket back, and passes."""
    log: list[Any] = []
    caught: list[BaseException] = []

    def act(run: Run) -> None:
        raise stop

    async def main() -> None:
        try:
            await built(kind, act, breaker=Breaker(log)).run(box=[])
        except BaseException as error:
            caught.append(error)

    run_async(main)
    assert log == [("admit", 1), ("dropped", 1)]
    assert [type(error) for error in caught] == [stop]


def test_cancel_says_nothing_to_the_breaker(run_virtual: Callable[..., Any]) -> None:
    """L4: a call that is cancelled is neither a success nor a failure of the breaker."""
    log: list[Any] = []

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await built("async", lambda _: 60.0, breaker=Breaker(log)).run(box=[])
        return scope.cancelled_caught

    assert run_virtual(main)
    assert log == [("admit", 1), ("dropped", 1)]


@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_limiter_waits(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L5: a call waits for the limiter's room."""
    log: list[Any] = []
    flow = built(
        kind, lambda _: log.append(round(anyio.current_time() - began[0], 6)), limiter=Limiter(log, 7)
    )
    if kind == "thread":
        flow = built(kind, lambda _: None, limiter=Limiter(log, 7))
    began: list[float] = []

    async def main() -> float:
        began.append(anyio.current_time())
        await flow.run(box=[])
        return anyio.current_time() - began[0]

    assert run_virtual(main) == pytest.approx(7.0, abs=0.5)
    assert log == [("reserve", math.inf), *([] if kind == "thread" else [7.0])]


@pytest.mark.parametrize("kind", ["async", "saga"])
def test_cancel_while_waiting_for_room_gives_it_back(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L5 and R9: a cancel during the wait is honoured at once, and what was taken is given back."""
    log: list[Any] = []

    async def main() -> float:
        began = anyio.current_time()
        with anyio.move_on_after(2) as scope:
            await built(kind, _never, limiter=Limiter(log, 7), on_error=Job.SORRY).run(box=[])
        assert scope.cancelled_caught
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(2.0)
    assert log == [("reserve", math.inf), "given back"]


@pytest.mark.parametrize("retried", [False, True], ids=["alone", "retried"])
@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
def test_limiter_refuses_what_the_total_timeout_does_not_leave(
    kind: str, retried: bool, run_virtual: Callable[..., Any]
) -> None:
    """L5: a wait beyond what is left of the total timeout is refused, not retried, and told to observers."""
    log: list[Any] = []
    recorder = Recorder()
    policy: Any = {"retry": Retry.fixed(9, 0)} if retried else {}
    flow = built(kind, _never, limiter=Limiter(log, 7), total=5, **policy).configure(observers=[recorder])

    async def main() -> RateLimited:
        with pytest.raises(RateLimited) as caught:
            await flow.run(box=[])
        return caught.value

    found = run_virtual(main)
    assert log == [("reserve", pytest.approx(5.0, abs=0.1))]
    assert (found.limiter, found.wait_s, found.at.state) == ("calls", 7, Job.WORK)
    assert recorder.names()[1:-1] == ["state_entered", "call_rejected"]
    assert recorder.events[2].details["error"].limiter == "calls"


def test_limiters_refusal_can_be_routed(run_virtual: Callable[..., Any]) -> None:
    """J9 and L5: the limiter's own error takes an error edge, though it lies outside of the retry."""
    box: list[Any] = []
    on_error = {CircuitOpen: Job.DONE, RateLimited: Job.SORRY}
    flow = built("async", _never, limiter=Limiter([], 7), retry=Retry.fixed(9, 0), on_error=on_error, total=5)

    async def main() -> None:
        assert await flow.run(box=box) is Job.DONE

    run_virtual(main)
    (failure,) = box
    assert isinstance(failure.error, RateLimited)
    assert failure.error.at.state is Job.WORK


def test_rejection_of_a_breaker_used_by_hand(run_virtual: Callable[..., Any]) -> None:
    """L4: a handler that uses a breaker by hand ends its retry by the rejection just so, with its place."""
    breaker = Breaker([], 0)
    calls: list[int] = []

    def act(run: Run) -> None:
        calls.append(run.attempt)
        breaker.admit(1.0)

    async def main() -> CircuitOpen:
        with pytest.raises(CircuitOpen) as caught:
            await built("async", act, retry=Retry.fixed(9, 0)).run(box=[])
        return caught.value

    assert run_virtual(main).at.state is Job.WORK
    assert calls == [1]


def test_error_of_a_nested_run_is_a_failure_like_any_other(run_virtual: Callable[..., Any]) -> None:
    """R5: what a run inside a handler raises has its own place, and is retried and wrapped like any error."""
    inner = built("async", _never, breaker=Breaker([], 0))
    calls: list[int] = []

    async def work() -> Any:
        calls.append(1)
        await inner.run(box=[])

    class Outer(Enum):
        WORK = 1
        DONE = 2

    flow = Workflow.build(
        Outer,
        state(Outer.WORK, to=(Outer.DONE,), retry=Retry.fixed(2, 0))(work),
        start=Outer.WORK,
        exits=(Outer.DONE,),
    )

    async def main() -> AttemptsExhausted:
        with pytest.raises(AttemptsExhausted) as caught:
            await flow.run()
        return caught.value

    found = run_virtual(main)
    assert len(calls) == 2
    assert found.at.workflow == "Outer"
    assert isinstance(found.__cause__, CircuitOpen)
    assert found.__cause__.at.workflow == "Job"


class Fan(Enum):
    SPLIT = 1
    DONE = 2


def fan(branch: Any, over: Any, **options: Any) -> Any:
    """Build a split that needs all its branches."""
    made = split(Fan.SPLIT, over=over, join=Join.all(), to=Fan.DONE, **options)(branch)
    return Workflow.build(Fan, made, start=Fan.SPLIT, exits=(Fan.DONE,))


def test_each_branch_is_guarded(run_virtual: Callable[..., Any]) -> None:
    """J7 and L6: limiter, retry, breaker and timeout stand around each branch, in that order."""
    log: list[Any] = []

    async def branch(item: int) -> int:
        log.append(("call", item))
        await anyio.lowlevel.checkpoint()
        if len(log) < 6:
            raise ValueError
        return item

    flow = fan(
        branch, (1,), limiter=Limiter(log), breaker=Breaker(log), retry=Retry.fixed(3, 0), attempt_timeout=1
    )
    run_virtual(flow.run)
    assert log == [
        ("reserve", math.inf),
        ("admit", 1),
        ("call", 1),
        ("failed", 1, ValueError),
        ("admit", 2),
        ("call", 1),
        ("succeeded", 2),
    ]


@pytest.mark.parametrize("by", ["breaker", "limiter"])
def test_rejected_branch(by: str, run_virtual: Callable[..., Any]) -> None:
    """J7: a branch whose call is not made is a failure of the join that names the branch, told to observers."""
    recorder = Recorder()

    async def branch(item: int) -> int:
        raise AssertionError

    guard: Any = {"breaker": Breaker([], 0)} if by == "breaker" else {"limiter": Limiter([], math.inf)}
    if by == "limiter":
        guard["limiter"].reserve = _refuse
    flow = fan(branch, (7,), retry=Retry.fixed(9, 0), **guard).configure(observers=[recorder])

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await flow.run()
        return caught.value

    (failure,) = run_virtual(main).errors
    assert type(failure.error) is (CircuitOpen if by == "breaker" else RateLimited)
    assert failure.error.branch == "branch(7)"
    assert failure.error.at.state is Fan.SPLIT
    rejected = [event.details for event in recorder.events if event.name == "call_rejected"]
    assert [(type(d["error"]), d["branch"].index) for d in rejected] == [(type(failure.error), 0)]


def _refuse(now: float, most_s: float) -> None:
    raise RateLimited(limiter="calls", wait_s=9.0, max_wait_s=1.0)


def test_cancelled_branch_gives_its_room_back(run_virtual: Callable[..., Any]) -> None:
    """J2 and L5: branches that wait for room are ended with the run, and give the room back."""
    log: list[Any] = []

    async def branch(item: int) -> int:
        raise AssertionError

    async def main() -> None:
        with anyio.move_on_after(1):
            await fan(branch, (1, 2), limiter=Limiter(log, 7)).run()

    run_virtual(main)
    assert log == [("reserve", math.inf)] * 2 + ["given back"] * 2


def test_without_policies_the_call_is_the_thunk() -> None:
    """R6: where nothing is configured a step's call is the generated thunk, and nothing follows a failure."""
    flow = built("async", lambda _: None)

    async def bare() -> Literal[Fan.DONE]:
        return Fan.DONE

    made = state(Fan.SPLIT)(bare)
    plain = Workflow.build(Fan, made, start=Fan.SPLIT, exits=(Fan.DONE,))
    (step,) = [step for step in plain._plan.steps(()).by_name.values() if step.call is not None]
    assert step.call is step.thunk is made.spec.fn
    assert step.recovery is None
    assert not flow._plan.watched


def test_retry_alone_leaves_the_call_as_it_is() -> None:
    """R6: a retry or an error edge stands in the error path alone; the call is the thunk itself."""

    async def bare() -> Literal[Fan.DONE]:
        return Fan.DONE

    made = state(Fan.SPLIT, retry=Retry.fixed(3, 0))(bare)
    plain = Workflow.build(Fan, made, start=Fan.SPLIT, exits=(Fan.DONE,))
    step = plain._plan.steps(()).by_name["SPLIT"]
    assert step.call is step.thunk is made.spec.fn
    assert step.recovery is not None


def test_handlers_share_a_breaker(run_virtual: Callable[..., Any]) -> None:
    """L4: a breaker given to two workflows is one: what one opens is open for the other."""
    breaker = Breaker([], 1)

    def act(run: Run) -> None:
        raise ValueError

    async def main() -> None:
        with pytest.raises(HandlerFailed):
            await built("async", act, breaker=breaker).run(box=[])
        with pytest.raises(CircuitOpen):
            await built("plain", _never, breaker=breaker).run(box=[])

    run_virtual(main)
