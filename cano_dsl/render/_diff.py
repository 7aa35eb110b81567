"""A comparison as Markdown, for a comment on a change."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cano_dsl.graph import Changed, Comparison
from cano_dsl.render._diff_mermaid import MARKS, diff_diagrams
from cano_dsl.render._diff_words import summary, verdict, way_of
from cano_dsl.render._templates import template_environment

_SPACE = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SIGNS = frozenset("`\\|")  # a code span cannot hold the first, nor one in a table the others


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table of differences, every text as Markdown."""

    mark: str
    where: str
    what: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run that cannot go on, with the reasons, every text as Markdown."""

    id: str
    stands: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiffPage:
    """What the template of a comparison sees, every text as Markdown.

    Attributes:
        name: The workflow's name.
        summary: How much differs.
        verdict: Whether runs that were begun before go on.
        diagrams: The workflows that differ: where each stands, empty for the outer one, and its flowchart.
        rows: All differences.
        renamed: States that may have been renamed: what is gone, what is new.
        runs: The runs that cannot go on; None where no log was looked at.
    """

    name: str
    summary: str
    verdict: str
    diagrams: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    renamed: tuple[tuple[str, str], ...]
    runs: tuple[Run, ...] | None


def diff_markdown(found: Comparison, runs: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Write a comparison as Markdown with a diagram; no newline at the end.

    Args:
        found: The comparison.
        runs: Runs of a log that cannot go on, each with `run_id`, `status`, `state` and `reasons`; None where
            none was looked at.
    """
    page = diff_page(found, runs)
    return template_environment().get_template("diff.md.j2").render(page=page).strip("\n")


def diff_page(found: Comparison, runs: Sequence[Mapping[str, Any]] | None = None) -> DiffPage:
    """Make what the template sees."""
    diagrams = {} if found.is_same else diff_diagrams(found)
    return DiffPage(
        name=code(found.after.name),
        summary=summary(found),
        verdict=verdict(found, code),
        diagrams=tuple((path and code(path), text) for path, text in diagrams.items()),
        rows=tuple(_rows(found)),
        renamed=tuple((code(was), code(now)) for was, now in found.renamed),
        runs=None if runs is None else tuple(map(_run, runs)),
    )


def code(text: str) -> str:
    """Write text of the user's as code, in which neither Markdown nor GitHub reads a link or a mention."""
    text = _SPACE.sub(" ", text).strip()
    if text and not _SIGNS.intersection(text):
        return f"`{text}`"
    signs = "".join(one if one.isalnum() or one == " " else f"&#{ord(one)};" for one in text)
    return f"<code>{signs}</code>"


def _rows(found: Comparison) -> Iterator[Row]:
    for one in found.workflows:
        yield from _facts(one, f"within {code(one.path)}" if one.path else "the workflow")
    for one in found.states:
        if one.how != "changed":
            yield Row(MARKS[one.how], code(one.path), _kind(one), "", "")
        yield from _facts(one, code(one.path))
    for edge in found.edges:
        arrow = f"{code(edge.source)} → {code(edge.target)}"
        way = way_of(edge)
        yield Row(MARKS[edge.how], arrow, f"transition {code(way)}" if way else "transition", "", "")
    for one_finding in found.findings:
        finding = one_finding.finding
        kind = finding.severity if finding.waived is None else "waived finding"
        text = code(f"[{finding.code}] {finding.message}")
        sides = (text, "") if one_finding.how == "removed" else ("", text)
        where = code(one_finding.path) if one_finding.path else "the workflow"
        yield Row(MARKS[one_finding.how], where, kind, *sides)


def _kind(one: Changed) -> str:
    """Give the kind of a state that is there on one side only."""
    return next(str(change.now or change.was) for change in one.changes if change.fact == "kind")


def _facts(one: Changed, where: str) -> Iterator[Row]:
    for change in one.changes:
        if change.fact == "kind" and one.how != "changed":
            continue  # said already
        what = code(change.called) if change.of else change.called
        was = code(change.was_shown) if one.how != "added" else ""
        now = code(change.now_shown) if one.how != "removed" else ""
        yield Row(MARKS[one.how], where, what, was, now)


def _run(run: Mapping[str, Any]) -> Run:
    stands = f"{run['status']} in {code(str(run['state']))}"
    return Run(code(str(run["run_id"])), stands, tuple(code(str(reason)) for reason in run["reasons"]))
