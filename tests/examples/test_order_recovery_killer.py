"""The companion that kills the order until it is done."""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Load = Callable[[str], ModuleType]


@pytest.mark.skipif(sys.platform == "win32", reason="a kill is told from an end by its signal")
@pytest.mark.parametrize("limit", [pytest.param(100), pytest.param(5, marks=pytest.mark.soak)])
def test_killed_until_done(load_example: Load, tmp_path: Path, limit: int) -> None:
    """Killed at random moments and started again, the order ends right, and everything is done exactly once."""
    killer = load_example("order_recovery_killer")
    kills, said = killer.kill_until_done([str(tmp_path), str(limit)], random.Random(3), 0.8)
    assert kills
    end, *effects = said.split()
    assert end == ("DONE" if limit == 100 else "REJECTED")
    assert [name.rpartition("-")[0] for name in effects] == (
        ["charge-order-1", "reserve-order-1", "ship-order-1"] if limit == 100 else []
    )
    if effects:
        charged = json.loads((tmp_path / "outside" / f"{effects[0]}.json").read_text(encoding="utf-8"))
        assert charged == {"what": "charge", "amount": 24}


def test_wrong_use(load_example: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder it says how it is used."""
    killer = load_example("order_recovery_killer")
    monkeypatch.setattr(sys, "argv", ["killer"])
    with pytest.raises(SystemExit, match="usage"):
        killer.main()


def test_order_that_fails_by_itself(load_example: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that ends with an error and not by a kill ends the killing."""
    killer = load_example("order_recovery_killer")
    monkeypatch.setattr(killer.time, "sleep", lambda _: None)
    monkeypatch.setattr(killer.subprocess.Popen, "kill", lambda _: None)
    with pytest.raises(SystemExit, match="failed by itself, with exit code 1"):
        killer.kill_until_done([], random.Random(3), 1.0)
