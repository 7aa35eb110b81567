"""Several processes on one file: each run belongs to one of them, and all of them get on."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Row, Unit

CLAIMING = Path(__file__).parent / "claiming.py"
RACES = 100
APPENDING = Path(__file__).parent / "appending.py"


async def prepare(path: Path) -> None:
    """Make runs that are there to be taken."""
    async with SqliteCheckpoints(path) as store:
        for number in range(RACES):
            new = NewRun(str(number), "jobs", 0, "f", "{}", "A")
            claim = await store.start(new, Unit([Row(0, "entered", 0.0, "A")]), owner=Owner.here(), now=0.0)
            assert isinstance(claim, Claim)
            await store.release(claim)


def test_one_of_two_processes_gets_a_run(tmp_path: Path) -> None:
    """C5, C7a: of two processes that take one run at the same time exactly one goes on, 100 times."""
    path = tmp_path / "runs.db"
    asyncio.run(prepare(path))
    racers = [
        subprocess.Popen(
            [sys.executable, str(CLAIMING), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(2)
    ]
    assert all(racer.stdout is not None and racer.stdin is not None for racer in racers)
    assert [racer.stdout.readline().strip() for racer in racers if racer.stdout] == ["ready"] * 2
    wins = [0, 0]
    for number in range(RACES):
        order = racers if number % 2 else racers[::-1]
        for racer in order:
            assert racer.stdin is not None
            racer.stdin.write(f"{number}\n")
        words = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
        assert sorted(words) in (["mine", "overtaken"], ["mine", "owned"]), number
        wins[words.index("mine")] += 1
    for racer in racers:
        racer.communicate()
    assert sum(wins) == RACES

    async def look() -> set[str]:
        async with SqliteCheckpoints(path) as store:
            runs = [await store.load(str(number)) for number in range(RACES)]
            assert all([row.kind for row in run.rows] == ["entered", "resumed", "entered"] for run in runs)
            return {run.data["who"].decode() for run in runs}

    assert 1 <= len(asyncio.run(look())) <= 2


def test_many_runs_in_several_processes(tmp_path: Path) -> None:
    """64 runs in 4 processes on one file are all written to their end."""
    path, rows = tmp_path / "runs.db", 30
    command = [sys.executable, str(APPENDING), str(path)]
    children = [
        subprocess.Popen([*command, str(number), "16", str(rows), "FULL"], stdout=subprocess.PIPE)
        for number in range(4)
    ]
    said = b"".join(child.communicate(timeout=120)[0] for child in children)
    assert [child.returncode for child in children] == [0] * 4
    last = dict(line.split() for line in said.decode().splitlines())
    assert len(last) == 64

    async def look() -> None:
        async with SqliteCheckpoints(path) as store:
            page = await store.runs(limit=64)
            assert (len(page.runs), page.next) == (64, None)
            for info in page.runs:
                assert info.next == int(last[info.run_id]) + 1 >= rows

    asyncio.run(look())


@pytest.mark.parametrize("runs", [1000])
def test_thousand_concurrent_runs(tmp_path: Path, runs: int) -> None:
    """1,000 concurrent runs in one file each have all of their rows and their own data."""

    async def one(store: SqliteCheckpoints, run_id: str) -> None:
        new = NewRun(run_id, "jobs", 0, "f", "{}", "A")
        claim = await store.start(new, Unit([Row(0, "entered", 0.0, "A")]), owner=Owner.here(), now=0.0)
        assert isinstance(claim, Claim)
        for sequence in range(1, 5):
            row = Row(sequence, "entered", 0.0, "A")
            await store.append(claim, Unit([row], {"who": f"{run_id}/{sequence}".encode()}))

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "runs.db") as store:
            await asyncio.gather(*(one(store, str(number)) for number in range(runs)))
            for number in range(runs):
                run = await store.load(str(number))
                assert (len(run.rows), run.data) == (5, {"who": f"{number}/4".encode()})

    asyncio.run(main())
