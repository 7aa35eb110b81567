"""The commands, their options, and their exit codes."""

import sys

import click

from cano_dsl.cli._console import console_for
from cano_dsl.cli._diff import diff_command
from cano_dsl.cli._log_commands import LOG_COMMANDS
from cano_dsl.cli._options import (
    find_target,
    set_option,
    setting,
    target_argument,
    text_of,
    traceback_option,
)
from cano_dsl.cli._run import INTERRUPTED, run
from cano_dsl.cli._show import graph_text, show_sound, write
from cano_dsl.cli._wiring import Wired


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cano-dsl")
def cano() -> None:
    """Check, draw and run workflows, and look at their logs.

    TARGET names a Workflow, or a Runner made by workflow.bind(...):

    \b
        path/to/file.py            the only one in a file
        path/to/file.py:orders     by its name there
        package.module:orders      in a module

    Without a name, a Runner is taken before the Workflow that it runs.
    """  # noqa: D301 - \b is click's mark of a paragraph that keeps its lines


for _command in (diff_command, *LOG_COMMANDS):
    cano.add_command(_command)


@cano.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@traceback_option
def check(targets: tuple[str, ...], with_traceback: bool) -> None:  # noqa: FBT001 - click passes options so
    """Print all findings of one or more workflows.

    Exit code 0 when all are sound, with or without warnings; 1 when one is not; 2 when a TARGET cannot be
    imported.
    """
    worst = 0
    for target in targets:
        try:
            show_sound(find_target(target, with_traceback=with_traceback, report=True), console_for())
        except SystemExit as end:
            if end.code == INTERRUPTED:
                raise
            worst = max(worst, int(end.code or 0))
    sys.exit(worst)


@cano.command()
@target_argument
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
@traceback_option
def graph(target: str, form: str, output: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Draw the graph of a workflow, as a Mermaid diagram or as JSON."""
    write(graph_text(find_target(target, with_traceback=with_traceback).graph, form), output)


@cano.command("run")
@target_argument
@set_option
@click.option("--data", metavar="JSON", help="The run's data: JSON, or @FILE that holds it.")
@traceback_option
def run_command(target: str, settings: tuple[str, ...], data: str | None, with_traceback: bool) -> None:  # noqa: FBT001
    """Run a workflow once.

    Prints each state with its time, then the exit with the time of the whole run.

    Values are read by their annotation: text, numbers, true and false, paths, dates, members of an Enum by
    name, none where None is possible, and JSON for all else.

    Exit code 0 when an exit state is reached; 1 when the workflow is not sound; 2 when the run fails or
    cannot begin; 130 after Ctrl-C.
    """
    wired = Wired.of(find_target(target, with_traceback=with_traceback))
    resources = wired.with_settings(map(setting, settings))
    sys.exit(run(wired, resources, wired.data_of(text_of(data)), with_traceback=with_traceback))
