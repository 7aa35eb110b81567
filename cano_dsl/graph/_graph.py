"""The graph that every reader is given: read-only, ordered as the author wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

from cano_dsl.errors import Finding
from cano_dsl.spec import CompensationDef, Definition, HandlerDef, Kind, SplitDef, Want

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Node:
    """A state.

    Attributes:
        name: The member's name.
        kind: Its handler's processing model; None for an exit, and for a state that nobody handles.
        handler: Its handler; None where `kind` is.
        is_start: Whether runs start here.
        is_exit: Whether runs end here.
        targets: The states that it may go to, in the order declared.
        compensation: What undoes it; None without.
    """

    name: str
    kind: Kind | None
    handler: HandlerDef | None
    is_start: bool
    is_exit: bool
    targets: tuple[str, ...]
    compensation: CompensationDef | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition that a handler declares.

    Attributes:
        source: The state it leaves.
        target: The state it enters.
        error: The exception that takes it; empty for any, None for one that a handler returns.
        rollback: Whether everything that the run has done is undone on the way.
    """

    source: str
    target: str
    error: str | None = None
    rollback: bool = False

    @property
    def is_error(self) -> bool:
        """Whether an exception takes it."""
        return self.error is not None


@final
class Graph:
    """A workflow's states and transitions as `build` checked them; nothing in it can be changed.

    Attributes:
        name: The workflow's name.
        enum: The Enum's name.
        start: The name of the start state.
        exits: The names of the exits, in the order given.
        states: Every member by name, in the order of the Enum.
        edges: Every transition, in the order of the handlers.
        findings: Warnings, and findings that a waiver lets pass.
        definition: What it was made from.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work() -> Literal[Job.WORK, Job.DONE]:
        ...     return Job.DONE
        >>> graph = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).graph
        >>> graph.states["WORK"].targets
        ('WORK', 'DONE')
        >>> sorted(graph.to_networkx().edges)
        [('WORK', 'DONE'), ('WORK', 'WORK')]
    """

    __slots__ = ("definition", "edges", "enum", "exits", "findings", "name", "start", "states")

    name: str
    enum: str
    start: str
    exits: tuple[str, ...]
    states: Mapping[str, Node]
    edges: tuple[Edge, ...]
    findings: tuple[Finding, ...]
    definition: Definition

    def __init__(
        self,
        *,
        definition: Definition,
        start: str,
        states: Mapping[str, Node],
        findings: tuple[Finding, ...],
    ) -> None:
        fields = {
            "definition": definition,
            "name": definition.name,
            "enum": definition.enum,
            "start": start,
            "exits": definition.exits,
            "states": MappingProxyType(dict(states)),
            "edges": tuple(edge for node in states.values() for edge in _edges(node)),
            "findings": findings,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: what was checked stays as it was checked."""
        raise AttributeError(f"a graph is read-only: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        """Refuse: what was checked stays as it was checked."""
        raise AttributeError(f"a graph is read-only: {name} cannot be deleted")

    def __repr__(self) -> str:
        """Show name and size."""
        return f"<Graph {self.name!r}: {len(self.states)} states, {len(self.edges)} transitions>"

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Give a copy as a networkx DiGraph, free to change.

        Nodes are state names with `kind`, `start`, `exit` and `handler` (a name or None) as attributes, edges
        have `error` (the exception that takes it, or None) and `rollback` (whether all is undone on the way).
        Of several edges between two states there is one, an ordinary one before one with a rollback.
        """
        import networkx as nx

        digraph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        for node in self.states.values():
            digraph.add_node(
                node.name,
                kind=node.kind,
                start=node.is_start,
                exit=node.is_exit,
                handler=node.handler.name if node.handler else None,
            )
        for edge in self.edges:
            if not digraph.has_edge(edge.source, edge.target):
                digraph.add_edge(edge.source, edge.target, error=edge.error, rollback=edge.rollback)
        return digraph

    def to_dict(self) -> dict[str, Any]:
        """Give plain lists, dicts, strings and booleans, ready for JSON; lines are left out, as they move."""
        return {
            "name": self.name,
            "enum": self.enum,
            "start": self.start,
            "exits": list(self.exits),
            "states": [_node_as_dict(node) for node in self.states.values()],
            "transitions": [_edge_as_dict(edge) for edge in self.edges],
            "findings": [_finding_as_dict(finding) for finding in self.findings],
        }


def _edges(node: Node) -> list[Edge]:
    ordinary = [Edge(node.name, target) for target in node.targets]
    if node.handler is None:
        return ordinary
    return [
        *ordinary,
        *(Edge(node.name, target, rollback=True) for target in node.handler.rollbacks),
        *(Edge(node.name, edge.target, edge.error) for edge in node.handler.errors),
    ]


def _edge_as_dict(edge: Edge) -> dict[str, Any]:
    return {
        "from": edge.source,
        "to": edge.target,
        **({"error": edge.error} if edge.is_error else {}),
        **({"rollback": True} if edge.rollback else {}),
    }


def _node_as_dict(node: Node) -> dict[str, Any]:
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
        **({"split": _split_as_dict(handler.split)} if handler and handler.split else {}),
    }


def _split_as_dict(split: SplitDef) -> dict[str, Any]:
    return {
        "join": str(split.join),
        "branches": list(split.branches) or split.count,
        "value": split.shown,
        "timeout_s": split.timeout_s,
        "bulkhead": split.bulkhead,
    }


def _wants_as_dicts(wants: tuple[Want, ...]) -> list[dict[str, Any]]:
    return [{"name": w.name, "type": w.shown, "optional": w.optional} for w in wants]


def _compensation_as_dict(compensation: CompensationDef) -> dict[str, Any]:
    return {
        "name": compensation.name,
        "takes": compensation.takes.shown,
        "doc": compensation.doc,
        "thread": compensation.thread,
        "resources": _wants_as_dicts(compensation.wants),
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
