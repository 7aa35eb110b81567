"""The entry point: help, version, and what is missing."""

import importlib.metadata
import subprocess
import sys

import pytest

import cano_dsl.cli


def python(*statements, arguments=(), **options):
    """Run the entry point in a Python of its own, after some statements."""
    code = "\n".join([*statements, "from cano_dsl.cli import main", "main()"])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        **options,
    )


def test_version(cano):
    """The version is that of the distribution."""
    result = cano("--version")
    assert (result.exit_code, result.stdout) == (
        0,
        f"cano, version {importlib.metadata.version('cano-dsl')}\n",
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(cano, option):
    """The help names every command and every form of a target."""
    result = cano(option)
    assert result.exit_code == 0
    assert "  check   Print all findings of one or more workflows.\n" in result.stdout
    assert "  compat  Say which unfinished runs can go on under a workflow as it is now.\n" in result.stdout
    assert "  graph   Draw the graph of a workflow, as a Mermaid diagram or as JSON.\n" in result.stdout
    assert "  prune   Forget old runs for good.\n" in result.stdout
    assert "  resume  Go on with a run that was killed, cut off or failed.\n" in result.stdout
    assert "  run     Run a workflow once.\n" in result.stdout
    assert "  runs    List the runs that a log has, the one started last first.\n" in result.stdout
    assert "  show    Show a run row by row, and the way that it took.\n" in result.stdout
    assert "      package.module:orders      in a module\n" in result.stdout


@pytest.mark.parametrize("command", ["check", "graph", "run"])
def test_help_of_command(cano, command):
    """Each command says what it takes."""
    result = cano(command, "--help")
    assert result.exit_code == 0
    several = "..." if command == "check" else ""
    assert result.stdout.startswith(f"Usage: cano {command} [OPTIONS] TARGET{several}\n")
    assert "--traceback" in result.stdout


def test_no_target(cano):
    """A command without a target is a usage error."""
    result = cano("check")
    assert result.exit_code == 2
    assert "Missing argument 'TARGET...'" in result.stderr


@pytest.mark.parametrize("name", ["click", "msgspec", "rich"])
def test_missing_extra(monkeypatch, capsys, name):
    """Without one of its libraries the command says what to install; exit code 2, no traceback."""
    for module in list(sys.modules):
        if module.startswith("cano_dsl.cli.") or module.partition(".")[0] == name:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit) as caught:
        cano_dsl.cli.main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        f"cano: no module {name}: the command needs the extra: pip install 'cano-dsl[cli]'\n"
    )


def test_missing_something_else(monkeypatch):
    """A library that the whole package needs is not taken for a part of the extra."""
    for module in list(sys.modules):
        if module.startswith("cano_dsl.cli."):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "cano_dsl.render", None)
    with pytest.raises(ModuleNotFoundError, match=r"cano_dsl\.render"):
        cano_dsl.cli.main()


def test_exports():
    """The package offers its entry point and nothing else."""
    assert cano_dsl.cli.__all__ == ("main",)


def test_import_is_light():
    """Importing the package loads none of its libraries."""
    code = "import sys, cano_dsl.cli; print([n for n in ('click', 'msgspec', 'rich') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout == "[]\n"


def test_output_that_knows_no_arrows(write, flow, folder):
    """A terminal or pipe of an encoding without arrows gets question marks, not an error."""
    write("flow.py", flow)
    statements = ["import sys", "sys.stdout.reconfigure(encoding='ascii', errors='strict')"]
    result = python(*statements, arguments=("run", "flow.py"), cwd=folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert [line[0] for line in result.stdout.splitlines()] == ["?", "?", "?"]
