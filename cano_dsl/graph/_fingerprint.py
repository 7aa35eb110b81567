"""What a definition means to a run that is to go on, as plain data, and a short hash of it.

Two definitions of one fingerprint mean the same to every run. In it are states, kinds, targets, error and
rollback edges, exits, joins, how branches come about, what is compensated, and the names of the types that
are saved; not retries, timeouts, limits, documents, handlers' names, lines and resources. A fact that a
definition has no use for is left out, so one that is added here changes no fingerprint where it is not used.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from cano_dsl.graph._type_names import type_name
from cano_dsl.spec import HandlerDef, SplitDef

if TYPE_CHECKING:
    from cano_dsl.graph._graph import Graph, Node

Canonical: TypeAlias = dict[str, Any]
LENGTH = 16  # of 64 hexadecimal digits: two definitions of one workflow are not alike by chance


def canonical_of(graph: "Graph") -> Canonical:
    """Give the facts of a graph, the same for every order in which its parts were given."""
    states = {name: canonical_facts(node) for name, node in sorted(graph.states.items())}
    return {"start": graph.start, "states": states}


def canonical_facts(node: "Node") -> dict[str, Any]:
    """Give the facts of one state."""
    return dict(_facts(node))


def canonical_json(canonical: Canonical) -> str:
    """Write the facts as JSON, the same text for the same facts."""
    return json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint_of(text: str) -> str:
    """Give a short hash of the facts as JSON."""
    return sha256(text.encode()).hexdigest()[:LENGTH]


def _facts(node: "Node") -> Iterator[tuple[str, Any]]:
    """Give what there is to say about a state."""
    yield "kind", "exit" if node.is_exit else node.kind or "unhandled"
    if node.targets:
        yield "targets", sorted(set(node.targets))
    if node.handler is not None:
        yield from _of_handler(node.handler)
    if node.compensation is not None:
        yield "compensation", type_name(node.compensation.takes.shown)
    if node.nested is not None:
        yield "workflow", canonical_of(node.nested)


def _of_handler(handler: HandlerDef) -> Iterator[tuple[str, Any]]:
    if handler.errors:
        yield "errors", [[edge.error, edge.target] for edge in handler.errors]  # the first that fits counts
    if handler.rollbacks:
        yield "rollback", sorted(set(handler.rollbacks))
    if handler.split is not None:
        yield "split", _split(handler.split)
    if handler.output is not None:
        yield "output", type_name(handler.output.shown)
    if handler.joined is not None:
        yield "outcomes", type_name(f"{handler.joined.shown}{' | None' if handler.joined.optional else ''}")
    if handler.failure is not None and not handler.failure.optional:
        yield "failure", True
    if handler.at_most_once:
        yield "at_most_once", True
    if handler.nested is not None:
        yield "exits", dict(sorted(handler.nested.exits))


def _split(split: SplitDef) -> dict[str, Any]:
    """Give how branches come about and are joined: by functions of their own, by known items, or a call."""
    facts: dict[str, Any] = {"join": str(split.join), "value": type_name(split.shown)}
    if split.branches:
        facts["branches"] = list(split.branches)
    else:
        facts["over"] = "a call" if split.count is None else split.count
    needed = None if split.count is None else split.join.needed(split.count)
    return facts if needed is None else facts | {"needed": needed}
