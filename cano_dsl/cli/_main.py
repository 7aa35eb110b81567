"""The commands, their options, and their exit codes."""

import sys
import traceback
from pathlib import Path
from typing import Any

import click

from cano_dsl.cli._console import console_for, line
from cano_dsl.cli._run import run, tell_failure
from cano_dsl.cli._show import graph_text, show_refused, show_sound, write
from cano_dsl.cli._target import ImportFailed, Target, find
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import GraphError

FORMATS = ("mermaid", "json")
UNSOUND = 1
UNUSABLE = 2

_target = click.argument("target")
_traceback = click.option("--traceback", "with_traceback", is_flag=True, help="Show all of an error.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cano-dsl")
def cano() -> None:
    """Check, draw and run workflows.

    TARGET names a Workflow or a Runner: package.module:attribute or path/to/file.py[:attribute]. Without an
    attribute it is the module's only one, or its only Runner.
    """


@cano.command()
@_target
@_traceback
def check(target: str, with_traceback: bool) -> None:  # noqa: FBT001 - click passes options so
    """Print all findings; exit code 1 if there are any."""
    show_sound(_find(target, with_traceback=with_traceback).value)


@cano.command()
@_target
@click.option(
    "--format", "form", type=click.Choice(["mermaid", "json"]), default="mermaid", show_default=True
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file in place of standard output.")
@_traceback
def graph(target: str, form: str, output: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Draw the graph."""
    write(graph_text(_find(target, with_traceback=with_traceback).value.graph, form), output)


@cano.command("run")
@_target
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give or replace a resource, or a field of one: config.output=report. Given in order.",
)
@click.option("--data", metavar="JSON", help="The run's data as JSON, or @file.json.")
@_traceback
def run_command(target: str, settings: tuple[str, ...], data: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Run once; exit code 0 at an exit state, 2 if it fails.

    Prints each state with its time, then the exit with the time of the whole.
    """
    wired = Wired.of(_find(target, with_traceback=with_traceback).value)
    resources = wired.with_settings(_settings(settings))
    sys.exit(run(wired, resources, wired.data_of(_text(data)), with_traceback=with_traceback))


def _find(target: str, *, with_traceback: bool) -> Target:
    """Find the target; a workflow that does not build, or a module that does not import, ends the command."""
    try:
        return find(target)
    except ImportFailed as failed:
        error: Any = failed.__cause__
        if isinstance(error, GraphError):
            show_refused(error)
            sys.exit(UNSOUND)
        if not with_traceback:
            where = _last_line(error)
            console = console_for(sys.stderr)
            console.print(line(f"{failed} cannot be imported{where}", "bold red"))
        tell_failure(error, with_traceback=with_traceback)
        sys.exit(UNUSABLE)


def _last_line(error: BaseException) -> str:
    """Name the last line of the user's own code, not of this library or of Python's import system."""
    own = str(Path(__file__).resolve().parents[1])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((own, "<frozen")) and "importlib" not in frame.filename
    ]
    return f", line {frames[-1].lineno} of {frames[-1].filename}" if frames else ""


def _settings(given: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {item}: give name=value or name.field=value")
        settings[name] = value
    return settings


def _text(data: str | None) -> str | None:
    if data is None or not data.startswith("@"):
        return data
    try:
        return Path(data[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--data {data}: {error}") from error
