"""What the plugin says about whole programs, to the word and the line.

At the end of a line, `# E: message  [code]` expects an error and `# N: message` a note; where there is no mark,
nothing is said. Versions of mypy differ in where they point to a function's definition, in whether they name
the module of a builtin type, and in whether they number type variables, so none of it is compared.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cano_dsl.mypy_plugin._codes import CODES

CASES = Path(__file__).parent / "cases"
ODD = "odd.py"  # mistakes that mypy has its own words for, which change from version to version
FILES = sorted(path.name for path in CASES.glob("*.py") if path.name != ODD)
MARK = re.compile(r"# (E|N): (.*?)(?=\s+# [EN]: |$)")
DEFINED = re.compile(r'^"\w+" (defined in|of "\w+" defined here)')
VARYING = re.compile(r"builtins\.|`-?\d+")
KINDS = {"E": "error", "N": "note"}

Said = Mapping[str, list[tuple[int, str, str]]]


def expected(name: str) -> list[tuple[int, str, str]]:
    """Read the marks of a program."""
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    return [
        (number, KINDS[kind], text.strip())
        for number, line in enumerate(lines, 1)
        for kind, text in MARK.findall(line)
    ]


@pytest.mark.parametrize("name", FILES)
def test_program(name: str, said_of_cases: Said) -> None:
    """Mypy says about each program exactly what its marks expect."""
    said = [
        (line, kind, VARYING.sub("", text))
        for line, kind, text in said_of_cases[name]
        if not DEFINED.search(text)
    ]
    assert sorted(said) == sorted(expected(name))


def test_odd_programs_are_survived(said_of_cases: Said) -> None:
    """The plugin does not fall over a program that is wrong in ways of its own."""
    (last,) = expected(ODD)
    assert last[0] == len((CASES / ODD).read_text(encoding="utf-8").splitlines())
    assert last in said_of_cases[ODD]


def test_ten_mistakes_get_ten_errors(said_of_cases: Said) -> None:
    """Ten mistakes against rules that any workflow may break get ten errors, each with the code of its rule."""
    errors = [text for _, kind, text in said_of_cases["ten_mistakes.py"] if kind == "error"]
    codes = [text.rpartition("  [cano-")[2].rstrip("]") for text in errors]
    assert len(errors) == 10
    assert sorted(codes) == sorted([*({*CODES} - {"waive", "join", "compensation", "policy"}), "transition"])


@pytest.mark.parametrize("rule", sorted(CODES))
def test_every_code_is_shown(rule: str) -> None:
    """Each rule speaks in some program; waivers speak in notes, which name the rule's place in the README."""
    texts = [text for name in FILES for _, _, text in expected(name)]
    assert any(f"(README.md#cano-{rule})" in text for text in texts)
    assert rule == "waive" or any(text.endswith(f"[cano-{rule}]") for text in texts)
