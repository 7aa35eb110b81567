"""`cano check` and `cano graph`."""

import errno
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

UNSOUND = """
from enum import Enum
from typing import Literal

from cano_dsl import Waive, Workflow, state


class Order(Enum):
    PACK = 1
    WAIT = 2
    LATER = 3
    DONE = 4


@state(Order.PACK)
def pack() -> Literal[Order.WAIT]:
    return Order.WAIT


@state(Order.WAIT)
def wait() -> Literal[Order.WAIT]:
    return Order.WAIT


waive = [Waive("exhaustive", Order.LATER, "from the next release on")]
flow = Workflow.build(Order, pack, wait, start=Order.PACK, exits=(Order.DONE,), waive=waive)
"""
WAIVED = """
from cano_dsl import Waive
waive = [Waive("unreachable", Job.PICK, "not needed"), Waive("exhaustive", Job.LATER, "from the next release on")]
flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,), waive=waive)
"""


def test_findings_at_import(cano, write):
    """Findings of a workflow that does not build are all shown, with place, picture and fix; exit code 1."""
    from cano_dsl.errors import GraphError

    write("order.py", UNSOUND)
    result = cano("check", "order.py")
    assert (result.exit_code, result.stderr) == (1, "")
    with pytest.raises(GraphError) as caught:
        exec(compile(UNSOUND, "order.py", "exec"), {"__name__": "order"})
    findings = caught.value.findings
    assert len({finding.code for finding in findings}) >= 2
    for finding in findings:
        assert finding.where is not None
        assert f"{finding}\n" in result.stdout
    assert any(finding.picture for finding in findings)
    assert re.search(
        r"^order\.py:\d+: error \[[a-z-]+\] .+\n    .*→.*\n    fix: .+$", result.stdout, re.MULTILINE
    )
    assert "    waived: from the next release on\n" in result.stdout
    errors = sum(finding.severity == "error" and finding.waived is None for finding in findings)
    assert result.stdout.splitlines()[-1].startswith(f"Order: {errors} error")
    assert result.stdout.splitlines()[-1].endswith(", 1 waived")


def test_check_of_several(cano, write, flow):
    """`check` looks at every target, whatever is wrong with those before; the worst exit code counts."""
    write("good.py", flow)
    write("bad.py", UNSOUND)
    write("broken.py", "import nowhere_at_all")
    result = cano("check", "bad.py", "good.py")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "Job: sound, 3 states, 2 transitions"
    assert "Order: " in result.stdout
    assert cano("check", "good.py", "good.py").exit_code == 0
    result = cano("check", "broken.py", "bad.py", "good.py")
    assert result.exit_code == 2
    assert "nowhere_at_all" in result.stderr
    assert result.stdout.count(": sound") == 1


def test_check_is_interrupted(cano, write, flow):
    """Ctrl-C ends the whole check, not one target of it."""
    write("good.py", flow)
    write("stopped.py", "raise KeyboardInterrupt")
    result = cano("check", "stopped.py", "good.py")
    assert (result.exit_code, result.stdout) == (130, "")


@pytest.mark.parametrize("command", ["run", "graph"])
def test_findings_leave_the_output_alone(cano, write, command):
    """Other commands write findings to standard error, so that a redirected diagram holds none; exit code 1."""
    write("order.py", UNSOUND)
    result = cano(command, "order.py")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "fix: " in result.stderr


def test_waived_and_warnings(cano, write, job):
    """A sound workflow shows its warnings and what is waived, marked, and counts them; exit code 0."""
    write("flow.py", job.replace("DONE = 3", "DONE = 3\n    LATER = 4") + WAIVED)
    result = cano("check", "flow.py")
    assert result.exit_code == 0
    assert "warning [" in result.stdout
    assert "    waived: from the next release on\n" in result.stdout
    assert result.stdout.splitlines()[-1] == "Job: sound, 4 states, 2 transitions, 1 warning, 1 waived"


def test_one_of_each(cano, write, flow):
    """A count of one is not in the plural."""
    text = (
        flow.replace("    PICK = 2\n", "")
        .replace("Literal[Job.PICK]", "Literal[Job.DONE]")
        .replace("load, pick", "load")
    )
    head, _, tail = text.partition("@router")
    write("flow.py", head + "flow" + tail.partition("\nflow")[2])
    assert cano("check", "flow.py").stdout == "Job: sound, 2 states, 1 transition\n"


def test_mermaid(cano, write, flow):
    """The diagram is what the workflow draws."""
    write("flow.py", flow)
    result = cano("graph", "flow.py")
    assert result.exit_code == 0
    assert result.stdout == sys.modules["flow"].flow.mermaid() + "\n"


def test_graph_of_runner(cano, write, flow):
    """A Runner is drawn as its workflow."""
    write("flow.py", flow + "runner = flow.bind()\n")
    assert cano("graph", "flow.py:runner").stdout == cano("graph", "flow.py:flow").stdout


def test_json(cano, write, flow):
    """The JSON is the graph as plain data."""
    write("flow.py", flow)
    result = cano("graph", "flow.py", "--format", "json")
    assert json.loads(result.stdout) == sys.modules["flow"].flow.graph.to_dict()


def test_unknown_format(cano, write, flow):
    """A format that is not known lists those that are."""
    write("flow.py", flow)
    result = cano("graph", "flow.py", "--format", "png")
    assert result.exit_code == 2
    assert "'png' is not one of 'mermaid', 'json'" in result.stderr


def test_output_file(cano, write, flow, folder):
    """With -o the file holds what would be printed, nothing is printed, and no other file is left."""
    write("flow.py", flow)
    result = cano("graph", "flow.py", "-o", "flow.mmd")
    assert (result.exit_code, result.output) == (0, "")
    assert (folder / "flow.mmd").read_text(encoding="utf-8") == cano("graph", "flow.py").stdout
    assert sorted(file.name for file in folder.iterdir()) == ["flow.mmd", "flow.py"]


def test_output_keeps_mode_and_link(cano, write, flow, folder):
    """A file that is replaced keeps its mode, and a link keeps pointing to it."""
    write("flow.py", flow)
    write("real.mmd", "old").chmod(0o640)
    (folder / "link.mmd").symlink_to("real.mmd")
    assert cano("graph", "flow.py", "-o", "link.mmd").exit_code == 0
    assert (folder / "link.mmd").is_symlink()
    assert (folder / "real.mmd").read_text(encoding="utf-8").startswith("stateDiagram-v2")
    assert stat.S_IMODE((folder / "real.mmd").stat().st_mode) == 0o640


def test_output_new_file_follows_umask(cano, write, flow, folder):
    """A new file has the mode that any new file has."""
    write("flow.py", flow)
    cano("graph", "flow.py", "-o", "new.mmd")
    assert (folder / "new.mmd").stat().st_mode == write("other", "").stat().st_mode


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_output_is_all_or_nothing(cano, write, flow, folder, monkeypatch, failing):
    """When writing fails half way, the old file is whole, nothing else is left, and it is said why; exit code 2."""
    write("flow.py", flow)
    write("flow.mmd", "old")

    def fail(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    result = cano("graph", "flow.py", "-o", "flow.mmd")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: -o flow.mmd: it cannot be written: No space left on device\n")
    assert (folder / "flow.mmd").read_text(encoding="utf-8") == "old"
    assert sorted(file.name for file in folder.iterdir()) == ["flow.mmd", "flow.py"]


def test_output_in_missing_folder(cano, write, flow, folder):
    """A folder that is not there is named, and not made."""
    write("flow.py", flow)
    result = cano("graph", "flow.py", "-o", "docs/flow.mmd")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: -o docs/flow.mmd: there is no folder docs: make it first\n")
    assert not (folder / "docs").exists()


def test_output_is_a_folder(cano, write, flow, folder):
    """A folder in the file's place stays."""
    write("flow.py", flow)
    (folder / "docs").mkdir()
    result = cano("graph", "flow.py", "-o", "docs")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: -o docs: it cannot be written: Is a directory\n")


def test_output_to_a_pipe(cano, write, flow, folder):
    """What is no regular file is written to, not replaced."""
    write("flow.py", flow)
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        assert cano("graph", "flow.py", "-o", "pipe").exit_code == 0
        assert reader.communicate()[0].startswith("stateDiagram-v2")
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_output_dash(cano, write, flow):
    """A dash is standard output."""
    write("flow.py", flow)
    assert cano("graph", "flow.py", "-o", "-").stdout == cano("graph", "flow.py").stdout


def test_nothing_is_written_for_an_unsound_workflow(cano, write, folder):
    """A workflow with findings leaves the file as it was."""
    write("order.py", UNSOUND)
    write("order.mmd", "old")
    assert cano("graph", "order.py", "-o", "order.mmd").exit_code == 1
    assert (folder / "order.mmd").read_text(encoding="utf-8") == "old"
