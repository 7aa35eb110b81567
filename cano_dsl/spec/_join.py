"""When a split's branches are joined: pure decisions over counts."""

from dataclasses import dataclass
from math import ceil
from typing import Literal, Self, TypeAlias

from cano_dsl.errors import PolicyError

Strategy: TypeAlias = Literal["all", "any", "quorum", "percentage", "partial_results", "partial_timeout"]
Verdict: TypeAlias = Literal["satisfied", "impossible", "undecided"]


@dataclass(frozen=True, slots=True)
class Join:
    """When the branches of a split are done, and what becomes of the rest; made by its class methods.

    | strategy | satisfied when | rest |
    | --- | --- | --- |
    | `Join.all()` | every branch succeeded | |
    | `Join.any()` | the first success | cancelled |
    | `Join.quorum(n)` | n successes | cancelled |
    | `Join.percentage(p)` | ⌈p · branches⌉ successes, 0 < p ≤ 1 | cancelled |
    | `Join.partial_results(n)` | n successes; errors are expected, and read | cancelled |
    | `Join.partial_timeout()` | the split's `timeout`, or all ended, with at least one outcome | cancelled |

    A join that can no longer be satisfied fails at once. Whether a number fits the branches is checked by
    `build` where their count is known, and before the first branch starts where not.

    Attributes:
        strategy: Its name.
        n: How many successes it asks for; None where it names no number.
        p: Which part of the branches must succeed; None where it names none.

    Example:
        >>> from cano_dsl import Join
        >>> print(Join.quorum(2), Join.percentage(0.07), Join.all())
        quorum(2) percentage(0.07) all
        >>> Join.percentage(0.07).needed(100)
        7
    """

    strategy: Strategy
    n: int | None = None
    p: float | None = None

    @classmethod
    def all(cls) -> Self:
        """Wait until every branch has succeeded."""
        return cls("all")

    @classmethod
    def any(cls) -> Self:
        """Take the first success."""
        return cls("any")

    @classmethod
    def quorum(cls, n: int, /) -> Self:
        """Wait for n successes.

        Raises:
            PolicyError: n is no whole number.
        """
        return cls("quorum", n=_whole(n))

    @classmethod
    def percentage(cls, p: float, /) -> Self:
        """Wait until a part of the branches has succeeded, 1.0 for all of them.

        The number is computed exactly, from p as it is written: 0.07 of 100 is 7.

        Raises:
            PolicyError: p is no number.
        """
        if isinstance(p, bool) or not isinstance(p, (int, float)):
            raise PolicyError(field="p", value=p, allowed="a number above 0, at most 1")
        return cls("percentage", p=p)

    @classmethod
    def partial_results(cls, n: int, /) -> Self:
        """Wait for n successes; decides as `quorum` does, and says that errors are expected and read.

        Raises:
            PolicyError: n is no whole number.
        """
        return cls("partial_results", n=_whole(n))

    @classmethod
    def partial_timeout(cls) -> Self:
        """Take what there is when the split's `timeout` is over, or when all branches have ended."""
        return cls("partial_timeout")

    def needed(self, total: int) -> int | None:
        """Give the number of successes that satisfy it; None where no number does."""
        if self.strategy == "partial_timeout":
            return None
        if self.strategy == "any":
            return 1
        if self.p is not None:
            from fractions import Fraction  # costs a tenth of what importing this whole package does

            return ceil(Fraction(str(self.p)) * total)
        return total if self.n is None else self.n

    def __str__(self) -> str:
        """Name it as messages and diagrams do."""
        number = self.n if self.n is not None else self.p
        return self.strategy if number is None else f"{self.strategy}({number})"


def _whole(n: object) -> int:
    if isinstance(n, bool) or not isinstance(n, int):
        raise PolicyError(field="n", value=n, allowed="a whole number, at least 1")
    return n


def decide(join: Join, *, successes: int, failures: int, total: int, expired: bool) -> Verdict:
    """Decide a join from its counts, as early as it can be decided.

    Args:
        join: The strategy, whose number fits `total`.
        successes: How many branches have succeeded.
        failures: How many have failed.
        total: How many there are.
        expired: Whether the time is over, so that no other outcome counts.
    """
    needed = join.needed(total)
    if needed is None:
        outcomes = successes + failures
        if outcomes == total or (expired and outcomes):
            return "satisfied"
        return "impossible" if expired else "undecided"
    if successes >= needed:
        return "satisfied"
    if expired or failures > total - needed:
        return "impossible"
    return "undecided"


def why_not(join: Join, total: int) -> str | None:
    """Say why a join can never be satisfied by so many branches; None when it can."""
    if total < 1:
        return "there is no branch"
    if join.p is not None and not 0 < join.p <= 1:
        return f"p of {join} is not above 0 and at most 1"
    if join.n is not None and join.n < 1:
        return f"n of {join} is not at least 1"
    if join.n is not None and join.n > total:
        return f"{join} needs {join.n} successes of {total} {'branch' if total == 1 else 'branches'}"
    return None
