# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._run import RunError as RunError

class CircuitOpen(RunError):
    breaker: str
    failures: int
    retry_after_s: float
    def __init__(self, *, breaker: str, failures: int, retry_after_s: float) -> None: ...

class RateLimited(RunError):
    limiter: str
    wait_s: float
    max_wait_s: float
    def __init__(self, *, limiter: str, wait_s: float, max_wait_s: float) -> None: ...
