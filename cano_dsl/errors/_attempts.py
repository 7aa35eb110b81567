"""A call that failed as often as it may, or took too long."""

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._run import RunError
from cano_dsl.errors._words import named, told


class AttemptsExhausted(RunError):
    """A call failed at every attempt; the last error is the `__cause__`.

    Attributes:
        attempts: How often it was called.
        elapsed_s: How long it went on after the first failure, waits included, in seconds.
        branch: The branch of a split that failed; empty where it was the state's own handler.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Retry, Workflow, state
        >>> from cano_dsl.errors import AttemptsExhausted
        >>> class Ask(Enum):
        ...     ASK = 1
        ...     DONE = 2
        >>> @state(Ask.ASK, retry=Retry.fixed(3, 0))
        ... async def ask() -> Literal[Ask.DONE]:
        ...     raise ValueError("no answer")
        >>> try:
        ...     Workflow.build(Ask, ask, start=Ask.ASK, exits=(Ask.DONE,)).run_sync()
        ... except AttemptsExhausted as error:
        ...     print(error.attempts, repr(error.__cause__))
        3 ValueError('no answer')
    """

    code = "attempts-exhausted"

    def __init__(
        self, *, at: RunPlace | None, attempts: int, elapsed_s: float, error: BaseException, branch: str = ""
    ) -> None:
        who = f"state {named(at.state)} of workflow {at.workflow!r} " if at is not None else ""
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        after = f", {elapsed_s:.3g} s after the first failure" if attempts > 1 else ""
        super().__init__(
            f"{f'branch {branch} of ' if branch else ''}{who}failed after {times}{after}: {told(error)}", at=at
        )
        self.attempts = attempts
        self.elapsed_s = elapsed_s
        self.branch = branch


class AttemptTimeout(RunError, TimeoutError):
    """One call of a handler took longer than its `timeout=`, and was cut at its next await.

    Attributes:
        timeout_s: How long it may take, in seconds.
        branch: The branch of a split that was cut; empty where it was the state's own handler.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> import anyio
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.errors import AttemptTimeout
        >>> class Ask(Enum):
        ...     ASK = 1
        ...     DONE = 2
        >>> @state(Ask.ASK, timeout=0.01)
        ... async def ask() -> Literal[Ask.DONE]:
        ...     await anyio.sleep(60)
        ...     return Ask.DONE
        >>> try:
        ...     Workflow.build(Ask, ask, start=Ask.ASK, exits=(Ask.DONE,)).run_sync()
        ... except AttemptTimeout as error:
        ...     print(error.timeout_s, error.at.state)
        0.01 Ask.ASK
    """

    code = "attempt-timeout"

    def __init__(self, *, timeout_s: float, branch: str = "", at: RunPlace | None = None) -> None:
        super().__init__(
            f"{f'in branch {branch} ' if branch else ''}took longer than its timeout of {timeout_s:g} s", at=at
        )
        self.timeout_s = timeout_s
        self.branch = branch
