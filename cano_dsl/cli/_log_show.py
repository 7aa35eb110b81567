"""`cano show`: a run row by row, with what each state left; values only where they are asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from cano_dsl.checkpoint import Change, Row, SavedRun, SqliteCheckpoints
from cano_dsl.cli._console import console_for, duration, line
from cano_dsl.cli._log_file import ago, ask, iso, local, size, write_json
from cano_dsl.cli._log_runs import STYLES, as_dict, owner_of
from cano_dsl.cli._log_story import Mark, Moment, begun_with, story, trail_of
from cano_dsl.engine import plain_entry
from cano_dsl.errors import StoreError
from cano_dsl.graph import Graph, stored_graph
from cano_dsl.render import mermaid
from cano_dsl.spec import DataCodec

MARKS: dict[Mark, tuple[str, str]] = {
    "left": ("✓", "green"),
    "failed": ("✗", "red"),
    "stands": ("…", "bold cyan"),
    "cut": ("⌁", "yellow"),
    "undone": ("↩", "yellow"),
    "rollback": ("!", "bold yellow"),
    "exit": ("→", "bold green"),
    "ended": ("■", "bold red"),
    "row": ("·", ""),
}
TEXTS = {"joined": "outcomes", "failure": "failure"}  # what a state can be entered with


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as it is shown.

    Attributes:
        saved: The run.
        changes: Every change of its data, with the bytes where values are asked for.
        codec: What makes values of bytes.
        with_values: Whether values are shown.
    """

    saved: SavedRun
    changes: Sequence[Change]
    codec: DataCodec
    with_values: bool

    def value(self, key: str, data: bytes) -> Any:
        """Give a value as JSON has it, or say that it cannot be read."""
        return self._plain(lambda: self.codec.decode(key, data))

    def given(self, row: Row) -> Any:
        """Give what a state was entered with as JSON has it, or say that it cannot be read."""
        return self._plain(lambda: plain_entry(self.codec, row.entry or b"", row.entry_type))

    def _plain(self, read: Callable[[], Any]) -> Any:
        try:
            return msgspec.to_builtins(read(), str_keys=True)
        except (StoreError, TypeError, LookupError, ValueError) as error:
            return f"cannot be read: {error}"


def show_run(
    path: Path,
    run_id: str,
    *,
    with_values: bool,
    graph: Graph | None,
    codec: DataCodec | None,
    as_json: bool,
    diagram: bool,
) -> None:
    """Write a run: in short, row by row, and as a diagram with the way that it took.

    Raises:
        Refused: The file cannot be read, or has no such run.
    """

    async def question(store: SqliteCheckpoints) -> Shown:
        changes = await store.changes(run_id, values=with_values)
        return Shown(await store.load(run_id), changes, store.codec, with_values)

    shown = ask(path, question, codec)
    saved = shown.saved
    if graph is None:
        graph = stored_graph(msgspec.json.decode(saved.graph), saved.info.workflow)
    picture = mermaid(graph, trail_of(saved, graph)) if diagram else None
    told = story(saved, shown.changes)
    if as_json:
        write_json(_as_dict(shown, told, picture))
        return
    console = console_for()
    _head(saved, console)
    _rows(shown, told, console)
    if picture is not None:
        console.print()
        console.print(line(picture))


def _head(saved: SavedRun, console: Console) -> None:
    info = saved.info
    origin = f", forked from {info.origin}" if info.origin is not None else ""
    console.print(line(f"run       {info.run_id}{origin}", "bold"))
    console.print(line(f"workflow  {info.workflow}, version {info.version}, fingerprint {info.fingerprint}"))
    place = "at" if info.status == "finished" else "in"
    console.print(line(f"status    {info.status} {place} {info.state}", STYLES[info.status]))
    if info.owner is not None:
        console.print(line(f"run by    {owner_of(info)}"))
    console.print(line(f"started   {local(info.started_at)}, last row {ago(info.updated_at)} ago"))
    console.print()


def _rows(shown: Shown, told: Sequence[Moment], console: Console) -> None:
    saved = shown.saved
    names = max([len("state"), *(len(_name(moment)) for moment in told)])
    number = max(3, len(str(len(told))))
    console.print(line(f"{'row':>{number}}  {'after':>10}    {'state':<{names}} {'took':>10}", "bold"))
    start = begun_with(shown.changes)
    indent = " " * (number + 16)
    if start:
        console.print(line(f"{'':>{number}}  {'':>10}    begun with {_sizes(start)}"))
        _values(shown, start, indent, console)
    told_last: str | None = None
    for moment in told:
        row = moment.row
        mark, style = MARKS[moment.mark]
        took = "" if moment.took_s is None else duration(moment.took_s)
        after = duration(max(0.0, row.at - saved.info.started_at))
        notes = "  ".join(_notes(moment))
        text = f"{row.sequence:>{number}}  {after:>10}  {mark} {_name(moment):<{names}} {took:>10}  {notes}"
        console.print(line(text.rstrip(), style if moment.counts else "dim"))
        if row.text is not None and row.text != told_last:
            for part in row.text.splitlines():
                console.print(line(f"{indent}{part}", style))
        if moment.changes:
            console.print(line(f"{indent}data  {_sizes(moment.changes)}"))
        _values(shown, moment.changes, indent, console)
        _bytes(shown, moment, indent, console)
        told_last = row.text or told_last


def _name(moment: Moment) -> str:
    return moment.row.state


def _notes(moment: Moment) -> Iterator[str]:
    row, left = moment.row, moment.left
    if not moment.counts:
        yield "taken back"
    yield from _what(moment)
    if moment.attempts > 1:
        yield f"{moment.attempts} attempts"
    if left is not None and left.output is not None and moment.mark in ("left", "failed"):
        yield f"output {_output(left)}"
    if row.entry is not None and row.entry_type != "target":
        yield f"given {TEXTS.get(row.entry_type or '', row.entry_type)} {size(len(row.entry))}"


def _what(moment: Moment) -> Iterator[str]:
    """Say what happened, where the mark and the state alone do not."""
    row, left = moment.row, moment.left
    if row.kind == "resumed":
        yield "resumed" if row.about is None else f"taken back to row {row.about}"
    if moment.mark == "row":
        yield row.kind if row.output is None else f"{row.kind} {_output(row)}"
    elif moment.mark == "cut":
        yield "cut off"
    elif moment.mark == "rollback":
        yield "rollback" if row.entry_type != "target" else "rollback that was asked for"
    elif moment.mark == "undone":
        of = "" if left is None or left.output is None else f", which gave {_output(left)}"
        yield f"undone: row {row.about}{of}"
    elif moment.mark == "ended":
        yield "ended"


def _output(row: Row) -> str:
    return f"{row.output_type or 'a value'} {size(len(row.output or b''))}"


def _sizes(changes: Sequence[Change]) -> str:
    return ", ".join(
        f"{change.key} removed" if change.size is None else f"{change.key} {size(change.size)}"
        for change in changes
    )


def _values(shown: Shown, changes: Sequence[Change], indent: str, console: Console) -> None:
    if shown.with_values:
        for change in changes:
            if change.value is not None:
                _value(change.key, shown.value(change.key, change.value), indent, console)


def _bytes(shown: Shown, moment: Moment, indent: str, console: Console) -> None:
    """Write the values that belong to a row itself: outputs, cursors, answers, outcomes."""
    if not shown.with_values:
        return
    left = moment.left if moment.mark in ("left", "failed", "undone") else moment.row
    if left is not None and left.output is not None and moment.row.kind != "ended":
        _value("output", shown.value("output", left.output), indent, console)
    if moment.row.entry is not None and moment.row.entry_type != "target":
        _value("given", shown.given(moment.row), indent, console)


def _value(key: str, plain: Any, indent: str, console: Console) -> None:
    console.print(line(f"{indent}  {key} = {msgspec.json.encode(plain).decode()}"))


def _as_dict(shown: Shown, told: Sequence[Moment], picture: str | None) -> dict[str, Any]:
    start = [_change(shown, change) for change in begun_with(shown.changes)]
    rows = [_moment(shown, moment) for moment in told]
    return {**as_dict(shown.saved.info), "start_data": start, "log": rows, "diagram": picture}


def _moment(shown: Shown, moment: Moment) -> dict[str, Any]:
    row = moment.row
    left = moment.left if moment.mark in ("left", "failed", "undone") else row
    return {
        "sequence": row.sequence,
        "kind": row.kind,
        "state": row.state,
        "at": iso(row.at),
        "took_s": None if moment.took_s is None else round(moment.took_s, 3),
        "outcome": moment.mark,
        "attempts": moment.attempts,
        "output": None if row.kind == "ended" else _output_facts(shown, left),
        "given": _given_facts(shown, row),
        "about": row.about,
        "error": row.text,
        "taken_back": not moment.counts,
        "changes": [_change(shown, change) for change in moment.changes],
    }


def _output_facts(shown: Shown, row: Row | None) -> dict[str, Any] | None:
    if row is None or row.output is None:
        return None
    facts: dict[str, Any] = {"type": row.output_type, "size": len(row.output)}
    return facts | {"value": shown.value("output", row.output)} if shown.with_values else facts


def _given_facts(shown: Shown, row: Row) -> dict[str, Any] | None:
    if row.entry is None or row.entry_type == "target":
        return None
    facts: dict[str, Any] = {"what": TEXTS.get(row.entry_type or "", row.entry_type), "size": len(row.entry)}
    return facts | {"value": shown.given(row)} if shown.with_values else facts


def _change(shown: Shown, change: Change) -> dict[str, Any]:
    facts: dict[str, Any] = {"key": change.key, "size": change.size}
    if shown.with_values and change.value is not None:
        facts["value"] = shown.value(change.key, change.value)
    return facts
