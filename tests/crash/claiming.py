"""A program that takes runs over, all that it is told to, and says which it got.

claiming.py FILE: reads a run's id from each line of its input
"""

import asyncio
import sys

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Owner, Row, Unit
from cano_dsl.errors import RunConflict


async def main(path: str) -> None:
    """Take each run that is named."""
    me = Owner.here()
    async with SqliteCheckpoints(path) as store:
        await store.runs()
        print("ready", flush=True)  # noqa: T201 - read by the test
        for line in sys.stdin:
            try:
                claim = await store.claim(
                    line.strip(), Unit([Row(1, "resumed", 0.0, "A")]), owner=me, now=0.0
                )
                await store.append(claim, Unit([Row(2, "entered", 0.0, "B")], {"who": me.mark.encode()}))
                print("mine", flush=True)  # noqa: T201 - read by the test
            except RunConflict as error:
                print(error.reason, flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
