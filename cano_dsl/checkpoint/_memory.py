"""A checkpoint store in memory: the rules of every store in their plainest form, for tests and short runs."""

from collections.abc import Collection, Iterator
from threading import Lock
from types import TracebackType
from typing import Self, final

from cano_dsl.checkpoint._codec import Codec
from cano_dsl.checkpoint._owner import LEASE_S, Owner
from cano_dsl.checkpoint._rows import (
    CLOSED,
    NOTHING,
    OPEN,
    Change,
    Claim,
    NewRun,
    Page,
    Row,
    RunInfo,
    SavedRun,
    Status,
    Unit,
    checked_next,
)
from cano_dsl.checkpoint._rules import owned, refused_start
from cano_dsl.errors import PolicyError, RunConflict, RunNotFound, StoreUnavailable
from cano_dsl.spec import DataCodec


class _Kept:
    """A run in memory."""

    def __init__(self, new: NewRun, number: int, now: float) -> None:
        self.new = new
        self.number = number
        self.started_at = now
        self.status: Status = "unfinished"
        self.token = 1
        self.owner: Owner | None = None
        self.origin: str | None = None
        self.rows: list[Row] = []
        self.changes: dict[tuple[int, str], bytes | None] = {}

    def write(self, unit: Unit) -> None:
        self.rows += unit.rows
        last = len(self.rows) - 1
        self.changes.update(((last, key), data) for key, data in unit.changes.items())
        if unit.status is not None:
            self.status = unit.status
            if unit.status not in OPEN:
                self.owner = None

    def info(self, leased_until: float | None) -> RunInfo:
        new, last = self.new, self.rows[-1] if self.rows else None
        return RunInfo(
            run_id=new.run_id,
            workflow=new.workflow,
            version=new.version,
            fingerprint=new.fingerprint,
            start=new.start,
            status=self.status,
            state=last.state if last is not None else new.start,
            next=len(self.rows),
            started_at=self.started_at,
            updated_at=last.at if last is not None else self.started_at,
            owner=self.owner,
            leased_until=leased_until,
            origin=self.origin,
        )

    def data(self, at: int) -> dict[str, bytes]:
        found: dict[str, bytes | None] = {}
        for (sequence, key), data in self.changes.items():
            if sequence <= at:
                found[key] = data
        return {key: data for key, data in sorted(found.items()) if data is not None}


@final
class MemoryCheckpoints:
    """A checkpoint store that is gone with the process.

    Args:
        codec: Makes bytes of values; the default knows what msgpack and `Codec` know.

    Example:
        >>> import asyncio
        >>> from cano_dsl import MemoryCheckpoints
        >>> from cano_dsl.checkpoint import NewRun, Owner, Row, Unit
        >>> async def main() -> None:
        ...     async with MemoryCheckpoints() as checkpoints:
        ...         new = NewRun("job-7", "jobs", 0, "f1", "{}", "WORK")
        ...         first = Unit([Row(0, "entered", 100.0, "WORK")])
        ...         await checkpoints.start(new, first, owner=Owner.here(), now=100.0)
        ...         print([(run.run_id, run.status) for run in (await checkpoints.runs()).runs])
        >>> asyncio.run(main())
        [('job-7', 'unfinished')]
    """

    def __init__(self, *, codec: DataCodec | None = None) -> None:
        self._codec = codec if codec is not None else Codec()
        self._lock = Lock()
        self._runs: dict[str, _Kept] = {}
        self._leases: dict[Owner, float] = {}
        self._count = 0
        self._closed = False

    @property
    def codec(self) -> DataCodec:
        """What makes bytes of values for this store, and values of bytes."""
        return self._codec

    async def start(self, run: NewRun, unit: Unit, /, *, owner: Owner, now: float) -> Claim | RunInfo:
        """Begin a run, with its first unit; see `CheckpointStore.start`."""
        with self._lock:
            self._open()
            there = self._runs.get(run.run_id)
            if there is not None:
                return refused_start(self._info(there), run.workflow)
            if not checked_next(unit.rows, 0):
                raise RunConflict(run_id=run.run_id, reason="overtaken")
            return self._begin(_Kept(run, self._number(), now), unit, owner, now)

    async def append(self, claim: Claim, unit: Unit, /) -> None:
        """Write a unit; see `CheckpointStore.append`."""
        with self._lock:
            kept = self._find(claim.run_id)
            if (
                kept.number != claim.handle
                or kept.token != claim.token
                or not checked_next(unit.rows, len(kept.rows))
            ):
                raise RunConflict(run_id=claim.run_id, reason="overtaken")
            kept.write(unit)

    async def claim(self, run_id: str, unit: Unit = NOTHING, /, *, owner: Owner, now: float) -> Claim:
        """Take over a run that nobody runs any more; see `CheckpointStore.claim`."""
        with self._lock:
            kept = self._find(run_id)
            if kept.owner is not None:
                owned(run_id, kept.owner, self._leases.get(kept.owner, 0.0), now)
            if not checked_next(unit.rows, len(kept.rows)):
                raise RunConflict(run_id=run_id, reason="overtaken")
            kept.token += 1
            return self._begin(kept, unit, owner, now)

    async def renew(self, owner: Owner, /, *, now: float) -> None:
        """Let all that an owner has claimed be its own for another 30 s."""
        with self._lock:
            self._open()
            self._leases[owner] = now + LEASE_S

    async def release(self, claim: Claim, /) -> None:
        """Give a run back, so that anyone may take it at once."""
        with self._lock:
            self._open()
            kept = self._runs.get(claim.run_id)
            if kept is not None and (kept.number, kept.token) == (claim.handle, claim.token):
                kept.owner = None

    async def fork(self, run_id: str, /, *, at: int, as_: str, owner: Owner, now: float) -> Claim:
        """Copy a run up to a row into a new run; see `CheckpointStore.fork`."""
        with self._lock:
            source = self._find(run_id)
            if as_ in self._runs:
                raise RunConflict(run_id=as_, reason="exists")
            _within(at, source)
            twin = _Kept(source.new._replace(run_id=as_), self._number(), now)
            twin.rows = source.rows[: at + 1]
            twin.changes = {where: data for where, data in source.changes.items() if where[0] <= at}
            twin.origin = f"{run_id}@{at}"
            return self._begin(twin, NOTHING, owner, now)

    async def info(self, run_id: str, /) -> RunInfo:
        """Give a run in short; see `CheckpointStore.info`."""
        with self._lock:
            return self._info(self._find(run_id))

    async def load(self, run_id: str, /, *, at: int | None = None) -> SavedRun:
        """Give a run with its rows and data; see `CheckpointStore.load`."""
        with self._lock:
            kept = self._find(run_id)
            last = len(kept.rows) - 1 if at is None else _within(at, kept)
            return SavedRun(self._info(kept), kept.new.graph, tuple(kept.rows[: last + 1]), kept.data(last))

    async def changes(self, run_id: str, /, *, values: bool = False) -> tuple[Change, ...]:
        """Give every change of a run's data; see `CheckpointStore.changes`."""
        with self._lock:
            return tuple(
                Change(sequence, key, None if data is None else len(data), data if values else None)
                for (sequence, key), data in sorted(self._find(run_id).changes.items())
            )

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
        with self._lock:
            self._open()
            found = list(self._matching(workflow, statuses, before, after))
            page = found[:limit]
            return Page(tuple(map(self._info, page)), page[-1].number if len(found) > limit else None)

    async def prune(self, *, before: float, now: float, statuses: Collection[Status] = CLOSED) -> int:
        """Forget runs; see `CheckpointStore.prune`."""
        with self._lock:
            self._open()
            gone = [
                kept.new.run_id
                for kept in self._matching(None, statuses, before, None)
                if statuses and not (kept.owner is not None and self._leases[kept.owner] > now)
            ]
            for run_id in gone:
                del self._runs[run_id]
            return len(gone)

    async def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            self._runs.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<MemoryCheckpoints: {len(self._runs)} runs>"

    def _open(self) -> None:
        if self._closed:
            raise StoreUnavailable(store="memory", what="closed", fix="make another")

    def _find(self, run_id: str) -> _Kept:
        self._open()
        try:
            return self._runs[run_id]
        except KeyError:
            raise RunNotFound(run_id=run_id, store="memory") from None

    def _info(self, kept: _Kept) -> RunInfo:
        return kept.info(None if kept.owner is None else self._leases.get(kept.owner, 0.0))

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _begin(self, kept: _Kept, unit: Unit, owner: Owner, now: float) -> Claim:
        kept.owner = owner
        self._leases[owner] = now + LEASE_S
        kept.write(unit)
        self._runs[kept.new.run_id] = kept
        return Claim(kept.new.run_id, kept.token, len(kept.rows), kept.number)

    def _matching(
        self, workflow: str | None, statuses: Collection[Status], before: float | None, after: int | None
    ) -> Iterator[_Kept]:
        for kept in sorted(self._runs.values(), key=lambda one: -one.number):
            info = self._info(kept)
            if (
                (workflow is None or info.workflow == workflow)
                and (not statuses or info.status in statuses)
                and (before is None or info.updated_at < before)
                and (after is None or kept.number < after)
            ):
                yield kept


def _within(at: int, kept: _Kept) -> int:
    if not 0 <= at < len(kept.rows):
        raise PolicyError(field="at", value=at, allowed=f"the number of a row, below {len(kept.rows)}")
    return at
