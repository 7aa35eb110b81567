# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import RunPlace as RunPlace
from cano_dsl.errors._run import RunError as RunError

class RunTimeout(RunError, TimeoutError):
    elapsed_s: float
    limit_s: float
    is_unknown: bool
    def __init__(
        self,
        *,
        at: RunPlace,
        elapsed_s: float,
        limit_s: float,
        is_unknown: bool = False,
    ) -> None: ...

class TransitionsExhausted(RunError):
    limit: int
    def __init__(self, *, at: RunPlace, limit: int) -> None: ...

class Cancelled(RunError):
    is_unknown: bool
    def __init__(self, *, at: RunPlace, is_unknown: bool = False, by: str = 'its handle') -> None: ...
