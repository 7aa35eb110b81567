"""A graph as plain lists and dicts, ready for JSON."""

from typing import TYPE_CHECKING, Any

from cano_dsl.errors import Finding
from cano_dsl.spec import CompensationDef, NestedDef, PolicyDef, SplitDef, Want

if TYPE_CHECKING:
    from cano_dsl.graph._graph import Edge, Graph, Node


def graph_as_dict(graph: "Graph") -> dict[str, Any]:
    """Give a whole graph."""
    definition = graph.definition
    return {
        "name": graph.name,
        "enum": graph.enum,
        "start": graph.start,
        "exits": list(graph.exits),
        "failed": list(definition.failed),
        "timeout_s": definition.timeout_s,
        "compensation_timeout_s": definition.compensation_timeout_s,
        "max_transitions": definition.max_transitions,
        "breakers": {name: list(states) for name, states in graph.breakers.items()},
        "limiters": {name: list(states) for name, states in graph.limiters.items()},
        "states": [_node_as_dict(node) for node in graph.states.values()],
        "transitions": [_edge_as_dict(edge) for edge in graph.edges],
        "findings": [_finding_as_dict(finding) for finding in graph.findings],
    }


def _edge_as_dict(edge: "Edge") -> dict[str, Any]:
    return {
        "from": edge.source,
        "to": edge.target,
        **({"error": edge.error} if edge.is_error else {}),
        **({"rollback": True} if edge.rollback else {}),
    }


def _node_as_dict(node: "Node") -> dict[str, Any]:
    handler = node.handler
    wants = handler.wants if handler else ()
    return {
        "name": node.name,
        "kind": "exit" if node.is_exit else node.kind,
        "handler": handler.name if handler else None,
        "doc": handler.doc if handler else "",
        "thread": handler.thread if handler else False,
        "resources": _wants_as_dicts(wants),
        "output": handler.output.shown if handler and handler.output else None,
        "compensation": _compensation_as_dict(node.compensation) if node.compensation else None,
        "effects": handler.effects if handler else False,
        "policies": _policies_as_dict(handler.policies if handler else None),
        **({"split": _split_as_dict(handler.split)} if handler and handler.split else {}),
        **(
            _nested_as_dict(handler.nested, node.nested) if handler and handler.nested and node.nested else {}
        ),
    }


def _split_as_dict(split: SplitDef) -> dict[str, Any]:
    return {
        "join": str(split.join),
        "branches": list(split.branches) or split.count,
        "value": split.shown,
        "timeout_s": split.timeout_s,
        "bulkhead": split.bulkhead,
    }


def _nested_as_dict(nested: NestedDef, graph: "Graph") -> dict[str, Any]:
    return {"workflow": graph.to_dict(), "ends": dict(nested.exits)}


def _wants_as_dicts(wants: tuple[Want, ...]) -> list[dict[str, Any]]:
    return [{"name": w.name, "type": w.shown, "optional": w.optional} for w in wants]


def _compensation_as_dict(compensation: CompensationDef) -> dict[str, Any]:
    return {
        "name": compensation.name,
        "takes": compensation.takes.shown,
        "doc": compensation.doc,
        "thread": compensation.thread,
        "resources": _wants_as_dicts(compensation.wants),
        "policies": _policies_as_dict(compensation.policies),
    }


def _policies_as_dict(policies: PolicyDef | None) -> dict[str, Any] | None:
    if policies is None:
        return None
    return {
        "attempts": policies.attempts,
        "wait": policies.wait,
        "timeout_s": policies.timeout_s,
        "breaker": policies.breaker.name if policies.breaker else None,
        "limiter": policies.limiter.name if policies.limiter else None,
    }


def _finding_as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "state": finding.state,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.hint,
        "waived": finding.waived,
    }
