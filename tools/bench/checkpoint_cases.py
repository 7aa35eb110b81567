"""What is measured of checkpoint stores: a durable row beside sqlite3 by hand, and what many runs gain.

    python tools/bench/checkpoint_cases.py              a table
    python tools/bench/checkpoint_cases.py --strict     exit code 1 if a budget is missed
    python tools/bench/checkpoint_cases.py --folder D   with the files on another disk

By hand means one connection that is used in the thread of the loop, with the same settings and the same two
tables' rows. That one blocks the loop while the disk is waited for, and checks neither owner nor sequence.
"""

import argparse
import asyncio
import itertools
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import LOOP, Case

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Row, Unit

ROWS = 200  # of a run that is alone
RUNS = 100  # at once
EACH = 10  # rows of each of them
LONG = 10_000  # rows of the run that is loaded
SIZED = 2000  # rows of each run whose space is measured
VALUE = 30  # bytes of a change
KEY = "store/cart"
STATE = "CHARGE_CARD"
TABLES = (
    "CREATE TABLE row (run, seq, kind, at, state, attempts, PRIMARY KEY (run, seq)) WITHOUT ROWID",
    "CREATE TABLE change (run, key, seq, value, PRIMARY KEY (run, key, seq)) WITHOUT ROWID",
)


def value(sequence: int) -> bytes:
    """Give a change that differs from those before it."""
    return b"%030d" % sequence


class Bench:
    """A store and a connection by hand, each with its file.

    Attributes:
        store: The store.
        raw: The connection.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.store = SqliteCheckpoints(self.path)
        self.raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", *TABLES):
            self.raw.execute(statement)
        self._ids = itertools.count()
        self._owner = Owner.here()

    async def run(self, rows: int) -> str:
        """Write a run with so many rows, and give its id."""
        run_id = str(next(self._ids))
        new = NewRun(run_id, "bench", 0, "f", "{}", STATE)
        first = Unit([Row(0, "entered", 1.7e9, STATE)], {KEY: value(0)})
        claim = await self.store.start(new, first, owner=self._owner, now=1.7e9)
        if not isinstance(claim, Claim):
            raise TypeError(run_id)
        for sequence in range(1, rows):
            row = Row(sequence, "entered", 1.7e9 + sequence, STATE, 1)
            await self.store.append(claim, Unit([row], {KEY: value(sequence)}))
        return run_id

    async def at_once(self) -> int:
        """Write many runs at once; give how many rows there are of them."""
        ids = await asyncio.gather(*(self.run(EACH) for _ in range(RUNS)))
        page = await self.store.runs(limit=RUNS)
        return sum(info.next for info in page.runs if info.run_id in ids)

    async def alone(self) -> int:
        """Write one run; give how many rows it has."""
        return (await self.store.info(await self.run(ROWS))).next

    def by_hand(self) -> int:
        """Write one run by hand; give how many rows it has."""
        run, db = next(self._ids), self.raw
        for sequence in range(ROWS):
            db.execute("BEGIN IMMEDIATE")
            at = round((1.7e9 + sequence) * 1000)
            db.execute("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)", (run, sequence, 0, at, STATE, 1))
            db.execute("INSERT INTO change VALUES (?, ?, ?, ?)", (run, KEY, sequence, value(sequence)))
            db.execute("COMMIT")
        return int(db.execute("SELECT count(*) FROM row WHERE run = ?", (run,)).fetchone()[0])

    def fill(self) -> str:
        """Write a long run, and its like by hand; give its id."""
        numbers = range(LONG)
        self.raw.execute("BEGIN")
        self.raw.executemany(
            "INSERT INTO row VALUES (-1, ?, 0, ?, ?, 1)", [(n, 1_700_000_000_000 + n, STATE) for n in numbers]
        )
        self.raw.executemany("INSERT INTO change VALUES (-1, ?, ?, ?)", [(KEY, n, value(n)) for n in numbers])
        self.raw.execute("COMMIT")
        return LOOP.run(self._filled())

    async def _filled(self) -> str:
        rows = [Row(n, "entered", 1.7e9 + n, STATE, 1) for n in range(LONG)]
        new = NewRun("long", "bench", 0, "f", "{}", STATE)
        claim = await self.store.start(new, Unit(rows[:1]), owner=self._owner, now=1.7e9)
        if not isinstance(claim, Claim):
            raise TypeError(claim)
        for begin in range(1, LONG, 100):
            for n in range(begin, min(begin + 100, LONG)):
                await asyncio.sleep(0)
                await self.store.append(claim, Unit(rows[n : n + 1], {KEY: value(n)}))
        return "long"

    async def loaded(self, run_id: str) -> int:
        """Load the long run with its data; give how many rows it has."""
        run = await self.store.load(run_id)
        return len(run.rows) * int(run.data[KEY] == value(LONG - 1))

    def loaded_by_hand(self) -> int:
        """Load its like by hand."""
        rows = self.raw.execute("SELECT * FROM row WHERE run = -1 ORDER BY seq").fetchall()
        data = self.raw.execute(
            "SELECT value FROM change WHERE run = -1 AND key = ? ORDER BY seq DESC LIMIT 1", (KEY,)
        ).fetchone()
        return len(rows) * int(data[0] == value(LONG - 1))

    def close(self) -> None:
        """Close both."""
        LOOP.run(self.store.close())
        self.raw.close()


@contextmanager
def bench(folder: str | None = None) -> Iterator[Bench]:
    """Make a bench in a folder of its own, which goes with it."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        made = Bench(Path(own))
        try:
            yield made
        finally:
            made.close()


def stores(of: Bench) -> list[Case]:
    """Give the cases; a durable row of many runs has that of a single run as its rival."""
    long = of.fill()
    return [
        Case("durable row, one run", lambda: LOOP.run(of.alone()), of.by_hand, per=ROWS, budget=2.0),
        Case(
            f"durable row, {RUNS} runs at once, and alone",
            lambda: LOOP.run(of.at_once()),
            lambda: sum(LOOP.run(of.alone()) for _ in range(RUNS * EACH // ROWS)),
            per=RUNS * EACH,
            budget=0.2,
        ),
        Case(
            f"load of a run with {LONG:,} rows",
            lambda: LOOP.run(of.loaded(long)),
            of.loaded_by_hand,
            budget_s=0.05,
        ),
    ]


def space(folder: str | None = None) -> dict[str, float]:
    """Give the bytes on disk of a row with a change: of one run, and of many runs at once."""
    found = {}
    for name, runs in (("one run", 1), ("100 runs at once", RUNS)):
        with bench(folder) as of:
            rows = SIZED if runs == 1 else SIZED // 10

            async def fill(of: Bench = of, runs: int = runs, rows: int = rows) -> Any:
                await asyncio.gather(*(of.run(rows) for _ in range(runs)))
                await of.store.close()

            LOOP.run(fill())
            found[name] = of.path.stat().st_size / (runs * rows)
    return found


def main() -> int:
    """Measure, print, and give the exit code."""
    import ratios

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--strict", action="store_true", help="fail if a budget is missed")
    parser.add_argument("--turns", type=int, default=15, help="how often each case is measured")
    parser.add_argument("--folder", help="where the files are written")
    options = parser.parse_args()
    with bench(options.folder) as of:
        rows = [ratios.measure(case, options.turns) for case in stores(of)]
    print(ratios.table(rows))
    sizes = space(options.folder)
    for name, size in sizes.items():
        print(f"bytes on disk of a row with a change of {VALUE} bytes, {name}: {size:.0f} of 200")
    missed = any(row["missed"] for row in rows) or max(sizes.values()) > 200  # noqa: PLR2004 - the budget
    return 1 if options.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
