# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._run import RunError as RunError

class AttemptsExhausted(RunError):
    attempts: int
    elapsed_s: float
    def __init__(self, *, attempts: int, elapsed_s: float, error: BaseException) -> None: ...

class AttemptTimeout(RunError, TimeoutError):
    timeout_s: float
    def __init__(self, *, timeout_s: float) -> None: ...
