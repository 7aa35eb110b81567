"""What a checkpoint store must do. `cano_dsl.testing.check_store` tests that one does."""

from collections.abc import Collection
from types import TracebackType
from typing import Protocol, Self

from cano_dsl.checkpoint._owner import Owner
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
from cano_dsl.spec import DataCodec


class CheckpointStore(Protocol):
    """A log of runs that outlives the process.

    Every write is one transaction, durable when the call returns. Everything may be called from several
    tasks, event loops and threads at once. A call that writes always waits for the outcome: it raises a
    `StoreError` where nothing was written, and a cancel that arrived meanwhile only after the write
    succeeded. So whoever sees a cancel knows that the unit is there.

    `now` is the time of the wall clock, in seconds since 1970, by which leases are judged.

    Example:
        >>> import asyncio
        >>> from cano_dsl import CheckpointStore, MemoryCheckpoints
        >>> from cano_dsl.checkpoint import NewRun, Owner, Row, Unit
        >>> async def main(checkpoints: CheckpointStore) -> None:
        ...     new, me = NewRun("job-7", "jobs", 0, "f1", "{}", "WORK"), Owner.here()
        ...     first = Unit([Row(0, "entered", 100.0, "WORK")], {"store/cart": b"tea"})
        ...     claim = await checkpoints.start(new, first, owner=me, now=100.0)
        ...     await checkpoints.append(claim, Unit([Row(1, "ended", 101.0, "DONE", 1)], status="finished"))
        ...     run = await checkpoints.load("job-7")
        ...     print(run.info.exit, [row.kind for row in run.rows], run.data)
        >>> asyncio.run(main(MemoryCheckpoints()))
        DONE ['entered', 'ended'] {'store/cart': b'tea'}
    """

    @property
    def codec(self) -> DataCodec:
        """What makes bytes of values for this store, and values of bytes."""
        ...

    async def start(self, run: NewRun, unit: Unit, /, *, owner: Owner, now: float) -> Claim | RunInfo:
        """Begin a run, with its first unit; a start at a router has data but no row.

        Returns:
            The claim on it; where a run of that id has finished, that run in short, and nothing was written.

        Raises:
            RunConflict: A run of that id exists and has not finished, or is one of another workflow.
            RunEnded: A run of that id has ended without an exit, for good.
        """
        ...

    async def append(self, claim: Claim, unit: Unit, /) -> None:
        """Write a unit.

        Raises:
            RunConflict: Somebody has taken the run over, or the rows are not the next ones.
            RunNotFound: The run was pruned.
        """
        ...

    async def claim(self, run_id: str, unit: Unit = NOTHING, /, *, owner: Owner, now: float) -> Claim:
        """Take over a run that nobody runs any more, and write a unit: its `resumed` row.

        A run may be taken if it was released, if its owner's process is gone, or when the lease is over;
        also its own owner cannot take it twice. How the run stands is not looked at: whoever has loaded it
        and decided to go on gives the next row, which is refused if the run has gone on meanwhile.

        Raises:
            RunNotFound: There is no such run.
            RunConflict: Somebody runs it, or the rows are not the next ones.
        """
        ...

    async def renew(self, owner: Owner, /, *, now: float) -> None:
        """Let all that an owner has claimed be its own for another 30 s; to be called every 10 s."""
        ...

    async def release(self, claim: Claim, /) -> None:
        """Give a run back, so that anyone may take it at once; of one that was taken over, do nothing."""
        ...

    async def fork(self, run_id: str, /, *, at: int, as_: str, owner: Owner, now: float) -> Claim:
        """Copy a run up to a row, with its data as of then, into a new run that is unfinished.

        Raises:
            RunNotFound: There is no such run.
            RunConflict: There is a run of the new id.
            PolicyError: The run has no such row.
        """
        ...

    async def info(self, run_id: str, /) -> RunInfo:
        """Give a run in short.

        Raises:
            RunNotFound: There is no such run.
        """
        ...

    async def load(self, run_id: str, /, *, at: int | None = None) -> SavedRun:
        """Give a run with its rows and data, as of now or as of a row; `info` is always of now.

        Raises:
            RunNotFound: There is no such run.
            PolicyError: The run has no such row.
        """
        ...

    async def changes(self, run_id: str, /, *, values: bool = False) -> tuple[Change, ...]:
        """Give every change of a run's data in the order of rows, with or without the bytes.

        Raises:
            RunNotFound: There is no such run.
        """
        ...

    async def runs(
        self,
        *,
        workflow: str | None = None,
        statuses: Collection[Status] = (),
        before: float | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Page:
        """List runs, the one started last first.

        Args:
            workflow: Only those of this workflow.
            statuses: Only those that stand like this; empty for all.
            before: Only those whose last row is older than this moment.
            after: What the page before gave as `next`.
            limit: The most to give.
        """
        ...

    async def prune(self, *, before: float, now: float, statuses: Collection[Status] = CLOSED) -> int:
        """Forget runs whose last row is older than a moment, and give their number.

        Those that somebody runs, by a lease that is not over, stay.
        """
        ...

    async def close(self) -> None:
        """Write what is queued, and let go of everything; closing twice is closing once.

        Every later call raises `StoreUnavailable`.
        """
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close."""
        ...
