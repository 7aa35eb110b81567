# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import Callable
from enum import Enum
from typing import Generic, Protocol, TypeVar

T = TypeVar('T')

class Watch(Protocol):
    @property
    def deadline(self) -> float | None: ...
    @property
    def is_over(self) -> bool: ...
    def left(self) -> float: ...
    def boundary(self, state: Enum, name: str, *, must_run: bool = False) -> None: ...
    def cut(self) -> BaseException: ...

class Run:
    workflow: str
    run_id: str
    state: Enum
    state_name: str
    attempt: int
    def __init__(
        self,
        *,
        workflow: str,
        run_id: str,
        state: Enum,
        name: str | None = None,
        progress: Callable[[Run, float, float | None], None] | None = None,
        watch: Watch | None = None,
    ) -> None: ...
    @property
    def idempotency_key(self) -> str: ...
    @property
    def deadline(self) -> float | None: ...
    @property
    def time_left(self) -> float: ...
    @property
    def cancelled(self) -> bool: ...
    def progress(self, done: float, total: float | None = None) -> None: ...
    def __repr__(self) -> str: ...

class RunData(Generic[T]):
    value: T
    def __init__(self, value: T) -> None: ...
    def __repr__(self) -> str: ...
