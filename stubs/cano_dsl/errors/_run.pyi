# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._place import RunPlace as RunPlace
from cano_dsl.errors._root import CanoError as CanoError
from collections.abc import Sequence
from enum import Enum
from typing import ClassVar, Self

class RunError(CanoError):
    subject: ClassVar[str] = ...
    branch: str = ...
    def __init__(self, message: str, *, at: RunPlace | None = None) -> None: ...
    @property
    def at(self) -> RunPlace: ...
    @property
    def is_placed(self) -> bool: ...
    def placed(self, at: RunPlace, branch: str = '') -> Self: ...

class HandlerFailed(RunError):
    def __init__(self, *, at: RunPlace, error: BaseException) -> None: ...

class UndeclaredTransition(RunError):
    target: object
    declared: tuple[Enum, ...]
    def __init__(
        self,
        *,
        at: RunPlace,
        target: object,
        declared: Sequence[Enum],
        as_written: Sequence[str] = (),
    ) -> None: ...

class LoopRunning(CanoError, RuntimeError):
    workflow: str
    def __init__(self, *, workflow: str) -> None: ...
