# Made by tools/stubs.py from the package; not for type checkers.
import os
from cano_dsl.checkpoint._owner import Owner as Owner
from cano_dsl.checkpoint._rows import (
    Change as Change,
    Claim as Claim,
    NewRun as NewRun,
    Page as Page,
    RunInfo as RunInfo,
    SavedRun as SavedRun,
    Status as Status,
    Unit as Unit,
)
from cano_dsl.spec import DataCodec as DataCodec
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, final

@final
class SqliteCheckpoints:
    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal['FULL', 'NORMAL'] = 'FULL',
        busy_timeout: float | timedelta = ...,
        max_bytes: int | None = None,
        codec: DataCodec | None = None,
    ) -> None: ...
    @property
    def codec(self) -> DataCodec: ...
    @property
    def path(self) -> Path: ...
    async def start(self, run: NewRun, unit: Unit, /, *, owner: Owner, now: float) -> Claim | RunInfo: ...
    async def append(self, claim: Claim, unit: Unit, /) -> None: ...
    async def claim(self, run_id: str, unit: Unit = ..., /, *, owner: Owner, now: float) -> Claim: ...
    async def renew(self, owner: Owner, /, *, now: float) -> None: ...
    async def release(self, claim: Claim, /) -> None: ...
    async def fork(self, run_id: str, /, *, at: int, as_: str, owner: Owner, now: float) -> Claim: ...
    async def info(self, run_id: str, /) -> RunInfo: ...
    async def load(self, run_id: str, /, *, at: int | None = None) -> SavedRun: ...
    async def changes(self, run_id: str, /, *, values: bool = False) -> tuple[Change, ...]: ...
    async def runs(
        self,
        *,
        workflow: str | None = None,
        statuses: Collection[Status] = (),
        before: float | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Page: ...
    async def prune(self, *, before: float, now: float, statuses: Collection[Status] = ...) -> int: ...
    async def close(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __repr__(self) -> str: ...
