"""The benchmark of checkpoint stores measures what it says."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """Load the script afresh."""
    spec = importlib.util.spec_from_file_location("checkpoint_cases", BENCH / "checkpoint_cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    kept = list(sys.path)
    sys.modules["checkpoint_cases"] = module
    sys.path.insert(0, str(BENCH))
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        module.LOOP.close()
        sys.path[:] = kept
        for name in ("checkpoint_cases", "cases", "saga_cases"):
            sys.modules.pop(name, None)


def test_cases_agree(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case writes or reads as many rows as its rival, and has the budget that is promised."""
    monkeypatch.setattr(module, "LONG", 300)
    with module.bench() as bench:
        cases = module.stores(bench)
        assert [case.ours() for case in cases] == [case.rival() for case in cases] == [200, 1000, 300]
    assert [(case.budget, case.budget_s) for case in cases] == [(2.0, None), (0.2, None), (None, 0.05)]


def test_space_is_that_of_the_rows(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The space of a row is more than what it holds and within the budget."""
    monkeypatch.setattr(module, "RUNS", 10)
    monkeypatch.setattr(module, "SIZED", 1000)
    sizes = module.space()
    assert list(sizes) == ["one run", "100 runs at once"]
    assert all(module.VALUE + len(module.STATE) < size <= 200 for size in sizes.values())
