"""Errors of a run: each says where the run stood and carries its numbers as fields."""

from collections.abc import Sequence
from copy import copy
from enum import Enum
from inspect import isawaitable
from typing import ClassVar, Self

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._root import CanoError
from cano_dsl.errors._words import named, shown, told


class RunError(CanoError):
    """A run that did not reach an exit.

    Attributes:
        branch: The branch of a split that it happened in; empty where it was the state's own handler, and
            for what happens to a run as a whole.

    Example:
        >>> from cano_dsl.errors import RunError
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     raise ValueError("no tea")
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync()
        ... except RunError as error:
        ...     print(error.code, error.at.workflow, error.at.state, error.at.attempt)
        handler-failed Job Job.WORK 1
    """

    code = "run"
    subject: ClassVar[str] = "state"
    branch: str = ""

    def __init__(self, message: str, *, at: RunPlace | None = None) -> None:
        super().__init__(message if at is None else f"{message} ({at})")
        self._at = at

    @property
    def at(self) -> RunPlace:
        """The point that the run had reached.

        Raises:
            AttributeError: It was raised by hand, by a breaker or a limiter outside of a run.
        """
        if self._at is None:
            raise AttributeError(f"{type(self).__name__} was raised outside of a run, so it has no place")
        return self._at

    @property
    def is_placed(self) -> bool:
        """Whether it is known where the run stood; only not for one raised by hand outside of a run."""
        return self._at is not None

    def placed(self, at: RunPlace, branch: str = "") -> Self:
        """Give the same error with the place of its run.

        What a policy or a join raises does not know its place; the engine puts it in here.
        """
        twin = self.located(at)
        who = f"{self.subject} {at.shown} of workflow {at.workflow!r}"
        if branch:
            who = f"branch {branch} of {who}"
            twin.branch = branch
        twin.args = (f"{who} {self.args[0]} ({at})",)
        return twin

    def located(self, at: RunPlace) -> Self:
        """Give the same error with the place of its run, in its own words, as in a list under the place."""
        twin = copy(self)
        twin._at = at  # noqa: SLF001 - its own class
        return twin


class HandlerFailed(RunError):
    """A handler raised; its exception is the `__cause__`, as it was, groups included.

    Example:
        >>> from cano_dsl.errors import HandlerFailed
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     raise ValueError("no tea")
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync()
        ... except HandlerFailed as error:
        ...     print(error.at.state, repr(error.__cause__))
        Job.WORK ValueError('no tea')
    """

    code = "handler-failed"

    def __init__(self, *, at: RunPlace, error: BaseException) -> None:
        super().__init__(f"state {at.shown} of workflow {at.workflow!r} failed: {told(error)}", at=at)


class UndeclaredTransition(RunError):
    """A handler returned something that it does not declare; no further handler was called.

    Attributes:
        target: What it returned.
        declared: The states that it may go to, without those after a rollback.

    Example:
        >>> from cano_dsl.errors import UndeclaredTransition
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.WORK
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> try:
        ...     jobs.run_sync()
        ... except UndeclaredTransition as error:
        ...     print(error.target, error.declared)
        Job.WORK (<Job.DONE: 2>,)
    """

    code = "undeclared-transition"

    def __init__(
        self,
        *,
        at: RunPlace,
        target: object,
        declared: Sequence[Enum],
        as_written: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        allowed = ", ".join(as_written or map(named, declared))
        got = named(target) if isinstance(target, Enum) else shown(target)
        twin = got in map(named, declared)
        note = ", a member of another Enum of the same name" if twin else ""
        if any(target is member for member in declared):
            note = " without the output"
        fix = "return one of these"
        if target is None:
            fix = "end each way through it by returning one of these"
        elif isawaitable(target):
            fix = "await it, in a handler that is async"
        elif type(target) is type(at.state):
            fix = "return one of these, or add the target to its return annotation"
        super().__init__(
            f"state {at.shown} of workflow {at.workflow!r} returned {got}{note}, "
            f"but declares {allowed}: {hint or fix}",
            at=at,
        )
        self.target = target
        self.declared: tuple[Enum, ...] = tuple(declared)


class LoopRunning(CanoError, RuntimeError):
    """`run_sync` was called on a thread that runs an event loop, which it would block.

    Example:
        >>> import asyncio
        >>> from cano_dsl.errors import LoopRunning
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> async def main() -> Job:
        ...     return jobs.run_sync()
        >>> try:
        ...     asyncio.run(main())
        ... except LoopRunning as error:
        ...     print(error)
        run_sync of workflow 'Job' was called inside an event loop: await run() there
    """

    code = "loop-running"

    def __init__(self, *, workflow: str) -> None:
        super().__init__(
            f"run_sync of workflow {workflow!r} was called inside an event loop: await run() there"
        )
        self.workflow = workflow
