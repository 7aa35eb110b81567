"""The commands, their options, and their exit codes."""

import sys
from pathlib import Path

import click

from cano_dsl.cli._console import console_for
from cano_dsl.cli._failure import tell_import
from cano_dsl.cli._run import INTERRUPTED, run, tell_interrupt
from cano_dsl.cli._show import graph_text, show_refused, show_sound, write
from cano_dsl.cli._target import Found, ImportFailed, find
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import GraphError

UNSOUND = 1
UNUSABLE = 2

_target = click.argument("target")
_traceback = click.option(
    "--traceback", "with_traceback", is_flag=True, help="Show the whole traceback of an error."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cano-dsl")
def cano() -> None:
    """Check, draw and run workflows.

    TARGET names a Workflow, or a Runner made by workflow.bind(...):

    \b
        path/to/file.py            the only one in a file
        path/to/file.py:orders     by its name there
        package.module:orders      in a module

    Without a name, a Runner is taken before the Workflow that it runs.
    """  # noqa: D301 - \b is click's mark of a paragraph that keeps its lines


@cano.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@_traceback
def check(targets: tuple[str, ...], with_traceback: bool) -> None:  # noqa: FBT001 - click passes options so
    """Print all findings of one or more workflows.

    Exit code 0 when all are sound, with or without warnings; 1 when one is not; 2 when a TARGET cannot be
    imported.
    """
    worst = 0
    for target in targets:
        try:
            show_sound(_find(target, with_traceback=with_traceback, report=True), console_for())
        except SystemExit as end:
            if end.code == INTERRUPTED:
                raise
            worst = max(worst, int(end.code or 0))
    sys.exit(worst)


@cano.command()
@_target
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "json"]),
    default="mermaid",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write to a file, all of it or nothing, not to standard output."
)
@_traceback
def graph(target: str, form: str, output: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Draw the graph of a workflow, as a Mermaid diagram or as JSON."""
    write(graph_text(_find(target, with_traceback=with_traceback).graph, form), output)


@cano.command("run")
@_target
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give or replace a resource, or a field of one, as in config.output=report. May be repeated.",
)
@click.option("--data", metavar="JSON", help="The run's data: JSON, or @FILE that holds it.")
@_traceback
def run_command(target: str, settings: tuple[str, ...], data: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Run a workflow once.

    Prints each state with its time, then the exit with the time of the whole run.

    Values are read by their annotation: text, numbers, true and false, paths, dates, members of an Enum by
    name, none where None is possible, and JSON for all else.

    Exit code 0 when an exit state is reached; 1 when the workflow is not sound; 2 when the run fails or
    cannot begin; 130 after Ctrl-C.
    """
    wired = Wired.of(_find(target, with_traceback=with_traceback))
    resources = wired.with_settings(map(_setting, settings))
    sys.exit(run(wired, resources, wired.data_of(_text(data)), with_traceback=with_traceback))


def _find(target: str, *, with_traceback: bool, report: bool = False) -> Found:
    """Find the target; a workflow that does not build, or a module that does not import, ends the command."""
    try:
        return find(target)
    except ImportFailed as failed:
        error = failed.__cause__
        if isinstance(error, GraphError):
            show_refused(error, console_for(sys.stdout if report else sys.stderr))
            sys.exit(UNSOUND)
        tell_import(error or failed, str(failed), with_traceback=with_traceback)
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        tell_interrupt(f" while {target} was imported")
        sys.exit(INTERRUPTED)


def _setting(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--set {item}: give it as name=value, or name.field=value")
    return name, value


def _text(data: str | None) -> str | None:
    if data is None or not data.startswith("@"):
        return data
    try:
        return Path(data[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"--data {data}: the file cannot be read: {reason}") from error
