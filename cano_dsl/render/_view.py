"""What a template sees of a graph: rows in a fixed order, with ids and labels that are safe in Mermaid."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cano_dsl.graph import Graph, Node
from cano_dsl.spec import PolicyDef, SplitDef

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
_ICON = re.compile(r":(?=fa-)")  # fa:fa-car would be drawn as a picture
# On an arrow a label ends at the first : or ;, so there is no entity: the wide forms stand for them.
_WIDE: dict[int, int | str] = {
    **{ord(sign): ord(sign) + 0xFEE0 for sign in '&<>"#;:*`$'},
    ord("\n"): " ",
    ord("\r"): " ",
}
_OUTER_UNDERSCORES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


# What stands before the name of a state of each kind.
_MARKS = {"router": "◇ ", "split": "∥ "}


@dataclass(frozen=True, slots=True)
class Named:
    """A state whose id says less than its label."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A transition, with the words on it; nothing is on an ordinary one."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Composite:
    """A state in which another workflow stands, with that workflow's own rows."""

    id: str
    label: str
    view: "View"


@dataclass(frozen=True, slots=True)
class View:
    """A diagram as rows.

    Attributes:
        start: The id of the start state.
        named: States that need a line of their own: odd names, routers, splits, states that something undoes
            or guards, and states without a transition.
        forks: Ids of the bars at which branches begin.
        edges: In the order of the handlers.
        exits: Ids.
        routers: Ids, also of those in sub-workflows.
        composites: States in which other workflows stand.
        passed: Ids of the states that a run has left, where one is shown.
        here: The id of the state that it stands in; empty for none.
    """

    start: str
    named: tuple[Named, ...]
    forks: tuple[str, ...]
    edges: tuple[Arrow, ...]
    exits: tuple[str, ...]
    routers: tuple[str, ...]
    composites: tuple[Composite, ...]
    passed: tuple[str, ...] = ()
    here: str = ""


def view(graph: Graph) -> View:
    """Make the rows of a graph."""
    ids = ids_of(graph.states)
    return _view(graph, ids, set(ids.values()))


def _view(graph: Graph, ids: dict[str, str], taken: set[str]) -> View:
    """Make the rows of a graph whose states have ids; no other may have one that is taken."""
    touched = {name for edge in graph.edges for name in (edge.source, edge.target)} | {
        graph.start,
        *graph.exits,
    }
    named = tuple(
        Named(ids[node.name], _label(node))
        for node in graph.states.values()
        if node.nested is None
        and (ids[node.name] != node.name or _is_marked(node) or node.name not in touched)
    )
    forks = {
        node.name: _free(f"{ids[node.name]}_fork", taken) for node in graph.states.values() if _split(node)
    }
    composites = tuple(
        Composite(ids[node.name], _label(node), _inner(node.nested, ids[node.name], taken))
        for node in graph.states.values()
        if node.nested is not None
    )
    routers = [ids[node.name] for node in graph.states.values() if node.kind == "router"]
    return View(
        start=ids[graph.start],
        named=named,
        forks=tuple(forks.values()),
        edges=tuple(arrow for node in graph.states.values() for arrow in _arrows(graph, node, ids, forks)),
        exits=tuple(ids[name] for name in graph.exits),
        routers=(*routers, *(router for one in composites for router in one.view.routers)),
        composites=composites,
    )


def _inner(graph: Graph, outer: str, taken: set[str]) -> View:
    """Make the rows of a workflow in a state; ids begin with that state's."""
    ids = {name: _free(f"{outer}_{made}", taken) for name, made in ids_of(graph.states).items()}
    return _view(graph, ids, taken)


def ids_of(names: Iterable[str]) -> dict[str, str]:
    """Give each state an id: its name, where Mermaid takes it for nothing else."""
    names = tuple(names)
    plain = {name for name in names if _PLAIN.fullmatch(name) and name.lower() not in _RESERVED}
    ids = {}
    for index, name in enumerate(names):
        made = f"s{index}"
        while made in plain:
            made += "_"
        ids[name] = name if name in plain else made
    return ids


def _free(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_"
    taken.add(wanted)
    return wanted


def _label(node: Node) -> str:
    label = _MARKS.get(node.kind or "", "") + escape(node.name)
    if node.compensation is not None:
        label += f" ↩ {escape(node.compensation.name)}"
    guards = ", ".join(_guards(node.policies)) if node.policies is not None else ""
    return f"{label}<br>{guards}" if guards else label


def _guards(policies: PolicyDef) -> Iterator[str]:
    """Say how a call is guarded, in a few words each."""
    timeout = "" if policies.timeout_s is None else f"{policies.timeout_s:g} s"
    if policies.attempts > 1:
        yield f"{policies.attempts} attempts{' of ' * bool(timeout)}{timeout}"
    elif timeout:
        yield f"at most {timeout}"
    if policies.breaker is not None:
        yield f"breaker {escape(policies.breaker.name)}"
    if policies.limiter is not None:
        yield f"limiter {escape(policies.limiter.name)}"


def _is_marked(node: Node) -> bool:
    is_guarded = node.policies is not None and any(_guards(node.policies))
    return node.kind in _MARKS or node.compensation is not None or is_guarded


def _split(node: Node) -> SplitDef | None:
    return node.handler.split if node.handler is not None else None


def _arrows(graph: Graph, node: Node, ids: Mapping[str, str], forks: Mapping[str, str]) -> Iterator[Arrow]:
    """Give the arrows that leave a state; those of a split's branches leave from its fork."""
    source = ids[node.name]
    split = _split(node)
    if split is not None:
        fork = forks[node.name]
        yield Arrow(source, fork, widen(_branches(split)))
        yield from (Arrow(fork, ids[target], widen(_joined(split))) for target in node.targets)
    elif node.handler is not None and node.handler.nested is not None:
        ways: dict[str, list[str]] = {}
        for exit_, target in node.handler.nested.exits:
            ways.setdefault(target, []).append(exit_)
        yield from (Arrow(source, ids[target], widen(", ".join(names))) for target, names in ways.items())
    else:
        yield from (Arrow(source, ids[target]) for target in node.targets)
    for edge in graph.edges:
        if edge.source == node.name and edge.rollback:
            yield Arrow(source, ids[edge.target], "↩ rollback")
        elif edge.source == node.name and edge.error is not None:
            yield Arrow(source, ids[edge.target], f"⚡ {widen(edge.error or 'any error')}")


def _branches(split: SplitDef) -> str:
    if split.branches:
        what = ", ".join(split.branches)
    else:
        what = "branches" if split.count is None else f"{split.count} branch{'es' * (split.count != 1)}"
    return what if split.bulkhead is None else f"{what}, at most {split.bulkhead} at once"


def _joined(split: SplitDef) -> str:
    return str(split.join) if split.timeout_s is None else f"{split.join} in {split.timeout_s:g} s"


def escape(text: str) -> str:
    """Write text so that Mermaid shows it and reads nothing into it."""
    text = "".join(_ENTITIES.get(character, character) for character in text)
    return _OUTER_UNDERSCORES.sub("&lowbar;", _ICON.sub("&colon;", text))


def widen(text: str) -> str:
    """Write text so that Mermaid shows it on an arrow and reads nothing into it."""
    return _OUTER_UNDERSCORES.sub(chr(ord("_") + 0xFEE0), text.translate(_WIDE))
