"""What a state is told of the split or the failure before it."""

import asyncio
from enum import Enum
from typing import Any

import pytest

from cano_dsl import Failure, Joined
from cano_dsl.errors import Branch, BranchFailure


class Job(Enum):
    WORK = 1


ERROR = ValueError("no tea")


def joined(**more: Any) -> Joined[Any]:
    """Make the outcomes of four branches: two values, an error, and a cancelled one."""
    values = ["a", ERROR, None, "d"]
    return Joined(values=values, marks=bytes([1, 2, 0, 1]), name=lambda index: f"ask({index})", **more)


def test_outcomes_in_the_order_of_branches() -> None:
    """J8: values, successes, errors and cancelled come in the order of branches, with index and name."""
    found = joined()
    assert found.values == ("a", "d")
    assert [(s.index, s.name, s.value) for s in found.successes] == [(0, "ask(0)", "a"), (3, "ask(3)", "d")]
    assert found.errors == (BranchFailure(1, "ask(1)", ERROR),)
    assert found.cancelled == (Branch(2, "ask(2)"),)
    assert repr(found) == "<Joined: 2 succeeded, 1 failed, 1 cancelled>"


def test_of_a_branch() -> None:
    """J8: `of` gives the value of a branch, and None for one that failed or was cancelled."""
    keys = [object() for _ in range(4)]
    found = joined(keys=keys)
    assert [found.of(key) for key in keys] == ["a", None, None, "d"]  # type: ignore[call-overload]


def test_of_finds_equal_and_unhashable_branches() -> None:
    """J8: a bound method, made anew at each access, is found, and so is what cannot be hashed."""

    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return self is other

        async def ask(self) -> str: ...
        async def other(self) -> str: ...

    one, two = Unhashable(), Unhashable()
    found = joined(keys=[one, two.ask, one.ask, two.other])
    assert [found.of(key) for key in (one, two.ask, one.ask, two.other)] == ["a", None, None, "d"]  # type: ignore[call-overload]


def test_of_names_what_there_is() -> None:
    """J8: `of` a branch that is none says which there are, or where to look instead."""
    with pytest.raises(LookupError) as caught:
        joined(keys=[1, 2, 3, 4]).of(asyncio.sleep)
    assert (
        str(caught.value)
        == f"the split has no branch {asyncio.sleep!r}: it has ask(0), ask(1), ask(2), ask(3)"
    )
    with pytest.raises(LookupError, match="its branches share one function: use successes"):
        joined().of(asyncio.sleep)


def test_failure_shows_both() -> None:
    """A failure names its state and its error."""
    failure = Failure(error=ERROR, state=Job.WORK)
    assert repr(failure) == "Failure(state=Job.WORK, error=ValueError('no tea'))"
