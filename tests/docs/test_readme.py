"""The README says what is true."""

import re
import tomllib
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Give the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Every Python block of the README runs, one after the other in one namespace."""
    document = Sybil([PythonCodeBlockParser()]).parse(ROOT / "README.md")
    examples = list(document.examples())
    assert len(examples) == len(blocks("python")) >= 4
    for example in examples:
        example.evaluate()


def test_findings_are_those_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The findings that the README shows are those that its code prints, apart from the lines."""
    names: dict[str, object] = {"__name__": "__readme__"}
    for code in blocks("python")[:2]:
        exec(compile(code, "README.md", "exec"), names)
    printed = re.sub(
        r"^\S+README\.md:\d+: |^README\.md:\d+: ", "", capsys.readouterr().out, flags=re.MULTILINE
    )
    assert printed.partition("\n")[2] == blocks("text")[0]


def test_first_screen() -> None:
    """The first screen says what it is and shows the smallest example."""
    screen = TEXT.splitlines()[:45]
    assert screen[0] == "# cano_dsl"
    assert any("Workflow.build" in line for line in screen)


def test_set_up_commands() -> None:
    """Exactly two commands do all the set-up, and they are the agreed ones."""
    commands = [line for line in TEXT.splitlines() if line.startswith("python3 -m venv")]
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[cli]' && .venv/bin/cano run examples/weather_report.py",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python tools/check.py",
    ]


def test_links_lead_somewhere() -> None:
    """Every relative link of the README names a file that exists."""
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert missing == []


def test_extras_exist() -> None:
    """The extras that the README installs are declared."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"'\.\[(\w+)\]'", TEXT))
    assert named == {"cli", "dev"} <= set(project["optional-dependencies"])
