"""What several commands take, and how it is read."""

import sys
from pathlib import Path

import click

from cano_dsl.cli._console import console_for
from cano_dsl.cli._failure import tell_import
from cano_dsl.cli._run import INTERRUPTED, tell_interrupt
from cano_dsl.cli._show import show_refused
from cano_dsl.cli._target import Found, ImportFailed, find
from cano_dsl.errors import GraphError

UNSOUND = 1
UNUSABLE = 2

target_argument = click.argument("target")
traceback_option = click.option(
    "--traceback", "with_traceback", is_flag=True, help="Show the whole traceback of an error."
)
set_option = click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give or replace a resource, or a field of one, as in config.output=report. May be repeated.",
)


def find_target(target: str, *, with_traceback: bool, report: bool = False) -> Found:
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


def setting(item: str) -> tuple[str, str]:
    """Read `name=value`."""
    name, equals, value = item.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--set {item}: give it as name=value, or name.field=value")
    return name, value


def text_of(data: str | None) -> str | None:
    """Give the text itself, or that of the file that it names after an @."""
    if data is None or not data.startswith("@"):
        return data
    try:
        return Path(data[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"--data {data}: the file cannot be read: {reason}") from error
