# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import RunPlace as RunPlace, Where as Where
from cano_dsl.errors._run import RunError as RunError
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

@dataclass(frozen=True, slots=True)
class Owed:
    state: Enum
    compensation: str
    output: object
    where: Where
    error: BaseException | None = ...
    name: str = ...
    def __str__(self) -> str: ...

class CompensationFailed(RunError):
    original: BaseException | None
    failures: Any
    not_run: Any
    def __init__(
        self,
        *,
        at: RunPlace,
        original: BaseException | None,
        failures: Sequence[Owed],
        not_run: Sequence[Owed],
    ) -> None: ...
