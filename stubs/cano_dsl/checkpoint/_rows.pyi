# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint._owner import Owner as Owner
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

RowKind = Literal['entered', 'resumed', 'cursor', 'deadline', 'waiting', 'signalled', 'rollback', 'compensated', 'ended']
Status = Literal['unfinished', 'waiting', 'finished', 'failed', 'rolled_back', 'dirty', 'cancelled', 'parked']
Changes = Mapping[str, bytes | None]

class Row(NamedTuple):
    sequence: int
    kind: RowKind
    at: float
    state: str
    attempts: int = ...
    output: bytes | None = ...
    output_type: str | None = ...
    entry: bytes | None = ...
    entry_type: str | None = ...
    about: int | None = ...
    text: str | None = ...

class Unit(NamedTuple):
    rows: Sequence[Row] = ...
    changes: Changes = ...
    status: Status | None = ...

class NewRun(NamedTuple):
    run_id: str
    workflow: str
    version: int
    fingerprint: str
    graph: str
    start: str

class RunInfo(NamedTuple):
    run_id: str
    workflow: str
    version: int
    fingerprint: str
    start: str
    status: Status
    state: str
    next: int
    started_at: float
    updated_at: float
    owner: Owner | None = ...
    origin: str | None = ...
    leased_until: float | None = ...
    def is_held(self, now: float) -> bool: ...
    @property
    def exit(self) -> str | None: ...

class SavedRun(NamedTuple):
    info: RunInfo
    graph: str
    rows: tuple[Row, ...]
    data: dict[str, bytes]

class Claim(NamedTuple):
    run_id: str
    token: int
    next: int
    handle: int

class Change(NamedTuple):
    sequence: int
    key: str
    size: int | None
    value: bytes | None = ...

class Page(NamedTuple):
    runs: tuple[RunInfo, ...]
    next: int | None
