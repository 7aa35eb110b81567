"""O3: what a rollback looks like in the log."""

import logging
from enum import Enum
from typing import Literal

import pytest

from cano_dsl import LogObserver, Workflow, compensate, state
from cano_dsl.errors import CompensationFailed


class Order(Enum):
    RESERVE = 1
    CHARGE = 2
    SHIP = 3
    DONE = 4


def test_rollback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each compensation is logged as it starts and as it ends, with the output; one that fails at ERROR."""

    @state(Order.RESERVE)
    def reserve() -> tuple[Literal[Order.CHARGE], str]:
        return Order.CHARGE, "tea"

    @state(Order.CHARGE)
    def charge() -> tuple[Literal[Order.SHIP], int]:
        return Order.SHIP, 12

    @state(Order.SHIP)
    def ship() -> Literal[Order.DONE]:
        raise OSError("no lorry")

    @compensate(reserve)
    def release(what: str) -> None: ...

    @compensate(charge)
    def refund(amount: int) -> None:
        raise ValueError("closed")

    parts = (reserve, charge, ship, release, refund)
    built = Workflow.build(Order, *parts, start=Order.RESERVE, exits=(Order.DONE,))
    built = built.configure(observers=[LogObserver()])
    with caplog.at_level(logging.INFO, logger="cano_dsl.runs"), pytest.raises(CompensationFailed):
        built.run_sync()
    lines = [
        (record.levelname, record.state, record.getMessage().partition(": ")[2])  # type: ignore[attr-defined]
        for record in caplog.records
    ]
    assert lines[-6:-1] == [
        ("WARNING", "SHIP", "attempt 1 at Order.SHIP raised OSError: no lorry"),
        ("INFO", "CHARGE", "undoing Order.CHARGE: 12"),
        ("ERROR", "CHARGE", "could not undo Order.CHARGE: 12: ValueError: closed"),
        ("INFO", "RESERVE", "undoing Order.RESERVE: 'tea'"),
        ("INFO", "RESERVE", "undid Order.RESERVE: 'tea'"),
    ]
    assert lines[-1][:2] == ("ERROR", "SHIP")
    assert lines[-1][2].startswith(
        "failed: CompensationFailed: workflow 'Order' failed and 1 output is not undone"
    )
