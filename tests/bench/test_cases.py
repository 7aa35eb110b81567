"""The benchmark measures what it says."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"


@pytest.fixture(scope="module")
def cases() -> Iterator[ModuleType]:
    """Load the cases, which are a script's."""
    spec = importlib.util.spec_from_file_location("cases", BENCH / "cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases"] = module
    sys.path.insert(0, str(BENCH))
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        module.LOOP.close()
        sys.path.remove(str(BENCH))
        for name in ("cases", "saga_cases"):
            sys.modules.pop(name, None)


def test_runs_agree(cases: ModuleType) -> None:
    """Every case of running ends where its hand-written rival ends."""
    all_cases = cases.runs()
    assert len(all_cases) == 8
    for case in all_cases:
        assert case.ours() is case.rival(), case.name


def test_builds_agree(cases: ModuleType) -> None:
    """Every case of building finds as many transitions as its rival looks up."""
    for case in cases.builds():
        assert case.ours() == case.rival() > cases.STATES, case.name


def test_budgets_are_those_promised(cases: ModuleType) -> None:
    """The budgets in the benchmark are those that the README shows."""
    budgets = {case.name: case.budget or case.budget_s for case in [*cases.runs(), *cases.builds()]}
    assert budgets["transition, two resources"] == 0.8
    assert budgets["run of three states"] == 2.0
    assert budgets["build of 1000 states, annotations as text"] == 0.024
    readme = (BENCH.parents[1] / "README.md").read_text(encoding="utf-8")
    assert all(shown in readme for shown in ("| 0.8 × |", "| 2 × |", "| 24 ms |", "| 1.6 × |"))
