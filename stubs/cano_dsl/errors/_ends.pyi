# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import RunPlace as RunPlace
from cano_dsl.errors._run import RunError as RunError

class RunTimeout(RunError, TimeoutError):
    elapsed_s: float
    limit_s: float
    is_unknown: bool
    within: str
    def __init__(
        self,
        *,
        elapsed_s: float,
        limit_s: float,
        at: RunPlace | None = None,
        is_unknown: bool = False,
        within: str = '',
        workflow: str = '',
    ) -> None: ...

class TransitionsExhausted(RunError):
    limit: int
    within: str
    def __init__(
        self,
        *,
        limit: int,
        at: RunPlace | None = None,
        within: str = '',
        workflow: str = '',
    ) -> None: ...

class Cancelled(RunError):
    is_unknown: bool
    def __init__(self, *, at: RunPlace, is_unknown: bool = False, by: str = 'its handle') -> None: ...
