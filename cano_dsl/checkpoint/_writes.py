"""What is written, as functions of a connection in a transaction; each looks first and then writes.

So one that refuses has written nothing, and those before and after it in the transaction stand.
"""

import json
import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from cano_dsl.checkpoint._owner import LEASE_S, Owner
from cano_dsl.checkpoint._reads import find, info, row_values, run_number
from cano_dsl.checkpoint._rows import OPEN, STATUSES, Claim, NewRun, RunInfo, Status, Unit, checked_next
from cano_dsl.checkpoint._rules import overtaken, owned, refused_start
from cano_dsl.checkpoint._schema import number_of
from cano_dsl.errors import PolicyError, RunConflict, RunNotFound

PRUNED_AT_ONCE = 200  # runs in one transaction, so that nobody waits long

INSERT_ROW = "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Only as the next row of a run whose token is still that of the claim; so nothing is asked beforehand.
INSERT_NEXT = (
    "INSERT INTO row SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM run WHERE id = ? "
    "AND token = ? AND ? = coalesce((SELECT max(seq) FROM row WHERE run = ?), -1) + 1"
)
INSERT_CHANGE = "INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?)"
SET_STATUS = "UPDATE run SET status = ? WHERE id = ?"
END = "UPDATE run SET status = ?, owner = NULL WHERE id = ?"
STANDING = "SELECT token, (SELECT max(seq) FROM row WHERE run = id) FROM run WHERE id = ?"
DELETES = (
    "DELETE FROM row WHERE run = ?",
    "DELETE FROM change WHERE run = ?",
    "DELETE FROM run WHERE id = ?",
)
STATUS_NUMBERS = {status: number for number, status in enumerate(STATUSES)}


class Append(NamedTuple):
    """Write a unit."""

    store: str
    claim: Claim
    unit: Unit

    def __call__(self, db: sqlite3.Connection, /) -> None:
        """Write it."""
        claim, unit = self.claim, self.unit
        rows = unit.rows
        if rows:
            checked_next(rows, rows[0].sequence)
            run = claim.handle
            first = (*row_values(run, rows[0]), run, claim.token, rows[0].sequence, run)
            if db.execute(INSERT_NEXT, first).rowcount == 1:
                _write(db, claim.handle, unit._replace(rows=rows[1:]), rows[0].sequence)
                return
        found = db.execute(STANDING, (claim.handle,)).fetchone()
        if found is None:
            raise RunNotFound(run_id=claim.run_id, store=self.store)
        token, last = found
        if rows or token != claim.token:
            overtaken(claim.run_id)
        _write(db, claim.handle, unit, -1 if last is None else last)


def _write(db: sqlite3.Connection, run: int, unit: Unit, last: int) -> None:
    for row in unit.rows:
        db.execute(INSERT_ROW, row_values(run, row))
    if unit.changes:
        last += len(unit.rows)
        for key, data in unit.changes.items():
            db.execute(INSERT_CHANGE, (run, key, last, data))
    if unit.status is not None:
        stays = unit.status in OPEN
        db.execute(SET_STATUS if stays else END, (STATUS_NUMBERS[unit.status], run))


class Start(NamedTuple):
    """Begin a run."""

    new: NewRun
    unit: Unit
    owner: Owner
    now: float

    def __call__(self, db: sqlite3.Connection, /) -> Claim | RunInfo:
        """Begin it."""
        new = self.new
        there = run_number(db, new.run_id)
        if there is not None:
            return refused_start(info(db, there), new.workflow)
        if not checked_next(self.unit.rows, 0):
            overtaken(new.run_id)
        run = db.execute(
            "INSERT INTO run (name, definition, start, status, token, owner, at) "
            "VALUES (?, ?, ?, 0, 1, ?, ?)",
            (
                new.run_id,
                _definition(db, new),
                new.start,
                _leased(db, self.owner, self.now),
                number_of(self.now),
            ),
        ).lastrowid
        assert run is not None  # noqa: S101 - an INSERT has one
        _write(db, run, self.unit, -1)
        return Claim(new.run_id, 1, len(self.unit.rows), run)


def _definition(db: sqlite3.Connection, new: NewRun) -> int:
    facts = (new.workflow, new.version, new.fingerprint, new.graph)
    found = db.execute(
        "SELECT id FROM definition WHERE workflow = ? AND version = ? AND fingerprint = ? AND graph = ?",
        facts,
    ).fetchone()
    if found is not None:
        return int(found[0])
    made = db.execute(
        "INSERT INTO definition (workflow, version, fingerprint, graph) VALUES (?, ?, ?, ?)", facts
    )
    return int(made.lastrowid or 0)


def _leased(db: sqlite3.Connection, owner: Owner, now: float) -> int:
    db.execute(
        "INSERT INTO owner (host, boot, pid, started, mark, until) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (mark) DO UPDATE SET until = excluded.until",
        (*owner, now + LEASE_S),
    )
    return int(db.execute("SELECT id FROM owner WHERE mark = ?", (owner.mark,)).fetchone()[0])


class Take(NamedTuple):
    """Take a run over."""

    store: str
    run_id: str
    unit: Unit
    owner: Owner
    now: float

    def __call__(self, db: sqlite3.Connection, /) -> Claim:
        """Take it."""
        run = find(db, self.store, self.run_id)
        found = info(db, run)
        if found.owner is not None:
            until = db.execute("SELECT until FROM owner WHERE mark = ?", (found.owner.mark,)).fetchone()[0]
            owned(self.run_id, found.owner, until, self.now)
        if not checked_next(self.unit.rows, found.next):
            overtaken(self.run_id)
        leased = _leased(db, self.owner, self.now)
        db.execute("UPDATE run SET token = token + 1, owner = ? WHERE id = ?", (leased, run))
        token = db.execute("SELECT token FROM run WHERE id = ?", (run,)).fetchone()[0]
        _write(db, run, self.unit, found.next - 1)
        return Claim(self.run_id, token, found.next + len(self.unit.rows), run)


class Renew(NamedTuple):
    """Renew a lease."""

    owner: Owner
    now: float

    def __call__(self, db: sqlite3.Connection, /) -> None:
        """Renew it."""
        _leased(db, self.owner, self.now)


class Release(NamedTuple):
    """Give a run back."""

    claim: Claim

    def __call__(self, db: sqlite3.Connection, /) -> None:
        """Give it back."""
        db.execute(
            "UPDATE run SET owner = NULL WHERE id = ? AND token = ?", (self.claim.handle, self.claim.token)
        )


class Fork(NamedTuple):
    """Copy a run up to a row."""

    store: str
    run_id: str
    at: int
    as_: str
    owner: Owner
    now: float

    def __call__(self, db: sqlite3.Connection, /) -> Claim:
        """Copy it."""
        source = find(db, self.store, self.run_id)
        if run_number(db, self.as_) is not None:
            raise RunConflict(run_id=self.as_, reason="exists")
        within(self.at, info(db, source).next)
        run = db.execute(
            "INSERT INTO run (name, definition, start, status, token, owner, at, origin) "
            "SELECT ?, definition, start, 0, 1, ?, ?, ? FROM run WHERE id = ?",
            (
                self.as_,
                _leased(db, self.owner, self.now),
                number_of(self.now),
                f"{self.run_id}@{self.at}",
                source,
            ),
        ).lastrowid
        db.execute(
            "INSERT INTO row SELECT ?, seq, kind, at, state, attempts, output, output_type, entry, "
            "entry_type, about, text FROM row WHERE run = ? AND seq <= ?",
            (run, source, self.at),
        )
        db.execute(
            "INSERT INTO change SELECT ?, key, seq, value FROM change WHERE run = ? AND seq <= ?",
            (run, source, self.at),
        )
        return Claim(self.as_, 1, self.at + 1, int(run or 0))


def within(at: int, count: int) -> int:
    """See that a run has a row.

    Raises:
        PolicyError: It has not.
    """
    if not 0 <= at < count:
        raise PolicyError(field="at", value=at, allowed=f"the number of a row, below {count}")
    return at


class Prune(NamedTuple):
    """Forget some runs."""

    before: float
    now: float
    statuses: Collection[Status]

    def __call__(self, db: sqlite3.Connection, /) -> int:
        """Forget some, and give their number; below `PRUNED_AT_ONCE` there are no more."""
        numbers = json.dumps(sorted(STATUS_NUMBERS[status] for status in self.statuses))
        gone = db.execute(
            "SELECT id FROM run WHERE status IN (SELECT value FROM json_each(?)) AND "
            "coalesce((SELECT at FROM row WHERE run = run.id ORDER BY seq DESC LIMIT 1), at) < ? AND "
            "coalesce((SELECT until FROM owner WHERE owner.id = run.owner), 0) <= ? LIMIT ?",
            (numbers, number_of(self.before), self.now, PRUNED_AT_ONCE),
        ).fetchall()
        for delete in DELETES:
            db.executemany(delete, gone)
        if len(gone) < PRUNED_AT_ONCE:
            db.execute(
                "DELETE FROM owner WHERE until <= ? "
                "AND id NOT IN (SELECT owner FROM run WHERE owner IS NOT NULL)",
                (self.now,),
            )
            db.execute("DELETE FROM definition WHERE id NOT IN (SELECT definition FROM run)")
        return len(gone)
