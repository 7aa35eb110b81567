"""What a state can ask for about the one before it: the outcomes of a split, or the failure that led here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import compress
from typing import Any, Generic, Protocol, TypeVar, final, overload

from cano_dsl.errors import Branch, BranchFailure

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")
_SUCCEEDED = bytes(mark == 1 for mark in range(256))


@dataclass(frozen=True, slots=True)
class BranchSuccess(Generic[T_co]):
    """A branch that succeeded.

    Attributes:
        index: Its place among the branches, from 0.
        name: Its function, with the item where all branches share one.
        value: What it returned.
    """

    index: int
    name: str
    value: T_co


class Runs(Protocol[T_co]):
    """A workflow as a branch, whose value is the exit that it reaches."""

    @property
    def run(self) -> Callable[..., Awaitable[T_co]]:
        """Run it once."""
        ...


@final
class Joined(Generic[T_co]):
    """The outcomes of the split before, for the state that it goes to.

    Give a parameter the type `Joined[T]`, T being what a branch returns, in a state that is entered from
    splits alone; `Joined[T] | None` where other states lead there too, from which it is None.

    Attributes:
        successes: The branches that succeeded, in the order of branches.
        errors: Those that failed, in the order of branches.
        cancelled: Those that were cancelled or never begun, as the join was decided without them.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Join, Joined, Workflow, split, state
        >>> class Sum(Enum):
        ...     SQUARE = 1
        ...     ADD = 2
        ...     DONE = 3
        >>> @split(Sum.SQUARE, over=(1, 2, 3), join=Join.all(), to=Sum.ADD)
        ... async def square(number: int) -> int:
        ...     return number * number
        >>> @state(Sum.ADD)
        ... def add(squares: Joined[int]) -> Literal[Sum.DONE]:
        ...     print(sum(squares.values), squares.successes[0])
        ...     return Sum.DONE
        >>> sums = Workflow.build(Sum, square, add, start=Sum.SQUARE, exits=(Sum.DONE,))
        >>> sums.run_sync()
        14 BranchSuccess(index=0, name='square(1)', value=1)
        <Sum.DONE: 3>
    """

    __slots__ = ("_keys", "_marks", "_name", "_values")

    def __init__(
        self,
        *,
        values: Sequence[Any],
        marks: bytes,
        name: Callable[[int], str],
        keys: Sequence[object] = (),
    ) -> None:
        self._values = values
        self._marks = marks  # for each branch: 0 cancelled, 1 succeeded, 2 failed
        self._name = name
        self._keys = keys  # of branches that the split names, which may be unhashable

    def _marked(self, mark: int) -> list[int]:
        return [index for index, found in enumerate(self._marks) if found == mark]

    @property
    def values(self) -> tuple[T_co, ...]:
        """The values of the branches that succeeded, in the order of branches."""
        return tuple(compress(self._values, self._marks.translate(_SUCCEEDED)))

    @property
    def successes(self) -> tuple[BranchSuccess[T_co], ...]:
        """The branches that succeeded, in the order of branches."""
        return tuple(BranchSuccess(i, self._name(i), self._values[i]) for i in self._marked(1))

    @property
    def errors(self) -> tuple[BranchFailure, ...]:
        """The branches that failed, in the order of branches."""
        return tuple(BranchFailure(i, self._name(i), self._values[i]) for i in self._marked(2))

    @property
    def cancelled(self) -> tuple[Branch, ...]:
        """The branches without an outcome, in the order of branches."""
        return tuple(Branch(i, self._name(i)) for i in self._marked(0))

    @overload
    def of(self, branch: Runs[V], /) -> V | None: ...
    @overload
    def of(self, branch: Callable[..., Awaitable[V]], /) -> V | None: ...
    def of(self, branch: object, /) -> Any:
        """Give the value of one of the branches that the split names; None when it has none.

        Raises:
            LookupError: The split has no such branch.
        """
        for index, key in enumerate(self._keys):
            if key is branch or key == branch:
                return self._values[index] if self._marks[index] == 1 else None
        known = ", ".join(self._name(index) for index in range(len(self._keys)))
        known = f"it has {known}" if known else "its branches share one function: use successes"
        raise LookupError(f"the split has no branch {branch!r}: {known}")

    def __repr__(self) -> str:
        """Count the outcomes."""
        count = self._marks.count
        return f"<Joined: {count(1)} succeeded, {count(2)} failed, {count(0)} cancelled>"


@final
class Failure:
    """The error that led along an error edge, for the state that the edge goes to.

    Give a parameter the type `Failure` in a state that is entered by error edges alone; `Failure | None`
    where other states lead there too, from which it is None.

    Attributes:
        error: What was raised: the handler's own exception, or the `JoinFailed` of a split.
        state: The state that raised it.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Failure, Join, Workflow, split, state
        >>> class Ask(Enum):
        ...     ASK = 1
        ...     SORRY = 2
        ...     DONE = 3
        >>> @split(Ask.ASK, over=("a", "b"), join=Join.all(), to=Ask.DONE, on_error=Ask.SORRY)
        ... async def ask(whom: str) -> int:
        ...     raise ValueError(whom)
        >>> @state(Ask.SORRY)
        ... def sorry(failure: Failure) -> Literal[Ask.DONE]:
        ...     print(failure.state, type(failure.error).__name__)
        ...     return Ask.DONE
        >>> Workflow.build(Ask, ask, sorry, start=Ask.ASK, exits=(Ask.DONE,)).run_sync()
        Ask.ASK JoinFailed
        <Ask.DONE: 3>
    """

    __slots__ = ("error", "state")

    def __init__(self, *, error: Exception, state: Enum) -> None:
        self.error = error
        self.state = state

    def __repr__(self) -> str:
        """Show both."""
        return f"Failure(state={self.state}, error={self.error!r})"


def of_type(entry: object, kind: type[T]) -> T | None:
    """Give what a state was entered with when it is of a class."""
    return entry if type(entry) is kind else None
