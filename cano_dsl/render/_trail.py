"""The way that a run took, drawn into the rows of a diagram."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cano_dsl.graph import Graph
from cano_dsl.render._view import Arrow, View, ids_of

ERROR = "⚡"


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a run went, by names of states; what the graph does not have is not drawn.

    Attributes:
        passed: The states that it has left, and the exit that it reached.
        here: The state that it stands in; None where it stands in none.
        steps: How often it went from one state to another, the third telling whether an error led there.
    """

    passed: frozenset[str] = frozenset()
    here: str | None = None
    steps: Mapping[tuple[str, str, bool], int] = field(default_factory=dict)


def marked(rows: View, graph: Graph, trail: Trail) -> View:
    """Say on each arrow how often the run took it, and which states it has left.

    A state in which another workflow stands is one that was left when the run has left that workflow.
    """
    trail = _outer(trail)
    ids = ids_of(graph.states)
    names = {made: name for name, made in ids.items()}
    splits = [node.name for node in graph.states.values() if node.handler and node.handler.split]
    names |= dict(zip(rows.forks, splits, strict=True))
    return replace(
        rows,
        edges=tuple(_counted(arrow, names, rows, trail) for arrow in rows.edges),
        passed=tuple(ids[name] for name in graph.states if name in trail.passed and name != trail.here),
        here=ids.get(trail.here or "", ""),
    )


def _counted(arrow: Arrow, names: Mapping[str, str], rows: View, trail: Trail) -> Arrow:
    source, target = names[arrow.source], names[arrow.target]
    if arrow.target in rows.forks:
        number = sum(n for (left, _, failed), n in trail.steps.items() if left == source and not failed)
    else:
        number = trail.steps.get((source, target, arrow.label.startswith(ERROR)), 0)
    if not number:
        return arrow
    mark = "✓" if number == 1 else f"✓ {number} times"
    return replace(arrow, label=f"{arrow.label} {mark}" if arrow.label else mark)


def _outer(trail: Trail) -> Trail:
    """Give the way by the states of the workflow itself; what was done in sub-workflows is left out."""
    steps: dict[tuple[str, str, bool], int] = {}
    for (left, entered, failed), number in trail.steps.items():
        way = (left.partition("/")[0], entered.partition("/")[0], failed)
        if way[0] != way[1] or (left, entered) == way[:2]:
            steps[way] = steps.get(way, 0) + number
    passed = frozenset(name.partition("/")[0] for name in trail.passed)
    return Trail(passed, None if trail.here is None else trail.here.partition("/")[0], steps)
