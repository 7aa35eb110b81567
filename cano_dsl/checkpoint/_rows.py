"""What a log of runs is made of: rows, the units they are written in, and a run as it is kept.

Plain data. States are names: "CHARGE", or "PAY/CHARGE" within a workflow that is a state of another. Bytes
are what the codec made of values; no store looks into them.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from cano_dsl.checkpoint._owner import Owner
from cano_dsl.errors import InternalError

RowKind = Literal[
    "entered",
    "resumed",
    "cursor",
    "deadline",
    "waiting",
    "signalled",
    "rollback",
    "compensated",
    "ended",
]
Status = Literal["unfinished", "waiting", "finished", "failed", "rolled_back", "dirty", "cancelled", "parked"]
# In the order of the numbers that stores keep: new ones go to the end.
ROW_KINDS: tuple[RowKind, ...] = get_args(RowKind)
STATUSES: tuple[Status, ...] = get_args(Status)
# A run that waits for a signal is unfinished in every rule; it is told apart so that it can be listed.
OPEN: frozenset[Status] = frozenset({"unfinished", "waiting"})
# For good: resume refuses them, or gives the exit of a finished one.
CLOSED: frozenset[Status] = frozenset({"finished", "rolled_back", "cancelled"})

Changes = Mapping[str, bytes | None]
NO_CHANGES: Changes = MappingProxyType({})


class Row(NamedTuple):
    """One row of a run's log.

    Attributes:
        sequence: Its number within the run, from 0, without gaps.
        kind: What happened.
        at: When, in seconds since 1970 by the wall clock; kept to the millisecond.
        state: The state that it is about: the one entered, resumed, waiting, undone; of `ended` the exit, or
            the state that failed.
        attempts: How many attempts the state that ended took; 0 where none ended.
        output: What the kind carries: of `entered` and `ended` the output of the state that ended, of
            `cursor` the cursor, of `signalled` the answer, of `deadline` the moment.
        output_type: The name of its type.
        entry: What the state is entered with: the outcomes of a split, or a failure.
        entry_type: The name of its type.
        about: The sequence of another row: of `compensated` the one whose output was undone, of `resumed`
            the one that the run was taken back to, None where it went on at the end.
        text: Of `ended` and `rollback` the error in words.
    """

    sequence: int
    kind: RowKind
    at: float
    state: str
    attempts: int = 0
    output: bytes | None = None
    output_type: str | None = None
    entry: bytes | None = None
    entry_type: str | None = None
    about: int | None = None
    text: str | None = None


class Unit(NamedTuple):
    """What is written at once: all of it or nothing.

    Attributes:
        rows: Rows with the next sequences, in order; may be empty.
        changes: The new bytes of each key of the data that changed; None where it was removed.
        status: The run's new status; None where it stays. All but "unfinished" and "waiting" release the run.
    """

    rows: Sequence[Row] = ()
    changes: Changes = NO_CHANGES
    status: Status | None = None


NOTHING = Unit()


class NewRun(NamedTuple):
    """A run to be started.

    Attributes:
        run_id: Its id.
        workflow: The workflow's name.
        version: The workflow's declared version.
        fingerprint: The definition's fingerprint.
        graph: The canonical graph as JSON; stored once for all runs that share it.
        start: The state that it starts at, which has no row where it is a router.
    """

    run_id: str
    workflow: str
    version: int
    fingerprint: str
    graph: str
    start: str


class RunInfo(NamedTuple):
    """A run in short.

    Attributes:
        run_id: Its id.
        workflow: The workflow's name.
        version: The declared version that it was begun with.
        fingerprint: The fingerprint of the definition that it was begun with.
        start: The state that it started at.
        status: How it stands.
        state: The state of its last row; the start where there is none yet.
        next: The sequence that its next row will have.
        started_at: When it was started, in seconds since 1970.
        updated_at: When its last row was written.
        owner: Who runs it; None where it was released.
        origin: Where it was forked from, as `run_id@sequence`; None where it was not.
        leased_until: When its owner's lease is over unless renewed; None where it was released.
    """

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
    owner: Owner | None = None
    origin: str | None = None
    leased_until: float | None = None

    def is_held(self, now: float) -> bool:
        """Tell whether somebody runs it: the lease is not over, and its owner is not known to be gone."""
        return (
            self.owner is not None
            and self.leased_until is not None
            and self.leased_until > now
            and not self.owner.is_gone()
        )

    @property
    def exit(self) -> str | None:
        """The exit that it reached; None where it has not finished."""
        return self.state if self.status == "finished" else None


class SavedRun(NamedTuple):
    """A run with all that is needed to go on.

    Attributes:
        info: The run in short.
        graph: The canonical graph that it was begun with, as JSON.
        rows: Its rows in order.
        data: The bytes of each key, as of the last of these rows.
    """

    info: RunInfo
    graph: str
    rows: tuple[Row, ...]
    data: dict[str, bytes]


class Claim(NamedTuple):
    """The right to write a run, until somebody takes it over.

    Attributes:
        run_id: The run's id.
        token: Higher than that of every claim before; each write is checked against it.
        next: The sequence of the next row when the claim was made.
        handle: What the store finds the run by.
    """

    run_id: str
    token: int
    next: int
    handle: int


class Change(NamedTuple):
    """A change of the data.

    Attributes:
        sequence: The row that it was written with; -1 for a start without a row.
        key: The key.
        size: The size in bytes; None where the key was removed.
        value: The bytes, where they were asked for.
    """

    sequence: int
    key: str
    size: int | None
    value: bytes | None = None


class Page(NamedTuple):
    """Some of the runs, the one started last first.

    Attributes:
        runs: The runs.
        next: What `after` must be to get those that follow; None where there are none.
    """

    runs: tuple[RunInfo, ...]
    next: int | None


def checked_next(rows: Sequence[Row], expected: int) -> bool:
    """Tell whether rows are the next ones of a run.

    Raises:
        InternalError: They do not follow each other.
    """
    for place, row in enumerate(rows):
        if row.sequence != rows[0].sequence + place:
            raise InternalError(f"rows {rows[0].sequence} and on have a gap before {row.sequence}")
    return not rows or rows[0].sequence == expected


def difference(now: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Give the changes that turn one state of the data into another, as a run taken back needs them.

    Example:
        >>> from cano_dsl.checkpoint import difference
        >>> difference({"a": b"1", "b": b"2"}, {"a": b"0"})
        {'a': b'0', 'b': None}
    """
    changes: dict[str, bytes | None] = {key: data for key, data in wanted.items() if now.get(key) != data}
    changes.update((key, None) for key in now if key not in wanted)
    return changes


def in_force(rows: Iterable[Row]) -> list[Row]:
    """Leave out the rows that a run was taken back behind.

    A `resumed` row that is about an earlier one takes the run back to it: of the rows between them nothing
    counts any more.

    Example:
        >>> from cano_dsl.checkpoint import Row, in_force
        >>> rows = [Row(0, "entered", 0.0, "A"), Row(1, "entered", 1.0, "B")]
        >>> rows += [Row(2, "resumed", 2.0, "A", about=0)]
        >>> [row.sequence for row in in_force(rows)]
        [0, 2]
    """
    kept: list[Row] = []
    for row in rows:
        if row.kind == "resumed" and row.about is not None:
            while kept and kept[-1].sequence > row.about:
                kept.pop()
        kept.append(row)
    return kept
