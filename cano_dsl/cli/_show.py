"""`cano check` and `cano graph`: findings in words, graphs as text."""

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from cano_dsl.cli._console import count, line
from cano_dsl.cli._target import Found
from cano_dsl.errors import Finding, GraphError
from cano_dsl.graph import Graph
from cano_dsl.render import mermaid


def show_refused(error: GraphError, console: Console) -> None:
    """Write the findings of a workflow that could not be built."""
    _show(error.findings, console)
    console.print(line(f"{error.workflow}: {_counts(error.findings)}", "bold red"))


def show_sound(found: Found, console: Console) -> None:
    """Write what a sound workflow has to say: its warnings, what is waived, and its size."""
    graph = found.graph
    _show(graph.findings, console)
    size = f"{count(len(graph.states), 'state')}, {count(len(graph.edges), 'transition')}"
    within = len(list(graph.paths())) - sum(node.nested is None for node in graph.states.values())
    if within:
        size += f", {count(within, 'state')} in sub-workflows"
    counts = _counts(graph.findings)
    console.print(line(f"{graph.name}: sound, {size}{f', {counts}' if counts else ''}", "bold green"))


def _show(findings: Sequence[Finding], console: Console) -> None:
    for finding in findings:
        console.print(line(str(finding), "red" if _is_error(finding) else "yellow"))


def _is_error(finding: Finding) -> bool:
    return finding.severity == "error" and finding.waived is None


def _counts(findings: Sequence[Finding]) -> str:
    errors = sum(map(_is_error, findings))
    waived = sum(finding.waived is not None for finding in findings)
    warnings = len(findings) - errors - waived
    parts = [
        (errors, count(errors, "error")),
        (warnings, count(warnings, "warning")),
        (waived, f"{waived} waived"),
    ]
    return ", ".join(text for number, text in parts if number)


def graph_text(graph: Graph, form: str) -> str:
    """Write a graph as `mermaid` or `json`."""
    if form == "json":
        return json.dumps(graph.to_dict(), indent=2, ensure_ascii=False)
    return mermaid(graph)


def write(text: str, path: str | None) -> None:
    """Write to a file, all of it or nothing, or to standard output.

    Raises:
        click.UsageError: The file cannot be written; what was there before still is.
    """
    if path is None or path == "-":
        click.echo(text)
        return
    file = Path(path)
    if not file.parent.is_dir():
        raise click.UsageError(f"-o {path}: there is no folder {file.parent}: make it first")
    try:
        if file.exists() and not file.is_file():
            file.write_text(f"{text}\n", encoding="utf-8")  # a device or a pipe, which must stay what it is
        else:
            _replace(file.resolve(), f"{text}\n")  # a link stays too
    except OSError as error:
        raise click.UsageError(f"-o {path}: it cannot be written: {error.strerror or error}") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
