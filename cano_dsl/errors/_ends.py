"""Runs that were ended from without: by time, by number, or by their handle."""

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._run import RunError
from cano_dsl.errors._words import named

_UNKNOWN = "; it had to be cut, so whether it took effect is not known"


class RunTimeout(RunError, TimeoutError):
    """A run took longer than its total timeout; what it had done is undone.

    Attributes:
        elapsed_s: How long it had taken, in seconds.
        limit_s: How long it may take, in seconds.
        is_unknown: Whether a state that can be undone had to be cut, so that nobody knows whether it took
            effect; it is not undone.

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

    def __init__(self, *, at: RunPlace, elapsed_s: float, limit_s: float, is_unknown: bool = False) -> None:
        super().__init__(
            f"workflow {at.workflow!r} took {elapsed_s:.3g} s, more than its timeout of {limit_s:g} s, "
            f"and was ended in state {named(at.state)}{_UNKNOWN if is_unknown else ''}",
            at=at,
        )
        self.elapsed_s = elapsed_s
        self.limit_s = limit_s
        self.is_unknown = is_unknown


class TransitionsExhausted(RunError):
    """A run made as many transitions as `max_transitions=` allows without reaching an exit.

    Attributes:
        limit: How many it may make.

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

    def __init__(self, *, at: RunPlace, limit: int) -> None:
        super().__init__(
            f"workflow {at.workflow!r} reached no exit within {limit} transitions and was ended before state "
            f"{named(at.state)}: look for a cycle that never ends, or raise max_transitions=",
            at=at,
        )
        self.limit = limit


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
            f"workflow {at.workflow!r} was cancelled by {by} in state {named(at.state)}"
            f"{_UNKNOWN if is_unknown else ''}",
            at=at,
        )
        self.is_unknown = is_unknown
