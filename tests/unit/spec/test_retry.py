"""L1, L2: the waits between attempts, and which failures are followed by another."""

import math
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cano_dsl import Join, Joined, Retry, Run, Workflow, split, state
from cano_dsl.errors import AttemptsExhausted, JoinFailed, PolicyError


class Ask(Enum):
    ASK = 1
    READ = 2
    DONE = 3


numbers = st.floats(0.001, 100)


@given(st.integers(1, 40), numbers, numbers, st.floats(0, 5), st.floats(1, 4), st.integers())
def test_waits_follow_the_formula(
    attempts: int, initial: float, longest: float, jitter: float, base: float, seed: int
) -> None:
    """L1: wait(n) = min(wait_max, wait_initial · base^(n-1) + U(0, wait_jitter)), attempts - 1 times."""
    retry = Retry.exponential(
        attempts=attempts, wait_initial=initial, wait_max=longest, wait_jitter=jitter, base=base
    )
    twin = Random(seed)
    expected = []
    for n in range(1, attempts):
        drawn = twin.uniform(0.0, jitter) if jitter else 0.0
        expected.append(min(longest, min(longest, initial * base ** (n - 1)) + drawn))
    found = list(retry.delays(Random(seed)))
    assert len(found) == attempts - 1
    assert all(math.isclose(one, other, rel_tol=1e-6) for one, other in zip(found, expected, strict=True))
    assert list(retry.delays(Random(seed))) == found


def test_waits_cannot_overflow() -> None:
    """L1: a power that no number holds is capped before it is computed."""
    retry = Retry.exponential(attempts=5000, base=1e300, wait_jitter=0)
    assert max(retry.delays(Random(0))) == 5.0


def test_defaults_are_bounded() -> None:
    """L1: without arguments it tries ten times within a minute, and waits with jitter."""
    retry = Retry.exponential()
    assert (retry.attempts, retry.wait_max, retry.wait_jitter) == (10, 5.0, 1.0)
    assert sum(retry.delays(Random(1))) < 60


@pytest.mark.parametrize("wait", [2, 2.0, timedelta(seconds=2)])
def test_times_are_seconds_or_timedelta(wait: Any) -> None:
    """A wait may be given as seconds or as a timedelta."""
    assert list(Retry.fixed(3, wait).delays(Random(0))) == [2.0, 2.0]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Retry.fixed(0, 1), "attempts"),
        (lambda: Retry.fixed(True, 1), "attempts"),
        (lambda: Retry.fixed(2, -1), "wait"),
        (lambda: Retry.fixed(2, math.nan), "wait"),
        (lambda: Retry.fixed(2, False), "wait"),
        (lambda: Retry.exponential(attempts=2.0), "attempts"),  # type: ignore[arg-type]
        (lambda: Retry.exponential(base=0.5), "base"),
        (lambda: Retry.exponential(base=math.inf), "base"),
        (lambda: Retry.exponential(wait_max=math.inf), "wait_max"),
        (lambda: Retry.exponential(wait_jitter=-1), "wait_jitter"),
        (lambda: Retry.exponential(retry_on=KeyboardInterrupt), "retry_on"),  # type: ignore[arg-type]
        (lambda: Retry.exponential(retry_on=(ValueError, 3)), "retry_on"),  # type: ignore[arg-type]
        (lambda: Retry.exponential(retry_on=None), "retry_on"),  # type: ignore[arg-type]
    ],
)
def test_numbers_out_of_range(make: Callable[[], Retry], field: str) -> None:
    """A number out of its range is refused when the policy is made, by name."""
    with pytest.raises(PolicyError) as caught:
        make()
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("retry_on", "again"),
    [
        (Exception, True),
        (LookupError, True),
        ((OSError, KeyError), True),
        (lambda error: error.args == ("x",), True),
        (OSError, False),
        ((), False),
        (lambda error: False, False),
    ],
)
def test_which_errors_are_retried(retry_on: Any, again: bool) -> None:
    """L2: a class, a tuple of classes or a function chooses which failures are followed by another attempt."""
    assert Retry.fixed(2, 0, retry_on).again(KeyError("x")) is again


def asking(answer: Callable[..., Any], retry: Retry, seen: list[Any], **options: Any) -> Workflow[Any, Any]:
    """Make a workflow that asks two branches."""

    @split(Ask.ASK, over=("a", "b"), join=Join.all(), to=Ask.READ, retry=retry, **options)
    async def ask(whom: str, run: Run) -> Any:
        seen.append((whom, run.idempotency_key))
        return answer(whom, sum(1 for name, _ in seen if name == whom))

    def read(answers: Joined[Any]) -> Ask:
        seen.append(answers.values)
        return Ask.DONE

    return Workflow.build(Ask, ask, state(Ask.READ, to=(Ask.DONE,))(read), start=Ask.ASK, exits=(Ask.DONE,))


def test_each_branch_has_its_own_attempts(run_async: Callable[..., Any]) -> None:
    """J7: a branch that fails is called again with the same key, the others are not."""
    seen: list[Any] = []

    def answer(whom: str, call: int) -> str:
        if whom == "b" and call < 3:
            raise ValueError(call)
        return f"{whom}{call}"

    assert run_async(lambda: asking(answer, Retry.fixed(3, 0), seen).bind().run("r")) is Ask.DONE
    assert [name for name, _ in seen[:-1]] == ["a", "b", "b", "b"]
    assert {key for name, key in seen[:-1] if name == "b"} == {"r/0/1"}
    assert seen[-1] == ("a1", "b3")


def test_exhausted_attempts(run_async: Callable[..., Any]) -> None:
    """L1: exhausted, the branch's error has attempts, elapsed time and the last error as cause."""
    seen: list[Any] = []

    def answer(whom: str, call: int) -> str:
        raise ValueError(f"{whom}{call}")

    with pytest.raises(JoinFailed) as caught:
        run_async(asking(answer, Retry.fixed(2, 0.01), seen, bulkhead=1).run)
    error = caught.value.errors[0].error
    assert isinstance(error, AttemptsExhausted)
    assert (error.attempts, error.branch, repr(error.__cause__)) == (2, "ask('a')", "ValueError('a2')")
    assert 0.01 <= error.elapsed_s < 5
    assert error.at.attempt == 2
    assert caught.value.__cause__ is error


def test_other_errors_fail_at_once(run_async: Callable[..., Any]) -> None:
    """L2: an error that the policy does not name fails the branch as it is, at its first attempt."""
    seen: list[Any] = []

    def answer(whom: str, call: int) -> str:
        raise ValueError(f"{whom}{call}")

    with pytest.raises(JoinFailed) as caught:
        run_async(asking(answer, Retry.fixed(5, 0, OSError), seen).run)
    assert repr(caught.value.errors[0].error) == "ValueError('a1')"


def test_cancel_ends_the_wait(run_async: Callable[..., Any]) -> None:
    """J7, R8: a join's timeout reaches a branch that waits for its next attempt."""
    seen: list[Any] = []

    def answer(whom: str, call: int) -> str:
        if whom == "b":
            raise ValueError(call)
        return whom

    built = asking(answer, Retry.fixed(3, 60), seen, timeout=0.05)
    with pytest.raises(JoinFailed) as caught:
        run_async(built.run)
    assert caught.value.timeout_s == 0.05
    assert [branch.name for branch in caught.value.cancelled] == ["ask('b')"]
    assert len(seen) == 2
