"""The kept stubs are the package's public surface, and a change of it is noticed."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import cano_dsl

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> Iterator[ModuleType]:
    """Load the script afresh."""
    spec = importlib.util.spec_from_file_location("stubs_tool", ROOT / "tools" / "stubs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["stubs_tool"] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules["stubs_tool"]


@pytest.fixture
def copied(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the script work on a copy of the package and its stubs."""
    for folder in ("cano_dsl", "stubs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "STUBS", tmp_path / "stubs")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    """Change a file in one place."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_stubs_are_in_step(tool: ModuleType) -> None:
    """The kept stubs are what the package has now; `python tools/stubs.py` rewrites them."""
    assert tool.drifted() == []


def test_every_public_name_has_a_stub(tool: ModuleType) -> None:
    """The stubs hold every public name, and nothing of how a workflow is run."""
    modules = tool.surface()
    assert set(cano_dsl.__all__) <= modules["cano_dsl"].kept
    assert not [name for name in modules if name.startswith(tool.INNER)]
    assert not [
        name for name in modules if not (tool.STUBS / modules[name].path.relative_to(ROOT)).parent.exists()
    ]


def test_private_change_is_no_change(tool: ModuleType, copied: Path) -> None:
    """What nobody outside can see leaves the stubs as they are."""
    edit(copied / "cano_dsl" / "resources" / "_store.py", "def _find(self, key", "def _look(self, key")
    edit(copied / "cano_dsl" / "workflow" / "_workflow.py", "Hold resources for many runs.", "Hold.")
    assert tool.drifted() == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("resources/_store.py", "def keys(self) -> tuple[str, ...]", "def keys(self) -> list[str]"),
        ("workflow/_workflow.py", "        waive: Iterable[Waive] = (),\n", ""),
        ("workflow/_workflow.py", "def mermaid(self)", "async def mermaid(self)"),
        ("workflow/_runner.py", "@final\n", ""),
        ("spec/_run.py", "total: float | None = None", "total: float = 1.0"),
        ("errors/_root.py", "self.field = field", "self.name = field"),
    ],
)
def test_change_of_the_api_is_noticed(tool: ModuleType, copied: Path, file: str, old: str, new: str) -> None:
    """A change of a signature, an attribute or a class makes exactly its own stub drift."""
    edit(copied / "cano_dsl" / file, old, new)
    assert tool.drifted() == [(copied / "stubs" / "cano_dsl" / file).with_suffix(".pyi")]


def test_stale_and_missing_stubs_are_noticed(tool: ModuleType, copied: Path) -> None:
    """A stub without its module, and a module without its stub, have drifted."""
    missing, stale = copied / "stubs" / "cano_dsl" / "spec" / "_run.pyi", copied / "stubs" / "gone.pyi"
    missing.rename(stale)
    assert tool.drifted() == [missing, stale]


def test_stubtest_compares_with_the_package(
    tool: ModuleType, copied: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A stub that says what is not so at run time is found by stubtest, whoever wrote it."""
    edit(
        copied / "stubs" / "cano_dsl" / "resources" / "_store.pyi",
        "def clear(self)",
        "def clear(self, key: str)",
    )
    assert tool.tested() == 1
    assert "MemoryStore.clear" in capfd.readouterr().out
