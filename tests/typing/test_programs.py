"""Programs that users write mean the same to every type checker, line by line."""

import ast
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cano_dsl

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path.name for kind in ("ok", "bad") for path in FOLDER.glob(f"{kind}_*.py"))
GOOD = [name for name in PROGRAMS if name.startswith("ok_")]


@pytest.mark.parametrize("checker", ["mypy", "plugin", "pyright", "ty", "pyrefly"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_checker_reports_the_marked_lines(tool: ModuleType, results: Any, program: str, checker: str) -> None:
    """A type checker reports every line that is marked for it, and no other."""
    wanted = {line for line, mark in tool.marks(FOLDER / program).items() if checker in mark.keys}
    assert set(results[checker].get(program, set())) == wanted


def test_every_checker_is_tested(tool: ModuleType, results: Any) -> None:
    """The checkers of the table are those of the test, and they report nothing outside the programs."""
    (checkers,) = (
        mark.args[1] for mark in test_checker_reports_the_marked_lines.pytestmark if mark.args[0] == "checker"
    )
    assert checkers == [checker.key for checker in tool.CHECKERS] == list(results)
    assert {name for lines in results.values() for name in lines} <= set(PROGRAMS)


@pytest.mark.parametrize("program", GOOD)
def test_good_program_runs(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """A good program has no mark, and runs to its end."""
    assert "# E" not in (FOLDER / program).read_text(encoding="utf-8")
    monkeypatch.syspath_prepend(FOLDER)
    try:
        runpy.run_path(str(FOLDER / program), run_name="__main__")
    finally:
        sys.modules.pop("shop", None)


def test_every_public_name_is_in_a_good_program() -> None:
    """The type of every public name is stated, or its use checked, in some good program."""
    used = {
        alias.name
        for name in GOOD
        for node in ast.walk(ast.parse((FOLDER / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "cano_dsl"
        for alias in node.names
    }
    assert set(cano_dsl.__all__) - used == set()
    assert all("assert_type(" in (FOLDER / name).read_text(encoding="utf-8") for name in GOOD)


def test_bad_program_has_a_mistake(tool: ModuleType) -> None:
    """Every bad program has a title of one sentence, and a line that is wrong."""
    for path in tool.programs():
        if path.name not in GOOD:
            assert any(mark.wrong for mark in tool.marks(path).values()), path.name
            assert path.read_text(encoding="utf-8").partition("\n")[0].endswith('."""'), path.name


def test_table_in_the_readme(tool: ModuleType, results: Any) -> None:
    """The README's table is what the checkers reported; `python tools/typing_table.py` rewrites it."""
    text = tool.README.read_text(encoding="utf-8")
    made = tool.table(results)
    assert made in text
    assert tool.written(text, lambda: results) == text
    assert tool.written(text.replace(made, "| old |"), lambda: results) == text


@pytest.mark.parametrize(
    ("reported", "said"),
    [({3, 4}, "yes"), ({4}, "1 of 2"), (set(), "no"), ({3, 4, 5}, "cannot tell"), ({3, 9}, "cannot tell")],
)
def test_cell(tool: ModuleType, reported: set[int], said: str) -> None:
    """A cell counts the mistakes that were reported, and says where a checker reports what is right."""
    wrong, alarm = tool.Mark(wrong=True, keys=frozenset()), tool.Mark(wrong=False, keys=frozenset())
    assert tool.cell({3: wrong, 4: wrong, 5: alarm}, reported) == said


def test_unknown_checker_in_a_mark(tool: ModuleType, tmp_path: Path) -> None:
    """A mark for a checker that there is not is refused, so that no typing slip hides a line."""
    path = tmp_path / "bad_mark.py"
    path.write_text("x = 1  # E[mypy, pyrigth]: why\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad_mark\.py:1: no checker is called pyrigth"):
        tool.marks(path)


def test_checker_that_reports_nothing_is_an_error(tool: ModuleType) -> None:
    """A checker that did not run as it should is no success."""
    dead = tool.Checker("dead", "dead", ("this", "--version"), tool.CHECKERS[0].error)
    with pytest.raises(RuntimeError, match="dead reported nothing"):
        tool.check(dead)
