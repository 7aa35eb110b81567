"""The commands about the log of runs, and their options."""

import sys

import click

from cano_dsl.checkpoint import STATUSES, Status
from cano_dsl.cli._log_compat import compat
from cano_dsl.cli._log_file import Age, file_at
from cano_dsl.cli._log_resume import Resumption, resume
from cano_dsl.cli._log_runs import Wanted, list_runs, prune
from cano_dsl.cli._log_show import show_run
from cano_dsl.cli._options import find_target, set_option, setting, target_argument, traceback_option
from cano_dsl.cli._wiring import Wired

_store = click.option(
    "--store", metavar="FILE", required=True, help="The file that runs are logged in; it is never made here."
)
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_statuses = click.option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES),
    multiple=True,
    help="Only runs that stand like this. May be repeated.",
)


@click.command("runs")
@_store
@click.option("--workflow", metavar="NAME", help="Only runs of this workflow.")
@_statuses
@click.option("--older-than", type=Age(), help="Only runs whose last row is older: 90s, 2h, 30d, 1d12h.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The most to list.")
@_json
def runs_command(
    store: str,
    workflow: str | None,
    statuses: tuple[Status, ...],
    older_than: float | None,
    limit: int,
    as_json: bool,  # noqa: FBT001 - click passes options so
) -> None:
    """List the runs that a log has, the one started last first."""
    list_runs(file_at(store), Wanted(workflow, statuses, older_than), limit, as_json=as_json)


@click.command("show")
@click.argument("run_id", metavar="RUN")
@_store
@click.option("--values", "with_values", is_flag=True, help="Show data, outputs and outcomes too.")
@click.option("--target", help="Draw the diagram of this workflow, and read values with its codec.")
@click.option("--no-diagram", is_flag=True, help="Leave the diagram out.")
@_json
@traceback_option
def show_command(  # noqa: PLR0917 - click passes them by name
    run_id: str,
    store: str,
    with_values: bool,  # noqa: FBT001 - click passes options so
    target: str | None,
    no_diagram: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    with_traceback: bool,  # noqa: FBT001
) -> None:
    """Show a run row by row, and the way that it took.

    Each state stands with its time, its attempts, the size of its output, and the keys and sizes of the data
    that it changed; after them a Mermaid diagram. Values are not shown without --values; errors are, as they
    were raised.
    """
    path = file_at(store)
    wired = None if target is None else Wired.of(find_target(target, with_traceback=with_traceback))
    show_run(
        path,
        run_id,
        with_values=with_values,
        graph=None if wired is None else wired.found.graph,
        codec=None if wired is None else wired.codec,
        as_json=as_json,
        diagram=not no_diagram,
    )


@click.command("compat")
@target_argument
@_store
@_json
@traceback_option
def compat_command(target: str, store: str, as_json: bool, with_traceback: bool) -> None:  # noqa: FBT001
    """Say which unfinished runs can go on under a workflow as it is now.

    Looks at definition, version, outputs that are still to be undone, and whether the saved data can be read.

    Exit code 0 when every run can go on; 1 when one cannot, or the workflow is not sound; 2 when TARGET or
    FILE cannot be read.
    """
    path = file_at(store)
    sys.exit(compat(Wired.of(find_target(target, with_traceback=with_traceback)), path, as_json=as_json))


@click.command("resume")
@target_argument
@click.argument("run_id", metavar="RUN")
@_store
@click.option(
    "--at", type=click.IntRange(min=0), help="Take the run back to this row, one that enters a state."
)
@click.option("--allow-changed", is_flag=True, help="Go on although the definition has changed.")
@set_option
@_json
@traceback_option
def resume_command(  # noqa: PLR0917 - click passes them by name
    target: str,
    run_id: str,
    store: str,
    at: int | None,
    allow_changed: bool,  # noqa: FBT001 - click passes options so
    settings: tuple[str, ...],
    as_json: bool,  # noqa: FBT001
    with_traceback: bool,  # noqa: FBT001
) -> None:
    """Go on with a run that was killed, cut off or failed.

    Shows each state as `run` does. A run that has finished gives its exit at once.

    Exit code 0 when an exit state is reached; 1 when the workflow is not sound; 2 when the run fails or
    cannot go on; 130 after Ctrl-C.
    """
    path = file_at(store)
    wired = Wired.of(find_target(target, with_traceback=with_traceback))
    resources = wired.with_settings(map(setting, settings))
    what = Resumption(wired, path, run_id, resources, at, allow_changed)
    sys.exit(resume(what, with_traceback=with_traceback, as_json=as_json))


@click.command("prune")
@_store
@click.option(
    "--older-than", type=Age(), required=True, help="Runs whose last row is older: 90s, 2h, 30d, 1d12h."
)
@_statuses
@click.option("--yes", "agreed", is_flag=True, help="Do not ask.")
@_json
def prune_command(
    store: str,
    older_than: float,
    statuses: tuple[Status, ...],
    agreed: bool,  # noqa: FBT001 - click passes options so
    as_json: bool,  # noqa: FBT001
) -> None:
    """Forget old runs for good.

    Finished, rolled_back and cancelled ones, unless --status says which. Those that somebody runs stay.
    """
    prune(file_at(store), Wanted(None, statuses, older_than), agreed=agreed, as_json=as_json)


LOG_COMMANDS = (runs_command, show_command, compat_command, resume_command, prune_command)
