"""A program that writes runs and says which units were acknowledged; tests kill it.

appending.py FILE NAME RUNS ROWS SYNCHRONOUS
"""

import asyncio
import os
import sys

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Row, Unit


def unit(sequence: int) -> Unit:
    """Make a unit whose parts all say its number: two rows every third time, and two keys."""
    rows = [Row(sequence, "entered", float(sequence), f"S{sequence}", 1, output=b"%d" % sequence)]
    if sequence % 3 == 0:
        rows.append(Row(sequence + 1, "cursor", float(sequence), f"S{sequence}"))
    last = rows[-1].sequence
    return Unit(rows, {"a": b"%d" % last, "b": b"%d" % last})


async def one(store: SqliteCheckpoints, run_id: str, rows: int, said: int) -> None:
    """Write one run, and tell each row that is acknowledged."""
    claim = await store.start(
        NewRun(run_id, "jobs", 0, "f", "{}", "S0"), unit(0), owner=Owner.here(), now=0.0
    )
    assert isinstance(claim, Claim)
    os.write(said, f"{run_id} 1\n".encode())
    sequence = claim.next
    while sequence < rows:
        written = unit(sequence)
        await store.append(claim, written)
        sequence += len(written.rows)
        os.write(said, f"{run_id} {sequence - 1}\n".encode())


async def main(path: str, name: str, runs: int, rows: int, synchronous: str) -> None:
    """Write some runs at once."""
    async with SqliteCheckpoints(path, synchronous=synchronous) as store:  # type: ignore[arg-type]
        await asyncio.gather(*(one(store, f"{name}-{number}", rows, 1) for number in range(runs)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
