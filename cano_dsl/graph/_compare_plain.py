"""A comparison as plain lists and dicts, ready for JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cano_dsl.graph._compare import Change, Changed, Comparison, EdgeChange, FindingChange
    from cano_dsl.graph._graph import Graph

VERSION = 1


def comparison_as_dict(found: "Comparison") -> dict[str, Any]:
    """Give a whole comparison."""
    return {
        "version": VERSION,
        "same": found.is_same,
        "same_fingerprint": found.same_fingerprint,
        "before": _side(found.before),
        "after": _side(found.after),
        "workflows": [_changed(one) for one in found.workflows],
        "states": [_changed(one) for one in found.states],
        "transitions": [_edge(one) for one in found.edges],
        "findings": [_finding(one) for one in found.findings],
        "renamed": [{"from": was, "to": now} for was, now in found.renamed],
        "stranded": list(found.stranded),
        "owing": list(found.owing),
    }


def _side(graph: "Graph") -> dict[str, Any]:
    return {
        "name": graph.name,
        "enum": graph.enum,
        "fingerprint": graph.fingerprint,
        "states": len(graph.states),
        "transitions": len(graph.edges),
    }


def _changed(one: "Changed") -> dict[str, Any]:
    return {"path": one.path, "how": one.how, "changes": [_change(change) for change in one.changes]}


def _change(change: "Change") -> dict[str, Any]:
    return {
        "fact": change.fact,
        "of": change.of,
        "level": change.level,
        "was": change.was,
        "now": change.now,
        "text": str(change),
    }


def _edge(edge: "EdgeChange") -> dict[str, Any]:
    return {
        "from": edge.source,
        "to": edge.target,
        "how": edge.how,
        "error": edge.error,
        "rollback": edge.rollback,
    }


def _finding(change: "FindingChange") -> dict[str, Any]:
    finding = change.finding
    return {
        "path": change.path,
        "how": change.how,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.hint,
        "waived": finding.waived,
    }
