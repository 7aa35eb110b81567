"""What is public is written down, found once, documented and shown."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import cano_dsl

PACKAGE = Path(cano_dsl.__file__).parent
PACKAGES = sorted(f"cano_dsl.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py"))
PUBLIC = ("cano_dsl", "cano_dsl.errors", "cano_dsl.testing")
# Plain data of errors, shown by the errors that carry them.
FACTS = {"Branch", "BranchFailure", "Finding", "RunPlace", "Severity", "Where", "Event", "STORE_CHECKS"}


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_what_is_imported(name: str) -> None:
    """Every package has a sorted `__all__` tuple of what its `__init__` imports or defines."""
    module = importlib.import_module(name)
    assert isinstance(module.__all__, tuple)
    assert list(module.__all__) == sorted(module.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n))
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cano_dsl")
        for alias in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert set(module.__all__) >= {n for n in imported if not n.startswith("_")} - {"errors", "graph", "spec"}
    assert set(module.__all__) <= imported | defined


def checked_names() -> set[str]:
    """Give the names that type checkers see in the facade."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        str(alias.asname) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_facade_is_one_list() -> None:
    """Type checkers, `__all__`, `dir()` and the lazy loader know the same names."""
    assert checked_names() == set(cano_dsl.__all__) == set(cano_dsl._HOMES)
    assert set(cano_dsl.__all__) <= set(dir(cano_dsl))


@pytest.mark.parametrize("name", cano_dsl.__all__)
def test_facade_gives_the_object_of_its_home(name: str) -> None:
    """Each public name is the object that its own package exports."""
    home = importlib.import_module(f"cano_dsl.{cano_dsl._HOMES[name]}")
    assert name in home.__all__
    assert getattr(cano_dsl, name) is getattr(home, name)


def test_unknown_name() -> None:
    """An unknown name is an AttributeError that says so."""
    with pytest.raises(AttributeError, match="module 'cano_dsl' has no attribute 'nothing'"):
        _ = cano_dsl.nothing  # type: ignore[attr-defined]


def test_exported_once() -> None:
    """No public name is exported by two public modules."""
    seen = [name for module in PUBLIC for name in importlib.import_module(module).__all__]
    assert len(seen) == len(set(seen))


def public_objects() -> list[tuple[ModuleType, str]]:
    """Give every public name with its module."""
    modules = [importlib.import_module(name) for name in PUBLIC]
    return [(module, name) for module in modules for name in module.__all__]


@pytest.mark.parametrize(
    ("module", "name"), public_objects(), ids=lambda value: getattr(value, "__name__", value)
)
def test_documented(module: ModuleType, name: str) -> None:
    """Every public name has a docstring of its own, and an example that the doctests run."""
    value = getattr(module, name)
    if name in FACTS:
        return
    text = vars(value).get("__doc__") if isinstance(value, type) else inspect.getdoc(value)
    assert text
    assert ">>>" in text, f"{name} has no example"


HEAVY = "networkx jinja2 sqlite3 anyio asyncio trio mypy click rich msgspec"


@pytest.mark.parametrize(
    "code", ["import cano_dsl", "from cano_dsl import Workflow, state, router, Run, Waive"]
)
def test_import_is_light(code: str) -> None:
    """Importing the package, and the names that every workflow needs, loads nothing heavy."""
    program = f"{code}\nimport sys\nprint(*[name for name in '{HEAVY}'.split() if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_heavy_parts_come_when_used() -> None:
    """Networkx comes with the first build and jinja2 with the first diagram, not before."""
    program = """
import sys
from enum import Enum
from typing import Literal
from cano_dsl import Workflow, state
class Job(Enum):
    WORK = 1
    DONE = 2
@state(Job.WORK)
def work() -> Literal[Job.DONE]: ...
assert "networkx" not in sys.modules
jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
assert "networkx" in sys.modules and "jinja2" not in sys.modules
jobs.mermaid()
assert "jinja2" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
