"""What a handler can ask for by type instead of by name: the run it belongs to, and the run's data."""

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

from cano_dsl.spec._outcomes import Failure, Joined, of_type

T = TypeVar("T")
Place: TypeAlias = tuple[Enum, str, int, int]  # state, its name, attempt, sequence


class Watch(Protocol):
    """What ends a run from without, as the run sees it."""

    @property
    def deadline(self) -> float | None:
        """The moment by which the run must have ended, by the clock's monotonic time; None without one."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the run has been asked to end, or its time is over."""
        ...

    def left(self) -> float:
        """Give the seconds until the deadline, not less than 0; infinite without one."""
        ...

    def boundary(self, state: Enum, name: str, *, must_run: bool = False) -> None:
        """See a state before its handler is called; one that must run is only put down.

        Raises:
            BaseException: The run must end.
        """
        ...

    def cut(self) -> BaseException:
        """Give what to raise where a call was cut because the time has long been over."""
        ...


class Log(Protocol):
    """The log of a run, as the calls of its steps see it."""

    @property
    def is_in_flight(self) -> bool:
        """Whether the next state was called by a process that is gone, so that nobody knows what it did."""
        ...

    async def enter(self, name: str, attempts: int) -> None:
        """Write that a state is entered; durable when it returns."""
        ...

    def pass_by(self, name: str) -> None:
        """See a router, which has no row."""
        ...

    def hold_joined(self, joined: Joined[Any]) -> None:
        """Make bytes of a split's outcomes, for the row of the state that follows."""
        ...

    def hold_output(self, output: object, target: object) -> None:
        """Make bytes of what a state gave, for the next row."""
        ...


class Run:
    """The run that a handler is called in; give a parameter this type to get it.

    One object belongs to one run and follows it: `state` and `idempotency_key` are those of the handler
    that is called now, for a compensation those of the state that it undoes.

    Attributes:
        workflow: The workflow's name.
        run_id: The run's id, as given or made up.
        state: The state whose handler is called; the start state before the first.
        state_name: The state's name in its workflow: that of the member, or in a sub-workflow `PAY/CHARGE`,
            with the states in which it stands.
        attempt: The attempt at this state, or at what undoes it, from 1.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Run, Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work(run: Run) -> Literal[Job.DONE]:
        ...     print(run.run_id, run.state, run.idempotency_key)
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> async def main() -> Job:
        ...     return await jobs.bind().run("job-7")
        >>> import asyncio
        >>> asyncio.run(main())
        job-7 Job.WORK job-7/0
        <Job.DONE: 2>
    """

    __slots__ = (
        "_branch",
        "_entry",
        "_log",
        "_next",
        "_progress",
        "_sequence",
        "_watch",
        "attempt",
        "run_id",
        "state",
        "state_name",
        "workflow",
    )

    def __init__(
        self,
        *,
        workflow: str,
        run_id: str,
        state: Enum,
        name: str | None = None,
        progress: "Callable[[Run, float, float | None], None] | None" = None,
        watch: Watch | None = None,
    ) -> None:
        self.workflow = workflow
        self.run_id = run_id
        self.state = state
        self.state_name: str = state._name_ if name is None else name
        self.attempt = 1
        self._sequence = -1  # routers leave no entry, so only other states count
        self._progress = progress
        self._watch = watch
        self._log: Log | None = None
        self._branch = ""
        self._entry: object = None  # what the state was entered with: outcomes, a failure, or nothing
        self._next: object = None  # what the next state will be entered with

    @property
    def idempotency_key(self) -> str:
        """Name this entry of this state, `run_id/sequence`; the key to give to a service that must act once.

        The sequence counts the states entered in this run from 0. Routers only decide and are not counted,
        so a router sees the key of the state before it (`run_id/-1` where it is the first). Each branch of
        a split has a key of its own, `run_id/sequence/branch`.
        """
        return f"{self.run_id}/{self._sequence}{self._branch}"

    @property
    def deadline(self) -> float | None:
        """The moment by which the run must have ended, in the time of the event loop; None without one.

        Set by `Workflow.build(timeout=…)` or `Runner.run(timeout=…)`.
        """
        return self._watch.deadline if self._watch is not None else None

    @property
    def time_left(self) -> float:
        """The seconds until `deadline`, not less than 0; infinite without one."""
        return self._watch.left() if self._watch is not None else math.inf

    @property
    def cancelled(self) -> bool:
        """Whether the run's handle was told to cancel it, or its time is over.

        For handlers that nothing can cut: a loop in a thread, or one that never awaits.
        """
        return self._watch is not None and self._watch.is_over

    def progress(self, done: float, total: float | None = None) -> None:
        """Tell observers how far the handler has come; costs a lookup when nobody observes.

        Args:
            done: How much is done, in any unit.
            total: How much there is, in the same unit; None when it is not known.
        """
        if self._progress is not None:
            self._progress(self, done, total)

    def _enter(self, state: Enum, name: str, step: int) -> None:
        """Follow the run to a state; the engine's own call. A router takes no step in the sequence."""
        self.state = state
        self.state_name = name
        self.attempt = 1
        self._sequence += step
        self._entry, self._next = self._next, None

    def _leave(self) -> None:
        """Let go of what a state was entered with: a failure's traceback leads back to this run."""
        self._entry = self._next = None

    def _of_branch(self, index: int) -> Self:
        """Give the run as a branch sees it."""
        run: Any = object.__new__(type(self))
        for name in self.__slots__:
            setattr(run, name, getattr(self, name))
        run._branch = f"/{index}"  # noqa: SLF001 - its own class
        return run  # type: ignore[no-any-return]

    @property
    def _joined(self) -> Joined[Any] | None:
        return of_type(self._entry, Joined)

    @property
    def _failure(self) -> Failure | None:
        return of_type(self._entry, Failure)

    def _place(self) -> Place:
        """Give the place in the run; the engine's own call, as the next."""
        return self.state, self.state_name, self.attempt, self._sequence

    def _return_to(self, place: Place) -> None:
        """Go back to a place, so that a compensation sees the state that it undoes, with its key."""
        self.state, self.state_name, self.attempt, self._sequence = place

    def __repr__(self) -> str:
        """Show the fields that name the run and its place."""
        return f"<Run {self.run_id} of {self.workflow!r} in {self.state}>"


class RunData(Generic[T]):
    """The run's own typed data, declared with `Workflow.build(..., data=T)`.

    Each run has its own: what `run` was given, or `T()` when it was given nothing. Handlers read and
    change `value` in place or put a new object there.

    Attributes:
        value: The data.

    Example:
        >>> from dataclasses import dataclass
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import RunData, Workflow, state
        >>> @dataclass
        ... class Count:
        ...     value: int = 0
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(data: RunData[Count]) -> Literal[Job.WORK, Job.DONE]:
        ...     data.value.value += 1
        ...     return Job.DONE if data.value.value >= 3 else Job.WORK
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), data=Count)
        >>> count = Count(1)
        >>> jobs.run_sync(count), count
        (<Job.DONE: 2>, Count(value=3))
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        """Show the data inside."""
        return f"RunData({self.value!r})"
