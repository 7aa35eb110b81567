"""The order that survives being killed: what it does outside, and what it takes back."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cano_dsl.testing import crash_points

Load = Callable[[str], ModuleType]
EFFECTS = ["charge-order-1-2", "reserve-order-1-0", "ship-order-1-3"]


@pytest.fixture
def example(load_example: Load) -> ModuleType:
    """Load the example."""
    return load_example("order_recovery")


def test_order_is_done(example: ModuleType, tmp_path: Path) -> None:
    """The order is shipped with the cheapest carrier, each effect is one file, and placing it again does nothing."""
    assert asyncio.run(example.place(tmp_path)) is example.Order.DONE
    outside = example.Outside(tmp_path / "outside")
    assert outside.effects() == EFFECTS
    assert '"amount": 24' in (tmp_path / "outside" / "charge-order-1-2.json").read_text(encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "outside").iterdir()}
    assert asyncio.run(example.place(tmp_path)) is example.Order.DONE
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "outside").iterdir()} == before


def test_order_is_rejected(example: ModuleType, tmp_path: Path) -> None:
    """A card with too low a limit gets nothing charged, and the goods go back on the shelf."""
    assert asyncio.run(example.place(tmp_path, example.Basket(limit=5))) is example.Order.REJECTED
    assert example.Outside(tmp_path / "outside").effects() == []


@pytest.mark.parametrize("limit", [100, 5])
def test_killed_at_every_row(example: ModuleType, tmp_path: Path, limit: int) -> None:
    """Killed before or after any row and resumed, the order ends the same, with each effect done once."""

    async def main() -> int:
        count = 0
        for count, store in enumerate(crash_points()):
            outside: Any = example.Outside(tmp_path / str(count), pause=0)
            runner = example.orders.configure(checkpoints=store).bind(outside=outside)
            with store.crashes():
                await runner.run("order-1", data=example.Basket(limit=limit))
            if not store.is_started:
                continue
            end = await runner.resume("order-1")
            assert end is (example.Order.DONE if limit == 100 else example.Order.REJECTED)
            done = [name.rpartition("-")[0] for name in outside.effects()]
            assert done == (["charge-order-1", "reserve-order-1", "ship-order-1"] if limit == 100 else [])
            basket = store.codec.decode("data", (await store.load("order-1")).data["data"], example.Basket)
            assert basket.steps == (["reserved", "charged", "shipped"] if limit == 100 else ["reserved"])
        return count

    assert asyncio.run(main()) == (10 if limit == 100 else 12)


def test_script(example: ModuleType, tmp_path: Path) -> None:
    """As a script it places the order in the folder that is named, and says how it ended."""
    script = [sys.executable, str(example.__file__)]
    done = subprocess.run([*script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["DONE", *EFFECTS]
    assert subprocess.run(script, capture_output=True, text=True, check=False).returncode == 1
