"""C9: a file whose maker was killed in the middle of its first transaction."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cano_dsl import SqliteCheckpoints

MAKER = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 2")
db.execute("BEGIN EXCLUSIVE")
db.execute("CREATE TABLE run (a)")
db.executemany("INSERT INTO run VALUES (?)", [("x" * 3000,)] * 200)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the maker is killed by a signal")
def test_maker_was_killed(tmp_path: Path) -> None:
    """C9: pages of a transaction that was not committed are rolled back from its journal, and the file is used."""
    path = tmp_path / "runs.db"
    made = subprocess.run([sys.executable, "-c", MAKER, str(path)], check=False)
    assert made.returncode == -signal.SIGKILL
    assert path.stat().st_size > 4096
    assert Path(f"{path}-journal").exists()
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as db,
        pytest.raises(sqlite3.DatabaseError),
    ):
        db.execute("SELECT * FROM sqlite_master")

    async def main() -> None:
        async with SqliteCheckpoints(path, busy_timeout=0.2) as store:
            assert (await store.runs()).runs == ()

    asyncio.run(main())
