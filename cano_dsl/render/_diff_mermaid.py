"""A comparison as Mermaid flowcharts: state diagrams have no colours on their arrows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cano_dsl.graph import Changed, Comparison, Edge, Graph, How, Node
from cano_dsl.render._templates import template_environment

MARKS: dict[How, str] = {"added": "✚", "removed": "✖", "changed": "✎"}
MOST = 40  # states that are drawn, with all others that have not changed left out
FACTS = 3  # changed facts that stand in a state
_SHAPES = {
    None: ('["', '"]'),
    "exit": ('(["', '"])'),
    "router": ('{{"', '"}}'),
    "split": ('[/"', '"/]'),
    "workflow": ('[["', '"]]'),
}
_ROUND = ('("', '")')
_PLAIN = frozenset(" _→…")
# Lines end in none of these, nothing turns around what follows, and Mermaid writes its own codes with ﬂ.
_UNSEEN: dict[int, str] = {
    **dict.fromkeys((*range(32), 0x7F, 0x85, 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), ""),
    ord("ﬂ"): "fl",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A state.

    Attributes:
        id: Its id.
        shape: What stands before and after its label.
        label: Its label, as Mermaid is given it.
        how: Whether it was added, removed or changed; empty for neither.
    """

    id: str
    shape: tuple[str, str]
    label: str
    how: str


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow; `number` is that of Mermaid, which counts them."""

    number: int
    source: str
    target: str
    label: str
    how: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A flowchart as rows.

    Attributes:
        boxes: The states.
        links: The arrows, that of the start first.
        left_out: How many states are not drawn.
    """

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    left_out: int


def diff_mermaid(found: Comparison, path: str = "") -> str:
    """Draw what differs between two workflows as a Mermaid flowchart; no newline at the end.

    What was added is green and carries a ✚, what was removed is red and dashed with a ✖, states that changed
    are yellow with a ✎ and the first facts that differ. Shapes: round a state, pointed a router, slanted a
    split, with double sides a workflow, oval an exit. Of more than 40 states only those that differ are
    drawn, with their neighbours.

    Args:
        found: The comparison.
        path: The state in which the workflow stands; empty for the outer one.
    """
    chart = _chart(found, path)
    return template_environment().get_template("diff.mmd.j2").render(chart=chart).strip("\n")


def diff_diagrams(found: Comparison) -> dict[str, str]:
    """Draw each workflow of which something differs, by the path of the state in which it stands."""
    places = {one.path for one in found.workflows}
    for path in (*(one.path for one in found.states), *(edge.source for edge in found.edges)):
        places.add(path.rpartition("/")[0])
    return {path: diff_mermaid(found, path) for path in sorted(places) if _within(found.after, path)}


def _within(graph: Graph, path: str) -> Graph | None:
    for name in path.split("/") if path else ():
        node = graph.states.get(name)
        if node is None or node.nested is None:
            return None
        graph = node.nested
    return graph


def _chart(found: Comparison, path: str) -> Chart:
    before, after = _within(found.before, path), _within(found.after, path)
    sides = [graph for graph in (after, before) if graph is not None]
    nodes = {name: node for graph in reversed(sides) for name, node in graph.states.items()}
    names = list(dict.fromkeys(name for graph in sides for name in graph.states))
    prefix = f"{path}/" if path else ""
    changed = {one.path.removeprefix(prefix): one for one in found.states if _is_here(one.path, prefix)}
    changed |= {name: one for name, one in _inner(found, prefix).items() if name not in changed}
    edges = list(_edges(found, prefix, sides))
    drawn = _drawn(names, changed, edges)
    ids = {name: f"s{number}" for number, name in enumerate(names)}
    kept = [one for one in edges if one[0] in drawn and one[1] in drawn]
    starts = list(_starts(before, after))
    links = [
        *(("start", ids[name], "", how) for name, how in starts if name in drawn),
        *((ids[source], ids[target], label, how) for source, target, label, how in kept),
    ]
    return Chart(
        boxes=tuple(_box(ids[name], nodes[name], changed.get(name)) for name in names if name in drawn),
        links=tuple(Link(number, *link) for number, link in enumerate(links)),
        left_out=len(names) - len(drawn),
    )


def _is_here(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and "/" not in path[len(prefix) :]


def _inner(found: Comparison, prefix: str) -> dict[str, Changed]:
    """Give the states within which something differs, as changed ones."""
    paths = [*(one.path for one in found.all), *(edge.source for edge in found.edges)]
    deep = [path[len(prefix) :] for path in paths if path.startswith(prefix)]
    workflows = [one.path[len(prefix) :] for one in found.workflows if _is_here(one.path, prefix)]
    names = {path.partition("/")[0] for path in deep if "/" in path} | {name for name in workflows if name}
    return {name: Changed(prefix + name, "changed", ()) for name in names}


def _edges(found: Comparison, prefix: str, sides: Iterable[Graph]) -> Iterator[tuple[str, str, str, str]]:
    """Give all arrows of both sides: source, target, label, and whether it was added or removed."""
    hows: dict[tuple[str, str, str | None, bool], How] = {
        (edge.source, edge.target, edge.error, edge.rollback): edge.how for edge in found.edges
    }
    seen: dict[tuple[str, str, str | None, bool], Edge] = {}
    for graph in sides:
        for edge in graph.edges:
            seen.setdefault((edge.source, edge.target, edge.error, edge.rollback), edge)
    for (source, target, error, rollback), edge in seen.items():
        how = hows.get((prefix + source, prefix + target, error, rollback), "")
        yield source, target, _label(edge, how), how


def _label(edge: Edge, how: str) -> str:
    words = [mark for one, mark in MARKS.items() if one == how]
    if edge.rollback:
        words.append("↩ rollback")
    elif edge.error is not None:
        words.append(f"⚡ {encoded(edge.error or 'any error')}")
    return " ".join(words)


def _drawn(names: list[str], changed: Iterable[str], edges: list[tuple[str, str, str, str]]) -> set[str]:
    """Choose the states to draw."""
    if len(names) <= MOST:
        return set(names)
    ends = {end for source, target, _, how in edges if how for end in (source, target)}
    told = ends.union(changed)
    near = {end for source, target, _, _ in edges if {source, target} & told for end in (source, target)}
    return told | near


def _starts(before: Graph | None, after: Graph | None) -> Iterator[tuple[str, str]]:
    was, now = (None if graph is None else graph.start for graph in (before, after))
    if now is not None:
        yield now, "" if was == now or before is None else "added"
    if was not in (now, None):
        yield str(was), "removed"


def _box(id_: str, node: Node, changed: Changed | None) -> Box:
    how = ""
    lines = [encoded(node.name)]
    if changed is not None and changed.weight != "words":
        how = changed.how
        lines[0] = f"{MARKS[changed.how]} {lines[0]}"
    elif changed is not None and not changed.changes:
        how, lines[0] = "changed", f"{MARKS['changed']} {lines[0]}"
    if how == "changed" and changed is not None:
        told = [change for change in changed.changes if change.level != "words"]
        lines += (encoded(_short(f"{one.called}: {one.was_shown} → {one.now_shown}")) for one in told[:FACTS])
        lines += ["…"] if len(told) > FACTS else []
    kind = "exit" if node.is_exit else node.kind
    shape = _ROUND if kind == "state" else _SHAPES.get(kind, _ROUND)
    return Box(id_, shape, "<br>".join(lines), how)


def _short(text: str) -> str:
    most = 60
    return text if len(text) <= most else f"{text[: most - 1]}…"


def encoded(text: str) -> str:
    """Write text so that a flowchart shows it and reads nothing into it: all signs as Mermaid's codes."""
    text = text.translate(_UNSEEN)
    return "".join(one if one in _PLAIN or one.isalnum() else f"#{ord(one)};" for one in text)
