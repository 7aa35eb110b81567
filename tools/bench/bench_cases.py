"""The cases under pytest-benchmark, each in a group with its rival.

python -m pytest -c tools/bench/pytest.ini tools/bench
"""

from typing import Any

import pytest
from cases import Case, builds, policies, runs, splits
from durable_cases import durables

CASES = [case for case in (*runs(), *policies(), *splits(), *builds(), *durables()) if not case.memory]


@pytest.mark.parametrize("side", ["ours", "rival"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def bench_case(benchmark: Any, case: Case, side: str) -> None:
    """Time one side of a case."""
    benchmark.group = case.name
    benchmark.extra_info["per"] = case.per
    benchmark(case.ours if side == "ours" else case.rival)
