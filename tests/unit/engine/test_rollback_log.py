"""Rollbacks with a log: one that is cut can be taken up at once, one that stays incomplete is dirty."""

from collections.abc import Callable
from contextlib import nullcontext
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import MemoryCheckpoints, Rollback, Workflow, compensate, state
from cano_dsl.errors import CompensationFailed, RunEnded


class Order(Enum):
    CHARGE = "charge"
    CHECK = "check"
    DONE = "done"
    REFUNDED = "refunded"


class Bank:
    """What happens when it is asked for a refund."""

    def __init__(self) -> None:
        self.trouble: Callable[[], object] | None = None
        self.refunds: list[int] = []


@state(Order.CHARGE)
async def charge() -> tuple[Literal[Order.CHECK], int]:
    return Order.CHECK, 12


@compensate(charge)
async def refund(amount: int, bank: Bank) -> None:
    if bank.trouble is not None:
        bank.trouble()
        await anyio.lowlevel.checkpoint()
    bank.refunds.append(amount)


@state(Order.CHECK)
async def check(asks: bool) -> Literal[Order.DONE] | Rollback[Literal[Order.REFUNDED]]:
    if asks:
        return Rollback(Order.REFUNDED)
    raise ValueError("no")


orders = Workflow.build(
    Order, charge, refund, check, start=Order.CHARGE, exits=(Order.DONE, Order.REFUNDED), name="orders"
)


def fails(error: BaseException) -> Callable[[], None]:
    """Give trouble that raises."""

    def trouble() -> None:
        raise error

    return trouble


def test_wanted_rollback_that_is_cut_goes_on(run_async: Callable[..., Any]) -> None:
    """R10: a cancel from outside within a wanted rollback lets it end, and leaves the run to whoever resumes it."""

    async def main() -> None:
        store, bank = MemoryCheckpoints(), Bank()
        runner = orders.configure(checkpoints=store).bind(bank=bank, asks=True)
        with anyio.CancelScope() as scope:
            bank.trouble = scope.cancel
            await runner.run("r")
        assert scope.cancelled_caught
        info = await store.info("r")
        assert (info.status, info.owner, bank.refunds) == ("unfinished", None, [12])
        assert await runner.resume("r") is Order.REFUNDED
        assert bank.refunds == [12]

    run_async(main)


@pytest.mark.parametrize("asks", [True, False])
def test_rollback_that_ends_with_the_process_goes_on(run_async: Callable[..., Any], asks: bool) -> None:
    """G3, C7a: SystemExit within a compensation ends the rollback, and the run may be taken up at once."""

    async def main() -> None:
        store, bank = MemoryCheckpoints(), Bank()
        runner = orders.configure(checkpoints=store).bind(bank=bank, asks=asks)
        bank.trouble = fails(SystemExit(3))
        with pytest.raises(SystemExit):
            await runner.run("r")
        info = await store.info("r")
        assert (info.status, info.owner) == ("unfinished", None)
        bank.trouble = None
        with nullcontext() if asks else pytest.raises(RunEnded, match="rolled_back"):
            assert await runner.resume("r") is Order.REFUNDED
        assert bank.refunds == [12]
        assert (await store.info("r")).status == ("finished" if asks else "rolled_back")

    run_async(main)


@pytest.mark.parametrize("asks", [True, False])
def test_resumed_rollback_that_stays_incomplete_is_dirty(run_async: Callable[..., Any], asks: bool) -> None:
    """G2, G3: where a resumed rollback fails too the run is dirty and says what is owed; then it is resumed again."""

    async def main() -> None:
        store, bank = MemoryCheckpoints(), Bank()
        runner = orders.configure(checkpoints=store).bind(bank=bank, asks=asks)
        bank.trouble = fails(SystemExit(3))
        with pytest.raises(SystemExit):
            await runner.run("r")
        bank.trouble = fails(OSError("closed"))
        for _ in range(2):
            with pytest.raises(CompensationFailed) as failed:
                await runner.resume("r")
            assert [one.output for one in failed.value.failures] == [12]
            assert (await store.info("r")).status == "dirty"
        bank.trouble = None
        with nullcontext() if asks else pytest.raises(RunEnded, match="rolled_back"):
            assert await runner.resume("r") is Order.REFUNDED
        assert bank.refunds == [12]

    run_async(main)
