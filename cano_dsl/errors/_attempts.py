"""A call that failed as often as it may."""

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._run import RunError
from cano_dsl.errors._words import named, told


class AttemptsExhausted(RunError):
    """A call failed at every attempt; the last error is the `__cause__`.

    Attributes:
        attempts: How often it was called.
        elapsed_s: How long all attempts took, waits included, in seconds.
        branch: The branch of a split that failed; empty where it was the state's own handler.

    Example:
        >>> from enum import Enum
        >>> from cano_dsl import Join, Retry, Workflow, split
        >>> from cano_dsl.errors import JoinFailed
        >>> class Ask(Enum):
        ...     ASK = 1
        ...     DONE = 2
        >>> @split(Ask.ASK, over=("a",), join=Join.all(), to=Ask.DONE, retry=Retry.fixed(3, 0))
        ... async def ask(whom: str) -> int:
        ...     raise ValueError(f"no {whom}")
        >>> try:
        ...     Workflow.build(Ask, ask, start=Ask.ASK, exits=(Ask.DONE,)).run_sync()
        ... except JoinFailed as error:
        ...     print(error.errors[0].error.attempts, repr(error.errors[0].error.__cause__))
        3 ValueError('no a')
    """

    code = "attempts-exhausted"

    def __init__(
        self, *, at: RunPlace, attempts: int, elapsed_s: float, error: BaseException, branch: str = ""
    ) -> None:
        what = f"branch {branch} of state" if branch else "state"
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        super().__init__(
            f"{what} {named(at.state)} of workflow {at.workflow!r} failed after {times} in "
            f"{elapsed_s:.3g} s, last with {told(error)}",
            at=at,
        )
        self.attempts = attempts
        self.elapsed_s = elapsed_s
        self.branch = branch
