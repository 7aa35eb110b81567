"""The file: whether it is ours, what is in it, and how an older one is brought up to date.

`application_id` tells our files from those of others, `user_version` counts the steps of `STEPS` that were
taken. A new step is added at the end and never changed once it was released.

Source:
    The file header, https://www.sqlite.org/fileformat2.html section 1.3; what a transaction of several
    pragmas guarantees, https://www.sqlite.org/pragma.html#pragma_user_version.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cano_dsl.errors import StoreCorrupt, StoreError, StoreUnavailable, told

APPLICATION_ID = 0x63616E6F  # "cano"
DAMAGED = "it is damaged or cut off"

Step = Callable[[sqlite3.Connection], None] | str

# One statement each. A run has a number, which is never used again; rows and changes lie by it, so that what
# a resume reads lies together, and the last bytes of a key are found without reading those before.
STEPS: tuple[tuple[Step, ...], ...] = (
    (
        """CREATE TABLE definition (
            id INTEGER PRIMARY KEY, workflow TEXT NOT NULL, version INTEGER NOT NULL,
            fingerprint TEXT NOT NULL, graph TEXT NOT NULL)""",
        "CREATE INDEX definition_fingerprint ON definition (fingerprint)",
        """CREATE TABLE owner (
            id INTEGER PRIMARY KEY, mark TEXT NOT NULL UNIQUE, host TEXT NOT NULL, boot TEXT NOT NULL,
            pid INTEGER NOT NULL, started TEXT NOT NULL, until REAL NOT NULL)""",
        """CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, definition INTEGER NOT NULL,
            start TEXT NOT NULL, status INTEGER NOT NULL, token INTEGER NOT NULL, owner INTEGER,
            at INTEGER NOT NULL, origin TEXT)""",
        "CREATE INDEX run_status ON run (status, id)",
        """CREATE TABLE row (
            run INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
            state TEXT NOT NULL, attempts INTEGER NOT NULL, output BLOB, output_type TEXT, entry BLOB,
            entry_type TEXT, about INTEGER, text TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID""",
        """CREATE TABLE change (
            run INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, value BLOB,
            PRIMARY KEY (run, key, seq)) WITHOUT ROWID""",
    ),
)


LOOK_S = 0.25  # for so long a file must look damaged
JOURNAL = bytes.fromhex("d9d505f920a163d7")  # what a journal begins with that is not over


class Settings(NamedTuple):
    """How the file is used.

    Attributes:
        path: The file.
        synchronous: When the disk is waited for: "FULL" at each commit, "NORMAL" at checkpoints of the WAL.
        busy_s: How long another process's write is waited for.
        max_bytes: The most that the file may grow to; None for no limit of ours.
        steps: What the file is brought up to date with.
    """

    path: Path
    synchronous: str
    busy_s: float
    max_bytes: int | None = None
    steps: Sequence[Sequence[Step]] = STEPS


class _Opening:
    """A lock of this process, which a fork must not find taken by a thread that it does not have."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.Lock()


_opening = _Opening()


def connect(settings: Settings, *, writes: bool) -> sqlite3.Connection:
    """Open the file, make it where there is none, and bring it up to date.

    Raises:
        StoreCorrupt: It is another program's, damaged, or of a newer version; it was not written to.
        StoreUnavailable: It cannot be opened.
    """
    with _opening.lock:  # one at a time: those that make or change the file would wait for each other
        return _connect(settings, writes=writes)


def _connect(settings: Settings, *, writes: bool) -> sqlite3.Connection:
    if settings.path.is_dir():
        raise StoreUnavailable(store=str(settings.path), what="a folder", fix="give the path of a file")
    try:
        if settings.path.exists():
            _look_well(settings)
        db = sqlite3.connect(
            settings.path, timeout=settings.busy_s, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise explained(settings.path, error) from error
    try:
        _prepare(db, settings)
        if writes:
            db.execute(f"PRAGMA synchronous = {settings.synchronous}")
            db.execute("PRAGMA wal_autocheckpoint = 2000")
            if settings.max_bytes is not None:
                size = db.execute("PRAGMA page_size").fetchone()[0]
                db.execute(f"PRAGMA max_page_count = {max(1, settings.max_bytes // size)}")
        else:
            db.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        db.close()
        raise explained(settings.path, error) from error
    except BaseException:
        db.close()
        raise
    return db


def _look_well(settings: Settings) -> None:
    """See whose file it is; what looks damaged may be one that somebody else is writing at this moment.

    While a file is made there is a journal beside it, and later its log is copied into it now and then: both
    take no time, so a file that looks damaged every time is.
    """
    journal = Path(f"{settings.path}-journal")
    began = time.monotonic()
    while True:
        try:
            _look(settings)
        except (StoreCorrupt, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_hot(journal):
                return  # half a transaction, which SQLite takes back or waits for when the file is opened
            patience_s = settings.busy_s if journal.exists() else LOOK_S
            if time.monotonic() - began >= patience_s:
                raise
            time.sleep(LOOK_S / 10)
        else:
            return


def _is_hot(journal: Path) -> bool:
    """Tell whether a journal has something to take back; whoever wrote it may have been killed."""
    try:
        with journal.open("rb") as file:
            return file.read(len(JOURNAL)) == JOURNAL
    except OSError:
        return False


def _look(settings: Settings) -> None:
    """See whose file it is, without a lock and without a write; what lies in its WAL is not seen.

    Not by reading the file directly: closing it would let go of the locks that this process has on it, see
    https://www.sqlite.org/howtocorrupt.html section 2.2.
    """
    wal = Path(f"{settings.path}-wal")
    rest = wal.exists() and wal.stat().st_size > 0  # of a file that a kill cut off in a checkpoint
    db = sqlite3.connect(f"{settings.path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        _checked(db, settings)
        if settings.path.stat().st_size % _number(db, "PRAGMA page_size") and not rest:
            raise damaged(settings.path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname != "SQLITE_CORRUPT" or not rest:
            raise
    finally:
        db.close()


def _checked(db: sqlite3.Connection, settings: Settings) -> int:
    """Give the version of a file of ours; 0 for an empty one.

    Raises:
        StoreCorrupt: It is another program's, or of a newer version.
    """
    version = _number(db, "PRAGMA user_version")
    application = _number(db, "PRAGMA application_id")
    if application != APPLICATION_ID and (
        application or version or _number(db, "SELECT count(*) FROM sqlite_master")
    ):
        raise StoreCorrupt(
            store=str(settings.path),
            what="it is a database of another program",
            fix="Give the path of a file that cano_dsl made, or of one that is to be made",
        )
    if version > len(settings.steps):
        raise StoreCorrupt(
            store=str(settings.path),
            what=f"its format is {version}, and this cano_dsl knows those up to {len(settings.steps)}",
            fix="Update cano_dsl",
        )
    return version


def _number(db: sqlite3.Connection, question: str) -> int:
    return int(db.execute(question).fetchone()[0])


def _prepare(db: sqlite3.Connection, settings: Settings) -> None:
    db.execute("BEGIN")  # one moment of the file, which somebody else may be making
    try:
        version = _checked(db, settings)
    finally:
        if db.in_transaction:  # an error may have ended it
            db.execute("ROLLBACK")
    if version < len(settings.steps):
        _step_up(db, settings)
    _to_wal(db, settings.busy_s)
    if version < len(settings.steps):
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the version, into the file itself


def _step_up(db: sqlite3.Connection, settings: Settings) -> None:
    """Take the steps that a file lacks, all of them or none."""
    db.execute("BEGIN EXCLUSIVE")
    try:
        for step in settings.steps[_checked(db, settings) :]:
            for part in step:
                if isinstance(part, str):
                    db.execute(part)
                else:
                    part(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(settings.steps)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _to_wal(db: sqlite3.Connection, busy_s: float) -> None:
    """Keep a write-ahead log; the change to it does not wait for other processes by itself."""
    until = time.monotonic() + busy_s
    while True:
        try:
            if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
            error: sqlite3.Error | None = None
        except sqlite3.OperationalError as caught:
            if caught.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            error = caught
        if error is None:
            raise StoreError("SQLite cannot keep a write-ahead log here: put the file on a local disk")
        time.sleep(0.005)


def explained(path: Path, error: BaseException) -> StoreError:
    """Give the documented error for one of SQLite's."""
    store, name = str(path), getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, "it is no SQLite database" if name == "SQLITE_NOTADB" else DAMAGED)
    for start, what, fix in _REASONS:
        if name.startswith(start):
            return StoreUnavailable(store=store, what=what, fix=fix)
    if name == "SQLITE_CANTOPEN":
        folder = path.absolute().parent
        fix = "see that its folder may be written to" if folder.is_dir() else f"make the folder {folder}"
        return StoreUnavailable(store=store, what="not to be opened", fix=fix)
    return StoreError(f"the checkpoint store in {store} failed: {told(error)}")


def damaged(path: Path, what: str = DAMAGED) -> StoreCorrupt:
    """Make the error for a file in which something is wrong."""
    return StoreCorrupt(store=str(path), what=what, fix="It was not written to. Restore it, or give another")


_REASONS = (
    ("SQLITE_BUSY", "locked by another process", "try again, or give a longer busy_timeout"),
    ("SQLITE_LOCKED", "locked by another process", "try again, or give a longer busy_timeout"),
    ("SQLITE_FULL", "full", "free space on its disk, prune old runs, or raise max_bytes; then resume"),
    ("SQLITE_READONLY", "read-only", "see that the file and its folder may be written to"),
    ("SQLITE_PERM", "read-only", "see that the file and its folder may be written to"),
    ("SQLITE_IOERR", "not to be read or written", "look at the disk; then resume"),
)


def number_of(value: float) -> int:
    """Give a moment as it is kept: whole milliseconds, which take six bytes."""
    return round(value * 1000)


def moment(value: Any) -> float:
    """Give a kept moment in seconds."""
    return int(value) / 1000
