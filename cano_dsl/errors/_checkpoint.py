"""Errors around the log of runs: what a checkpoint store refuses, and what it cannot read or write."""

from collections.abc import Sequence
from typing import Literal

from cano_dsl.errors._resource import StoreError

Conflict = Literal["exists", "foreign", "owned", "overtaken"]


class RunNotFound(StoreError, LookupError):
    """No run of that id is in the store.

    Attributes:
        run_id: The id.

    Example:
        >>> import asyncio
        >>> from cano_dsl import MemoryCheckpoints
        >>> from cano_dsl.errors import RunNotFound
        >>> try:
        ...     asyncio.run(MemoryCheckpoints().load("job-7"))
        ... except RunNotFound as error:
        ...     print(error)
        there is no run 'job-7' in memory: look for its id among the runs that it has, or it was pruned
    """

    code = "run-not-found"

    def __init__(self, *, run_id: str, store: str) -> None:
        super().__init__(
            f"there is no run {run_id!r} in {store}: look for its id among the runs that it has, "
            "or it was pruned"
        )
        self.run_id = run_id
        self.store = store


class RunConflict(StoreError):
    """A run is somebody else's, or not to be started again; nothing was written.

    Attributes:
        run_id: The run's id.
        reason: "exists": it was started before and has not finished. "foreign": it is a run of another
            workflow. "owned": somebody runs it now. "overtaken": somebody else took it over meanwhile, and
            wrote the next row.
        owner: Who runs it, in words; empty where nobody does, or it is not known.
        lease_s: The seconds for which that is so unless renewed; None where nobody runs it.
        workflow: Whose run it is, where it is another workflow's; else empty.

    Example:
        >>> from cano_dsl.errors import RunConflict
        >>> print(RunConflict(run_id="job-7", reason="exists"))
        run 'job-7' exists already and has not finished: go on with resume('job-7'), or choose another id
    """

    code = "run-conflict"

    def __init__(
        self,
        *,
        run_id: str,
        reason: Conflict,
        owner: str = "",
        lease_s: float | None = None,
        workflow: str = "",
    ) -> None:
        words = _conflict(run_id, reason, owner, lease_s, workflow)
        super().__init__(f"run {run_id!r} {words}")
        self.run_id = run_id
        self.reason: Conflict = reason
        self.owner = owner
        self.lease_s = lease_s
        self.workflow = workflow


def _conflict(run_id: str, reason: Conflict, owner: str, lease_s: float | None, workflow: str) -> str:
    if reason == "foreign":
        return f"is one of another workflow, {workflow!r}: choose another id, as a store's ids are its own"
    if reason == "exists":
        return f"exists already and has not finished: go on with resume({run_id!r}), or choose another id"
    if reason == "overtaken":
        return "was taken over by somebody else: this one stops here, and the other goes on"
    time = f" or at most {lease_s:.0f} s, when its lease is over" if lease_s is not None else ""
    return f"is being run by {owner or 'somebody else'}: wait for its end{time}"


class RunEnded(StoreError):
    """A run has ended for good and cannot go on.

    Attributes:
        run_id: The run's id.
        status: How it ended, such as "rolled_back".

    Example:
        >>> from cano_dsl.errors import RunEnded
        >>> print(RunEnded(run_id="job-7", status="rolled_back"))
        run 'job-7' is rolled_back and cannot go on: start another run, or fork this one
    """

    code = "run-ended"

    def __init__(self, *, run_id: str, status: str) -> None:
        super().__init__(f"run {run_id!r} is {status} and cannot go on: start another run, or fork this one")
        self.run_id = run_id
        self.status = status


class RunParked(StoreError):
    """A run stopped within a state that must not run twice, so that only a person can say how it goes on.

    Attributes:
        run_id: The run's id.
        state: The state that was called and whose end nobody knows.
        at: The row of its entry.

    Example:
        >>> from cano_dsl.errors import RunParked
        >>> error = RunParked(run_id="job-7", state="PAY", at=3)
        >>> print(str(error).partition(":")[0])
        run 'job-7' stopped within state PAY, which runs at most once
    """

    code = "run-parked"

    def __init__(self, *, run_id: str, state: str, at: int) -> None:
        super().__init__(
            f"run {run_id!r} stopped within state {state}, which runs at most once: find out whether it took "
            f"effect, then resume({run_id!r}, at={at}) to run it again, or resume it at another row"
        )
        self.run_id = run_id
        self.state = state
        self.at = at


class StoreCorrupt(StoreError):
    """A file that is no checkpoint store that can be read here; it was not written to.

    Attributes:
        store: The file.
        what: What is wrong with it.

    Example:
        >>> from cano_dsl.errors import StoreCorrupt
        >>> print(StoreCorrupt(store="jobs.db", what="it is a text", fix="Give another path"))
        jobs.db cannot be used as a checkpoint store: it is a text. Give another path
    """

    code = "store-corrupt"

    def __init__(self, *, store: str, what: str, fix: str) -> None:
        super().__init__(f"{store} cannot be used as a checkpoint store: {what}. {fix}")
        self.store = store
        self.what = what


class StoreUnavailable(StoreError):
    """A store that cannot be written or read now: full, locked, read-only or closed.

    What was acknowledged is kept, and what was being written is not there.

    Attributes:
        store: The file.
        what: What is in the way.

    Example:
        >>> import asyncio
        >>> from cano_dsl import MemoryCheckpoints
        >>> from cano_dsl.errors import StoreUnavailable
        >>> async def main() -> None:
        ...     async with MemoryCheckpoints() as checkpoints:
        ...         pass
        ...     await checkpoints.runs()
        >>> try:
        ...     asyncio.run(main())
        ... except StoreUnavailable as error:
        ...     print(error)
        the checkpoint store in memory is closed: make another
    """

    code = "store-unavailable"

    def __init__(self, *, store: str, what: str, fix: str) -> None:
        super().__init__(f"the checkpoint store in {store} is {what}: {fix}")
        self.store = store
        self.what = what


class FingerprintMismatch(StoreError):
    """A run was begun under another definition of its workflow, under which it cannot go on.

    Attributes:
        run_id: The run's id.
        workflow: The workflow's name.
        differences: What differs, each in words.

    Example:
        >>> from cano_dsl.errors import FingerprintMismatch
        >>> print(FingerprintMismatch(run_id="job-7", workflow="jobs", differences=["state SHIP is gone"]))
        run 'job-7' cannot go on under the workflow 'jobs' as it is now
          state SHIP is gone
        resume it with the code it was begun with, or allow the change with allow_changed=True
    """

    code = "fingerprint-mismatch"

    def __init__(self, *, run_id: str, workflow: str, differences: Sequence[str]) -> None:
        lines = [f"run {run_id!r} cannot go on under the workflow {workflow!r} as it is now"]
        lines += [f"  {difference}" for difference in differences]
        lines.append("resume it with the code it was begun with, or allow the change with allow_changed=True")
        super().__init__("\n".join(lines))
        self.run_id = run_id
        self.workflow = workflow
        self.differences: tuple[str, ...] = tuple(differences)


class VersionMismatch(StoreError):
    """A run was begun under another declared version of its workflow.

    Attributes:
        run_id: The run's id.
        workflow: The workflow's name.
        stored: The version that it was begun with.
        declared: The version now.

    Example:
        >>> from cano_dsl.errors import VersionMismatch
        >>> print(VersionMismatch(run_id="job-7", workflow="jobs", stored=1, declared=2))
        run 'job-7' was begun with version 1 of workflow 'jobs', now 2: resume it with the code of version 1
    """

    code = "version-mismatch"

    def __init__(self, *, run_id: str, workflow: str, stored: int, declared: int) -> None:
        super().__init__(
            f"run {run_id!r} was begun with version {stored} of workflow {workflow!r}, now "
            f"{declared}: resume it with the code of version {stored}"
        )
        self.run_id = run_id
        self.workflow = workflow
        self.stored = stored
        self.declared = declared


class NotEncodable(StoreError, TypeError):
    """A value that cannot be written into the log; it was not stored.

    Attributes:
        key: The value's name.
        found: Its type.
        why: What is in the way.

    Example:
        >>> from threading import Lock
        >>> from cano_dsl import Codec
        >>> from cano_dsl.errors import NotEncodable
        >>> try:
        ...     Codec().encode("lock", Lock())
        ... except NotEncodable as error:
        ...     print(error.key, error.found)
        lock lock
    """

    code = "not-encodable"

    def __init__(self, *, key: str, found: str, why: str) -> None:
        super().__init__(
            f"{key!r} is {found}, which cannot be saved ({why}): keep plain data there, "
            "or give the checkpoint store a Codec with encode= and decode= for it"
        )
        self.key = key
        self.found = found
        self.why = why
