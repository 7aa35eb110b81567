"""J3 to J5 as pure decisions: satisfied and impossible as early as can be, for every order of outcomes."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cano_dsl import Join
from cano_dsl.errors import PolicyError
from cano_dsl.plan._split import limits
from cano_dsl.spec import decide, why_not

MOST = 8
PARTS = (0.07, 0.1, 0.25, 1 / 3, 0.5, 0.1 + 0.2, 2 / 3, 0.75, 0.99, 1.0, 1)


def joins(total: int) -> Iterator[Join]:
    """Give every strategy with every number that fits so many branches."""
    yield Join.all()
    yield Join.any()
    yield Join.partial_timeout()
    for n in range(1, total + 1):
        yield Join.quorum(n)
        yield Join.partial_results(n)
    yield from map(Join.percentage, PARTS)


def satisfied(join: Join, successes: int, failures: int, total: int, *, over: bool) -> bool:
    """Read the table of the strategies, as it stands now."""
    if join.strategy == "all":
        return successes == total
    if join.strategy == "any":
        return successes >= 1
    if join.strategy == "percentage":
        return Fraction(successes, total) >= Fraction(str(join.p))
    if join.strategy == "partial_timeout":
        return successes + failures >= 1 and (over or successes + failures == total)
    assert join.n is not None
    return successes >= join.n


def possible(join: Join, successes: int, failures: int, total: int, *, over: bool) -> bool:
    """Try every continuation: more outcomes while there is time, and the end of the time."""
    if over:
        return satisfied(join, successes, failures, total, over=True)
    return any(
        satisfied(join, s, f, total, over=later)
        for s in range(successes, total + 1)
        for f in range(failures, total - s + 1)
        for later in (False, True)
    )


def expected(join: Join, successes: int, failures: int, total: int, *, over: bool) -> str:
    """Give the verdict by definition."""
    if satisfied(join, successes, failures, total, over=over):
        return "satisfied"
    return "undecided" if possible(join, successes, failures, total, over=over) else "impossible"


@pytest.mark.parametrize("total", range(1, MOST + 1))
def test_verdict_is_the_table_and_its_continuations(total: int) -> None:
    """J3: every strategy, number and count is satisfied where the table says so, impossible where nothing helps."""
    for join in joins(total):
        for successes in range(total + 1):
            for failures in range(total - successes + 1):
                for over in (False, True):
                    found = decide(join, successes=successes, failures=failures, total=total, expired=over)
                    wanted = expected(join, successes, failures, total, over=over)
                    assert found == wanted, (join, successes, failures, total, over)


def first_decision(join: Join, order: tuple[bool, ...]) -> tuple[int, str]:
    """Give after how many outcomes of an order it is decided, and how."""
    for count in range(len(order) + 1):
        successes = sum(order[:count])
        found = decide(join, successes=successes, failures=count - successes, total=len(order), expired=False)
        if found != "undecided":
            return count, found
    return len(order) + 1, "undecided"


def first_of_limits(join: Join, order: tuple[bool, ...]) -> int:
    """Give after how many outcomes the branches are ended, by counting up to the limits as they are run."""
    enough, hopeless = limits(join, len(order))
    successes = failures = 0
    for count, success in enumerate(order, start=1):
        successes, failures = successes + success, failures + (not success)
        if successes == enough or failures == hopeless:
            return count
    return len(order)


@pytest.mark.parametrize("total", range(1, MOST + 1))
def test_every_order_is_decided_at_the_first_moment(total: int) -> None:
    """J3: in every order of outcomes the decision falls as early as possible, stays, and the run stops there."""
    for join in joins(total):
        for order in itertools.product((True, False), repeat=total):
            count, found = first_decision(join, order)
            assert found != "undecided"
            assert first_of_limits(join, order) == count, (join, order)
            for later in range(count, total + 1):
                successes = sum(order[:later])
                assert (
                    decide(
                        join,
                        successes=successes,
                        failures=later - successes,
                        total=total,
                        expired=False,
                    )
                    == found
                )


@pytest.mark.parametrize(
    ("p", "total", "needed"),
    [
        (0.07, 100, 7),
        (0.07, 1000, 70),
        (0.29, 100, 29),
        (0.57, 100, 57),
        (0.58, 100, 58),
        (0.1 + 0.2, 10, 4),  # 0.30000000000000004 as it is written
        (0.3, 10, 3),
        (1 / 3, 3, 1),
        (1 / 3, 9, 3),
        (2 / 3, 3, 2),
        (0.5, 3, 2),
        (1e-9, 1, 1),
        (1e-9, 1_000_000, 1),
        (1, 7, 7),
        (1.0, 7, 7),
        (0.999, 7, 7),
    ],
)
def test_percentage_is_exact(p: float, total: int, needed: int) -> None:
    """The part of the branches is computed from the number as it is written, and rounded up."""
    assert Join.percentage(p).needed(total) == needed


@pytest.mark.parametrize("hundredths", range(1, 101))
def test_percent_of_a_hundred(hundredths: int) -> None:
    """So many hundredths of a hundred branches are so many, whatever the float between them is."""
    assert Join.percentage(hundredths / 100).needed(100) == hundredths


@pytest.mark.parametrize(
    ("join", "total", "why"),
    [
        (Join.all(), 0, "there is no branch"),
        (Join.partial_timeout(), 0, "there is no branch"),
        (Join.quorum(0), 3, "n of quorum(0) is not at least 1"),
        (Join.partial_results(-1), 3, "n of partial_results(-1) is not at least 1"),
        (Join.quorum(4), 3, "quorum(4) needs 4 successes of 3 branches"),
        (Join.partial_results(2), 1, "partial_results(2) needs 2 successes of 1 branch"),
        (Join.percentage(0), 3, "p of percentage(0) is not above 0 and at most 1"),
        (Join.percentage(-0.5), 3, "p of percentage(-0.5) is not above 0 and at most 1"),
        (Join.percentage(1.01), 3, "p of percentage(1.01) is not above 0 and at most 1"),
        (Join.percentage(float("nan")), 3, "p of percentage(nan) is not above 0 and at most 1"),
        (Join.percentage(float("inf")), 3, "p of percentage(inf) is not above 0 and at most 1"),
    ],
    ids=str,
)
def test_why_not(join: Join, total: int, why: str) -> None:
    """J5: what can never be satisfied is said in words."""
    assert why_not(join, total) == why


@pytest.mark.parametrize("total", range(1, MOST + 1))
def test_what_fits_is_not_refused(total: int) -> None:
    """J5: every number that fits the branches passes."""
    assert [str(join) for join in joins(total) if why_not(join, total) is not None] == []


@pytest.mark.parametrize("n", [1.0, "2", None, True, Decimal(2), [1]], ids=repr)
@pytest.mark.parametrize("make", [Join.quorum, Join.partial_results])
def test_n_is_a_whole_number(make: Any, n: object) -> None:
    """A count that is no whole number is refused where it is given."""
    with pytest.raises(PolicyError) as caught:
        make(n)
    assert str(caught.value) == f"n={n!r} is not possible: give a whole number, at least 1"
    assert caught.value.field == "n"


@pytest.mark.parametrize("p", ["0.5", None, True, Decimal("0.5"), Fraction(1, 3)], ids=repr)
def test_p_is_a_number(p: Any) -> None:
    """A part that is no number is refused where it is given."""
    with pytest.raises(PolicyError) as caught:
        Join.percentage(p)
    assert str(caught.value) == f"p={p!r} is not possible: give a number above 0, at most 1"


def test_joins_are_values() -> None:
    """A strategy is a frozen value that compares and shows itself."""
    assert Join.quorum(2) == Join.quorum(2) != Join.partial_results(2)
    assert [str(join) for join in joins(1)][:5] == [
        "all",
        "any",
        "partial_timeout",
        "quorum(1)",
        "partial_results(1)",
    ]
    assert len({Join.all(), Join.all(), Join.any()}) == 2
    with pytest.raises(AttributeError):
        Join.all().n = 3  # type: ignore[misc]
