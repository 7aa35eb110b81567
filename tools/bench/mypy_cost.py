"""Print what the mypy plugin costs: mypy with it beside mypy without, as a ratio, with the budget.

    python tools/bench/mypy_cost.py                 a table
    python tools/bench/mypy_cost.py --turns 9       more pairs of runs
    python tools/bench/mypy_cost.py --strict        exit code 1 if a budget is missed

The program is made for the purpose: modules with a workflow each. Times are those of the processor, which a
busy machine changes least; runs with and without take turns, and a row shows the medians. Cold starts with no
cache, warm with the one of the run before. A large workflow is checked anew each time, with the cache of the
library alone.
"""

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

MODULES, STATES = 60, 40
LARGE = 400
RATIO, ADDED_S = 1.15, 0.5
MYPY = (sys.executable, "-m", "mypy")
SETTINGS = {
    "with": "[mypy]\nstrict = True\nplugins = cano_dsl.mypy_plugin\n",
    "without": "[mypy]\nstrict = True\n",
}


class Row(NamedTuple):
    """One measurement in seconds, with its budget in words and whether it is kept."""

    name: str
    plugged: float
    bare: float
    budget: str
    kept: bool


def module(states: int) -> Iterator[str]:
    """Write a module: an Enum, a handler for each state but the last, the workflow, and a run of it."""
    yield "from enum import Enum, auto"
    yield "from typing import Literal"
    yield "from cano_dsl import Workflow, state"
    yield "class Store: ...\nclass Mailer: ...\nclass Job(Enum):"
    yield from (f"    S{index} = auto()" for index in range(states + 1))
    for index in range(states):
        back = max(0, index - 3)
        yield f"@state(Job.S{index})"
        yield f"async def s{index}(store: Store, mailer: Mailer) -> Literal[Job.S{index + 1}, Job.S{back}]:"
        yield f"    return Job.S{index + 1}"
    handlers = ", ".join(f"s{index}" for index in range(states))
    yield f"jobs = Workflow.build(Job, {handlers}, start=Job.S0, exits=(Job.S{states},))"
    yield "async def main() -> None:"
    yield "    await jobs.run(store=Store(), mailer=Mailer())"


def write(folder: Path) -> None:
    """Write the programs and the two configurations."""
    package = folder / "many"
    package.mkdir()
    (package / "__init__.py").touch()
    text = "\n".join(module(STATES)) + "\n"
    for index in range(MODULES):
        (package / f"flow_{index}.py").write_text(text, encoding="utf-8")
    (folder / "large.py").write_text("\n".join(module(LARGE)) + "\n", encoding="utf-8")
    (folder / "library.py").write_text("import enum, typing, cano_dsl\n", encoding="utf-8")
    for name, settings in SETTINGS.items():
        (folder / f"{name}.ini").write_text(settings, encoding="utf-8")


def used() -> float:
    """Give the processor's time of all processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(folder: Path, which: str, target: str) -> float:
    """Time one run of mypy, which has to find nothing."""
    command = [*MYPY, "--config-file", f"{which}.ini", "--cache-dir", f".cache-{which}", target]
    began = used()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    took = used() - began
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return took


def paired(turns: int, run: Callable[[str], float]) -> tuple[float, float]:
    """Let both take turns, each first as often as the other; give their medians."""
    times: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(turns):
        for which in ("with", "without") if turn % 2 else ("without", "with"):
            times[which].append(run(which))
    return statistics.median(times["with"]), statistics.median(times["without"])


def measure(folder: Path, turns: int) -> Iterator[Row]:
    """Give the rows one after the other."""

    def cold(which: str) -> float:
        shutil.rmtree(folder / f".cache-{which}", ignore_errors=True)
        return seconds(folder, which, "many")

    def large(which: str) -> float:
        cache, kept = folder / f".cache-{which}", folder / f".library-{which}"
        if not kept.exists():
            shutil.rmtree(cache, ignore_errors=True)
            seconds(folder, which, "library.py")
            shutil.copytree(cache, kept)
        shutil.rmtree(cache)
        shutil.copytree(kept, cache)
        return seconds(folder, which, "large.py")

    shown = f"{MODULES} modules of {STATES} states"
    for name, run in (
        (f"{shown}, cold", cold),
        (f"{shown}, warm", lambda which: seconds(folder, which, "many")),
    ):
        plugged, bare = paired(turns, run)
        yield Row(name, plugged, bare, f"<= {RATIO} x", plugged <= RATIO * bare)
    plugged, bare = paired(turns, large)
    name = f"a workflow of {LARGE} states, checked anew"
    yield Row(name, plugged, bare, f"< {ADDED_S} s more", plugged - bare < ADDED_S)


def main() -> int:
    """Measure and print; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=5, help="pairs of runs for each row")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a budget is missed")
    options = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        print(f"{'':<40} {'with':>8} {'without':>8} {'ratio':>6} {'more':>8}  budget")
        for row in measure(folder, options.turns):
            ratio, more = row.plugged / row.bare, row.plugged - row.bare
            figures = f"{row.plugged:7.2f}s {row.bare:7.2f}s {ratio:6.2f} {more:+7.2f}s"
            print(f"{row.name:<40} {figures}  {row.budget}{'' if row.kept else '  MISSED'}", flush=True)
            kept = kept and row.kept
    return 1 if options.strict and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
