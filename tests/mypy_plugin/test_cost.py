"""What is measured of the plugin is the plugin at work."""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "bench" / "mypy_cost.py"

Said = Mapping[str, list[tuple[int, str, str]]]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script."""
    spec = importlib.util.spec_from_file_location("mypy_cost", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_program_is_sound_and_checked(
    script: ModuleType, run_mypy: Callable[..., Said], tmp_path: Path
) -> None:
    """The program that is measured has no finding, and one as soon as a handler is left out."""
    text = "\n".join(script.module(5)) + "\n"
    (tmp_path / "sound.py").write_text(text, encoding="utf-8")
    (tmp_path / "broken.py").write_text(text.replace("s3, s4,", "s4,"), encoding="utf-8")
    said = run_mypy(tmp_path, tmp_path, "sound.py", "broken.py")
    assert said.keys() == {"broken.py"}
    assert [text for _, kind, text in said["broken.py"] if kind == "error"] == [
        "Workflow does not handle Job.S3 (neither handled nor an exit)  [cano-exhaustive]"
    ]


def test_turns_are_fair(script: ModuleType) -> None:
    """Both are run equally often, each first as often as the other, and the medians are given."""
    order: list[str] = []
    times = {"with": iter([1.0, 9.0, 2.0, 3.0]), "without": iter([5.0, 4.0, 4.0, 0.0])}

    def run(which: str) -> float:
        order.append(which)
        return next(times[which])

    assert script.paired(4, run) == (2.5, 4.0)
    assert order == ["without", "with", "with", "without"] * 2
