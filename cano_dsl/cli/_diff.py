"""`cano diff`: what a change of a workflow means."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from cano_dsl.cli._console import console_for, line
from cano_dsl.cli._diff_load import Loaded, load
from cano_dsl.cli._diff_side import side_of
from cano_dsl.cli._diff_text import lines
from cano_dsl.cli._git import Git
from cano_dsl.cli._log_file import file_at
from cano_dsl.cli._options import traceback_option
from cano_dsl.cli._run import INTERRUPTED, tell_interrupt
from cano_dsl.cli._show import write
from cano_dsl.graph import Comparison, compare
from cano_dsl.render import diff_markdown

DIFFERENT = 1
Runs = Sequence[Mapping[str, Any]]


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write to a file, all of it or nothing, not to standard output."
)
@click.option("--store", metavar="FILE", help="Say which unfinished runs in this log B would strand.")
@traceback_option
def diff_command(
    before: str,
    after: str,
    form: str,
    output: str | None,
    store: str | None,
    with_traceback: bool,  # noqa: FBT001 - click passes options so
) -> None:
    """Compare two workflows by states, transitions and policies.

    A and B are each a TARGET, or REV:TARGET for the files of a git revision:

    \b
        cano diff main:orders.py orders.py
        cano diff HEAD~1:shop.flows:refunds shop.flows:refunds

    The work tree, the index and the refs are not touched: the revision's files are written to a folder that
    is removed again. Its code is run as that of any TARGET is, each side in a process of its own, with the
    packages that are installed now.

    With --store, a run that A would strand too is not counted against B.

    Exit code 0 when both are the same but for names and descriptions; 1 when they differ, or a run would be
    stranded; 2 when one cannot be read or is not sound; 130 after Ctrl-C.
    """  # noqa: D301 - \b is click's mark of a paragraph that keeps its lines
    log = "" if store is None else str(file_at(store))
    try:
        git = Git()
        one, other = side_of(before, git), side_of(after, git)
        was = load(one, git, log, with_traceback=with_traceback)
        now = load(other, git, log, with_traceback=with_traceback)
    except KeyboardInterrupt:
        tell_interrupt()
        sys.exit(INTERRUPTED)
    found = compare(was.graph, now.graph)
    runs = None if store is None else _stranded(was, now)
    if form == "text" and output is None:
        console = console_for()
        for text, style in lines(found, (before, after), runs):
            console.print(line(text, style))
    else:
        write(_text(found, (before, after), runs, form), output)
    sys.exit(0 if found.is_same and not runs else DIFFERENT)


def _stranded(was: Loaded, now: Loaded) -> Runs:
    """Give the runs that the second cannot go on with, and the first could."""
    mine = {run["run_id"]: run for run in was.runs if not run["stranded"]}
    if was.graph.name == now.graph.name:
        return [run for run in now.runs if run["stranded"] and run["run_id"] in mine]
    reason = f"the name of its workflow was {was.graph.name}, is {now.graph.name}"
    return [{**run, "can_resume": False, "stranded": True, "reasons": [reason]} for run in mine.values()]


def _text(found: Comparison, sides: tuple[str, str], runs: Runs | None, form: str) -> str:
    if form == "markdown":
        return diff_markdown(found, runs)
    if form == "text":
        return "\n".join(text for text, _ in lines(found, sides, runs))
    data = found.to_dict()
    data["before"]["target"], data["after"]["target"] = sides
    if runs is not None:
        data["runs"] = list(runs)
    return json.dumps(data, indent=2, ensure_ascii=False)
