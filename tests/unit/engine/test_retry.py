"""L1, L2, L3 and J7: failed calls are made again as the policy says, and numbered; R9 and R5 hold meanwhile."""

import gc
import weakref
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Failure, Join, Joined, Retry, Run, Workflow, compensate, router, split, state
from cano_dsl.errors import (
    AttemptsExhausted,
    AttemptTimeout,
    HandlerFailed,
    JoinFailed,
    RunError,
    UndeclaredTransition,
)
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    SORRY = 2
    DONE = 3


KINDS = ("async", "plain", "thread", "router", "plain router", "saga", "plain saga", "thread saga")
CUTTABLE = ("async", "router", "saga")  # what an attempt's timeout can cut
Act = Callable[[Run], Any]


@state(Job.SORRY)
def sorry(failure: Failure, box: list[Any]) -> Literal[Job.DONE]:
    box.append(failure)
    return Job.DONE


def part(kind: str, act: Act, **options: Any) -> list[Any]:
    """Make the handler of `WORK` that does something, in each manner that there is."""

    async def work(run: Run, box: list[Any]) -> Job:
        await anyio.lowlevel.checkpoint()
        wait = act(run)
        if wait is not None:
            await anyio.sleep(wait)
        return Job.DONE

    def plain(run: Run, box: list[Any]) -> Job:
        act(run)
        return Job.DONE

    async def paired(run: Run, box: list[Any]) -> tuple[Literal[Job.DONE], int]:
        return await work(run, box), run.attempt  # type: ignore[return-value]

    def plain_paired(run: Run, box: list[Any]) -> tuple[Literal[Job.DONE], int]:
        return plain(run, box), run.attempt  # type: ignore[return-value]

    async def undo(output: int, box: list[Any]) -> None:
        box.append(("undone", output))

    if kind.endswith("router"):
        return [router(Job.WORK, to=(Job.DONE,), **options)(plain if "plain" in kind else work)]
    if kind.endswith("saga"):
        fn = paired if kind == "saga" else plain_paired
        made: Any = state(Job.WORK, thread="thread" in kind, **options)(fn)
        return [made, compensate(made)(undo)]
    return [
        state(Job.WORK, to=(Job.DONE,), thread=kind == "thread", **options)(
            work if kind == "async" else plain
        )
    ]


def built(kind: str, act: Act, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of that handler, and the target of its error edge where it has one."""
    more = [sorry] if "on_error" in options else []
    exits = (Job.DONE,) if more else (Job.DONE, Job.SORRY)
    waive = [] if more else [_unreachable()]
    return Workflow.build(Job, *part(kind, act, **options), *more, start=Job.WORK, exits=exits, waive=waive)


def _unreachable() -> Any:
    from cano_dsl import Waive

    return Waive("unreachable", Job.SORRY, "not in this test")


def failing(times: int, error: Callable[[], BaseException] = ValueError) -> tuple[list[int], Act]:
    """Make an act that fails so many times; give the attempts that it saw, too."""
    seen: list[int] = []

    def act(run: Run) -> None:
        seen.append(run.attempt)
        if len(seen) <= times:
            raise error()

    return seen, act


@pytest.mark.parametrize("kind", KINDS)
def test_retry_until_it_succeeds(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L1: a handler of any kind is called again after each wait until it succeeds, its attempts numbered."""
    seen, act = failing(2)
    flow = built(kind, act, retry=Retry.exponential(attempts=5, wait_initial=1, wait_jitter=0))

    async def main() -> tuple[Any, float]:
        began = anyio.current_time()
        return await flow.run(box=[]), anyio.current_time() - began

    end, took = run_virtual(main)
    assert end is Job.DONE
    assert seen == [1, 2, 3]
    assert took == pytest.approx(3.0, abs=1e-6) or "thread" in kind  # a thread takes real time on trio


@pytest.mark.parametrize("kind", KINDS)
def test_attempts_exhausted(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L1: at the last failure the error says attempts and time; its cause is the last error, as it was."""
    errors: list[BaseException] = []

    def error() -> BaseException:
        errors.append(ValueError(len(errors)))
        return errors[-1]

    seen, act = failing(9, error)
    flow = built(kind, act, retry=Retry.fixed(3, 2))

    async def main() -> AttemptsExhausted:
        with pytest.raises(AttemptsExhausted) as caught:
            await flow.run(box=[])
        return caught.value

    found = run_virtual(main)
    assert seen == [1, 2, 3]
    assert found.__cause__ is errors[-1]
    assert (found.attempts, found.at.attempt, found.at.state, found.at.path) == (3, 3, Job.WORK, (Job.WORK,))
    assert found.elapsed_s == pytest.approx(4.0, abs=0.5)
    assert str(found).startswith("state Job.WORK of workflow 'Job' failed after 3 attempts, ")
    assert "attempt 3" in str(found)


def test_one_attempt_is_no_retry(run_virtual: Callable[..., Any]) -> None:
    """L1: `attempts` counts the first call, so one attempt is exhausted at once."""
    seen, act = failing(9)
    flow = built("async", act, retry=Retry.fixed(1, 2))

    async def main() -> None:
        with pytest.raises(AttemptsExhausted, match="failed after 1 attempt: "):
            await flow.run(box=[])
        assert anyio.current_time() < 1e6

    run_virtual(main)
    assert seen == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_retry_by_default(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L1: without a policy nothing is called again."""
    seen, act = failing(9)

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await built(kind, act).run(box=[])
        return caught.value

    assert run_virtual(main).at.attempt == 1
    assert seen == [1]


@pytest.mark.parametrize(
    "on",
    [LookupError, (OSError, KeyError), lambda error: error.args == ("a",)],
    ids=["type", "tuple", "predicate"],
)
@pytest.mark.parametrize("kind", ["async", "plain", "saga"])
def test_retry_on(kind: str, on: Any, run_virtual: Callable[..., Any]) -> None:
    """L2: what `retry_on` chooses is followed by another attempt; anything else fails at once, as it is."""
    errors = [KeyError("a"), KeyError("a"), ValueError("b"), KeyError("a")]
    seen: list[int] = []

    def act(run: Run) -> None:
        seen.append(run.attempt)
        raise errors[len(seen) - 1]

    flow = built(kind, act, retry=Retry.fixed(9, 1, retry_on=on))

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await flow.run(box=[])
        return caught.value

    found = run_virtual(main)
    assert seen == [1, 2, 3]
    assert found.__cause__ is errors[2]
    assert found.at.attempt == 3


def test_predicate_that_raises_is_the_failure(run_virtual: Callable[..., Any]) -> None:
    """L2: an error of the predicate itself ends the run as the handler's error would."""
    seen, act = failing(1)

    def on(error: Exception) -> bool:
        raise LookupError("who am I")

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed, match="who am I") as caught:
            await built("async", act, retry=Retry.fixed(9, 1, retry_on=on)).run(box=[])
        return caught.value

    assert isinstance(run_virtual(main).__cause__, LookupError)
    assert seen == [1]


@pytest.mark.parametrize("kind", CUTTABLE)
def test_each_attempt_has_its_own_time(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L3: each attempt has a fresh deadline, and one that is over counts as a failed attempt."""
    waits = [5.0, 0.9, 5.0]
    seen: list[float] = []

    def act(run: Run) -> float:
        seen.append(anyio.current_time())
        return waits[len(seen) - 1]

    flow = built(kind, act, timeout=1, retry=Retry.fixed(3, 10))
    seen_at: list[Any] = []

    async def main() -> None:
        began = anyio.current_time()
        assert await flow.run(box=[]) is Job.DONE
        seen_at.extend(round(at - began, 6) for at in seen)
        seen_at.append(round(anyio.current_time() - began, 6))

    run_virtual(main)
    assert seen_at == [0.0, 11.0, 11.9]


@pytest.mark.parametrize("kind", CUTTABLE)
def test_attempt_timeout(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L3 and G5: without a retry the timeout is the error, a TimeoutError; what was cut is not compensated."""
    box: list[Any] = []

    async def main() -> AttemptTimeout:
        with pytest.raises(AttemptTimeout) as caught:
            await built(kind, lambda _: 60.0, timeout=2).run(box=box)
        return caught.value

    found = run_virtual(main)
    assert isinstance(found, TimeoutError)
    assert (found.timeout_s, found.at.state, found.at.attempt) == (2.0, Job.WORK, 1)
    assert str(found).startswith("state Job.WORK of workflow 'Job' took longer than its timeout of 2 s")
    assert box == []


@pytest.mark.parametrize("kind", CUTTABLE)
def test_attempt_timeouts_exhaust(kind: str, run_virtual: Callable[..., Any]) -> None:
    """L3: when every attempt takes too long, the last timeout is the cause."""
    flow = built(kind, lambda _: 60.0, timeout=2, retry=Retry.fixed(2, 1))

    async def main() -> tuple[AttemptsExhausted, float]:
        began = anyio.current_time()
        with pytest.raises(AttemptsExhausted) as caught:
            await flow.run(box=[])
        return caught.value, anyio.current_time() - began

    found, took = run_virtual(main)
    assert isinstance(found.__cause__, AttemptTimeout)
    assert took == pytest.approx(5.0)
    assert found.elapsed_s == pytest.approx(3.0)


def test_timeout_raised_by_the_handler_is_its_own(run_virtual: Callable[..., Any]) -> None:
    """L3: a TimeoutError that the handler raises itself is no attempt timeout."""

    def act(run: Run) -> None:
        raise TimeoutError("of mine")

    async def main() -> None:
        with pytest.raises(HandlerFailed, match="of mine"):
            await built("async", act, timeout=2).run(box=[])

    run_virtual(main)


@pytest.mark.parametrize("kind", ["async", "plain", "thread", "saga"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interrupt_is_not_retried(
    kind: str, stop: type[BaseException], run_async: Callable[..., Any]
) -> None:
    """R5 and L1: what ends the process ends the attempts, also the second one, as it is."""
    seen: list[int] = []
    caught: list[BaseException] = []

    def act(run: Run) -> None:
        seen.append(run.attempt)
        raise ValueError if run.attempt == 1 else stop

    async def main() -> None:
        try:
            await built(kind, act, retry=Retry.fixed(9, 0), on_error=Job.SORRY).run(box=[])
        except BaseException as error:
            caught.append(error)

    run_async(main)
    assert seen == [1, 2]
    assert [type(error) for error in caught] == [stop]


@pytest.mark.parametrize("kind", KINDS)
def test_error_edge_comes_after_the_attempts(kind: str, run_virtual: Callable[..., Any]) -> None:
    """J9: an error edge is taken when all attempts have failed, by what the handler raised at last."""
    seen, act = failing(9, lambda: KeyError("gone"))
    flow = built(
        kind, act, retry=Retry.fixed(2, 1), on_error={AttemptsExhausted: Job.DONE, KeyError: Job.SORRY}
    )
    box: list[Any] = []

    async def main() -> None:
        assert await flow.run(box=box) is Job.DONE

    run_virtual(main)
    assert seen == [1, 2]
    (failure,) = box
    assert repr(failure.error) == "KeyError('gone')"
    assert failure.state is Job.WORK


@pytest.mark.parametrize("kind", CUTTABLE)
def test_error_edge_by_the_policys_error(kind: str, run_virtual: Callable[..., Any]) -> None:
    """J9: an attempt timeout is routed itself, also when attempts were exhausted, and says where it was."""
    box: list[Any] = []
    for retry, attempt in ((None, 1), (Retry.fixed(3, 1), 3)):
        flow = built(kind, lambda _: 60.0, timeout=2, retry=retry, on_error={AttemptTimeout: Job.SORRY})

        async def main(flow: Any = flow) -> None:
            assert await flow.run(box=box) is Job.DONE

        run_virtual(main)
        failure = box.pop()
        assert isinstance(failure.error, AttemptTimeout)
        assert failure.error.at.state is Job.WORK
        assert failure.error.at.attempt == attempt
        assert str(failure.error).startswith("state Job.WORK of workflow 'Job' took longer than")
    assert box == []


def test_error_that_fits_no_edge_exhausts(run_virtual: Callable[..., Any]) -> None:
    """J9: where no edge fits, the error is the one that there would be without edges."""
    _, act = failing(9)

    async def main() -> AttemptsExhausted:
        with pytest.raises(AttemptsExhausted) as caught:
            await built("async", act, retry=Retry.fixed(2, 0), on_error={KeyError: Job.SORRY}).run(box=[])
        return caught.value

    assert run_virtual(main).at.attempt == 2


def test_undeclared_target_is_no_failure_to_retry(run_virtual: Callable[..., Any]) -> None:
    """R2: a handler that returns what it does not declare is not called again, and no edge is taken."""
    seen: list[int] = []

    async def work(run: Run) -> Any:
        seen.append(run.attempt)
        if run.attempt == 1:
            raise ValueError
        return Job.SORRY

    flow = Workflow.build(
        Job,
        state(Job.WORK, to=(Job.DONE,), retry=Retry.fixed(5, 0), on_error=Job.SORRY)(work),
        sorry,
        start=Job.WORK,
        exits=(Job.DONE,),
    )

    async def main() -> UndeclaredTransition:
        with pytest.raises(UndeclaredTransition) as caught:
            await flow.run(box=[])
        return caught.value

    assert run_virtual(main).at.attempt == 2
    assert seen == [1, 2]


def test_later_states_begin_with_their_first_attempt(run_virtual: Callable[..., Any]) -> None:
    """R5: attempts are counted for each entry of a state; the next state's error says attempt 1."""

    class Two(Enum):
        A = 1
        B = 2
        DONE = 3

    seen: list[tuple[Enum, int]] = []

    def work(run: Run) -> Any:
        seen.append((run.state, run.attempt))
        if run.state is Two.B or run.attempt < 3:
            raise ValueError(run.state)
        return Two.B

    flow = Workflow.build(
        Two,
        state(Two.A, to=(Two.B,), retry=Retry.fixed(3, 1))(work),
        state(Two.B, to=(Two.DONE,))(work),
        start=Two.A,
        exits=(Two.DONE,),
    )

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await flow.run()
        return caught.value

    found = run_virtual(main)
    assert (found.at.attempt, found.at.path) == (1, (Two.A, Two.B))
    assert seen == [(Two.A, 1), (Two.A, 2), (Two.A, 3), (Two.B, 1)]


def test_key_is_the_same_for_each_attempt(run_virtual: Callable[..., Any]) -> None:
    """L1: all attempts at one entry of a state have the one idempotency key."""
    keys: list[str] = []

    def act(run: Run) -> None:
        keys.append(run.idempotency_key)
        if len(keys) < 3:
            raise ValueError

    run_virtual(lambda: built("async", act, retry=Retry.fixed(3, 0)).bind(box=[]).run("r"))
    assert keys == ["r/0"] * 3


def test_events_of_a_retry(run_virtual: Callable[..., Any]) -> None:
    """O1: each attempt and each wait before another is told, in their order, with the attempt's number."""
    _, act = failing(2)
    recorder = Recorder()
    flow = built("async", act, retry=Retry.fixed(3, 1.5)).configure(observers=[recorder])

    async def main() -> None:
        await flow.run(box=[])

    run_virtual(main)
    told = [(event.name, event.details.get("attempt")) for event in recorder.events[1:-1]]
    assert told == [
        ("state_entered", None),
        ("attempt_started", 1),
        ("attempt_failed", 1),
        ("retry_scheduled", 1),
        ("attempt_started", 2),
        ("attempt_failed", 2),
        ("retry_scheduled", 2),
        ("attempt_started", 3),
        ("attempt_succeeded", 3),
    ]
    scheduled = recorder.events[4]
    assert (scheduled.details["delay_s"], scheduled.details["branch"]) == (1.5, None)


@pytest.mark.parametrize("kind", ["async", "saga"])
def test_cancel_during_a_wait_is_honoured(kind: str, run_virtual: Callable[..., Any]) -> None:
    """R8 and R9: a cancel during the wait between two attempts ends the run there; nothing is called again."""
    seen, act = failing(9)

    async def main() -> bool:
        with anyio.move_on_after(5) as scope:
            await built(kind, act, retry=Retry.fixed(9, 10), on_error=Job.SORRY).run(box=[])
        return scope.cancelled_caught

    assert run_virtual(main)
    assert seen == [1]


def test_cancel_never_cuts_an_attempt_at_a_compensatable_state(run_virtual: Callable[..., Any]) -> None:
    """R9: the attempt in flight ends and is recorded before a cancel is honoured, the second attempt too."""
    box: list[Any] = []

    async def work(run: Run, box: list[Any]) -> tuple[Literal[Job.DONE], int]:
        await anyio.sleep(1)
        if run.attempt == 1:
            raise ValueError
        await anyio.sleep(10)
        box.append("worked")
        return Job.DONE, run.attempt

    async def undo(output: int, box: list[Any]) -> None:
        await anyio.sleep(1)
        box.append(("undone", output))

    made = state(Job.WORK, retry=Retry.fixed(2, 1))(work)
    flow = Workflow.build(
        Job,
        made,
        compensate(made)(undo),
        start=Job.WORK,
        exits=(Job.DONE, Job.SORRY),
        waive=[_unreachable()],
    )

    async def main() -> tuple[bool, float]:
        began = anyio.current_time()
        with anyio.move_on_after(4) as scope:
            await flow.run(box=box)
        return scope.cancelled_caught, anyio.current_time() - began

    cancelled, took = run_virtual(main)
    assert cancelled
    assert box == ["worked", ("undone", 2)]
    assert took == pytest.approx(14.0)


def test_cancel_while_the_attempt_fails_is_not_retried(run_virtual: Callable[..., Any]) -> None:
    """R9: an attempt at a compensatable state that fails after a cancel arrived is not followed by another."""
    seen: list[int] = []

    async def work(run: Run, box: list[Any]) -> tuple[Literal[Job.DONE], int]:
        seen.append(run.attempt)
        await anyio.sleep(2)
        raise ValueError

    made = state(Job.WORK, retry=Retry.fixed(5, 0), on_error=Job.SORRY)(work)

    async def undo(output: int) -> None:
        raise AssertionError

    flow = Workflow.build(Job, made, compensate(made)(undo), sorry, start=Job.WORK, exits=(Job.DONE,))

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await flow.run(box=[])
        return scope.cancelled_caught

    assert run_virtual(main)
    assert seen == [1]


class Fan(Enum):
    SPLIT = 1
    JOINED = 2
    DONE = 3


@state(Fan.JOINED)
def joined(outcomes: Joined[Any] | None, box: list[Any]) -> Literal[Fan.DONE]:
    box.extend(outcomes.values if outcomes is not None else ())
    return Fan.DONE


def fan(branch: Any, over: Any = (0, 1, 2), **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a split that needs all its branches."""
    options = {"join": Join.all(), "to": Fan.JOINED, **options}
    made = split(Fan.SPLIT, over=over, **options)(branch)
    return Workflow.build(Fan, made, joined, start=Fan.SPLIT, exits=(Fan.DONE,))


@pytest.mark.parametrize("thread", [False, True], ids=["async", "thread"])
def test_each_branch_has_its_own_retry(thread: bool, run_virtual: Callable[..., Any]) -> None:
    """J7: each branch is called again by itself, and its own `Run` says at which attempt it is."""
    seen: list[tuple[int, int, str]] = []

    def plain(item: int, run: Run) -> int:
        seen.append((item, run.attempt, run.idempotency_key.partition("/")[2]))
        if run.attempt <= item:
            raise ValueError(item)
        return item * 10

    async def branch(item: int, run: Run) -> int:
        await anyio.lowlevel.checkpoint()
        return plain(item, run)

    box: list[Any] = []
    flow = fan(plain if thread else branch, retry=Retry.fixed(3, 1), thread=thread)

    async def main() -> None:
        await flow.run(box=box)

    run_virtual(main)
    assert box == [0, 10, 20]
    assert sorted(seen) == [
        (item, attempt, f"0/{item}") for item in range(3) for attempt in range(1, item + 2)
    ]


def test_branch_that_exhausts_its_attempts(run_virtual: Callable[..., Any]) -> None:
    """J7 and J3: an exhausted branch is a failure of the join, and its error names branch, attempts and cause."""
    errors: list[Exception] = []

    async def branch(item: int) -> int:
        await anyio.lowlevel.checkpoint()
        if item == 1:
            errors.append(KeyError("gone"))
            raise errors[-1]
        return item

    recorder = Recorder()
    flow = fan(branch, retry=Retry.fixed(3, 1)).configure(observers=[recorder])

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await flow.run(box=[])
        return caught.value

    found = run_virtual(main)
    ((index, name, error),) = [(f.index, f.name, f.error) for f in found.errors]
    assert (index, name) == (1, "branch(1)")
    assert isinstance(error, AttemptsExhausted)
    assert (error.attempts, error.at.attempt, error.at.state, error.branch) == (3, 3, Fan.SPLIT, "branch(1)")
    assert error.__cause__ is errors[-1]
    assert str(error).startswith(
        "branch branch(1) of state Fan.SPLIT of workflow 'Fan' failed after 3 attempts"
    )
    told = [e.details for e in recorder.events if e.name == "retry_scheduled"]
    assert [(d["attempt"], d["branch"].index, d["delay_s"]) for d in told] == [(1, 1, 1.0), (2, 1, 1.0)]


def test_each_branch_has_its_own_time(run_virtual: Callable[..., Any]) -> None:
    """J7 and L3: the attempt's timeout holds for each attempt at each branch."""

    async def branch(item: int, run: Run) -> int:
        await anyio.sleep(0.5 if run.attempt > item else 5)
        return run.attempt

    box: list[Any] = []
    flow = fan(branch, attempt_timeout=1, retry=Retry.fixed(3, 1))

    async def main() -> float:
        began = anyio.current_time()
        await flow.run(box=box)
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(4.5)
    assert box == [1, 2, 3]


def test_branch_timeout_is_placed(run_virtual: Callable[..., Any]) -> None:
    """J7 and L3: a branch that took too long says which it was, and at which attempt."""

    async def branch(item: int) -> int:
        await anyio.sleep(5)
        return item

    retry = Retry.fixed(2, 1, retry_on=AttemptTimeout)

    async def main(flow: Any) -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await flow.run(box=[])
        return caught.value

    (failure,) = run_virtual(main, fan(branch, (7,), attempt_timeout=1)).errors
    assert isinstance(failure.error, AttemptTimeout)
    assert (failure.error.branch, failure.error.at.attempt) == ("branch(7)", 1)
    (failure,) = run_virtual(main, fan(branch, (7,), attempt_timeout=1, retry=retry)).errors
    assert isinstance(failure.error, AttemptsExhausted)
    assert isinstance(failure.error.__cause__, AttemptTimeout)


def test_loser_is_cancelled_while_it_waits_for_another_attempt(run_virtual: Callable[..., Any]) -> None:
    """J2 and J7: a branch that sleeps between two attempts is ended with the others, at once."""
    seen: list[int] = []

    async def branch(item: int) -> int:
        if item == 0:
            await anyio.sleep(1)
            return item
        seen.append(item)
        raise ValueError

    box: list[Any] = []
    flow = fan(branch, (0, 1), join=Join.any(), retry=Retry.fixed(9, 100))

    async def main() -> float:
        began = anyio.current_time()
        await flow.run(box=box)
        return anyio.current_time() - began

    assert run_virtual(main) == pytest.approx(1.0)
    assert seen == [1]


def test_interrupt_in_a_branch_is_not_retried(run_async: Callable[..., Any]) -> None:
    """R5 and J7: what ends the process passes through a branch's retry."""
    seen: list[int] = []
    caught: list[BaseException] = []

    async def branch(item: int) -> int:
        seen.append(item)
        raise KeyboardInterrupt

    async def main() -> None:
        try:
            await fan(branch, (1,), retry=Retry.fixed(9, 0)).run(box=[])
        except BaseException as error:
            caught.append(error)

    run_async(main)
    assert seen == [1]
    assert [type(error) for error in caught] == [KeyboardInterrupt]


class Forgetful(list[Any]):
    """A box that keeps nothing: a failure in it would hold the frames that hold the box."""

    def append(self, item: Any) -> None:
        """Forget it."""

    def extend(self, items: Any) -> None:
        """Forget them."""


class Noted(ValueError):
    """An error that can be asked whether it is still there."""


@pytest.mark.parametrize("kind", ["async", "plain", "saga", "branch"])  # trio keeps a thread's call
@pytest.mark.parametrize("ends", ["well", "exhausted", "by an edge"])
def test_failure_keeps_no_frames(kind: str, ends: str, run_async: Callable[..., Any]) -> None:
    """R5: errors of attempts are gone with the run, without the collector: no cycle holds them or their frames."""
    left: list[weakref.ref[BaseException]] = []

    def error() -> BaseException:
        made = Noted()
        left.append(weakref.ref(made))
        return made

    def act(run: Run) -> None:
        if ends != "well" or run.attempt < 3:
            raise error()

    async def branch(item: int, run: Run) -> int:
        await anyio.lowlevel.checkpoint()
        act(run)
        return item

    edges: Any = {"on_error": Job.SORRY} if ends == "by an edge" else {}
    if kind == "branch":
        edges = {"on_error": Fan.JOINED} if edges else {}
        flow = fan(branch, (1,), retry=Retry.fixed(3, 0), **edges)
    else:
        flow = built(kind, act, retry=Retry.fixed(3, 0), **edges)

    async def main() -> int:
        with suppress(RunError):
            await flow.run(box=Forgetful())
        return sum(ref() is not None for ref in left)

    gc.collect()
    gc.disable()
    try:
        assert run_async(main) == 0
        assert len(left) == (2 if ends == "well" else 3)
    finally:
        gc.enable()
