# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import RunPlace as RunPlace
from cano_dsl.errors._run import RunError as RunError

class AttemptsExhausted(RunError):
    attempts: int
    elapsed_s: float
    branch: str
    def __init__(
        self,
        *,
        at: RunPlace | None,
        attempts: int,
        elapsed_s: float,
        error: BaseException,
        branch: str = '',
    ) -> None: ...

class AttemptTimeout(RunError, TimeoutError):
    timeout_s: float
    branch: str
    def __init__(self, *, timeout_s: float, branch: str = '', at: RunPlace | None = None) -> None: ...
