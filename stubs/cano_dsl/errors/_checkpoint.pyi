# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._resource import StoreError as StoreError
from collections.abc import Sequence
from typing import Literal

Conflict = Literal['exists', 'foreign', 'owned', 'overtaken']

class RunNotFound(StoreError, LookupError):
    run_id: str
    store: str
    def __init__(self, *, run_id: str, store: str) -> None: ...

class RunConflict(StoreError):
    run_id: str
    reason: Conflict
    owner: str
    lease_s: float | None
    workflow: str
    def __init__(
        self,
        *,
        run_id: str,
        reason: Conflict,
        owner: str = '',
        lease_s: float | None = None,
        workflow: str = '',
    ) -> None: ...

class RunEnded(StoreError):
    run_id: str
    status: str
    def __init__(self, *, run_id: str, status: str) -> None: ...

class RunParked(StoreError):
    run_id: str
    state: str
    at: int
    def __init__(self, *, run_id: str, state: str, at: int) -> None: ...

class StoreCorrupt(StoreError):
    store: str
    what: str
    def __init__(self, *, store: str, what: str, fix: str) -> None: ...

class StoreUnavailable(StoreError):
    store: str
    what: str
    def __init__(self, *, store: str, what: str, fix: str) -> None: ...

class FingerprintMismatch(StoreError):
    run_id: str
    workflow: str
    differences: tuple[str, ...]
    def __init__(self, *, run_id: str, workflow: str, differences: Sequence[str]) -> None: ...

class VersionMismatch(StoreError):
    run_id: str
    workflow: str
    stored: int
    declared: int
    def __init__(self, *, run_id: str, workflow: str, stored: int, declared: int) -> None: ...

class NotEncodable(StoreError, TypeError):
    key: str
    found: str
    why: str
    def __init__(self, *, key: str, found: str, why: str) -> None: ...
