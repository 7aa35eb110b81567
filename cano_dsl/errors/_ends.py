"""Runs that were ended from without: by time, by number, or by their handle."""

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._run import RunError

_UNKNOWN = "; it had to be cut, so whether it took effect is not known"


class RunTimeout(RunError, TimeoutError):
    """A run took longer than its total timeout; what it had done is undone.

    Also raised where it is the time of a sub-workflow that is over. That is a failure of the state in which
    it stands, and may take an error edge of that state.

    Attributes:
        elapsed_s: How long it had taken, in seconds.
        limit_s: How long it may take, in seconds.
        is_unknown: Whether a state that can be undone had to be cut, so that nobody knows whether it took
            effect; it is not undone.
        within: The state in which the sub-workflow stands whose time was over; empty for the run's own.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> import anyio
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.errors import RunTimeout
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work() -> Literal[Job.DONE]:
        ...     await anyio.sleep(60)
        ...     return Job.DONE
        >>> try:
        ...     Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), timeout=0.01).run_sync()
        ... except RunTimeout as error:
        ...     print(error.limit_s, error.at.state)
        0.01 Job.WORK
    """

    code = "run-timeout"

    def __init__(
        self,
        *,
        elapsed_s: float,
        limit_s: float,
        at: RunPlace | None = None,
        is_unknown: bool = False,
        within: str = "",
        workflow: str = "",
    ) -> None:
        limit = f"took {elapsed_s:.3g} s, more than its timeout of {limit_s:g} s"
        unknown = _UNKNOWN if is_unknown else ""
        if at is not None:
            told = f"workflow {at.workflow!r} {limit}, and was ended in state {at.shown}{unknown}"
        else:
            told = f"was ended, as workflow {workflow!r} in state {within} {limit}{unknown}"
        super().__init__(told, at=at)
        self.elapsed_s = elapsed_s
        self.limit_s = limit_s
        self.is_unknown = is_unknown
        self.within = within


class TransitionsExhausted(RunError):
    """A run made as many transitions as `max_transitions=` allows without reaching an exit.

    Also raised for a sub-workflow, as a failure of the state in which it stands.

    Attributes:
        limit: How many it may make.
        within: The state in which the sub-workflow stands; empty for the run's own limit.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.errors import TransitionsExhausted
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.WORK, Job.DONE]:
        ...     return Job.WORK
        >>> try:
        ...     Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), max_transitions=9).run_sync()
        ... except TransitionsExhausted as error:
        ...     print(error.limit, error.at.path[-1])
        9 Job.WORK
    """

    code = "transitions-exhausted"

    def __init__(
        self, *, limit: int, at: RunPlace | None = None, within: str = "", workflow: str = ""
    ) -> None:
        fix = "look for a cycle that never ends, or raise max_transitions="
        limits = f"reached no exit within {limit} transitions"
        if at is not None:
            told = f"workflow {at.workflow!r} {limits} and was ended before state {at.shown}: {fix}"
        else:
            told = f"was not begun, as workflow {workflow!r} in state {within} {limits}: {fix}"
        super().__init__(told, at=at)
        self.limit = limit
        self.within = within


class Cancelled(RunError):
    """A run was cancelled by its handle; what it had done is undone.

    A cancel from outside, of a task or a scope, is never turned into this: it stays what it was. Only who
    waits for the handle of a run that ended with its runner gets this in place of the run's own cancel.

    Attributes:
        is_unknown: Whether a state that can be undone had to be cut, as the total timeout was over too.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> import anyio
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.errors import Cancelled
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work() -> Literal[Job.DONE]:
        ...     await anyio.sleep(60)
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> async def main() -> None:
        ...     async with jobs.bind() as runner:
        ...         handle = runner.launch()
        ...         handle.cancel()
        ...         try:
        ...             await handle.wait()
        ...         except Cancelled as error:
        ...             print(error.at.state)
        >>> anyio.run(main)
        Job.WORK
    """

    code = "cancelled"

    def __init__(self, *, at: RunPlace, is_unknown: bool = False, by: str = "its handle") -> None:
        super().__init__(
            f"workflow {at.workflow!r} was cancelled by {by} in state {at.shown}"
            f"{_UNKNOWN if is_unknown else ''}",
            at=at,
        )
        self.is_unknown = is_unknown
