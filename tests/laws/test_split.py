"""A split does what a model of thirty lines does, in virtual time, on either backend, and leaves nothing behind."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import Any, Literal

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cano_dsl import Join, Joined, Workflow, split, state
from cano_dsl.errors import JoinFailed

MOST = 10
# Each branch's times end in a bit of their own, so that no two events fall on the same moment and every sum
# is exact; the timeout has one too.
BITS = [2.0**-number for number in range(1, 2 * MOST + 2)]


class Broken(Exception):
    """What a branch raises when its script says so."""


@dataclass(frozen=True)
class Branch:
    """What a branch does: nothing that suspends where `delay` is 0."""

    delay: float
    succeeds: bool
    cleanup: float


@dataclass(frozen=True)
class Case:
    """A split, and when it is cancelled from outside."""

    branches: tuple[Branch, ...]
    join: Join
    timeout: float | None
    bulkhead: int | None
    cut: float | None = None


@dataclass
class Outcome:
    """What came of a split, by numbers of branches."""

    end: str = ""
    at: float = 0.0
    successes: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)


def joins(count: int) -> st.SearchStrategy[Join]:
    """Draw a strategy that fits so many branches."""
    number = st.integers(1, count)
    return st.one_of(
        st.sampled_from([Join.all(), Join.any(), Join.partial_timeout()]),
        number.map(Join.quorum),
        number.map(Join.partial_results),
        st.sampled_from([0.01, 0.1, 0.25, 1 / 3, 0.5, 0.1 + 0.2, 2 / 3, 0.9, 1.0]).map(Join.percentage),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw branches with delays, outcomes and cleanups, a strategy, limits, and a cancel."""
    count = draw(st.integers(1, MOST))
    branches = []
    for number in range(count):
        whole = draw(st.integers(0, 5))
        cleanup = draw(st.sampled_from([0, 0, 1, 7]))
        branches.append(
            Branch(
                delay=whole - 1 + BITS[number] if whole else 0.0,
                succeeds=draw(st.booleans()),
                cleanup=cleanup + BITS[MOST + number] if cleanup else 0.0,
            )
        )
    join = draw(joins(count))
    limit = st.integers(0, 12).map(lambda whole: whole + BITS[2 * MOST])
    timeout = draw(limit if join.strategy == "partial_timeout" else st.none() | limit)
    bulkhead = draw(st.none() | st.integers(1, count + 1))
    cut = draw(st.none() | st.none() | st.integers(0, 12).map(lambda whole: whole + BITS[2 * MOST] / 2))
    return Case(tuple(branches), join, timeout, bulkhead, cut)


def needed(join: Join, count: int) -> int | None:
    """Say how many successes satisfy a strategy; None where it waits for all outcomes or the time."""
    if join.strategy == "partial_timeout":
        return None
    if join.p is not None:
        return next(k for k in range(count + 1) if Fraction(k, count) >= Fraction(str(join.p)))
    return {"all": count, "any": 1}.get(join.strategy, join.n or 0)


def model(case: Case) -> Outcome:
    """Play a split through, event by event: the reference."""
    out, count = Outcome(), len(case.branches)
    need, room = needed(case.join, count), min(case.bulkhead or count, count)
    running: list[tuple[float, int]] = []
    begun, now = 0, 0.0

    def decided() -> bool:
        if len(out.successes) + len(out.failures) == count:
            return True
        return need is not None and (len(out.successes) >= need or len(out.failures) > count - need)

    def end(number: int) -> None:
        (out.successes if case.branches[number].succeeds else out.failures).append(number)

    while not decided():
        while begun < count and len(running) < room and not decided():
            delay = case.branches[begun].delay
            if delay:
                heapq.heappush(running, (now + delay, begun))
            else:
                end(begun)
            begun += 1
        if decided():
            break
        limits = [limit for limit in (case.timeout, case.cut) if limit is not None]
        if limits and min(limits) < running[0][0]:
            now = min(limits)
            out.end = "cut" if now == case.cut else "expired"
            break
        now, number = heapq.heappop(running)
        end(number)
    out.at = now + max((case.branches[number].cleanup for _, number in running), default=0.0)
    out.successes.sort()
    out.failures.sort()
    out.cancelled = sorted(set(range(count)) - set(out.successes) - set(out.failures))
    good = len(out.successes) >= need if need is not None else bool(out.successes or out.failures)
    if out.end == "cut":
        return Outcome("cut", out.at)
    out.end = "joined" if good else out.end or "failed"
    return out


class Job(Enum):
    ASK = 1
    NEXT = 2
    DONE = 3


def compiled(case: Case, log: list[int]) -> Workflow[Any, Any, Any, ...]:
    """Build the split of a case; `log` gets a branch's number when it begins, and takes it out at its end."""

    @split(
        Job.ASK,
        over=range(len(case.branches)),
        join=case.join,
        to=Job.NEXT,
        timeout=case.timeout,
        bulkhead=case.bulkhead,
    )
    async def ask(number: int) -> int:
        branch = case.branches[number]
        log.append(number)
        assert len(log) <= (case.bulkhead or MOST)
        try:
            if branch.delay:
                await anyio.sleep(branch.delay)
        except anyio.get_cancelled_exc_class():
            if branch.cleanup:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(branch.cleanup)
            raise
        finally:
            log.remove(number)
        if not branch.succeeds:
            raise Broken(number)
        return number

    @state(Job.NEXT)
    def take(outcomes: Joined[int], found: Outcome) -> Literal[Job.DONE]:
        assert log == []
        found.at = anyio.current_time()
        found.successes = list(outcomes.values)
        assert [success.index for success in outcomes.successes] == found.successes
        found.failures = [failure.index for failure in outcomes.errors]
        assert [failure.error.args[0] for failure in outcomes.errors] == found.failures
        found.cancelled = [branch.index for branch in outcomes.cancelled]
        return Job.DONE

    return Workflow.build(Job, ask, take, start=Job.ASK, exits=(Job.DONE,))


async def perform(case: Case) -> Outcome:
    """Run the split of a case and put down what came of it."""
    log: list[int] = []
    found = Outcome("joined")
    counts: tuple[int, int, Any] = (0, 0, ())
    built = compiled(case, log)
    with anyio.CancelScope() as scope:
        if case.cut is not None:
            scope.deadline = anyio.current_time() + case.cut
        try:
            await built.run(found=found)
        except JoinFailed as error:
            found.end = "expired" if error.timeout_s is not None else "failed"
            found.failures = [failure.index for failure in error.errors]
            found.cancelled = [branch.index for branch in error.cancelled]
            others = {*found.failures, *found.cancelled}
            found.successes = [number for number in range(len(case.branches)) if number not in others]
            found.at = anyio.current_time()
            counts = (len(found.successes), error.successes, error.stuck)
    assert counts[0] == counts[1]
    assert counts[2] == ()
    assert log == []
    if scope.cancelled_caught:
        return Outcome("cut", anyio.current_time())
    return found


def started(case: Case) -> Callable[[], Any]:
    """Give the run of a case, measured from its own beginning."""

    async def main() -> Outcome:
        began = anyio.current_time()
        found = await perform(case)
        found.at -= began
        return found

    return main


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
@example(Case((Branch(0.0, True, 0.0),) * 3, Join.any(), None, 1))
@example(Case((Branch(0.0, False, 0.0), Branch(1.5, True, 7.25)), Join.all(), None, None))
@example(Case((Branch(3.5, True, 1.25),), Join.partial_timeout(), 1.0, None))
def test_split_is_the_model(run_virtual: Callable[..., Any], case: Case) -> None:
    """J2 to J6: outcomes, the moment and the order are the model's, and no task or timer is left afterwards."""
    found, wanted = run_virtual(started(case)), model(case)
    if found.end == "cut" or wanted.end == "cut":
        assert (found.end, found.at) == (wanted.end, pytest.approx(wanted.at))
        return
    assert found.at == pytest.approx(wanted.at)
    assert (found.end, found.successes, found.failures, found.cancelled) == (
        wanted.end,
        wanted.successes,
        wanted.failures,
        wanted.cancelled,
    )


GOOD, BAD = True, False
TABLE = [
    Case((Branch(1.5, GOOD, 0.0), Branch(2.25, GOOD, 0.0)), Join.all(), None, None),
    Case((Branch(1.5, GOOD, 0.0), Branch(2.25, BAD, 0.0)), Join.all(), None, None),
    Case((Branch(1.5, BAD, 0.0), Branch(2.25, GOOD, 3.125)), Join.all(), None, None),
    Case((Branch(1.5, BAD, 0.0), Branch(2.25, GOOD, 0.0), Branch(9.125, GOOD, 1.0)), Join.any(), None, None),
    Case((Branch(1.5, BAD, 0.0), Branch(2.25, BAD, 0.0)), Join.any(), None, None),
    Case(
        (Branch(1.5, GOOD, 0.0), Branch(2.25, GOOD, 0.0), Branch(4.125, GOOD, 0.0)), Join.quorum(2), None, 1
    ),
    Case((Branch(9.5, GOOD, 1.0), Branch(2.25, GOOD, 0.0)), Join.quorum(2), 4.0, None),
    Case((Branch(9.5, GOOD, 1.0), Branch(2.25, BAD, 0.0)), Join.partial_timeout(), 4.0, None),
    Case((Branch(9.5, GOOD, 1.0), Branch(8.25, BAD, 0.0)), Join.partial_timeout(), 4.0, None),
    Case((Branch(1.5, GOOD, 0.0), Branch(2.25, BAD, 0.0)), Join.partial_timeout(), 4.0, None),
    Case((Branch(9.5, GOOD, 1.0), Branch(8.25, GOOD, 2.0)), Join.percentage(0.5), None, None, 3.0),
    Case((Branch(9.5, GOOD, 1.0), Branch(8.25, GOOD, 2.0), Branch(0.0, BAD, 0.0)), Join.any(), 5.0, 2, 3.0),
    Case((Branch(0.0, GOOD, 0.0), Branch(0.0, BAD, 0.0), Branch(1.0, GOOD, 2.0)), Join.quorum(1), None, 2),
]


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_both_backends_agree(run_each: Callable[..., dict[str, Any]], case: Case) -> None:
    """Every case of the table comes to the same on asyncio and on trio, and is the model's."""
    found = run_each(started(case))
    assert found["asyncio"] == found["trio"] == model(case)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases(), first=st.integers(0, 15), later=st.integers(1, 4))
@pytest.mark.parametrize("backend", ["asyncio"])
def test_native_cancel_is_never_lost(
    run_virtual: Callable[..., Any], case: Case, first: int, later: int
) -> None:
    """R8: a Task.cancel() before the run's end is raised, the first of two, once every branch has ended."""
    case = replace(case, cut=None)
    wanted, at = model(case), first + BITS[2 * MOST] / 2

    async def main() -> tuple[Any, ...]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(perform(case))
        timers = [loop.call_later(at, task.cancel, "one"), loop.call_later(at + later, task.cancel, "two")]
        await asyncio.wait([task])
        for timer in timers:
            timer.cancel()
        if not task.cancelled():
            return (task.result().end,)
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value.args

    assert run_virtual(main) == (("one",) if at < wanted.at else (wanted.end,))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases(), whole=st.integers(0, 15))
@pytest.mark.parametrize("backend", ["asyncio"])
def test_native_timeout_is_never_lost(run_virtual: Callable[..., Any], case: Case, whole: int) -> None:
    """R7: `asyncio.timeout` before the run's end is a TimeoutError, and leaves no cancel on the task."""
    case = replace(case, cut=None)
    wanted, at = model(case), whole + BITS[2 * MOST] / 2

    async def main() -> tuple[str, int]:
        try:
            async with asyncio.timeout(at):
                end = (await perform(case)).end
        except TimeoutError:
            end = "timeout"
        task = asyncio.current_task()
        return end, task.cancelling() if task else -1

    assert run_virtual(main) == ("timeout" if at < wanted.at else wanted.end, 0)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases(), split_limit=st.integers(1, 6))
def test_cut_at_the_moment_of_the_timeout(
    run_virtual: Callable[..., Any], case: Case, split_limit: int
) -> None:
    """R8: a scope whose deadline is the very moment of the split's own timeout ends the run, one way or the other."""
    case = replace(case, timeout=float(split_limit), cut=float(split_limit))
    wanted = model(replace(case, cut=None))
    found = run_virtual(started(case))
    if wanted.end == "expired" or wanted.at >= split_limit:
        assert found.end in ("cut", wanted.end)
    else:
        assert found.end == wanted.end
