# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._run import RunError as RunError
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

@dataclass(frozen=True, slots=True)
class Branch:
    index: int
    name: str

@dataclass(frozen=True, slots=True)
class BranchFailure:
    index: int
    name: str
    error: BaseException

class JoinFailed(RunError):
    join: str
    total: int
    needed: int | None
    successes: int
    errors: Any
    cancelled: Any
    timeout_s: float | None
    stuck: Any
    refused: str
    def __init__(
        self,
        *,
        join: str,
        total: int,
        needed: int | None,
        successes: int = 0,
        errors: Sequence[BranchFailure] = (),
        cancelled: Sequence[Branch] = (),
        timeout_s: float | None = None,
        stuck: Sequence[Branch] = (),
        refused: str = '',
    ) -> None: ...
