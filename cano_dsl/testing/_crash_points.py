"""Crashes at every point of a run's log, without a process to kill."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, Self, final

from cano_dsl.checkpoint import (
    CLOSED,
    NOTHING,
    Change,
    Claim,
    MemoryCheckpoints,
    NewRun,
    Owner,
    Page,
    RunInfo,
    SavedRun,
    Status,
    Unit,
)
from cano_dsl.spec import DataCodec


class Crash(BaseException):
    """What a run sees where the process would be gone: nothing can be written any more.

    Example:
        >>> from cano_dsl.testing import Crash
        >>> issubclass(Crash, Exception)  # no handler keeps it by mistake
        False
    """


@final
class CrashStore:
    """A checkpoint store in memory whose process dies at one of its writes; made by `crash_points`.

    Attributes:
        at: The number of that write, from 0.
        when: Whether the write is lost, or the last thing that was done.
        is_started: Whether there is anything to resume.

    Example:
        >>> from cano_dsl.testing import crash_points
        >>> store = next(crash_points())
        >>> store, store.is_started
        (<CrashStore: before write 0>, False)
    """

    def __init__(self, at: int, when: Literal["before", "after"], codec: DataCodec | None) -> None:
        self.at = at
        self.when: Literal["before", "after"] = when
        self.is_started = False
        self._store = MemoryCheckpoints(codec=codec)
        self._writes = 0
        self._armed = False
        self._dead = False
        self._has_crashed = False

    @contextmanager
    def crashes(self) -> Iterator[None]:
        """Let the process die within this block; afterwards another one can resume what it left."""
        self._armed = True
        try:
            yield
        except BaseException as error:
            if not _is_crash(error):
                raise
        finally:
            self._has_crashed = self._has_crashed or self._dead
            self._armed = self._dead = False
            for kept in self._store._runs.values():  # noqa: SLF001 - its owner is dead, and no test waits 30 s
                kept.owner = None

    async def _write(self, done: Any) -> Any:
        self._alive()
        last = self._armed and self._writes == self.at
        self._writes += 1
        if last and self.when == "before":
            done.close()
            self._dead = True
            raise Crash
        given = await done
        self.is_started = True
        if last:
            self._dead = True
            raise Crash
        return given

    def _alive(self) -> None:
        if self._dead:
            raise Crash

    @property
    def codec(self) -> DataCodec:
        """What makes bytes of values."""
        return self._store.codec

    async def start(self, run: NewRun, unit: Unit, /, *, owner: Owner, now: float) -> Claim | RunInfo:
        """Begin a run."""
        return await self._write(self._store.start(run, unit, owner=owner, now=now))  # type: ignore[no-any-return]

    async def append(self, claim: Claim, unit: Unit, /) -> None:
        """Write a unit."""
        await self._write(self._store.append(claim, unit))

    async def claim(self, run_id: str, unit: Unit = NOTHING, /, *, owner: Owner, now: float) -> Claim:
        """Take over a run."""
        return await self._write(self._store.claim(run_id, unit, owner=owner, now=now))  # type: ignore[no-any-return]

    async def renew(self, owner: Owner, /, *, now: float) -> None:
        """Renew a lease."""
        self._alive()
        await self._store.renew(owner, now=now)

    async def release(self, claim: Claim, /) -> None:
        """Give a run back."""
        self._alive()
        await self._store.release(claim)

    async def fork(self, run_id: str, /, *, at: int, as_: str, owner: Owner, now: float) -> Claim:
        """Copy a run."""
        return await self._write(self._store.fork(run_id, at=at, as_=as_, owner=owner, now=now))  # type: ignore[no-any-return]

    async def info(self, run_id: str, /) -> RunInfo:
        """Give a run in short."""
        self._alive()
        return await self._store.info(run_id)

    async def load(self, run_id: str, /, *, at: int | None = None) -> SavedRun:
        """Give a run."""
        self._alive()
        return await self._store.load(run_id, at=at)

    async def changes(self, run_id: str, /, *, values: bool = False) -> tuple[Change, ...]:
        """Give the changes of a run's data."""
        self._alive()
        return await self._store.changes(run_id, values=values)

    async def runs(
        self,
        *,
        workflow: str | None = None,
        statuses: Collection[Status] = (),
        before: float | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Page:
        """List runs."""
        self._alive()
        return await self._store.runs(
            workflow=workflow, statuses=statuses, before=before, after=after, limit=limit
        )

    async def prune(self, *, before: float, now: float, statuses: Collection[Status] = CLOSED) -> int:
        """Forget runs."""
        self._alive()
        return await self._store.prune(before=before, now=now, statuses=statuses)

    async def close(self) -> None:
        """Forget everything."""
        await self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<CrashStore: {self.when} write {self.at}>"


def crash_points(*, codec: DataCodec | None = None) -> Iterator[CrashStore]:
    """Yield a store for each point at which a run's process can die: before each write of its log, and after.

    Ends after the first store in whose `crashes()` block nothing was left to die at, so a run is tried once
    for every row that it writes, twice over.

    Args:
        codec: Makes bytes of values.

    Example:
        >>> import asyncio
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.testing import crash_points
        >>> class Job(Enum):
        ...     LOAD = "load"
        ...     SAVE = "save"
        ...     DONE = "done"
        >>> @state(Job.LOAD)
        ... async def load(log: list[str]) -> Literal[Job.SAVE]:
        ...     log.append("load")
        ...     return Job.SAVE
        >>> @state(Job.SAVE)
        ... async def save(log: list[str]) -> Literal[Job.DONE]:
        ...     log.append("save")
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, load, save, start=Job.LOAD, exits=(Job.DONE,))
        >>> async def main() -> None:
        ...     for store in crash_points():
        ...         log: list[str] = []
        ...         runner = jobs.configure(checkpoints=store).bind(log=log)
        ...         with store.crashes():
        ...             await runner.run("job-7")
        ...         if store.is_started:
        ...             print(await runner.resume("job-7"), log)
        >>> asyncio.run(main())
        Job.DONE ['load', 'save']
        Job.DONE ['load', 'load', 'save']
        Job.DONE ['load', 'save']
        Job.DONE ['load', 'save', 'save']
        Job.DONE ['load', 'save']
        Job.DONE ['load', 'save']
    """
    at = 0
    while True:
        for when in ("before", "after"):
            store = CrashStore(at, when, codec)
            yield store
            if not store._has_crashed:  # noqa: SLF001 - its maker
                return
        at += 1


def _is_crash(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_crash, error.exceptions))
    return isinstance(error, Crash)
