"""What is read, as functions of a connection."""

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
ROW = "seq, kind, at, state, attempts, output, output_type, entry, entry_type, about, text"
INFO = (
    "SELECT run.id, run.name, definition.workflow, definition.version, definition.fingerprint, run.start, "
    "run.status, coalesce(last.state, run.start), coalesce(last.seq, -1) + 1, run.at, "
    "coalesce(last.at, run.at), run.origin, owner.host, owner.boot, owner.pid, owner.started, owner.mark "
    "FROM run JOIN definition ON definition.id = run.definition LEFT JOIN owner ON owner.id = run.owner "
    "LEFT JOIN row AS last ON last.run = run.id AND last.seq = (SELECT max(seq) FROM row WHERE run = run.id)"
)
# From key to key, and of each the last bytes: what lies between is not looked at.
DATA = (
    "WITH RECURSIVE keys (name) AS (SELECT min(key) FROM change WHERE run = ?1 UNION ALL "
    "SELECT (SELECT min(key) FROM change WHERE run = ?1 AND key > name) FROM keys WHERE name IS NOT NULL) "
    "SELECT name, (SELECT value FROM change WHERE run = ?1 AND key = name AND seq <= ?2 "
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
    return _info(db.execute(f"{INFO} WHERE run.id = ?", (run,)).fetchone())


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
        owner=Owner(*values[12:]) if values[16] is not None else None,
        origin=origin,
    )


def load(db: sqlite3.Connection, run: int, at: int) -> SavedRun:
    """Give a run, its rows up to one of them, and its data as of then."""
    graph = db.execute(
        "SELECT graph FROM run JOIN definition ON definition.id = run.definition WHERE run.id = ?", (run,)
    ).fetchone()[0]
    rows = tuple(
        Row(seq, ROW_KINDS[kind], when / 1000, *rest)
        for seq, kind, when, *rest in db.execute(
            f"SELECT {ROW} FROM row WHERE run = ? AND seq <= ? ORDER BY seq", (run, at)
        )
    )
    return SavedRun(info(db, run), graph, rows, data(db, run, at))


def data(db: sqlite3.Connection, run: int, at: int) -> dict[str, bytes]:
    """Give the bytes of each key as of a row."""
    return {key: value for key, value in db.execute(DATA, (run, at)) if value is not None}


def changes(db: sqlite3.Connection, run: int, *, values: bool) -> tuple[Change, ...]:
    """Give every change of a run's data."""
    what = "length(value), value" if values else "length(value), NULL"
    found = db.execute(f"SELECT seq, key, {what} FROM change WHERE run = ? ORDER BY seq, key", (run,))
    return tuple(Change(*values) for values in found)


class Wanted(NamedTuple):
    """Which runs are listed; see `CheckpointStore.runs`."""

    workflow: str | None
    statuses: Collection[Status]
    before: float | None
    after: int | None
    limit: int


def page(db: sqlite3.Connection, wanted: Wanted) -> Page:
    """List runs."""
    where: list[str] = []
    given: list[Any] = []
    if wanted.workflow is not None:
        where.append("definition.workflow = ?")
        given.append(wanted.workflow)
    if wanted.statuses:
        where.append(f"run.status IN ({', '.join('?' for _ in wanted.statuses)})")
        given += sorted(STATUSES.index(status) for status in wanted.statuses)
    if wanted.before is not None:
        where.append("coalesce(last.at, run.at) < ?")
        given.append(number_of(wanted.before))
    if wanted.after is not None:
        where.append("run.id < ?")
        given.append(wanted.after)
    condition = f"WHERE {' AND '.join(where)} " if where else ""
    found = db.execute(
        f"{INFO} {condition}ORDER BY run.id DESC LIMIT ?", (*given, wanted.limit + 1)
    ).fetchall()
    shown = found[: wanted.limit]
    return Page(tuple(map(_info, shown)), int(shown[-1][0]) if len(found) > wanted.limit else None)
