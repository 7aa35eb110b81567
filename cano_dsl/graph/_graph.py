"""The graph that every reader is given: read-only, ordered as the author wrote it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, final

from cano_dsl.errors import Finding
from cano_dsl.graph._fingerprint import Canonical, canonical_json, canonical_of, fingerprint_of
from cano_dsl.spec import (
    CompensationDef,
    Definition,
    HandlerDef,
    Kind,
    PolicyDef,
    SharedDef,
)

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
        nested: The graph of the workflow that stands here; None for other kinds. Where its exits lead is told
            by `handler.nested.exits`.
    """

    name: str
    kind: Kind | None
    handler: HandlerDef | None
    is_start: bool
    is_exit: bool
    targets: tuple[str, ...]
    compensation: CompensationDef | None = None
    nested: "Graph | None" = None

    @property
    def policies(self) -> PolicyDef | None:
        """How its handler's call is guarded; None where nothing guards it."""
        return self.handler.policies if self.handler is not None else None


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

    __slots__ = ("_written", "definition", "edges", "enum", "exits", "findings", "name", "start", "states")

    name: str
    enum: str
    start: str
    exits: tuple[str, ...]
    states: Mapping[str, Node]
    edges: tuple[Edge, ...]
    findings: tuple[Finding, ...]
    definition: Definition
    _written: tuple[str, str] | None

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
            "_written": None,
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

    @property
    def breakers(self) -> Mapping[str, tuple[str, ...]]:
        """The circuit breakers by name, each with the states that share it; two of one name are numbered.

        Example:
            >>> from enum import Enum
            >>> from typing import Any, Literal
            >>> from cano_dsl import Workflow, state
            >>> class Till(Enum):
            ...     CHARGE = 1
            ...     BOOK = 2
            ...     DONE = 3
            >>> def till(breaker: Any) -> Workflow[Till, Any]:
            ...     @state(Till.CHARGE, breaker=breaker)
            ...     async def charge() -> Literal[Till.BOOK]:
            ...         return Till.BOOK
            ...     @state(Till.BOOK, breaker=breaker)
            ...     async def book() -> Literal[Till.DONE]:
            ...         return Till.DONE
            ...     return Workflow.build(Till, charge, book, start=Till.CHARGE, exits=(Till.DONE,))
            >>> from unittest.mock import Mock
            >>> payments = Mock()
            >>> payments.name = "payments"
            >>> dict(till(payments).graph.breakers)
            {'payments': ('CHARGE', 'BOOK')}
        """
        return _sharing(self.states.values(), "breaker")

    @property
    def limiters(self) -> Mapping[str, tuple[str, ...]]:
        """The limiters by name, each with the states that share it; two of one name are numbered."""
        return _sharing(self.states.values(), "limiter")

    @property
    def fingerprint(self) -> str:
        """A short hash of what this definition means to a run, whose log keeps it.

        It changes with states, kinds, targets, error and rollback edges, exits, joins, how branches come
        about, what is compensated, and the names of the types that are saved; not with retries, timeouts,
        limits, documents, handlers' names, lines, resources, or the order in which anything is given.

        Example:
            >>> from enum import Enum
            >>> from typing import Literal
            >>> from cano_dsl import Retry, Workflow, state
            >>> class Job(Enum):
            ...     WORK = 1
            ...     DONE = 2
            >>> @state(Job.WORK)
            ... async def work() -> Literal[Job.DONE]:
            ...     return Job.DONE
            >>> @state(Job.WORK, retry=Retry.fixed(3, 1.0))
            ... async def insist() -> Literal[Job.DONE]:
            ...     return Job.DONE
            >>> first = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).graph
            >>> second = Workflow.build(Job, insist, start=Job.WORK, exits=(Job.DONE,)).graph
            >>> first.fingerprint, first.fingerprint == second.fingerprint
            ('fa0bafeb225097fc', True)
        """
        return self._canonical()[1]

    @property
    def canonical_json(self) -> str:
        """What `canonical` gives, as JSON: the same text for the same facts."""
        return self._canonical()[0]

    def canonical(self) -> Canonical:
        """Give what the fingerprint is made of, as plain dicts, lists and strings, free to change.

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
            >>> graph.canonical()["states"]["WORK"]
            {'kind': 'state', 'targets': ['DONE', 'WORK']}
        """
        return canonical_of(self)

    def _canonical(self) -> tuple[str, str]:
        """Give the canonical JSON and its hash, which are made at the first question."""
        if self._written is None:
            text = canonical_json(canonical_of(self))
            object.__setattr__(self, "_written", (text, fingerprint_of(text)))
        return cast("tuple[str, str]", self._written)

    def node(self, name: str) -> Node:
        """Give a state by its name in a run: that of a member, or `PAY/CHARGE` for one of a sub-workflow.

        Raises:
            KeyError: There is no such state.

        Example:
            >>> from enum import Enum
            >>> from typing import Literal
            >>> from cano_dsl import Workflow, state
            >>> class Pay(Enum):
            ...     CHARGE = 1
            ...     DONE = 2
            >>> class Order(Enum):
            ...     PAY = 1
            ...     DONE = 2
            >>> @state(Pay.CHARGE)
            ... def charge() -> Literal[Pay.DONE]:
            ...     return Pay.DONE
            >>> pay = Workflow.build(Pay, charge, start=Pay.CHARGE, exits=(Pay.DONE,))
            >>> part = pay.as_state(Order.PAY, exits={Pay.DONE: Order.DONE})
            >>> orders = Workflow.build(Order, part, start=Order.PAY, exits=(Order.DONE,))
            >>> orders.graph.node("PAY/CHARGE").handler.name
            'charge'
        """
        found = self.states.get(name)
        if found is not None:
            return found
        outer, _, rest = name.partition("/")
        nested = self.states[outer].nested
        if nested is None:
            raise KeyError(name)
        return nested.node(rest)

    def paths(self) -> Iterator[str]:
        """Give the names of all states that a run may enter or end in, as runs have them."""
        for node in self.states.values():
            if node.nested is None:
                yield node.name
            else:
                exits = node.nested.exits
                yield from (f"{node.name}/{name}" for name in node.nested.paths() if name not in exits)

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Give a copy as a networkx DiGraph, free to change.

        Nodes are state names with `kind`, `start`, `exit` and `handler` (a name or None) as attributes, edges
        have `error` (the exception that takes it, or None) and `rollback` (whether all is undone on the
        way). Of several edges between two states there is one, an ordinary one before one with a rollback.
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
        from cano_dsl.graph._plain import graph_as_dict

        return graph_as_dict(self)


def _edges(node: Node) -> list[Edge]:
    ordinary = [Edge(node.name, target) for target in node.targets]
    if node.handler is None:
        return ordinary
    return [
        *ordinary,
        *(Edge(node.name, target, rollback=True) for target in node.handler.rollbacks),
        *(Edge(node.name, edge.target, edge.error) for edge in node.handler.errors),
    ]


def _sharing(nodes: Iterable[Node], what: Literal["breaker", "limiter"]) -> Mapping[str, tuple[str, ...]]:
    """Give the states of each breaker or limiter, which are told apart by their keys."""
    found: dict[str, dict[int, list[str]]] = {}
    for node in nodes:
        policies = node.policies
        shared: SharedDef | None = None if policies is None else getattr(policies, what)
        if shared is not None:
            found.setdefault(shared.name, {}).setdefault(shared.key, []).append(node.name)
    return MappingProxyType(
        {
            name if number == 1 else f"{name} ({number})": tuple(states)
            for name, ones in found.items()
            for number, states in enumerate(ones.values(), 1)
        }
    )
