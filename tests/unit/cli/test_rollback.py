"""`cano run` of a saga: the rollback as it happens, and what is owed."""

import re

import pytest

from cano_dsl.cli._failure import _owed

SAGA = """
from enum import Enum
from typing import Literal
from cano_dsl import Workflow, compensate, state
class Order(Enum):
    RESERVE = 1
    CHARGE = 2
    SHIP = 3
    DONE = 4
@state(Order.RESERVE)
async def reserve() -> tuple[Literal[Order.CHARGE], str]:
    return Order.CHARGE, "tea"
@state(Order.CHARGE)
def charge() -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 12
@state(Order.SHIP)
async def ship() -> Literal[Order.DONE]:
    {ship}
@compensate(reserve)
async def release(what: str) -> None: ...
@compensate(charge)
def refund(amount: int) -> None:
    {refund}
parts = (reserve, charge, ship, release, refund)
flow = Workflow.build(Order, *parts, start=Order.RESERVE, exits=(Order.DONE,))
"""


def timeless(text):
    """Put one mark in place of each time, which differs from run to run."""
    return re.sub(r" +\d+\.\d+ m?s", " TIME", text)


def test_rollback_is_printed(cano, write):
    """Each compensation is a line with the state, its time and its name, the last state first; exit code 2."""
    write("flow.py", SAGA.format(ship="raise OSError('no lorry')", refund="..."))
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert timeless(result.stdout).splitlines() == [
        "✓ RESERVE TIME",
        "✓ CHARGE TIME",
        "✗ SHIP TIME",
        "✓ CHARGE TIME  ↩ refund",
        "✓ RESERVE TIME  ↩ release",
    ]
    assert result.stderr.startswith("failed in SHIP\n  OSError: no lorry\n  raised   flow.py:")
    assert "not undone" not in result.stderr


def test_incomplete_rollback_is_printed(cano, write):
    """A compensation that fails is marked, and the block says what is owed, after why the run failed."""
    path = write(
        "flow.py", SAGA.format(ship="raise OSError('no lorry')", refund="raise ValueError('closed')")
    )
    line = path.read_text(encoding="utf-8").splitlines().index("@compensate(charge)") + 1
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert timeless(result.stdout).endswith("✗ CHARGE TIME  ↩ refund\n✓ RESERVE TIME  ↩ release\n")
    assert result.stderr.startswith("failed in SHIP\n  OSError: no lorry\n  raised   flow.py:")
    assert result.stderr.endswith(
        "  not undone, set right by hand:\n"
        f"    Order.CHARGE: refund(12) failed: ValueError: closed (flow.py:{line})\n"
        "  --traceback shows all of it\n"
    )


def test_exit_of_a_handler_is_undone(cano, write):
    """A handler that calls sys.exit is undone too, and told as before."""
    write("flow.py", SAGA.format(ship="raise SystemExit(3)", refund="..."))
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert timeless(result.stdout).endswith("✓ CHARGE TIME  ↩ refund\n✓ RESERVE TIME  ↩ release\n")
    assert "a handler called sys.exit(3)\n" in result.stderr


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()])
def test_other_errors_owe_nothing(error):
    """Only an incomplete rollback has something to set right."""
    assert _owed(error) == []


ASKING = SAGA.replace(
    "-> Literal[Order.DONE]:", "-> Literal[Order.DONE] | Rollback[Literal[Order.RESERVE, Order.DONE]]:"
).replace("import Workflow", "import Rollback, Workflow")


def test_rollback_that_is_asked_for_is_printed(cano, write):
    """A state that asks for a rollback is one that ended well; its compensations follow, then the exit; code 0."""
    write("flow.py", ASKING.format(ship="return Rollback(Order.DONE)", refund="..."))
    result = cano("run", "flow.py")
    assert result.exit_code == 0
    assert timeless(result.stdout).splitlines() == [
        "✓ RESERVE TIME",
        "✓ CHARGE TIME",
        "✓ SHIP TIME",
        "✓ CHARGE TIME  ↩ refund",
        "✓ RESERVE TIME  ↩ release",
        "→ DONE TIME",
    ]


def test_incomplete_rollback_that_is_asked_for(cano, write):
    """Where it is not complete the block says so once, with what is owed."""
    path = write(
        "flow.py", ASKING.format(ship="return Rollback(Order.DONE)", refund="raise ValueError('shut')")
    )
    line = path.read_text(encoding="utf-8").splitlines().index("@compensate(charge)") + 1
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "failed in SHIP\n  it asked for a rollback, which is not complete\n  handler "
    )
    assert result.stderr.count("refund(12)") == 1
    assert f"    Order.CHARGE: refund(12) failed: ValueError: shut (flow.py:{line})\n" in result.stderr


def test_undeclared_rollback_is_printed(cano, write):
    """A rollback that is not declared is marked at its state, and told."""
    write("flow.py", ASKING.format(ship="return Rollback(Order.CHARGE)", refund="..."))
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert "✗ SHIP TIME" in timeless(result.stdout)
    assert "returned Rollback(Order.CHARGE), but declares Order.DONE, Rollback(Order.RESERVE)" in " ".join(
        result.stderr.split()
    )


def test_graph_and_check_know_rollbacks(cano, write):
    """`cano graph` draws rollbacks in both forms, and `cano check` counts them."""
    write("flow.py", ASKING.format(ship="return Order.DONE", refund="..."))
    assert "SHIP --> RESERVE : ↩ rollback" in cano("graph", "flow.py").stdout
    assert '"rollback": true' in cano("graph", "flow.py", "--format", "json").stdout
    assert "4 states, 5 transitions" in cano("check", "flow.py").stdout
