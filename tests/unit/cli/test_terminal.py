"""`cano run` on a terminal."""

import io
import os
import pty
import re
import subprocess
import sys
from enum import Enum
from types import SimpleNamespace

import pytest
from rich.console import Console

from cano_dsl.cli import _run as module
from cano_dsl.cli._run import Progress

SLOW = """
from enum import Enum
from typing import Literal
import asyncio

from cano_dsl import Run, Workflow, state


class Job(Enum):
    LOAD = 1
    DONE = 2


@state(Job.LOAD)
async def load(run: Run) -> Literal[Job.DONE]:
    await asyncio.sleep(0.3)
    run.progress(1, 2)
    await asyncio.sleep(0.3)
    run.progress(2)
    await asyncio.sleep(0.3)
    print("from the handler")
    {last}
    return Job.DONE


flow = Workflow.build(Job, load, start=Job.LOAD, exits=(Job.DONE,))
"""


@pytest.fixture
def terminal(folder):
    """Give a function that runs the command in a terminal and gives its exit code and what it wrote."""

    def terminal(*arguments):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
        for name in ("NO_COLOR", "CI"):
            environment.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, "-c", "from cano_dsl.cli import main; main()", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        written = b""
        with os.fdopen(ours, "rb", buffering=0) as reader:
            while True:
                try:
                    part = reader.read(4096)
                except OSError:  # how Linux says that the other side is closed
                    break
                if not part:
                    break
                written += part
        return process.wait(timeout=20), written.decode()

    return terminal


def test_live(terminal, write):
    """A terminal shows the state that runs and its progress, then each state in colour; exit code 0."""
    write("flow.py", SLOW.format(last="pass"))
    code, text = terminal("run", "flow.py")
    assert code == 0
    assert "\x1b[1mLOAD …\x1b[0m" in text
    assert "\x1b[1mLOAD … 1 of 2\x1b[0m" in text
    assert "\x1b[1mLOAD … 2\x1b[0m" in text
    assert "from the handler\r\n" in text
    assert re.search(r"\x1b\[32m✓ LOAD +\d+\.\d ms\x1b\[0m", text)
    assert re.search(r"\x1b\[1;32m→ DONE +\d+\.\d ms\x1b\[0m", text)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back


def test_failure(terminal, write):
    """A failure leaves the terminal as it was, with the block below; exit code 2."""
    write("flow.py", SLOW.format(last="raise ValueError('no [red]tea[/red]')"))
    code, text = terminal("run", "flow.py")
    assert code == 2
    assert re.search(r"\x1b\[31m✗ LOAD +\d+\.\d ms\x1b\[0m", text)
    assert "\x1b[31m  ValueError: no [red]tea[/red]\x1b[0m\r\n" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


class Job(Enum):
    LOAD = 1
    DONE = 2


RUN = SimpleNamespace(state_name="LOAD")


@pytest.fixture
def progress(monkeypatch):
    """Give a Progress on a terminal in memory, whose clock stands still, with what its live line was told."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80)
    node = SimpleNamespace(kind="state", targets=("DONE",))
    graph = SimpleNamespace(node=lambda _: node, paths=lambda: ("LOAD", "DONE"), exits=("DONE",))
    progress = Progress(console, graph)
    progress.told = []
    monkeypatch.setattr(progress._status, "update", lambda text: progress.told.append(text.plain))
    monkeypatch.setattr(module.time, "perf_counter", lambda: 1.0)
    return progress


def test_live_line(progress):
    """The live line follows the run, and names no state once the last has ended."""
    progress.state_entered(RUN, Job.LOAD)
    progress.progress(RUN, Job.LOAD, 1, 4)
    progress.progress(RUN, Job.LOAD, 0.5, None)
    progress.attempt_succeeded(RUN, Job.LOAD, 1, Job.DONE)
    assert progress.told == ["LOAD …", "LOAD … 1 of 4", "LOAD … 0.5", "…"]
    assert (progress.running, progress.entered) == ("", 1)
    assert progress._console.file.getvalue() == "✓ LOAD     0.0 ms\n"


def test_attempt_failed(progress):
    """A failed attempt is a line of its own."""
    progress.state_entered(RUN, Job.LOAD)
    progress.attempt_failed(RUN, Job.LOAD, 1, ValueError())
    assert progress._console.file.getvalue() == "✗ LOAD     0.0 ms\n"
