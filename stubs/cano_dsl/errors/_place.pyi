# Made by tools/stubs.py from the package; not for type checkers.
from dataclasses import dataclass
from enum import Enum

@dataclass(frozen=True, slots=True)
class Where:
    file: str
    line: int
    def __str__(self) -> str: ...

@dataclass(frozen=True, slots=True)
class RunPlace:
    workflow: str
    run_id: str
    state: Enum
    attempt: int
    path: tuple[Enum, ...]
    handler: Where
    name: str = ...
    names: tuple[str, ...] = ...
    @property
    def shown(self) -> str: ...
    @property
    def steps(self) -> tuple[str, ...]: ...
    def __str__(self) -> str: ...
