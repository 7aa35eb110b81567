# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar('T')

class Run:
    workflow: str
    run_id: str
    state: Enum
    attempt: int
    def __init__(
        self,
        *,
        workflow: str,
        run_id: str,
        state: Enum,
        progress: Callable[[Run, float, float | None], None] | None = None,
    ) -> None: ...
    @property
    def idempotency_key(self) -> str: ...
    def progress(self, done: float, total: float | None = None) -> None: ...
    def __repr__(self) -> str: ...

class RunData(Generic[T]):
    value: T
    def __init__(self, value: T) -> None: ...
    def __repr__(self) -> str: ...
