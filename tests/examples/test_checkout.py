"""The checkout: where each payment leads, what error edges take, and what a late failure gives back."""

import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cano_dsl.errors import HandlerFailed
from cano_dsl.testing import Recorder


@pytest.fixture
def example(load_example: Callable[[str], ModuleType]) -> ModuleType:
    """Load the example."""
    return load_example("checkout")


Go = Callable[..., tuple[Any, Any, Recorder]]


@pytest.fixture
def go(example: ModuleType, run_async: Callable[..., Any]) -> Go:
    """Give a function that runs a checkout, and gives its end, the bank, and what was observed."""

    def go(*, basket: int = 100, duty: int = 10, vans: int = 1, **bank: int) -> tuple[Any, Any, Recorder]:
        recorder, own = Recorder(), example.Bank(**{"balance": 1000, "busy": 0, **bank})
        runner = example.checkout.configure(observers=[recorder]).bind(
            basket=example.Bill(basket), duty=example.Bill(duty), bank=own, courier=example.Courier(vans)
        )
        try:
            end = run_async(lambda: runner.run("c")).name
        except HandlerFailed as error:
            end = error
        return end, own, recorder

    return go


@pytest.mark.parametrize(
    ("case", "end", "book"),
    [
        ({}, "SHIPPED", ["c/1: -100", "c/3: -10"]),
        ({"duty": 0}, "SHIPPED", ["c/1: -100"]),
        ({"busy": 2}, "SHIPPED", ["c/1: -100", "c/3: -10"]),
        ({"busy": 3}, "LATER", []),
        ({"basket": 1001}, "DECLINED", []),
        ({"duty": 901}, "HELD", ["c/1: -100"]),
    ],
    ids=["shipped", "no duty", "busy for a while", "bank closed", "declined", "held"],
)
def test_ends(go: Go, case: dict[str, int], end: str, book: list[str]) -> None:
    """Each case ends where the docstring says, with just these payments, each under a key of its own."""
    reached, bank, _ = go(**case)
    assert (reached, bank.book) == (end, book)


def test_no_courier_gives_both_payments_back(go: Go) -> None:
    """Both payments, which ended well, are given back when the checkout fails later, the last first."""
    error, bank, recorder = go(vans=0)
    assert isinstance(error, HandlerFailed)
    assert error.at.steps == ("DUTY/AUTHORISE", "DUTY/CAPTURE", "SHIP")
    assert bank.balance == 1000
    assert bank.book[2:] == ["c/3/refund: +10", "c/1/refund: +100"]
    assert recorder.names().count("compensation_done") == 2


def test_command_names_states_by_path(example: ModuleType) -> None:
    """The command prints the states of both payments by their paths."""
    code = "import sys; from cano_dsl.cli import main; sys.argv[0] = 'cano'; main()"
    command = [sys.executable, "-c", code, "run", str(example.__file__)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = [line.split()[1] for line in said.splitlines()]
    assert names == [
        "PAY/AUTHORISE",
        "PAY/AUTHORISE",
        "PAY/CAPTURE",
        "CUSTOMS",
        "DUTY/AUTHORISE",
        "DUTY/CAPTURE",
        "SHIP",
        "SHIPPED",
    ]


def test_script_says_how_it_ended(example: ModuleType) -> None:
    """Run as a script, it says that the parcel is on its way."""
    command = [sys.executable, str(example.__file__)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "The parcel is on its way\n"
