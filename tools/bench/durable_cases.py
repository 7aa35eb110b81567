"""What is measured of runs with a log: a durable transition, many runs at once, and resuming a long run.

The rival writes by hand what the log needs: a row and the bytes of the data that changed, in one transaction
of sqlite3, with the same settings, in the event loop's own thread.
"""

import asyncio
import atexit
import sqlite3
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal

from cases import LOOP, Case, repeated

from cano_dsl import RunData, SqliteCheckpoints, Workflow, state
from cano_dsl.checkpoint import Owner, Row, Unit
from cano_dsl.errors import HandlerFailed

ENTRIES = 200  # of the one state that is entered again and again
RUNS = 100  # at once
LONG = 10_000  # rows of the run that is resumed


class Turn(Enum):
    """One state and an exit."""

    WORK = 1
    DONE = 2


@dataclass
class Count:
    """The run's data, some 30 bytes."""

    value: int = 0
    until: int = ENTRIES
    label: str = "order-1"


@state(Turn.WORK)
async def work(count: RunData[Count]) -> Literal[Turn.WORK, Turn.DONE]:
    """Count, and fail where that is wanted."""
    if not count.value.until:
        raise ValueError
    count.value.value += 1
    return Turn.WORK if count.value.value < count.value.until else Turn.DONE


FLOW = Workflow.build(Turn, work, start=Turn.WORK, exits=(Turn.DONE,), data=Count)


async def one_run() -> int:
    """Run once through many transitions, each with a durable row."""
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteCheckpoints(Path(folder, "runs.db")) as store:
            data = Count()
            await FLOW.configure(checkpoints=store).bind().run("r", data=data)
            return data.value


async def many_runs() -> int:
    """Make as many transitions for each of many runs at once, in one file."""
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteCheckpoints(Path(folder, "runs.db")) as store:
            runner = FLOW.configure(checkpoints=store).bind()
            data = [Count(until=ENTRIES // 10) for _ in range(RUNS)]
            await asyncio.gather(*(runner.run(f"r{place}", data=one) for place, one in enumerate(data)))
            return sum(one.value for one in data)


async def few_runs() -> int:
    """Make a tenth of the transitions of `many_runs`, one run after another."""
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteCheckpoints(Path(folder, "runs.db")) as store:
            runner = FLOW.configure(checkpoints=store).bind()
            data = [Count(until=ENTRIES // 10) for _ in range(RUNS // 10)]
            for place, one in enumerate(data):
                await runner.run(f"r{place}", data=one)
            return sum(one.value for one in data)


ROWS = """CREATE TABLE rows (run INTEGER, seq INTEGER, kind INTEGER, at INTEGER, state TEXT, attempts INTEGER,
PRIMARY KEY (run, seq)) WITHOUT ROWID"""
DATA = """CREATE TABLE data (run INTEGER, key TEXT, seq INTEGER, value BLOB,
PRIMARY KEY (run, key, seq)) WITHOUT ROWID"""


async def by_hand() -> int:
    """Count in a loop, and write each turn's row and data in a transaction."""
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder, "runs.db"), isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(ROWS)
        db.execute(DATA)
        value = 0
        for sequence in range(ENTRIES + 1):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO rows VALUES (1, ?, 0, ?, 'WORK', 1)", (sequence, 1_700_000_000_000))
            text = b'{"value":%d,"until":200,"label":"order-1"}' % value
            db.execute("INSERT INTO data VALUES (1, 'data', ?, ?)", (sequence, text))
            db.execute("COMMIT")
            value += sequence < ENTRIES
        db.close()
        return value


async def long_run(path: Path) -> None:
    """Leave a run that failed, with very many rows."""
    async with SqliteCheckpoints(path, synchronous="NORMAL") as store:
        with suppress(HandlerFailed):
            await FLOW.configure(checkpoints=store).bind().run("r", data=Count(until=0))
        claim = await store.claim("r", owner=Owner.here(), now=1.0)
        places = range(claim.next, claim.next + LONG)
        rows = [Row(place, "entered", 1_700_000_000.0, "WORK", 1) for place in places]
        await store.append(claim, Unit(rows, {}, "failed"))


class Resumed:
    """A file with a long run, made at the first use and gone with the process."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def path(self) -> Path:
        """Give the file."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
            atexit.register(self._folder.cleanup)
            LOOP.run(long_run(Path(self._folder.name, "runs.db")))
        return Path(self._folder.name, "runs.db")

    def ours(self) -> bool:
        """Open the file, and go on with the run until its handler is called, which fails at once."""
        path = self.path()

        async def resume() -> bool:
            async with SqliteCheckpoints(path) as store:
                try:
                    await FLOW.configure(checkpoints=store).bind().resume("r")
                except HandlerFailed:
                    return True
            return False

        return LOOP.run(resume())

    def rival(self) -> bool:
        """Open the file, and read as many rows."""
        db = sqlite3.connect(self.path())
        found = db.execute("SELECT * FROM row").fetchall()
        db.close()
        return len(found) >= LONG


def durables() -> list[Case]:
    """Give the cases of runs with a log."""
    resumed = Resumed()
    return [
        Case("durable row, sqlite3 by hand", repeated(one_run, 1), repeated(by_hand, 1), ENTRIES, 2.0),
        Case(
            "ten times as many, by 100 runs at once",
            lambda: repeated(many_runs, 1)() // 10,
            repeated(few_runs, 1),
            budget=2.0,  # ten times the transitions in twice the time is five times the rate
        ),
        Case("resume of a run of 10,000 rows", resumed.ours, resumed.rival, budget_s=0.05),
    ]
