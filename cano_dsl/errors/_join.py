"""A split that could not be joined, with what came of each branch."""

from collections.abc import Sequence
from dataclasses import dataclass

from cano_dsl.errors._run import RunError
from cano_dsl.errors._words import told

SHOWN = 3  # branches named in a message; all are in the fields


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a split by its place.

    Attributes:
        index: Its place among the branches, from 0.
        name: Its function, with the item where all branches share one.
    """

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class BranchFailure:
    """A branch that failed.

    Attributes:
        index: Its place among the branches, from 0.
        name: Its function, with the item where all branches share one.
        error: What it raised.
    """

    index: int
    name: str
    error: BaseException


class JoinFailed(RunError):
    """A split whose join could not be satisfied; every branch has ended, unless it is in `stuck`.

    Its `__cause__` is the branch's error where one failed, and a group of them all where several did.

    Attributes:
        join: The strategy, such as "quorum(2)".
        total: How many branches there were.
        needed: How many successes it needed; None where no number satisfies it.
        successes: How many branches succeeded.
        errors: Those that failed, in the order of branches.
        cancelled: Those without an outcome, in the order of branches.
        timeout_s: The time that was over, in seconds; None when it was not time that decided.
        stuck: Those that did not end within 30 s of being cancelled, and still run.
        refused: Why no branch was started; empty where they were.

    Example:
        >>> from enum import Enum
        >>> from cano_dsl import Join, Workflow, split
        >>> from cano_dsl.errors import JoinFailed
        >>> class Ask(Enum):
        ...     ASK = 1
        ...     DONE = 2
        >>> @split(Ask.ASK, over=("a", "b"), join=Join.all(), to=Ask.DONE)
        ... async def ask(whom: str) -> int:
        ...     raise ValueError(f"no {whom}")
        >>> try:
        ...     Workflow.build(Ask, ask, start=Ask.ASK, exits=(Ask.DONE,)).run_sync()
        ... except JoinFailed as error:
        ...     print(error.join, error.successes, error.total, error.errors)
        all 0 2 (BranchFailure(index=0, name="ask('a')", error=ValueError('no a')),)
    """

    code = "join-failed"
    subject = "split"

    def __init__(
        self,
        *,
        join: str,
        total: int,
        needed: int | None,
        successes: int = 0,
        errors: Sequence[BranchFailure] = (),
        cancelled: Sequence[Branch] = (),
        timeout_s: float | None = None,
        stuck: Sequence[Branch] = (),
        refused: str = "",
    ) -> None:
        self.join = join
        self.total = total
        self.needed = needed
        self.successes = successes
        self.errors = tuple(errors)
        self.cancelled = tuple(cancelled)
        self.timeout_s = timeout_s
        self.stuck = tuple(stuck)
        self.refused = refused
        super().__init__(self._said())

    def _said(self) -> str:
        if self.refused:
            return f"cannot be joined, so no branch was started: {self.refused}"
        if self.stuck:
            names = _listed([branch.name for branch in self.stuck])
            return f"has branches that did not end within 30 s of being cancelled: {names}"
        needs = "an outcome" if self.needed is None else _counted(self.needed, "success")
        counts = (
            f"{self.join} needs {needs} of {_counted(self.total, 'branch')}, "
            f"{self.successes} succeeded, {len(self.errors)} failed"
        )
        why = _listed([f"{failure.name} {told(failure.error)}" for failure in self.errors])
        failed = f": {why}" if why else ""
        if self.timeout_s is not None:
            return f"was not joined within {self.timeout_s:g} s: {counts}{failed}"
        return f"cannot be joined: {counts}{failed}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}es"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
