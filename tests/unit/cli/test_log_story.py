"""The way of a run, as far as its rows tell."""

from enum import Enum
from typing import Literal

import anyio
import pytest

from cano_dsl import MemoryCheckpoints, Rollback, Workflow, compensate, state
from cano_dsl.cli._log_story import trail_of


class Buy(Enum):
    CHARGE = "charge"
    SHIP = "ship"
    REFUNDED = "refunded"
    DONE = "done"


@state(Buy.CHARGE)
def charge() -> tuple[Literal[Buy.SHIP], int]:
    return Buy.SHIP, 12


@compensate(charge)
def refund(amount: int) -> None: ...


@state(Buy.SHIP)
def ship(sold_out: bool) -> Literal[Buy.DONE] | Rollback[Literal[Buy.REFUNDED]]:
    return Rollback(Buy.REFUNDED) if sold_out else Buy.DONE


@pytest.mark.parametrize(("sold_out", "end"), [(True, "REFUNDED"), (False, "DONE")])
def test_way_over_a_rollback(sold_out: bool, end: str) -> None:
    """A rollback that a handler asked for is a step of the way, and the state that asked is left."""
    buy = Workflow.build(
        Buy, charge, refund, ship, start=Buy.CHARGE, exits=(Buy.DONE, Buy.REFUNDED), failed=(Buy.REFUNDED,)
    )

    async def main() -> None:
        store = MemoryCheckpoints()
        await buy.configure(checkpoints=store).bind(sold_out=sold_out).run("r")
        trail = trail_of(await store.load("r"), buy.graph)
        assert trail.steps == {("CHARGE", "SHIP", False): 1, ("SHIP", end, False): 1}
        assert trail.passed == {"CHARGE", "SHIP", end}
        marks = [line for line in buy.mermaid().splitlines() if "rollback" in line]
        assert len(marks) == 1

    anyio.run(main)
