"""`cano check` and `cano graph`: findings in words, graphs as text."""

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from cano_dsl.cli._console import console_for, line
from cano_dsl.cli._target import Found
from cano_dsl.errors import Finding, GraphError
from cano_dsl.graph import Graph
from cano_dsl.render import mermaid


def show_refused(error: GraphError) -> None:
    """Write the findings of a workflow that could not be built."""
    _show(error.findings)
    errors = sum(1 for finding in error.findings if _stands(finding))
    console_for().print(line(f"{error.workflow}: {_count(errors, 'finding')}", "bold red"))


def show_sound(found: Found) -> None:
    """Write what a sound workflow has to say: its size, warnings, and what is waived."""
    graph = found.graph
    _show(graph.findings)
    size = f"{_count(len(graph.states), 'state')}, {_count(len(graph.edges), 'transition')}"
    warnings = sum(1 for finding in graph.findings if finding.waived is None)
    waived = len(graph.findings) - warnings
    notes = [_count(warnings, "warning")] * bool(warnings) + [f"{waived} waived"] * bool(waived)
    console_for().print(line(", ".join([f"{graph.name}: sound, {size}", *notes]), "bold green"))


def _stands(finding: Finding) -> bool:
    return finding.severity == "error" and finding.waived is None


def _show(findings: Sequence[Finding]) -> None:
    console = console_for()
    for finding in findings:
        console.print(line(str(finding), "red" if _stands(finding) else "yellow"))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


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
    if path is None:
        click.echo(text)
        return
    try:
        _replace(Path(path), text + "\n")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
