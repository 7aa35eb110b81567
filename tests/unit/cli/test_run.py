"""`cano run`: what is printed and which exit code, in a pipe."""

import os
import re
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest

from cano_dsl.cli import _run as module

TIME = r" +\d+\.\d m?s"
RESOURCE = """
class Resource:
    async def setup(self):
        {setup}

    async def teardown(self):
        {teardown}


"""


def timeless(text):
    """Put one mark in place of each time, which differs from run to run."""
    return re.sub(r" +\d+\.\d+ m?s", " TIME", text)


@pytest.fixture
def failing(write, job):
    """Give a function that writes a workflow whose first handler holds the statements given."""

    def failing(statements, more="", kind="async def"):
        text = job.replace(
            "async def load() -> Literal[Job.PICK]:\n",
            f"{kind} load() -> Literal[Job.PICK]:\n    {statements}\n",
        )
        return write(
            "flow.py",
            text + "flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n" + more,
        )

    return failing


def test_path(cano, write, flow):
    """Each state is a line with its time, a router is marked, and the exit comes last; exit code 0, no ANSI codes."""
    write("flow.py", flow)
    result = cano("run", "flow.py")
    assert (result.exit_code, result.stderr) == (0, "")
    assert timeless(result.stdout) == "✓ LOAD TIME\n✓ PICK TIME  router\n→ DONE TIME\n"
    columns = {re.search(r"m?s", line).end() for line in result.stdout.splitlines()}
    assert len(columns) == 1
    assert "\x1b" not in result.output


def test_time_of_a_state(cano, failing):
    """The time of a state is that of its handler."""
    failing("import asyncio; await asyncio.sleep(0.05)")
    load = cano("run", "flow.py").stdout.splitlines()[0]
    assert 50 <= float(load.split()[2]) < 5000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 ms"),
        (0.0123, "12.3 ms"),
        (0.9999, "999.9 ms"),
        (0.99996, "1.00 s"),
        (1.2, "1.20 s"),
        (59.99, "59.99 s"),
        (59.996, "1 min 00 s"),
        (61, "1 min 01 s"),
        (119.7, "2 min 00 s"),
        (7199.4, "119 min 59 s"),
        (7199.6, "2 h 00 min"),
        (90_000, "25 h 00 min"),
        (180_000, "2 d 02 h"),
    ],
)
def test_durations(seconds, text):
    """A time is written in the unit that reads best, and never rounds to sixty seconds or a thousand milliseconds."""
    from cano_dsl.cli._console import duration

    assert duration(seconds) == text


def test_handler_raises(cano, failing):
    """A failure is one block: state, error, where it was raised, handler, path, run, hint; exit code 2."""
    path = failing("raise ValueError('no tea')")
    lines = path.read_text(encoding="utf-8").splitlines()
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert timeless(result.stdout) == "✗ LOAD TIME\n"
    handler = lines.index("@state(Job.LOAD)") + 1
    raised = lines.index("    raise ValueError('no tea')") + 1
    shown = re.sub(r"[0-9a-f]{32}", "ID", result.stderr)
    assert shown in {
        dedent(f"""\
            failed in LOAD
              ValueError: no tea
              raised   flow.py:{raised}
              handler  flow.py:{at}
              path     LOAD
              run      ID, attempt 1
              --traceback shows all of it
            """)
        for at in (handler, handler + 1)
    }


def test_path_of_a_failure(cano, write):
    """A path that is longer than an error carries begins with a mark."""
    write(
        "flow.py",
        """
        from enum import Enum
        from typing import Literal
        from cano_dsl import Workflow, state
        class Job(Enum):
            A = 1
            B = 2
            DONE = 3
        left = [1, 2, 3]
        @state(Job.A)
        def a() -> Literal[Job.B]:
            left.pop()
            return Job.B
        @state(Job.B)
        def b() -> Literal[Job.A, Job.DONE]:
            return Job.A
        flow = Workflow.build(Job, a, b, start=Job.A, exits=(Job.DONE,))
        """,
    )
    assert "\n  path     … → B → A → B → A\n" in cano("run", "flow.py").stderr


def test_text_of_several_lines(cano, failing):
    """An error's text of several lines stays within the block."""
    failing("raise ValueError('one\\ntwo')")
    assert "\n  ValueError: one\n  two\n  raised " in cano("run", "flow.py").stderr


def test_group(cano, failing):
    """The errors in a group are listed with it, within bounds."""
    failing("raise ExceptionGroup('both', [ValueError('a'), ExceptionGroup('deep', [KeyError('b')])])")
    expected = (
        "\n  ExceptionGroup: both (2 sub-exceptions)\n    ValueError: a\n"
        "    ExceptionGroup: deep (1 sub-exception)\n      KeyError: 'b'\n  raised "
    )
    assert expected in cano("run", "flow.py").stderr


def test_traceback(cano, failing):
    """With --traceback all of the error is shown, with its cause."""
    failing("raise ValueError('no tea')")
    result = cano("run", "flow.py", "--traceback")
    assert result.exit_code == 2
    assert "ValueError: no tea\n\nThe above exception was the direct cause" in result.stderr
    assert "    raise ValueError('no tea')\n" in result.stderr
    assert (
        "cano_dsl.errors" in result.stderr.splitlines()[-1]
        or "HandlerFailed" in result.stderr.splitlines()[-1]
    )
    assert "failed in" not in result.stderr


def test_undeclared(cano, failing):
    """A state that went where it may not is printed as failed, and the block says what it declares; exit code 2."""
    failing("return Job.DONE")
    result = cano("run", "flow.py")
    assert (result.exit_code, timeless(result.stdout)) == (2, "✗ LOAD TIME\n")
    assert result.stderr.startswith(
        "failed in LOAD\n  state Job.LOAD of workflow 'Job' returned Job.DONE, but declares Job.PICK: "
        "return one of these, or add the target to its return annotation\n  handler  flow.py:"
    )


@pytest.mark.parametrize("target", ["None", "'PICK'", "type('Job', (Enum,), {})"])
def test_returns_no_state(cano, failing, target):
    """Anything else that is returned is a failure too."""
    failing(f"return {target}")
    result = cano("run", "flow.py")
    assert (result.exit_code, timeless(result.stdout)) == (2, "✗ LOAD TIME\n")


@pytest.mark.parametrize("code", ["0", "3", "None"])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_handler_exits(cano, failing, code, kind):
    """A handler that calls sys.exit has not reached an exit state, whatever its code; exit code 2."""
    failing(f"import sys; sys.exit({code})", kind=kind)
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"failed in LOAD\n  a handler called sys.exit({code})\n  raised   flow.py:"
    )


def test_handler_raises_a_cancel(cano, failing):
    """A handler that raises a cancel of its own fails the run; exit code 2."""
    failing("import asyncio; raise asyncio.CancelledError")
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert result.stderr.startswith("failed in LOAD\n  CancelledError\n")


def test_interrupt_in_a_handler(cano, failing):
    """An interrupt ends the run with the state it was in; exit code 130."""
    failing("raise KeyboardInterrupt", kind="def")
    result = cano("run", "flow.py")
    assert result.exit_code == 130
    assert timeless(result.stderr) == "interrupted in LOAD after TIME\n"


def test_interrupt(folder, failing):
    """Ctrl-C cancels the run, which tears down, and gives exit code 130."""
    path = failing("import asyncio; print('ready', flush=True); await asyncio.sleep(60)")
    text = path.read_text(encoding="utf-8").replace("async def load()", "async def load(resource: Resource)")
    resource = RESOURCE.format(setup="pass", teardown="print('torn down', flush=True)")
    path.write_text(resource + text + "runner = flow.bind(resource=Resource())\n", encoding="utf-8")
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{heard}; from cano_dsl.cli import main; main()", "run", "flow.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "torn down\n")
    assert timeless(err) == "interrupted in LOAD after TIME\n"


def test_nobody_reads_the_output(folder, write, job):
    """A run whose output is cut off, as by `head -1`, goes on to its end without a word; exit code 0."""
    text = job.replace("def pick() -> Literal[Job.DONE]:\n", "def pick() -> Literal[Job.DONE]:\n    note()\n")
    note = "def note():\n    open('picked', 'w').close()\n\n\n"
    build = "flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"
    write("flow.py", note + text + build)
    process = subprocess.Popen(
        [sys.executable, "-c", "from cano_dsl.cli import main; main()", "run", "flow.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait(20)) == ("", 0)
    assert (folder / "picked").exists()


@pytest.fixture
def with_resource(write, job):
    """Give a function that writes a workflow with a resource, and a Runner that holds it."""

    def with_resource(setup="pass", teardown="pass"):
        text = job.replace("async def load()", "async def load(resource: Resource)")
        build = "flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"
        resource = RESOURCE.format(setup=setup, teardown=teardown)
        return write("flow.py", resource + text + build + "runner = flow.bind(resource=Resource())\n")

    return with_resource


def test_setup_fails(cano, with_resource):
    """A setup that raises is shown with the line that raised, and no state was entered; exit code 2."""
    with_resource(setup="raise OSError('no database')")
    result = cano("run", "flow.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "failed\n  setup of resource 'resource' failed: OSError: no database\n  raised   flow.py:4\n"
        "  --traceback shows all of it\n"
    )


def test_teardown_fails(cano, with_resource):
    """A teardown that raises is shown, and changes nothing: the exit was reached; exit code 0."""
    with_resource(teardown="raise OSError('stuck')")
    result = cano("run", "flow.py")
    assert result.exit_code == 0
    assert timeless(result.stdout) == (
        "✓ LOAD TIME\n✓ PICK TIME  router\n! teardown of resource 'resource' failed: OSError: stuck\n→ DONE TIME\n"
    )


def test_resource_of_another_class(cano, write, job):
    """A Runner is checked when it is bound, so that shows while importing."""
    text = job.replace("async def load()", "async def load(size: int)")
    build = "flow = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"
    write("flow.py", text + build + "runner = flow.bind(size='x')\n")
    result = cano("run", "flow.py")
    assert result.exit_code == 2
    assert "flow.py cannot be imported\n  ResourceWrongType: resource 'size'" in result.stderr


def test_own_observers_stay(cano, write, flow):
    """Observers that the module configures are told as before."""
    observer = """
from cano_dsl import Observer
class Own(Observer):
    def state_entered(self, run, state):
        print("own", state.name)
observed = flow.configure(observers=[Own()])
runner = observed.bind()
"""
    write("flow.py", flow + observer)
    for target in ("flow.py:observed", "flow.py:runner", "flow.py"):
        lines = timeless(cano("run", target).stdout).splitlines()
        assert lines == ["own LOAD", "✓ LOAD TIME", "own PICK", "✓ PICK TIME  router", "→ DONE TIME"]


def test_progress_in_a_pipe(cano, write, flow):
    """Progress is not written to a pipe: one line for each state."""
    text = flow.replace("async def load()", "async def load(run: Run)").replace(
        "import Workflow", "import Run, Workflow"
    )
    write("flow.py", text.replace("    return Job.PICK", "    run.progress(1, 2)\n    return Job.PICK"))
    result = cano("run", "flow.py")
    assert (result.exit_code, result.stderr) == (0, "")
    assert timeless(result.stdout) == "✓ LOAD TIME\n✓ PICK TIME  router\n→ DONE TIME\n"


def test_handlers_in_threads(cano, write, flow):
    """A handler in a thread is timed like any other."""
    text = flow.replace("@state(Job.LOAD)\nasync def", "@state(Job.LOAD, thread=True)\ndef")
    write("flow.py", text)
    assert timeless(cano("run", "flow.py").stdout).splitlines()[0] == "✓ LOAD TIME"


def test_loading_is_no_time_of_the_run(cano, write, flow, monkeypatch):
    """What an event loop and its threads must load first is loaded before the clock of the run starts."""
    log = []
    start, load = module.Progress.__enter__, module.run_to_end
    monkeypatch.setattr(module.Progress, "__enter__", lambda self: (log.append("clock"), start(self))[1])
    monkeypatch.setattr(module, "run_to_end", lambda fn: (log.append("load"), load(fn))[1])
    write("flow.py", flow)
    assert cano("run", "flow.py").exit_code == 0
    assert log == ["load", "clock"]
