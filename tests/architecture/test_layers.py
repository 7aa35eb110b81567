"""The shape of the code is a rule."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cano_dsl"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40


def parsed(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Give each module that a file imports of this package, with the line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cano_dsl"):
            yield str(node.module), node.lineno
        elif isinstance(node, ast.Import):
            yield from (
                (alias.name, node.lineno) for alias in node.names if alias.name.startswith("cano_dsl")
            )


def test_contracts_hold() -> None:
    """import-linter finds every layer and every dependency's one home kept."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_imports_go_through_the_package() -> None:
    """A private module is imported only within its own package."""
    around = []
    for path in MODULES:
        own = path.relative_to(ROOT).parts[1]
        for module, line in imports(path):
            parts = module.split(".")
            if any(part.startswith("_") for part in parts) and parts[1] != own:
                around.append(f"{path}:{line} imports {module}")
    assert around == []


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function of a module."""
    return (n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


@pytest.mark.parametrize("folder", ["cano_dsl", "tools", "examples"])
def test_modules_and_functions_are_short(folder: str) -> None:
    """No module has more than 400 lines and no function more than 40."""
    long = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_MODULE:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        long += [
            f"{path.relative_to(ROOT)}: {function.name} has {length(function)} lines"
            for function in functions(parsed(path))
            if length(function) > LONGEST_FUNCTION
        ]
    assert long == []


def test_names_say_something() -> None:
    """No module is called after nothing in particular."""
    empty = {"utils", "util", "helpers", "helper", "common", "base", "core", "misc"}
    assert [path for path in MODULES if path.stem.strip("_") in empty] == []


def test_modules_are_documented() -> None:
    """Every module says in its first line what it is for."""
    assert [path for path in MODULES if path.stat().st_size and not ast.get_docstring(parsed(path))] == []


def tracked() -> list[str]:
    """Give the files under version control; all files where there is none."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a checkout")
    return done.stdout.split()


def test_top_level() -> None:
    """The top level of the repository holds what it should, and dotfiles."""
    allowed = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}
    folders = {"cano_dsl", "stubs", "tests", "examples", "tools"}
    top = {name.partition("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= allowed | folders


def test_no_paths_of_a_machine() -> None:
    """No file under version control names a folder of somebody's machine."""
    places = ["/" + name + "/" for name in ("work", "root", "home", "Users")]
    named = []
    for name in tracked():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".mmd", ".yaml", ".pyi") and path.exists():
            text = path.read_text(encoding="utf-8")
            named += [f"{name}: {place}" for place in places if place in text]
    assert named == []
