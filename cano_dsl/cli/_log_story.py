"""What the rows of a run tell: each state with its time, what it left, and the way that the run took.

A row says what the state before it left: its attempts, its output, the data that it changed. Here each state
is told with what itself left.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from cano_dsl.checkpoint import Change, Row, SavedRun, in_force
from cano_dsl.graph import DictWalk, Graph
from cano_dsl.render import Trail

Mark = Literal["left", "failed", "stands", "cut", "undone", "rollback", "exit", "ended", "row"]
MOVES = ("entered", "ended", "rollback", "resumed")  # the rows after which a state is not the one that runs


@dataclass(frozen=True, slots=True)
class Moment:
    """One row, told with what came of it.

    Attributes:
        row: The row.
        mark: What came of it.
        took_s: How many seconds that took; None where it is not over, or not known.
        left: The row with what the state left; of a compensation the one with the output that was undone.
        changes: What the state changed of the data, or what taking the run back did.
        counts: Whether the run was not taken back behind it since.
    """

    row: Row
    mark: Mark
    took_s: float | None
    left: Row | None
    changes: tuple[Change, ...]
    counts: bool

    @property
    def attempts(self) -> int:
        """How many attempts the state took; 0 where none has ended."""
        return self.left.attempts if self.left is not None and self.mark in ("left", "failed") else 0


def story(saved: SavedRun, changes: Sequence[Change]) -> list[Moment]:
    """Tell a run row by row."""
    rows = saved.rows
    by_row: dict[int, list[Change]] = {}
    for change in changes:
        by_row.setdefault(change.sequence, []).append(change)
    counting = {row.sequence for row in in_force(rows)}
    saving = _saving(rows)
    told = []
    for index, row in enumerate(rows):
        mark, left, took_s = _came_of(rows, index)
        own = left.sequence if left is not None and mark in ("left", "failed") else None
        if row.kind == "resumed" and row.about is not None:
            own = row.sequence
        if mark == "undone":
            left = saving.get(row.about if row.about is not None else -1)
        told.append(
            Moment(
                row, mark, took_s, left, tuple(by_row.get(own, ()) if own else ()), row.sequence in counting
            )
        )
    return told


def begun_with(changes: Iterable[Change]) -> list[Change]:
    """Give the data that a run began with."""
    return [change for change in changes if change.sequence <= 0]


def _came_of(rows: Sequence[Row], index: int) -> tuple[Mark, Row | None, float | None]:
    row = rows[index]
    if row.kind == "compensated":
        return "undone", None, row.at - rows[index - 1].at
    if row.kind == "rollback":
        return "rollback", None, None
    if row.kind == "ended":
        return ("exit" if row.text is None else "ended"), None, None
    if row.kind not in ("entered", "resumed"):
        return "row", None, None
    after = next((later for later in rows[index + 1 :] if later.kind in MOVES), None)
    if after is None:
        return "stands", None, None
    if after.kind == "resumed":
        return "cut", None, None
    failed = after.text is not None or after.entry_type == "failure"
    return ("failed" if failed else "left"), after, after.at - row.at


def _saving(rows: Iterable[Row]) -> dict[int, Row]:
    """Give the row with the output of a state, by the row of its entry."""
    found: dict[int, Row] = {}
    entered: Row | None = None
    for row in rows:
        if entered is not None and row.output is not None and row.kind in ("entered", "ended", "rollback"):
            found[entered.sequence] = row
        if row.kind == "entered":
            entered = row
    return found


def trail_of(saved: SavedRun, graph: Graph) -> Trail:
    """Give the way that a run took; routers, which have no row, are found on the shortest way between."""
    rows = [row for row in in_force(saved.rows) if row.kind == "entered" or _is_exit(row)]
    names = [_outermost(row.state, graph) for row in rows]
    if not names or names[0] != saved.info.start:
        rows = [Row(-1, "entered", saved.info.started_at, saved.info.start), *rows]
        names = [saved.info.start, *names]
    steps: dict[tuple[str, str, bool], int] = {}
    for source, target, row in zip(names, names[1:], rows[1:], strict=False):
        for step in _way(source, target, graph, failed=row.entry_type == "failure"):
            steps[step] = steps.get(step, 0) + 1
    passed = {source for source, _, _ in steps}
    if saved.info.status == "finished":
        return Trail(frozenset({*passed, names[-1]}), None, steps)
    return Trail(frozenset(passed), names[-1], steps)


def _is_exit(row: Row) -> bool:
    return row.kind == "ended" and row.text is None


def _outermost(path: str, graph: Graph) -> str:
    """Give the state of the outermost workflow, which is what is drawn."""
    return path if path in graph.states else path.partition("/")[0]


def _way(source: str, target: str, graph: Graph, *, failed: bool) -> Iterator[tuple[str, str, bool]]:
    """Give the steps from one state with a row to the next."""
    if any((edge.source, edge.target, edge.rollback) == (source, target, True) for edge in graph.edges):
        yield source, target, False
        return
    forward = _forward(graph, source)
    if failed or source == target or target in forward.get(source, ()):
        declared = graph.states.get(source)
        if source != target or failed or (declared is not None and target in declared.targets):
            yield source, target, failed
        return
    if source in forward and target in DictWalk(graph.states, forward).reachable(source):
        path = DictWalk(graph.states, forward).path(source, target)
        yield from ((one, other, False) for one, other in pairwise(path))


def _forward(graph: Graph, source: str) -> Mapping[str, Sequence[str]]:
    """Give what leads on without a row: from the state itself, and from routers."""
    return {
        node.name: node.targets
        for node in graph.states.values()
        if node.name == source or node.kind == "router"
    }
