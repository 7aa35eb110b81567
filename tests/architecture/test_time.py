"""Time has one seam: the clock that a workflow was given."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "cano_dsl"
# `scope` is the seam and `testing` another clock; a store waits for the disk and for other processes, and the
# command shows people how long something took: both are about real time.
HOMES = {"scope", "testing", "checkpoint", "cli"}
# The lease of a run is read by other processes, which go by the wall clock.
REAL = {"engine/_keeper.py", "engine/_logged.py", "engine/_saved.py"}
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in HOMES and str(path.relative_to(PACKAGE)) not in REAL
]
CLOCKS = {"time", "sched"}
ASKS = {
    *("monotonic", "perf_counter", "utcnow", "sleep", "sleep_until", "current_time", "Timer", "CancelScope"),
    *(
        "move_on_after",
        "move_on_at",
        "fail_after",
        "fail_at",
        "call_later",
        "call_at",
        "timeout_at",
        "wait_for",
    ),
}
READS = {"now", "time", "today"}  # as attributes they may be fields of something


def last_name(node: ast.expr) -> str:
    """Give the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def asked_elsewhere(source: str) -> Iterator[str]:
    """Give each place of a module that asks for time, or waits, other than by a clock."""
    nodes = list(ast.walk(ast.parse(source)))
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names if alias.name in CLOCKS]
        elif isinstance(node, ast.ImportFrom):
            asked = node.module in CLOCKS
            found = [alias.name for alias in node.names if asked or alias.name in ASKS]
        elif isinstance(node, ast.Attribute) and (
            node.attr in ASKS or (node.attr in READS and node in called)
        ):
            found = [node.attr] if last_name(node.value).strip("_") != "clock" else []
        yield from (f"line {getattr(node, 'lineno', 0)}: {name}" for name in found)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_time_comes_from_the_clock(path: Path) -> None:
    """No module but the homes of clocks asks anything but a clock for time, or lets it pass."""
    assert list(asked_elsewhere(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import time as t",
        "from time import sleep",
        "from anyio import move_on_after",
        "anyio.sleep(5)",
        "asyncio.get_running_loop().time()",
        "loop.call_later(5, f)",
        "datetime.now(UTC)",
        "threading.Timer(5, f)",
        "with trio.fail_after(5): pass",
    ],
)
def test_what_asks_elsewhere_is_found(line: str) -> None:
    """Whatever reads another clock, or waits by one, is found."""
    assert len(list(asked_elsewhere(line))) == 1


def test_clock_is_allowed() -> None:
    """What asks a clock is not found, however the clock is held."""
    program = (
        "clock.monotonic()\nself._clock.scope(5)\nplan.clock.now()\nsteady = clock.steady\nself.now, row.time"
    )
    assert list(asked_elsewhere(program)) == []


def test_modules_were_read() -> None:
    """The engine is among what is read."""
    assert {"engine", "plan", "resources"} <= {path.parent.name for path in MODULES}
