# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import Where as Where
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal['error', 'warning']

@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    state: str | None
    message: str
    hint: str
    where: Where | None = ...
    picture: str = ...
    severity: Severity = ...
    waived: str | None = ...
    def __str__(self) -> str: ...
