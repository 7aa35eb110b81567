# Made by tools/stubs.py from the package; not for type checkers.
import networkx as nx
from cano_dsl.errors import Finding as Finding
from cano_dsl.graph._fingerprint import Canonical as Canonical
from cano_dsl.spec import (
    CompensationDef as CompensationDef,
    Definition as Definition,
    HandlerDef as HandlerDef,
    Kind as Kind,
    PolicyDef as PolicyDef,
)
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

@dataclass(frozen=True, slots=True)
class Node:
    name: str
    kind: Kind | None
    handler: HandlerDef | None
    is_start: bool
    is_exit: bool
    targets: tuple[str, ...]
    compensation: CompensationDef | None = ...
    nested: Graph | None = ...
    @property
    def policies(self) -> PolicyDef | None: ...

@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    error: str | None = ...
    rollback: bool = ...
    @property
    def is_error(self) -> bool: ...

@final
class Graph:
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
    ) -> None: ...
    def __setattr__(self, name: str, value: object) -> None: ...
    def __delattr__(self, name: str) -> None: ...
    def __repr__(self) -> str: ...
    @property
    def breakers(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def limiters(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def canonical_json(self) -> str: ...
    def canonical(self) -> Canonical: ...
    def node(self, name: str) -> Node: ...
    def paths(self) -> Iterator[str]: ...
    def to_networkx(self) -> nx.DiGraph[str]: ...
    def to_dict(self) -> dict[str, Any]: ...
