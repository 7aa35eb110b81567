"""The totals of several sources: two are enough, and nothing is kept silent."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cano_dsl import Joined
from cano_dsl.errors import JoinFailed

Load = Callable[[str], ModuleType]
SHOWN = """\
total('north') = 42
total('south') = 18
total('east') failed: invalid literal for int() with base 10: '?'
total('west') was not waited for
sum of 2 = 60
"""


@pytest.fixture
def example(load_example: Load) -> ModuleType:
    """Load the example."""
    return load_example("source_totals")


def test_two_are_enough(
    example: ModuleType, run_async: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    """The sum is that of the two that succeed; the slow source is cancelled and not waited for."""
    began = time.monotonic()
    assert run_async(example.workflow.run) is example.Totals.DONE
    assert time.monotonic() - began < 30
    assert capsys.readouterr().out == SHOWN


def test_all_outcomes_are_told(example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """The handler says of each branch what came of it; like any handler it can be called by itself."""
    joined = Joined(values=[1, ValueError("why"), None], marks=bytes([1, 2, 0]), name="abc".__getitem__)
    assert example.add(joined) is example.Totals.DONE
    assert capsys.readouterr().out == "a = 1\nb failed: why\nc was not waited for\nsum of 1 = 1\n"


def test_one_is_not_enough(
    example: ModuleType, run_async: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as three of four have failed the run fails, with each source that did by name."""
    broken = dict.fromkeys(("north", "south", "east"), (0.0, "?"))
    monkeypatch.setitem(vars(example), "SOURCES", {"west": (60.0, "1"), **broken})
    began = time.monotonic()
    with pytest.raises(JoinFailed, match="partial_results\\(2\\) needs 2 successes of 4 branches") as failed:
        run_async(example.workflow.run)
    assert time.monotonic() - began < 30
    assert [failure.name for failure in failed.value.errors] == [f"total('{name}')" for name in broken]
    assert [branch.name for branch in failed.value.cancelled] == ["total('west')"]


def test_script_prints_it(example: ModuleType) -> None:
    """Run as a script, it shows the sum and what is missing."""
    run = subprocess.run([sys.executable, Path(example.__file__)], capture_output=True, text=True, check=True)
    assert run.stdout == SHOWN
