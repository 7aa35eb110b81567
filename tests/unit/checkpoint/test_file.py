"""The file of a checkpoint store: made, brought up to date, and refused untouched where it is none of ours."""

import asyncio
import hashlib
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Row, Unit, _schema
from cano_dsl.checkpoint._schema import APPLICATION_ID, STEPS, Settings, connect
from cano_dsl.errors import PolicyError, StoreCorrupt, StoreError, StoreUnavailable

NEW = NewRun("one", "jobs", 0, "f", "{}", "A")


def entered(sequence: int, size: int = 0) -> Row:
    return Row(sequence, "entered", float(sequence), "A", output=b"x" * size)


async def fill(store: SqliteCheckpoints, rows: int, run_id: str = "one") -> Claim:
    """Write a run of some rows."""
    claim = await store.start(NEW._replace(run_id=run_id), Unit([entered(0)]), owner=Owner.here(), now=0.0)
    assert isinstance(claim, Claim)
    for sequence in range(1, rows):
        await store.append(claim, Unit([entered(sequence)], {"a": str(sequence).encode()}))
    return claim


def made(path: Path, rows: int = 3) -> Path:
    """Make a file with one run, and close it."""

    async def main() -> None:
        async with SqliteCheckpoints(path) as store:
            await fill(store, rows)

    asyncio.run(main())
    return path


def refused(path: Path, kind: type[StoreError], **options: Any) -> Any:
    """See that a file is refused for reading and writing alike, and is left as it was."""
    before = listing(path)

    async def main() -> tuple[StoreError, StoreError]:
        store = SqliteCheckpoints(path, **options)
        try:
            with pytest.raises(kind) as reading:
                await store.runs()
            with pytest.raises(kind) as writing:
                await fill(store, 1)
        finally:
            await store.close()
        return reading.value, writing.value

    reading, writing = asyncio.run(main())
    assert str(reading) == str(writing)
    assert listing(path) == before
    return reading


def listing(path: Path) -> dict[str, str]:
    """Give what lies beside a file, with the contents."""
    return {
        entry.name: hashlib.sha256(entry.read_bytes()).hexdigest()
        for entry in path.parent.iterdir()
        if entry.is_file()
    }


def other_program(path: Path, *, wal: bool = False, **pragmas: int) -> Path:
    """Make a database of another program."""
    db = sqlite3.connect(path)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE theirs (a)")
    for name, value in pragmas.items():
        db.execute(f"PRAGMA {name} = {value}")
    db.commit()
    db.close()
    return path


def test_file_is_made_with_the_first_call(tmp_path: Path) -> None:
    """A store makes its file with the first call and not before; it is ours, and keeps a write-ahead log."""
    path = tmp_path / "runs #1?%20.db"
    store = SqliteCheckpoints(path)
    assert not path.exists()
    assert store.path == path
    assert repr(store) == f"<SqliteCheckpoints: {path}>"
    asyncio.run(store.runs())
    asyncio.run(store.close())
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    db = sqlite3.connect(path)
    facts = [
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode")
    ]
    db.close()
    assert facts == [APPLICATION_ID, len(STEPS), "wal"]


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_settings_are_those_promised(tmp_path: Path, synchronous: str) -> None:
    """The writer waits for the disk as asked, and for other processes as long as asked."""
    db = connect(Settings(tmp_path / "a.db", synchronous, 2.5), writes=True)
    facts = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "busy_timeout")]
    db.close()
    assert facts == [{"FULL": 2, "NORMAL": 1}[synchronous], 2500]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"path": ":memory:"}, "path"),
        ({"path": ""}, "path"),
        ({"synchronous": "OFF"}, "synchronous"),
        ({"busy_timeout": 0}, "busy_timeout"),
        ({"max_bytes": 0}, "max_bytes"),
        ({"max_bytes": True}, "max_bytes"),
    ],
)
def test_impossible_settings(options: dict[str, Any], field: str) -> None:
    """Settings that are not possible are refused when the store is made."""
    with pytest.raises(PolicyError) as caught:
        SqliteCheckpoints(**{"path": "runs.db", **options})
    assert caught.value.field == field
    assert SqliteCheckpoints("a", busy_timeout=timedelta(seconds=2))._settings.busy_s == 2.0


def test_empty_files_are_taken(tmp_path: Path) -> None:
    """An empty file, and an empty database, become a store."""
    (tmp_path / "empty.db").touch()
    db = sqlite3.connect(tmp_path / "nothing.db")
    db.execute("CREATE TABLE a (b)")
    db.execute("DROP TABLE a")
    db.close()
    for name in ("empty.db", "nothing.db"):
        made(tmp_path / name)


@pytest.mark.parametrize(
    "make",
    [
        other_program,
        lambda path: other_program(path, wal=True),
        lambda path: other_program(path, application_id=7),
        lambda path: other_program(path, user_version=1),
        lambda path: other_program(path, user_version=1, application_id=7, wal=True),
    ],
)
def test_database_of_another_program(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """C9: a database of another program is refused, and not one byte of it or beside it changes."""
    error = refused(make(tmp_path / "theirs.db"), StoreCorrupt)
    assert error.what == "it is a database of another program"


@pytest.mark.parametrize(
    "text", [b"no database at all", b"x" * 5000, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_file_that_is_no_database(text: bytes, tmp_path: Path) -> None:
    """C9: a file that is no database is refused untouched."""
    path = tmp_path / "notes.txt"
    path.write_bytes(text)
    assert "no SQLite database" in str(refused(path, StoreCorrupt))


def test_newer_file(tmp_path: Path) -> None:
    """C9: a file of a newer format is refused untouched, and the error says to update."""
    path = made(tmp_path / "new.db")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    error = refused(path, StoreCorrupt)
    assert "its format is 99" in error.what
    assert str(error).endswith("Update cano_dsl")


@pytest.mark.parametrize("keep", [100, 4096, 4096 * 3, -4096, -1])
def test_truncated_file(keep: int, tmp_path: Path) -> None:
    """C9: a file that was cut off is refused untouched."""
    path = made(tmp_path / "cut.db", rows=200)
    size = path.stat().st_size
    os.truncate(path, keep if keep > 0 else size + keep)
    assert refused(path, StoreCorrupt).what in ("it is damaged or cut off", "it is no SQLite database")


def test_damage_in_the_middle(tmp_path: Path) -> None:
    """C9: damage that only a read finds is StoreCorrupt there, and nothing is written."""
    path = made(tmp_path / "bad.db", rows=500)
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xee" * 64
    path.write_bytes(data)

    async def main() -> None:
        async with SqliteCheckpoints(path) as store:
            with pytest.raises(StoreCorrupt, match="damaged or cut off"):
                await store.load("one")

    asyncio.run(main())


def test_folder_and_missing_folder(tmp_path: Path) -> None:
    """A path that cannot be a file says what to do."""
    assert refused(tmp_path, StoreUnavailable).what == "a folder"
    with pytest.raises(StoreUnavailable, match=r"make the folder .*nowhere"):
        asyncio.run(SqliteCheckpoints(tmp_path / "nowhere" / "a.db").runs())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that other users may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are otherwise here")
def test_read_only_file(open_folder: Path) -> None:
    """A file that may not be written can be read, and a write says that it is read-only; nothing is lost."""
    path = made(open_folder / "kept.db")
    path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:

        async def main() -> Any:
            async with SqliteCheckpoints(path) as store:
                with pytest.raises(StoreUnavailable) as caught:
                    await fill(store, 1, "two")
                return caught.value, await store.load("one")

        error, run = asyncio.run(main())
    finally:
        os.seteuid(was)
    assert error.what == "read-only"
    assert len(run.rows) == 3


def test_locked_file(tmp_path: Path) -> None:
    """A write that another process holds up is refused after busy_timeout, can be read by, and done again."""
    path = made(tmp_path / "busy.db")
    other = sqlite3.connect(path, isolation_level=None)

    async def main() -> None:
        async with SqliteCheckpoints(path, busy_timeout=0.05) as store:
            claim = await fill(store, 1, "two")
            other.execute("BEGIN IMMEDIATE")
            results = await asyncio.gather(
                *(store.append(claim, Unit([entered(1)])) for _ in range(3)), return_exceptions=True
            )
            assert [getattr(error, "what", None) for error in results] == ["locked by another process"] * 3
            assert len({id(error) for error in results}) == 3
            assert (await store.load("two")).info.next == 1
            other.execute("ROLLBACK")
            await store.append(claim, Unit([entered(1)]))

    asyncio.run(main())
    other.close()


def test_full_disk(tmp_path: Path) -> None:
    """When nothing fits any more the write is refused, all that was acknowledged is there, and after pruning it goes on."""
    path = tmp_path / "full.db"

    async def main() -> None:
        async with SqliteCheckpoints(path, max_bytes=300_000) as store:
            old = await fill(store, 30, "old")
            await store.append(old, Unit([entered(30, 100_000)], status="finished"))
            claim = await fill(store, 1)
            acknowledged = 1
            with pytest.raises(StoreUnavailable) as caught:
                while True:
                    unit = Unit([entered(acknowledged, 2000)], {"a": b"%d" % acknowledged})
                    await store.append(claim, unit)
                    acknowledged += 1
            assert caught.value.what == "full"
            run = await store.load("one")
            assert run.info.next == acknowledged > 10
            assert run.data == {"a": b"%d" % (acknowledged - 1)}
            assert await store.prune(before=1e9, now=0.0) == 1
            await store.append(claim, Unit([entered(acknowledged, 2000)]))
        assert path.stat().st_size <= 300_000

    asyncio.run(main())


def test_one_that_does_not_fit_fails_alone(tmp_path: Path) -> None:
    """Of units that are committed at once, one that does not fit is refused and the others are there."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db", max_bytes=300_000) as store:
            claims = [await fill(store, 1, str(number)) for number in range(6)]
            units = [Unit([entered(1, 500_000 if number == 3 else 10)]) for number in range(6)]
            results = await asyncio.gather(*map(store.append, claims, units), return_exceptions=True)
            assert [isinstance(result, StoreUnavailable) for result in results] == [n == 3 for n in range(6)]
            nexts = [(await store.info(str(number))).next for number in range(6)]
            assert nexts == [1 if number == 3 else 2 for number in range(6)]

    asyncio.run(main())


def test_size_of_a_row(tmp_path: Path) -> None:
    """A row with a change of 30 bytes takes at most 200 bytes on disk, alone and among other runs."""
    path = tmp_path / "size.db"

    async def one(store: SqliteCheckpoints, run_id: str) -> None:
        new = NEW._replace(run_id=run_id)
        first = Unit([Row(0, "entered", 1.7e9, "CHARGE_CARD")])
        claim = await store.start(new, first, owner=Owner.here(), now=0.0)
        assert isinstance(claim, Claim)
        for sequence in range(1, 500):
            row = Row(sequence, "entered", 1.7e9 + sequence, "CHARGE_CARD", 1)
            await store.append(claim, Unit([row], {"store/cart": b"%030d" % sequence}))

    async def main() -> None:
        async with SqliteCheckpoints(path, synchronous="NORMAL") as store:
            await asyncio.gather(*(one(store, str(number)) for number in range(20)))

    asyncio.run(main())
    assert 60 < path.stat().st_size / (20 * 500) <= 200


def test_long_run_is_loaded_without_its_history(tmp_path: Path) -> None:
    """The last data of a run is found without looking at what was there before: the steps do not grow with it."""
    path = tmp_path / "long.db"
    db = connect(Settings(path, "NORMAL", 1.0), writes=True)
    counts = []
    for rows in (10, 10_000):
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO change VALUES (?, ?, ?, ?)",
            [(rows, key, sequence, b"%d" % sequence) for key in "abc" for sequence in range(rows)],
        )
        db.execute("COMMIT")
        steps: list[int] = []
        db.set_progress_handler(lambda steps=steps: steps.append(1) and None, 1)  # type: ignore[misc, arg-type]
        from cano_dsl.checkpoint import _reads

        found = _reads.data(db, rows, rows)
        db.set_progress_handler(None, 1)
        assert found == dict.fromkeys("abc", b"%d" % (rows - 1))
        counts.append(len(steps))
    db.close()
    assert counts[0] == counts[1] < 500


def two_steps(fails: bool = False) -> tuple[Any, ...]:
    """Give the steps of a format that is one further than ours."""

    def fill_in(db: sqlite3.Connection) -> None:
        db.execute("UPDATE run SET note = 'old ' || name")
        if fails:
            raise RuntimeError("the power went off")

    return (*STEPS, ("ALTER TABLE run ADD COLUMN note TEXT", fill_in))


def test_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file of an older format gets the steps that it lacks, once, and keeps what is in it."""
    path = made(tmp_path / "old.db", rows=4)
    settings = Settings(path, "FULL", 1.0, None, two_steps())
    for _ in range(2):
        db = connect(settings, writes=True)
        assert db.execute("SELECT note FROM run").fetchall() == [("old one",)]
        assert db.execute("SELECT count(*) FROM row").fetchone() == (4,)
        db.close()
    error = refused(path, StoreCorrupt)
    assert f"its format is {len(STEPS) + 1}" in error.what


def test_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Steps are taken all or none: a file whose step failed is one of the older format still."""
    path = made(tmp_path / "old.db")
    with pytest.raises(RuntimeError, match="the power went off"):
        connect(Settings(path, "FULL", 1.0, None, two_steps(fails=True)), writes=True)

    async def main() -> int:
        async with SqliteCheckpoints(path) as store:
            return (await store.info("one")).next

    assert asyncio.run(main()) == 3


def test_new_files_are_made_by_one(tmp_path: Path) -> None:
    """Many that make one file at once all find it made."""
    path = tmp_path / "new.db"

    async def main() -> list[int]:
        stores = [SqliteCheckpoints(path) for _ in range(8)]
        await asyncio.gather(*(fill(store, 1, str(number)) for number, store in enumerate(stores)))
        counts = [len((await store.runs()).runs) for store in stores]
        await asyncio.gather(*(store.close() for store in stores))
        return counts

    assert asyncio.run(main()) == [8] * 8


def test_kill_within_a_checkpoint_is_no_damage(tmp_path: Path) -> None:
    """A file whose end is still in its write-ahead log, as after a kill, is opened and not taken for cut off."""
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    made(path, rows=3)
    db = connect(Settings(path, "FULL", 1.0), writes=True)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("BEGIN")
    db.executemany("INSERT INTO change VALUES (1, 'big', ?, ?)", [(n, b"x" * 3000) for n in range(100)])
    db.execute("COMMIT")
    shutil.copy(f"{path}-wal", f"{copy}-wal")
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    shutil.copy(path, copy)
    db.close()
    os.truncate(copy, 4096 * 12)

    async def main() -> Any:
        async with SqliteCheckpoints(copy) as store:
            return await store.changes("one")

    assert len(asyncio.run(main())) == 102


def test_change_to_the_log_waits_for_others(tmp_path: Path) -> None:
    """A file that has no write-ahead log yet, and is written by another process, is waited for, then refused."""
    path = made(tmp_path / "a.db")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")

    async def main() -> None:
        async with SqliteCheckpoints(path, busy_timeout=0.05) as store:
            with pytest.raises(StoreUnavailable, match="locked"):
                await fill(store, 1, "two")
        async with SqliteCheckpoints(path, busy_timeout=20) as store:
            asyncio.get_running_loop().call_later(0.05, other.execute, "ROLLBACK")
            await fill(store, 1, "two")

    asyncio.run(main())
    other.close()


def test_many_runs_are_pruned_in_parts(tmp_path: Path) -> None:
    """C7: more runs than are forgotten in one transaction are all forgotten, with what only they used."""
    path = tmp_path / "a.db"

    async def main() -> int:
        async with SqliteCheckpoints(path) as store:
            end = Unit([entered(0)], {"a": b"1"}, "finished")
            new = [NEW._replace(run_id=str(number)) for number in range(450)]
            await asyncio.gather(*(store.start(one, end, owner=Owner.here(), now=0.0) for one in new))
            return await store.prune(before=1e9, now=1e9)

    assert asyncio.run(main()) == 450
    db = sqlite3.connect(path)
    tables = ("run", "row", "change", "owner", "definition")
    assert [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables] == [0] * 5
    db.close()


def test_every_reason_is_explained() -> None:
    """Whatever SQLite says becomes an error of ours that names the file."""
    error = sqlite3.OperationalError("odd")
    assert (
        str(_schema.explained(Path("a.db"), error))
        == "the checkpoint store in a.db failed: OperationalError: odd"
    )
    for name, what in [
        ("SQLITE_IOERR_FSYNC", "not to be read or written"),
        ("SQLITE_PERM", "read-only"),
        ("SQLITE_LOCKED", "locked by another process"),
    ]:
        error.sqlite_errorname = name
        assert _schema.explained(Path("a.db"), error).what == what  # type: ignore[attr-defined]
