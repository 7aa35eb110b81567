"""A checkpoint store in a file, by SQLite."""

import os
import sqlite3
import weakref
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, final

from cano_dsl.checkpoint._codec import Codec
from cano_dsl.checkpoint._owner import Owner
from cano_dsl.checkpoint._readers import Readers
from cano_dsl.checkpoint._reads import Wanted, changes, find, info, load, page
from cano_dsl.checkpoint._rows import (
    CLOSED,
    NOTHING,
    Change,
    Claim,
    NewRun,
    Page,
    RunInfo,
    SavedRun,
    Status,
    Unit,
)
from cano_dsl.checkpoint._schema import Settings
from cano_dsl.checkpoint._writer import Work, Writer
from cano_dsl.checkpoint._writes import (
    PRUNED_AT_ONCE,
    Append,
    Fork,
    Prune,
    Release,
    Renew,
    Start,
    Take,
    within,
)
from cano_dsl.errors import PolicyError, StoreUnavailable
from cano_dsl.scope import in_thread
from cano_dsl.spec import DataCodec, seconds

T = TypeVar("T")
BUSY_TIMEOUT_S = 10.0


@final
class SqliteCheckpoints:
    """A checkpoint store in one file, for any number of runs, tasks, threads and processes of one machine.

    One thread writes. It commits at once whatever is queued, so that many concurrent runs share the disk's
    waiting. The file is opened, and made where there is none, with the first call; a file of another program,
    a damaged one or one of a newer format is refused without a write. SQLite's write-ahead log needs a local
    disk, not a network share.

    `close()`, or leaving it as an async context manager, writes what is queued and ends the thread; so does
    the end of the interpreter. A child process made by `os.fork` opens the file anew with its first call, and
    what was queued at the fork is written by the parent alone.

    Args:
        path: The file.
        synchronous: "FULL" waits for the disk at each commit, so that nothing acknowledged is lost with the
            power. "NORMAL" waits now and then: a killed process loses nothing, a loss of power may lose the
            last commits.
        busy_timeout: The seconds for which the write of another process is waited for.
        max_bytes: The most that the file may grow to; what does not fit is refused as if the disk was full.
        codec: Makes bytes of values; the default knows what msgpack and `Codec` know.

    Raises:
        PolicyError: A value is out of its range.

    Example:
        >>> import asyncio, tempfile
        >>> from pathlib import Path
        >>> from cano_dsl import SqliteCheckpoints
        >>> from cano_dsl.checkpoint import NewRun, Owner, Row, Unit
        >>> async def main(path: Path) -> None:
        ...     async with SqliteCheckpoints(path) as checkpoints:
        ...         new = NewRun("job-7", "jobs", 0, "f1", "{}", "WORK")
        ...         first = Unit([Row(0, "entered", 100.0, "WORK")])
        ...         await checkpoints.start(new, first, owner=Owner.here(), now=100.0)
        ...     async with SqliteCheckpoints(path) as checkpoints:
        ...         print([(run.run_id, run.status) for run in (await checkpoints.runs()).runs])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     asyncio.run(main(Path(folder, "runs.db")))
        [('job-7', 'unfinished')]
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        busy_timeout: float | timedelta = BUSY_TIMEOUT_S,
        max_bytes: int | None = None,
        codec: DataCodec | None = None,
    ) -> None:
        if str(path) in ("", ":memory:"):
            raise PolicyError(field="path", value=path, allowed="a file, or use MemoryCheckpoints")
        if synchronous not in ("FULL", "NORMAL"):
            raise PolicyError(field="synchronous", value=synchronous, allowed='"FULL" or "NORMAL"')
        if max_bytes is not None and (isinstance(max_bytes, bool) or max_bytes < 1):
            raise PolicyError(field="max_bytes", value=max_bytes, allowed="a number of bytes, above 0")
        self._settings = Settings(Path(path), synchronous, seconds("busy_timeout", busy_timeout), max_bytes)
        self._codec = codec if codec is not None else Codec()
        self._name = str(path)
        self._closed = False
        self._equip()
        _STORES.add(self)

    def _equip(self) -> None:
        self._writer = Writer(self._settings)
        self._readers = Readers(self._settings)
        self._end = weakref.finalize(self, _stop, self._writer, self._readers)

    def _after_fork(self) -> None:
        """Leave the parent's thread and connections alone: closing them here could let go of its locks."""
        _LEFT_TO_PARENT.append((self._writer, self._readers))
        self._end.detach()
        self._equip()

    @property
    def codec(self) -> DataCodec:
        """What makes bytes of values for this store, and values of bytes."""
        return self._codec

    @property
    def path(self) -> Path:
        """The file."""
        return self._settings.path

    async def start(self, run: NewRun, unit: Unit, /, *, owner: Owner, now: float) -> Claim | RunInfo:
        """Begin a run, with its first unit; see `CheckpointStore.start`."""
        begun: Claim | RunInfo = await self._write(Start(run, unit, owner, now))
        return begun

    async def append(self, claim: Claim, unit: Unit, /) -> None:
        """Write a unit; see `CheckpointStore.append`."""
        await self._write(Append(self._name, claim, unit))

    async def claim(self, run_id: str, unit: Unit = NOTHING, /, *, owner: Owner, now: float) -> Claim:
        """Take over a run that nobody runs any more; see `CheckpointStore.claim`."""
        taken: Claim = await self._write(Take(self._name, run_id, unit, owner, now))
        return taken

    async def renew(self, owner: Owner, /, *, now: float) -> None:
        """Let all that an owner has claimed be its own for another 30 s."""
        await self._write(Renew(owner, now))

    async def release(self, claim: Claim, /) -> None:
        """Give a run back, so that anyone may take it at once."""
        await self._write(Release(claim))

    async def fork(self, run_id: str, /, *, at: int, as_: str, owner: Owner, now: float) -> Claim:
        """Copy a run up to a row into a new run; see `CheckpointStore.fork`."""
        forked: Claim = await self._write(Fork(self._name, run_id, at, as_, owner, now))
        return forked

    async def info(self, run_id: str, /) -> RunInfo:
        """Give a run in short; see `CheckpointStore.info`."""
        return await self._read(lambda db: info(db, find(db, self._name, run_id)))

    async def load(self, run_id: str, /, *, at: int | None = None) -> SavedRun:
        """Give a run with its rows and data; see `CheckpointStore.load`."""

        def read(db: sqlite3.Connection) -> SavedRun:
            run = find(db, self._name, run_id)
            count = info(db, run).next
            return load(db, run, count - 1 if at is None else within(at, count))

        return await self._read(read)

    async def changes(self, run_id: str, /, *, values: bool = False) -> tuple[Change, ...]:
        """Give every change of a run's data; see `CheckpointStore.changes`."""
        return await self._read(lambda db: changes(db, find(db, self._name, run_id), values=values))

    async def runs(
        self,
        *,
        workflow: str | None = None,
        statuses: Collection[Status] = (),
        before: float | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Page:
        """List runs, the one started last first; see `CheckpointStore.runs`."""
        wanted = Wanted(workflow, statuses, before, after, limit)
        return await self._read(lambda db: page(db, wanted))

    async def prune(self, *, before: float, now: float, statuses: Collection[Status] = CLOSED) -> int:
        """Forget runs; see `CheckpointStore.prune`. The file keeps its size, and the space is used again."""
        gone = 0
        while True:
            some: int = await self._write(Prune(before, now, frozenset(statuses)))
            gone += some
            if some < PRUNED_AT_ONCE:
                return gone

    async def close(self) -> None:
        """Write what is queued, and end the thread; closing twice is closing once."""
        self._closed = True
        await in_thread(self._end)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<SqliteCheckpoints: {self._name}>"

    async def _write(self, work: Work) -> Any:
        reply = self._writer.submit(work)
        if reply is None:
            raise self._shut()
        return await reply.wait()

    async def _read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise self._shut()
        return await in_thread(self._readers.read, fn)

    def _shut(self) -> StoreUnavailable:
        return StoreUnavailable(store=self._name, what="closed", fix="make another")


def _stop(writer: Writer, readers: Readers) -> None:
    writer.stop()
    readers.stop()


_STORES: "weakref.WeakSet[SqliteCheckpoints]" = weakref.WeakSet()
_LEFT_TO_PARENT: list[object] = []


def _forked() -> None:
    for store in list(_STORES):
        store._after_fork()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
