"""C9: whatever instant a process is killed at, every acknowledged unit is there, and nothing half of one."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import OPEN, Owner, Row, Unit

PROGRAM = Path(__file__).parent / "appending.py"
FOREVER = 1_000_000


def start(
    path: Path, name: str, runs: int, rows: int, synchronous: str = "FULL"
) -> "subprocess.Popen[bytes]":
    """Start the program."""
    arguments = [str(path), name, str(runs), str(rows), synchronous]
    return subprocess.Popen([sys.executable, str(PROGRAM), *arguments], stdout=subprocess.PIPE)


def acknowledged(said: bytes) -> dict[str, int]:
    """Give the last row of each run that was acknowledged; a line cut off by the kill is not."""
    lines = said.decode().split("\n")[:-1]
    return {run_id: int(sequence) for run_id, sequence in map(str.split, lines)}


def is_whole(run: Any) -> bool:
    """Tell whether a run has no gap, no half of a unit, and the data of its last row."""
    sequences = [row.sequence for row in run.rows]
    last = run.rows[-1].sequence
    return (
        sequences == list(range(len(sequences)))
        and last % 3 != 0  # which is the first row of a unit of two
        and run.data == {"a": b"%d" % last, "b": b"%d" % last}
        and all(row.state == f"S{row.sequence - (row.kind == 'cursor')}" for row in run.rows)
    )


def killed(path: Path, name: str, after: float, synchronous: str) -> dict[str, int]:
    """Run the program, kill it some time after its first word, and give what it acknowledged."""
    child = start(path, name, 5, FOREVER, synchronous)
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    said = first + child.stdout.read()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    return acknowledged(said)


def check_kills(folder: Path, times: int, synchronous: str) -> None:
    """Kill so many writers of one file, and look at all of it after each."""
    rng = random.Random(times)
    path = folder / "runs.db"
    kept: dict[str, int] = {}
    for number in range(times):
        after = rng.choice((0.0, rng.uniform(0, 0.02), rng.uniform(0, 0.2)))
        kept.update(killed(path, str(number), after, synchronous))

        async def look(kept: dict[str, int] = kept, number: int = number) -> None:
            async with SqliteCheckpoints(path) as store:
                for run_id in [key for key in kept if key.startswith(f"{number}-")]:
                    run = await store.load(run_id)
                    assert run.info.next > kept[run_id], run_id
                    assert is_whole(run), run_id
                    claim = await store.claim(run_id, owner=Owner.here(), now=0.0)
                    assert claim.token == 2
                    await store.append(claim, Unit([Row(claim.next, "ended", 0.0, "END")], status="finished"))

        asyncio.run(look())

    async def all_of_them() -> None:
        async with SqliteCheckpoints(path) as store:
            for run_id, last in kept.items():
                info = await store.info(run_id)
                assert info.next > last + 1 and info.status not in OPEN
            changes = await store.changes(next(iter(kept)))
            assert changes

    asyncio.run(all_of_them())
    assert len(kept) >= times


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_killed_at_random_instants(tmp_path: Path, synchronous: str) -> None:
    """C9: of a writer killed 25 times at random instants nothing acknowledged is lost and nothing is half there."""
    check_kills(tmp_path, 25, synchronous)


@pytest.mark.soak
def test_killed_at_many_random_instants(tmp_path: Path) -> None:
    """C9: so it is with 200 kills."""
    check_kills(tmp_path, 200, "FULL")


def test_file_of_a_killed_writer_is_sound(tmp_path: Path) -> None:
    """C9: after a kill SQLite's own check of the whole file finds nothing."""
    import sqlite3

    path = tmp_path / "runs.db"
    killed(path, "one", 0.2, "FULL")
    db = sqlite3.connect(path)
    found = db.execute("PRAGMA integrity_check").fetchall()
    db.close()
    assert found == [("ok",)]
