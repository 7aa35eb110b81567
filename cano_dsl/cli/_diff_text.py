"""A comparison as lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cano_dsl.graph import Changed, Comparison, How
from cano_dsl.render import summary, verdict, way_of

SIGNS: dict[How, str] = {"added": "+", "removed": "-", "changed": "~"}
STYLES: dict[How, str] = {"added": "green", "removed": "red", "changed": "yellow"}
Line = tuple[str, str]


def lines(found: Comparison, sides: tuple[str, str], runs: Sequence[Mapping[str, Any]] | None) -> list[Line]:
    """Give the lines, each with its style.

    Args:
        found: The comparison.
        sides: What the two sides are called.
        runs: The runs that cannot go on; None where no log was looked at.
    """
    is_same = found.is_same
    return [
        *_titles(found, sides),
        *(line for one in found.workflows for line in _changed(one, _whole(one.path))),
        *(line for one in found.states for line in _changed(one, one.path)),
        *_edges(found),
        *_findings(found),
        *(
            (f"? {was} is gone and {now} is new, with the same edges: renamed?", "cyan")
            for was, now in found.renamed
        ),
        (verdict(found), ""),
        *_runs(runs),
        (f"{found.after.name}: {summary(found)}", "bold green" if is_same else "bold yellow"),
    ]


def _titles(found: Comparison, sides: tuple[str, str]) -> Iterator[Line]:
    width = max(map(len, sides))
    for sign, side, graph in zip(("---", "+++"), sides, (found.before, found.after), strict=True):
        yield f"{sign} {side:<{width}}  {graph.name}, fingerprint {graph.fingerprint}", "dim"


def _whole(path: str) -> str:
    return f"workflow within {path}" if path else "workflow"


def _changed(one: Changed, title: str) -> Iterator[Line]:
    style = STYLES[one.how] if one.weight != "words" else "dim"
    kind = next((change for change in one.changes if change.fact == "kind"), None)
    if one.how != "changed" and kind is not None:
        title += f"  {kind.now if one.how == 'added' else kind.was}"
    yield f"{SIGNS[one.how]} {title}", style
    for change in one.changes:
        dim = "dim" if change.level == "words" else ""
        if one.how == "changed":
            yield f"    {change}", dim
        elif change is not kind:
            value = change.now_shown if one.how == "added" else change.was_shown
            yield f"    {change.called}: {value}", dim


def _edges(found: Comparison) -> Iterator[Line]:
    for edge in found.edges:
        way = way_of(edge)
        text = f"{SIGNS[edge.how]} {edge.source} → {edge.target}{f'  {way}' if way else ''}"
        yield text, STYLES[edge.how]


def _findings(found: Comparison) -> Iterator[Line]:
    for one in found.findings:
        finding = one.finding
        waived = "" if finding.waived is None else f" (waived: {finding.waived})"
        text = f"{SIGNS[one.how]} {finding.severity} [{finding.code}] {finding.message}{waived}"
        yield text, STYLES[one.how]


def _runs(runs: Sequence[Mapping[str, Any]] | None) -> Iterator[Line]:
    for run in runs or ():
        yield f"✗ {run['run_id']}  {run['status']} in {run['state']}  would be stranded", "red"
        for reason in run["reasons"]:
            yield "\n".join(f"    {part}" for part in str(reason).splitlines()), ""
    if runs is not None and not runs:
        yield "✓ no unfinished run would be stranded", "green"
