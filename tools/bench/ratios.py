"""Print every case beside its hand-written rival, as a ratio, with the budget.

    python tools/bench/ratios.py              a table
    python tools/bench/ratios.py --strict     exit code 1 if a budget is missed
    python tools/bench/ratios.py -o out.json  the figures too

Case and rival take turns in one process, so that what else the machine does hits both; the ratio is that of
their medians, and `best` that of their minima. pytest-benchmark shows the same cases one by one:

    python -m pytest -c tools/bench/pytest.ini tools/bench
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import Case, builds, policies, runs, splits
from durable_cases import durables

FIRST_BUILD = """
from enum import Enum
from typing import Literal
from cano_dsl import Workflow, state
class Job(Enum):
    WORK = 1
    DONE = 2
@state(Job.WORK)
def work() -> Literal[Job.DONE]: ...
Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
"""
IMPORT = "from cano_dsl import Workflow, state"


def seconds(call: Callable[[], Any]) -> float:
    """Time one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def peak(call: Callable[[], Any]) -> float:
    """Give the most bytes that one call takes at once, besides those taken before it."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def measure(case: Case, turns: int) -> dict[str, Any]:
    """Let case and rival take turns; give the seconds or bytes of one of the thing, and the ratios."""
    gauge = peak if case.memory else seconds
    turns = min(turns, 3) if case.memory else turns  # memory hardly differs from turn to turn
    gauge(case.ours), gauge(case.rival)
    pairs = [(gauge(case.ours) / case.per, gauge(case.rival) / case.per) for _ in range(turns)]
    row = _row(case.name, pairs, case.budget, case.budget_s, case.budget_more_s)
    return {**row, "memory": case.memory}


def _row(
    name: str,
    pairs: list[tuple[float, float]],
    budget: float | None,
    budget_s: float | None,
    more_s: float | None = None,
) -> dict[str, Any]:
    ours, rival = zip(*pairs, strict=True)
    ratio = statistics.median(ours) / statistics.median(rival)
    more = min(ours) - min(
        rival
    )  # of nanoseconds or a few microseconds, which whatever else the machine does would hide
    missed = (
        (budget is not None and ratio > budget)
        or (budget_s is not None and statistics.median(ours) > budget_s)
        or (more_s is not None and more > more_s)
    )
    return {
        "name": name,
        "ours": statistics.median(ours),
        "rival": statistics.median(rival),
        "ratio": ratio,
        "best": min(ours) / min(rival),
        "budget": budget,
        "budget_s": budget_s,
        "budget_more_s": more_s,
        "missed": missed,
    }


def started(code: str) -> float:
    """Time a fresh interpreter that runs some code, compiled before as it is where it is installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True, env=environment))


def imports(turns: int) -> list[dict[str, Any]]:
    """Time what an import adds to the start of an interpreter, beside what asyncio adds."""
    rows = []
    for name, code, budget in (("import", IMPORT, 1.6), ("import and first build", FIRST_BUILD, None)):
        pairs = []
        for _ in range(turns):
            bare, ours, rival = started("pass"), started(code), started("import asyncio")
            pairs.append((max(ours - bare, 1e-9), max(rival - bare, 1e-9)))
        rows.append(_row(name, pairs, budget, None))
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows for reading."""
    lines = [f"{'what':<42}{'ours':>12}{'by hand':>12}{'ratio':>8}{'best':>8}{'budget':>10}"]
    for row in rows:
        budget = f"{row['budget']:g} x" if row["budget"] else ""
        budget = f"{row['budget_s'] * 1000:g} ms" if row["budget_s"] else budget
        budget = f"+{time_text(row['budget_more_s'])}" if row["budget_more_s"] else budget
        mark = "  MISSED" if row["missed"] else ""
        shown = size_text if row.get("memory") else time_text
        times = f"{shown(row['ours']):>12}{shown(row['rival']):>12}"
        lines.append(f"{row['name']:<42}{times}{row['ratio']:>8.2f}{row['best']:>8.2f}{budget:>10}{mark}")
    return "\n".join(lines)


def time_text(value: float) -> str:
    """Write seconds in a unit that fits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.2f} {unit}"
    return f"{value * 1e9:.0f} ns"


def size_text(value: float) -> str:
    """Write bytes."""
    return f"{value / 1000:,.0f} kB"


def main() -> int:
    """Measure, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--strict", action="store_true", help="fail if a budget is missed")
    parser.add_argument("--turns", type=int, default=30, help="how often each case is measured")
    parser.add_argument("-o", "--output", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    rows = [
        measure(case, options.turns) for case in [*runs(), *policies(), *splits(), *builds(), *durables()]
    ]
    rows += imports(max(3, options.turns // 3))
    print(table(rows))
    if options.output is not None:
        options.output.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    return 1 if options.strict and any(row["missed"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
