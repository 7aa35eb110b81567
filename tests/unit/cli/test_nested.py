"""The command on workflows in states of others: their states by path, in what runs, fails and is undone."""

import json
import re

SHOP = """
from enum import Enum
from typing import Literal
from cano_dsl import Workflow, compensate, router, state
class Pay(Enum):
    CHARGE = 1
    PICK = 2
    PAID = 3
class Order(Enum):
    PAY = 1
    SHIP = 2
    DONE = 3
@state(Pay.CHARGE)
async def charge() -> tuple[Literal[Pay.PICK], int]:
    return Pay.PICK, 12
@compensate(charge)
async def refund(amount: int) -> None: ...
@router(Pay.PICK)
def pick() -> Literal[Pay.PAID]:
    {pick}
@state(Order.SHIP)
async def ship() -> Literal[Order.DONE]:
    return Order.DONE
pay = Workflow.build(Pay, charge, refund, pick, start=Pay.CHARGE, exits=(Pay.PAID,))
part = pay.as_state(Order.PAY, {{Pay.PAID: Order.SHIP}})
shop = Workflow.build(Order, part, ship, start=Order.PAY, exits=(Order.DONE,))
"""


def timeless(text):
    """Put one mark in place of each time, which differs from run to run."""
    return re.sub(r" +\d+\.\d+ m?s", " TIME", text)


def test_run_names_states_by_path(cano, write):
    """`cano run` prints the states of a sub-workflow by their path, with their kind."""
    write("shop.py", SHOP.format(pick="return Pay.PAID"))
    told = cano("run", "shop.py:shop")
    assert told.exit_code == 0
    lines = timeless(told.stdout).splitlines()
    assert lines == ["✓ PAY/CHARGE TIME", "✓ PAY/PICK TIME  router", "✓ SHIP TIME", "→ DONE TIME"]


def test_failure_names_states_by_path(cano, write):
    """A failure in a sub-workflow is told with the paths of its states, and so is what is undone."""
    write("shop.py", SHOP.format(pick='raise ValueError("no bank")'))
    told = cano("run", "shop.py:shop")
    assert told.exit_code == 2
    assert "failed in PAY/PICK\n  ValueError: no bank\n" in told.stderr
    assert "  path     PAY/CHARGE → PAY/PICK\n" in told.stderr
    lines = timeless(told.stdout).splitlines()
    assert lines[-1] == "✓ PAY/CHARGE TIME  ↩ refund"


def test_check_counts_states_within(cano, write):
    """`cano check` says how many states there are in sub-workflows."""
    write("shop.py", SHOP.format(pick="return Pay.PAID"))
    told = cano("check", "shop.py:shop")
    assert told.stdout == "Order: sound, 3 states, 2 transitions, 2 states in sub-workflows\n"


def test_graph_nests(cano, write):
    """`cano graph` draws a sub-workflow within its state, and writes it so as JSON."""
    write("shop.py", SHOP.format(pick="return Pay.PAID"))
    assert '    state "PAY" as PAY {\n' in cano("graph", "shop.py:shop").stdout
    graph = json.loads(cano("graph", "shop.py:shop", "--format", "json").stdout)
    assert [one["name"] for one in graph["states"][0]["workflow"]["states"]] == ["CHARGE", "PICK", "PAID"]
    assert graph["states"][0]["ends"] == {"PAID": "SHIP"}
