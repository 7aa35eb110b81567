"""What a template sees of a graph: rows in a fixed order, with ids and labels that are safe in Mermaid."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cano_dsl.graph import Graph, Node

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words with a meaning of their own in Mermaid's state diagrams, lower case as its lexer compares them:
# https://mermaid.js.org/syntax/stateDiagram.html
_RESERVED = frozenset(
    [
        "accdescr",
        "acctitle",
        "as",
        "choice",
        "class",
        "classdef",
        "click",
        "default",
        "direction",
        "end",
        "fork",
        "history",
        "href",
        "hide",
        "join",
        "note",
        "root",
        "root_start",
        "root_end",
        "scale",
        "start",
        "state",
        "statediagram",
        "style",
        "title",
    ]
)
# Named entities: Mermaid 11 leaves its own codes (#quot;) undecoded in the labels of state diagrams, reads
# numeric ones as such codes, and takes * ` $ and an outer _ for markup.
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "#": "&num;",
    ";": "&semi;",
    "*": "&ast;",
    "`": "&grave;",
    "$": "&dollar;",
    "\n": " ",
    "\r": " ",
}
_OUTER_UNDERSCORES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Named:
    """A state whose id says less than its label."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class View:
    """A diagram as rows.

    Attributes:
        start: The id of the start state.
        named: States that need a line of their own: odd names, routers, states that something undoes, and
            states without a transition.
        edges: Ids of source and target.
        exits: Ids.
        routers: Ids.
    """

    start: str
    named: tuple[Named, ...]
    edges: tuple[tuple[str, str], ...]
    exits: tuple[str, ...]
    routers: tuple[str, ...]


def view(graph: Graph) -> View:
    """Make the rows of a graph."""
    ids = _ids(graph.states)
    touched = {name for edge in graph.edges for name in (edge.source, edge.target)} | {
        graph.start,
        *graph.exits,
    }
    named = tuple(
        Named(ids[node.name], _label(node))
        for node in graph.states.values()
        if ids[node.name] != node.name or _is_marked(node) or node.name not in touched
    )
    return View(
        start=ids[graph.start],
        named=named,
        edges=tuple((ids[edge.source], ids[edge.target]) for edge in graph.edges),
        exits=tuple(ids[name] for name in graph.exits),
        routers=tuple(ids[node.name] for node in graph.states.values() if node.kind == "router"),
    )


def _ids(names: Iterable[str]) -> dict[str, str]:
    names = tuple(names)
    plain = {name for name in names if _PLAIN.fullmatch(name) and name.lower() not in _RESERVED}
    ids = {}
    for index, name in enumerate(names):
        made = f"s{index}"
        while made in plain:
            made += "_"
        ids[name] = name if name in plain else made
    return ids


def _is_marked(node: Node) -> bool:
    return node.kind == "router" or node.compensation is not None


def _label(node: Node) -> str:
    label = ("◇ " if node.kind == "router" else "") + escape(node.name)
    return label if node.compensation is None else f"{label} ↩ {escape(node.compensation.name)}"


def escape(text: str) -> str:
    """Write text so that Mermaid shows it and reads nothing into it."""
    text = "".join(_ENTITIES.get(character, character) for character in text)
    return _OUTER_UNDERSCORES.sub("&lowbar;", text)
