"""Add up several sources at once: two of four are enough, and what became of the others is said.

    cano run examples/source_totals.py

READ ∥ → ADD → DONE: of the four branches of READ two succeed, one fails, and one is not waited for.
"""

from enum import Enum, auto
from typing import Literal

import anyio

from cano_dsl import Join, Joined, Workflow, split, state

SOURCES = {  # after how many seconds each answers, and what
    "north": (0.02, "12 30"),
    "south": (0.01, "7 11"),
    "east": (0.0, "5 ?"),
    "west": (60.0, "100"),
}


class Totals(Enum):
    """The states of the workflow."""

    READ = auto()
    ADD = auto()
    DONE = auto()


@split(Totals.READ, over=SOURCES, join=Join.partial_results(2), to=Totals.ADD)
async def total(source: str) -> int:
    """Add up one source."""
    seconds, numbers = SOURCES[source]
    await anyio.sleep(seconds)
    return sum(map(int, numbers.split()))


@state(Totals.ADD)
def add(totals: Joined[int]) -> Literal[Totals.DONE]:
    """Print the sum, and what came of each branch."""
    for success in totals.successes:
        print(f"{success.name} = {success.value}")
    for failure in totals.errors:
        print(f"{failure.name} failed: {failure.error}")
    for branch in totals.cancelled:
        print(f"{branch.name} was not waited for")
    print(f"sum of {len(totals.values)} = {sum(totals.values)}")
    return Totals.DONE


workflow = Workflow.build(Totals, total, add, start=Totals.READ, exits=(Totals.DONE,))

if __name__ == "__main__":
    workflow.run_sync()
