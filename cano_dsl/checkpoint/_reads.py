"""What is read, as functions of a connection."""

import json
import sqlite3
from collections.abc import Collection
from typing import Any, NamedTuple

from cano_dsl.checkpoint._owner import Owner
from cano_dsl.checkpoint._rows import (
    ROW_KINDS,
    STATUSES,
    Change,
    Page,
    Row,
    RunInfo,
    SavedRun,
    Status,
)
from cano_dsl.checkpoint._schema import moment, number_of
from cano_dsl.errors import RunNotFound

KIND_NUMBERS = {kind: number for number, kind in enumerate(ROW_KINDS)}
ROWS = (
    "SELECT seq, kind, at, state, attempts, output, output_type, entry, entry_type, about, text FROM row "
    "WHERE run = ? AND seq <= ? ORDER BY seq"
)
INFO = (
    "SELECT run.id, run.name, definition.workflow, definition.version, definition.fingerprint, run.start, "
    "run.status, coalesce(last.state, run.start), coalesce(last.seq, -1) + 1, run.at, "
    "coalesce(last.at, run.at), run.origin, owner.host, owner.boot, owner.pid, owner.started, owner.mark, "
    "owner.until "
    "FROM run JOIN definition ON definition.id = run.definition LEFT JOIN owner ON owner.id = run.owner "
    "LEFT JOIN row AS last ON last.run = run.id AND last.seq = (SELECT max(seq) FROM row WHERE run = run.id)"
)
ONE = f"{INFO} WHERE run.id = ?"
PAGE = (
    f"{INFO} WHERE run.id < :after AND (:workflow IS NULL OR definition.workflow = :workflow) "  # noqa: S608 - no input
    "AND (:statuses = '[]' OR run.status IN (SELECT value FROM json_each(:statuses))) "
    "AND (:before IS NULL OR coalesce(last.at, run.at) < :before) ORDER BY run.id DESC LIMIT :limit"
)
NO_RUN = 2**63 - 1
# From key to key, and of each the last bytes: what lies between is not looked at.
DATA = (
    "WITH RECURSIVE keys (name) AS (SELECT min(key) FROM change WHERE run = :run UNION ALL "
    "SELECT (SELECT min(key) FROM change WHERE run = :run AND key > name) FROM keys WHERE name IS NOT NULL) "
    "SELECT name, (SELECT value FROM change WHERE run = :run AND key = name AND seq <= :at "
    "ORDER BY seq DESC LIMIT 1) FROM keys WHERE name IS NOT NULL"
)


def row_values(run: int, row: Row) -> tuple[Any, ...]:
    """Give a row as it is kept."""
    return (run, row.sequence, KIND_NUMBERS[row.kind], round(row.at * 1000), *row[3:])


def run_number(db: sqlite3.Connection, run_id: str) -> int | None:
    """Give the number of a run; None where there is none of that id."""
    found = db.execute("SELECT id FROM run WHERE name = ?", (run_id,)).fetchone()
    return None if found is None else int(found[0])


def find(db: sqlite3.Connection, store: str, run_id: str) -> int:
    """Give the number of a run.

    Raises:
        RunNotFound: There is none of that id.
    """
    found = run_number(db, run_id)
    if found is None:
        raise RunNotFound(run_id=run_id, store=store)
    return found


def info(db: sqlite3.Connection, run: int) -> RunInfo:
    """Give a run in short."""
    return _info(db.execute(ONE, (run,)).fetchone())


def _info(values: tuple[Any, ...]) -> RunInfo:
    _, run_id, workflow, version, fingerprint, start, status, state, after, began, last, origin = values[:12]
    return RunInfo(
        run_id=run_id,
        workflow=workflow,
        version=version,
        fingerprint=fingerprint,
        start=start,
        status=STATUSES[status],
        state=state,
        next=after,
        started_at=moment(began),
        updated_at=moment(last),
        owner=Owner(*values[12:17]) if values[16] is not None else None,
        leased_until=values[17],
        origin=origin,
    )


def load(db: sqlite3.Connection, run: int, at: int) -> SavedRun:
    """Give a run, its rows up to one of them, and its data as of then."""
    graph = db.execute(
        "SELECT graph FROM run JOIN definition ON definition.id = run.definition WHERE run.id = ?", (run,)
    ).fetchone()[0]
    rows = tuple(
        Row(seq, ROW_KINDS[kind], when / 1000, state, tries, out, out_type, entry, entry_type, about, text)
        for seq, kind, when, state, tries, out, out_type, entry, entry_type, about, text in db.execute(
            ROWS, (run, at)
        )
    )
    return SavedRun(info(db, run), graph, rows, data(db, run, at))


def data(db: sqlite3.Connection, run: int, at: int) -> dict[str, bytes]:
    """Give the bytes of each key as of a row."""
    return {key: value for key, value in db.execute(DATA, {"run": run, "at": at}) if value is not None}


def changes(db: sqlite3.Connection, run: int, *, values: bool) -> tuple[Change, ...]:
    """Give every change of a run's data."""
    found = db.execute(
        "SELECT seq, key, length(value), CASE WHEN ? THEN value END FROM change WHERE run = ? "
        "ORDER BY seq, key",
        (values, run),
    )
    return tuple(map(Change._make, found))


class Wanted(NamedTuple):
    """Which runs are listed; see `CheckpointStore.runs`."""

    workflow: str | None
    statuses: Collection[Status]
    before: float | None
    after: int | None
    limit: int


def page(db: sqlite3.Connection, wanted: Wanted) -> Page:
    """List runs."""
    statuses = json.dumps(sorted(STATUSES.index(status) for status in wanted.statuses))
    before = number_of(wanted.before) if wanted.before is not None else None
    after = wanted.after if wanted.after is not None else NO_RUN
    facts = {"after": after, "workflow": wanted.workflow, "statuses": statuses, "before": before}
    found = db.execute(PAGE, {**facts, "limit": wanted.limit + 1}).fetchall()
    shown = found[: wanted.limit]
    return Page(tuple(map(_info, shown)), int(shown[-1][0]) if len(found) > wanted.limit else None)
