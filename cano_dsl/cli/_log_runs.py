"""`cano runs` and `cano prune`: which runs a log has, and which of them it forgets."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from cano_dsl.checkpoint import CLOSED, Page, RunInfo, SqliteCheckpoints, Status
from cano_dsl.cli._console import console_for, count, line
from cano_dsl.cli._convert import lacks
from cano_dsl.cli._log_file import Refused, ago, ask, iso, local, write_json

PAGE = 500
STYLES = {
    "finished": "green",
    "unfinished": "cyan",
    "waiting": "cyan",
    "failed": "red",
    "dirty": "bold red",
    "parked": "bold yellow",
    "rolled_back": "yellow",
    "cancelled": "dim",
}


class Wanted(NamedTuple):
    """Which runs are asked for; see `CheckpointStore.runs`."""

    workflow: str | None = None
    statuses: tuple[Status, ...] = ()
    older_s: float | None = None

    async def page(self, store: SqliteCheckpoints, limit: int, after: int | None = None) -> Page:
        """Ask for some of them."""
        before = None if self.older_s is None else time.time() - self.older_s
        return await store.runs(
            workflow=self.workflow, statuses=self.statuses, before=before, after=after, limit=limit
        )

    async def all(self, store: SqliteCheckpoints) -> list[RunInfo]:
        """Ask for all of them."""
        page = await self.page(store, PAGE)
        found = [*page.runs]
        while page.next is not None:
            page = await self.page(store, PAGE, page.next)
            found += page.runs
        return found


def list_runs(path: Path, wanted: Wanted, limit: int, *, as_json: bool) -> None:
    """Write the runs, the one started last first.

    Raises:
        Refused: The file cannot be read, or no run in it is of that workflow.
    """

    async def question(store: SqliteCheckpoints) -> Page:
        page = await wanted.page(store, limit)
        if not page.runs and wanted.workflow is not None:
            await known(store, path, wanted.workflow)
        return page

    page = ask(path, question)
    if as_json:
        write_json({"runs": [as_dict(run) for run in page.runs], "more": page.next is not None})
        return
    console = console_for()
    if page.runs:
        _table(page.runs, console)
    text = count(len(page.runs), "run")
    more = ", and there are more: --limit" if page.next is not None else ""
    console.print(line(f"{text}{more}", "dim"))


async def known(store: SqliteCheckpoints, path: Path, workflow: str) -> None:
    """See that a log has a run of a workflow.

    Raises:
        Refused: It has none.
    """
    if (await store.runs(workflow=workflow, limit=1)).runs:
        return
    names = sorted({run.workflow for run in await Wanted().all(store)})
    raise Refused(f"{path} {lacks('run of workflow', workflow, names)}")


def as_dict(run: RunInfo) -> dict[str, Any]:
    """Give a run in short for programs."""
    owner = run.owner
    return {
        "run_id": run.run_id,
        "workflow": run.workflow,
        "version": run.version,
        "fingerprint": run.fingerprint,
        "status": run.status,
        "state": run.state,
        "rows": run.next,
        "started_at": iso(run.started_at),
        "updated_at": iso(run.updated_at),
        "owner": None if owner is None else {"process": str(owner), "gone": owner.is_gone()},
        "origin": run.origin,
    }


def owner_of(run: RunInfo) -> str:
    """Say who runs it."""
    if run.owner is None:
        return ""
    return f"{run.owner}{', which is gone' if run.owner.is_gone() else ''}"


# What is shown of a run; where a terminal is too narrow, the last go first, but never the first three.
COLUMNS: tuple[tuple[str, Callable[[RunInfo], str]], ...] = (
    ("run", lambda run: run.run_id),
    ("status", lambda run: run.status),
    ("state", lambda run: run.state),
    ("last row", lambda run: f"{ago(run.updated_at)} ago"),
    ("workflow", lambda run: run.workflow),
    ("rows", lambda run: str(run.next)),
    ("started", lambda run: local(run.started_at)),
    ("run by", owner_of),
)
NEVER_LEFT_OUT = 3


def _table(runs: Sequence[RunInfo], console: Console) -> None:
    cells = [[name, *(show(run) for run in runs)] for name, show in COLUMNS]
    cells = [column for column in cells if any(column[1:])]
    widths = [max(map(len, column)) for column in cells]
    narrow = console.width + 2 if console.is_terminal else math.inf
    while len(cells) > NEVER_LEFT_OUT and sum(widths) + 2 * len(widths) > narrow:
        cells.pop()
        widths.pop()
    for number, row in enumerate(zip(*cells, strict=True)):
        text = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        console.print(line(text, "bold" if not number else STYLES[runs[number - 1].status]))


def prune(path: Path, wanted: Wanted, *, agreed: bool, as_json: bool) -> None:
    """Forget runs, once that is agreed to.

    Raises:
        Refused: The file cannot be written, or nobody can be asked.
    """
    wanted = wanted._replace(statuses=wanted.statuses or tuple(sorted(CLOSED)))
    if not agreed:
        found = ask(path, wanted.all)
        if not found:
            _tell_pruned(0, as_json=as_json)
            return
        told = ", ".join(f"{_number(found, status)} {status}" for status in wanted.statuses)
        if as_json or not sys.stdin.isatty():
            raise Refused(
                f"{count(len(found), 'run')} would be forgotten for good ({told}): agree with --yes"
            )
        click.confirm(f"Forget {count(len(found), 'run')} for good ({told})?", abort=True, err=True)
    _tell_pruned(ask(path, lambda store: _prune(store, wanted)), as_json=as_json)


def _tell_pruned(gone: int, *, as_json: bool) -> None:
    if as_json:
        write_json({"pruned": gone})
    else:
        console_for().print(line(f"{count(gone, 'run')} forgotten", "green"))


def _number(runs: Sequence[RunInfo], status: Status) -> int:
    return sum(run.status == status for run in runs)


async def _prune(store: SqliteCheckpoints, wanted: Wanted) -> int:
    now = time.time()
    return await store.prune(before=now - (wanted.older_s or 0.0), now=now, statuses=wanted.statuses)
