"""A folder to write modules in, and the command called within it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from cano_dsl.cli._main import cano as command

JOB = """
from enum import Enum
from typing import Literal

from cano_dsl import Workflow, router, state


class Job(Enum):
    LOAD = 1
    PICK = 2
    DONE = 3


@state(Job.LOAD)
async def load() -> Literal[Job.PICK]:
    return Job.PICK


@router(Job.PICK)
def pick() -> Literal[Job.DONE]:
    return Job.DONE


"""
FLOW = JOB + "flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"

Cano = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def flow() -> str:
    """Give the source of a workflow of a state, a router and an exit."""
    return FLOW


@pytest.fixture
def job() -> str:
    """Give the same without the call of `build`."""
    return JOB


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder; modules imported from it, and its places on the path, are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def write(folder: Path) -> Write:
    """Give a function that writes a file in the folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def cano(folder: Path) -> Cano:
    """Give a function that calls the command in this process."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(command, arguments, prog_name="cano")

    return call
