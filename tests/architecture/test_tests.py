"""The tests are all collected, and each says its claim."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
NOT_TESTS = {"conftest.py"}


def files() -> list[Path]:
    """Give the Python files of the suite, without programs that are read by checkers."""
    return sorted(
        path for path in TESTS.rglob("*.py") if "programs" not in path.parts and "cases" not in path.parts
    )


def claims(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the test functions of a file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            yield node


def test_every_file_is_collected(request: pytest.FixtureRequest) -> None:
    """A file with tests in it has a name that pytest collects, and a test, and is in the session."""
    lost = []
    for path in files():
        found = list(claims(ast.parse(path.read_text(encoding="utf-8"))))
        if found and not path.name.startswith("test_"):
            lost.append(path)
        if path.name.startswith("test_") and not found:
            lost.append(path)
    assert lost == []
    names = [path.name for path in files()]
    assert request.config.getini("testpaths") == ["tests", "cano_dsl"]
    assert names


def test_every_test_says_its_claim() -> None:
    """Every test has a docstring of one sentence."""
    silent = []
    for path in files():
        for test in claims(ast.parse(path.read_text(encoding="utf-8"))):
            claim = (ast.get_docstring(test) or "").strip()
            if not claim.endswith((".", "?", "!")):
                silent.append(f"{path.name}: {test.name}: {claim}")
    assert silent == []


def test_examples_have_tests() -> None:
    """Every example has a test file of its own."""
    examples = {path.stem for path in (TESTS.parent / "examples").glob("*.py")}
    tested = {path.stem.removeprefix("test_") for path in (TESTS / "examples").glob("test_*.py")}
    assert examples <= tested
