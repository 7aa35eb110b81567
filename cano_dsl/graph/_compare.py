"""What differs between two workflows: by states, edges and facts, not by lines of source.

Members of two Enums are taken for the same state where they have the same name. What stands within a state
is compared by its path, such as `PAY/CHARGE`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from cano_dsl.errors import Finding
from cano_dsl.graph._compare_facts import Facts, Key, Level, sharing, state_facts, workflow_facts
from cano_dsl.graph._differences import stranded
from cano_dsl.graph._fact_words import MORE_WORDS, WORDS, called, shown, told
from cano_dsl.graph._graph import Graph, Node

How: TypeAlias = Literal["added", "removed", "changed"]
_ORDER = {fact: number for number, fact in enumerate((*WORDS, *MORE_WORDS))}


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that differs.

    Attributes:
        fact: Its name, such as `timeout_s`; a time is in seconds.
        of: Which one, where there are several of its kind: a resource's name.
        level: `meaning` for a part of what a run in the log was begun with, `conduct` for how states are run,
            `words` for names and descriptions, which change nothing.
        was: Its value before, as plain data; None where there was none.
        now: Its value after.
    """

    fact: str
    of: str
    level: Level
    was: Any
    now: Any

    @property
    def called(self) -> str:
        """What the fact is called, for a person."""
        return called(self.fact, self.of)

    @property
    def was_shown(self) -> str:
        """The value before, for a person."""
        return shown(self.fact, self.was)

    @property
    def now_shown(self) -> str:
        """The value after, for a person."""
        return shown(self.fact, self.now)

    def __str__(self) -> str:
        """Say it on one line."""
        return told(self.fact, self.was, self.now, self.of)


@dataclass(frozen=True, slots=True)
class Changed:
    """A state, or a workflow as a whole, of which something differs.

    Attributes:
        path: The state's path; of a workflow that of the state in which it stands, empty for the outer one.
        how: Whether it was added, removed or changed; a workflow as a whole is always `changed`.
        changes: What differs, with the facts of a state that is there on one side only.
    """

    path: str
    how: How
    changes: tuple[Change, ...]

    @property
    def weight(self) -> Level:
        """The weightiest level among its changes; `meaning` for a state that was added or removed."""
        levels = {change.level for change in self.changes}
        if self.how != "changed" or "meaning" in levels:
            return "meaning"
        return "conduct" if "conduct" in levels else "words"


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A transition that is there on one side only.

    Attributes:
        source: The path of the state that it leaves.
        target: The path of the state that it enters.
        how: Whether it was added or removed.
        error: The exception that takes it; empty for any, None for one that a handler returns.
        rollback: Whether everything that the run has done is undone on the way.
    """

    source: str
    target: str
    how: How
    error: str | None = None
    rollback: bool = False


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding, or a waived one, that is there on one side only.

    Attributes:
        path: The path of the state that it is about, or of the one in which its workflow stands; empty for
            the outer workflow as a whole.
        how: Whether it was added or removed.
        finding: It.
    """

    path: str
    how: How
    finding: Finding


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two graphs; made by `compare`.

    Attributes:
        before: The first graph.
        after: The second.
        workflows: Workflows as a whole, the outer one first.
        states: States, in the order of the first graph, then those added in the order of the second.
        edges: Transitions, in that order too.
        findings: Findings, those that are gone first.
        renamed: Pairs of a state removed and one added that have the same kind and edges, where no other has;
            a hint, as nobody can know.
        stranded: The states in which a run that was begun with the first cannot go on with the second.
        owing: The states of the first that the second cannot undo any more; what has passed one cannot go on.
    """

    before: Graph
    after: Graph
    workflows: tuple[Changed, ...]
    states: tuple[Changed, ...]
    edges: tuple[EdgeChange, ...]
    findings: tuple[FindingChange, ...]
    renamed: tuple[tuple[str, str], ...]
    stranded: tuple[str, ...]
    owing: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs but names of handlers, workflows within, the Enum, and descriptions."""
        return not (self.edges or self.findings or any(one.weight != "words" for one in self.all))

    @property
    def is_identical(self) -> bool:
        """Whether nothing differs at all."""
        return self.is_same and not self.all

    @property
    def same_fingerprint(self) -> bool:
        """Whether every run means the same in both."""
        return self.before.fingerprint == self.after.fingerprint

    @property
    def all(self) -> tuple[Changed, ...]:
        """The workflows and the states."""
        return (*self.workflows, *self.states)

    def to_dict(self) -> dict[str, Any]:
        """Give plain lists, dicts, strings, numbers and booleans, ready for JSON.

        `version` grows where a key is renamed or taken away, or means something else.
        """
        from cano_dsl.graph._compare_plain import comparison_as_dict

        return comparison_as_dict(self)


class _Flat(NamedTuple):
    """All that there is in a graph and within its states, by path."""

    states: dict[str, Node]
    workflows: dict[str, Graph]
    edges: dict[tuple[str, str, str | None, bool], None]


def compare(before: Graph, after: Graph) -> Comparison:
    """Compare two graphs.

    Costs about as much as making the fingerprints of both.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Retry, Workflow, state
        >>> from cano_dsl.graph import compare
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> @state(Job.WORK, retry=Retry.fixed(3, 1.0))
        ... async def insist() -> Literal[Job.WORK, Job.DONE]:
        ...     return Job.DONE
        >>> first = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).graph
        >>> second = Workflow.build(Job, insist, start=Job.WORK, exits=(Job.DONE,)).graph
        >>> found = compare(first, second)
        >>> found.edges
        (EdgeChange(source='WORK', target='WORK', how='added', error=None, rollback=False),)
        >>> for change in found.states[0].changes:
        ...     print(change)
        attempts were 1, are 3
        waits between attempts were none, are 1 s
        handler was work, is insist
        >>> found.stranded
        ('WORK',)
    """
    was, now = _flat(before), _flat(after)
    edges = tuple(_edges(was, now))
    stuck, owing = map(set, stranded(before.canonical(), after.canonical()))
    return Comparison(
        before=before,
        after=after,
        workflows=tuple(_workflows(was, now)),
        states=tuple(_states(was, now)),
        edges=edges,
        findings=tuple(_findings(was, now)),
        renamed=tuple(_renamed(was, now, edges)),
        stranded=tuple(path for path in was.states if path in stuck),
        owing=tuple(path for path in was.states if path in owing),
    )


def _flat(graph: Graph, path: str = "") -> _Flat:
    prefix = f"{path}/" if path else ""
    flat = _Flat({}, {path: graph}, {})
    for name, node in graph.states.items():
        flat.states[prefix + name] = node
        if node.nested is not None:
            inner = _flat(node.nested, prefix + name)
            flat.states.update(inner.states)
            flat.workflows.update(inner.workflows)
            flat.edges.update(inner.edges)
    for edge in graph.edges:
        flat.edges[prefix + edge.source, prefix + edge.target, edge.error, edge.rollback] = None
    return flat


def _workflows(was: _Flat, now: _Flat) -> Iterator[Changed]:
    """Compare workflows as a whole; one that is there on one side only is told by its states."""
    for path, graph in was.workflows.items():
        other = now.workflows.get(path)
        if other is not None:
            one = workflow_facts(graph, is_outer=not path)
            two = workflow_facts(other, is_outer=not path)
            shared = (Change(*key, left, right) for key, left, right in sharing(graph, other))
            changes = (*_changes(one, two), *shared)
            if changes:
                yield Changed(path, "changed", changes)


def _states(was: _Flat, now: _Flat) -> Iterator[Changed]:
    for path, node in was.states.items():
        other = now.states.get(path)
        if other is None:
            yield Changed(path, "removed", _changes(state_facts(node), {}))
        else:
            changes = _changes(state_facts(node), state_facts(other))
            changes = _sorted([*changes, *_error_order(node, other)])
            if changes:
                yield Changed(path, "changed", changes)
    for path, node in now.states.items():
        if path not in was.states:
            yield Changed(path, "added", _changes({}, state_facts(node)))


def _changes(was: Facts, now: Facts) -> tuple[Change, ...]:
    keys: Iterable[Key] = {**was, **now}
    both = [(key, was.get(key), now.get(key)) for key in keys]
    return _sorted([Change(*key, one, other) for key, one, other in both if one != other])


def _sorted(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda one: (_ORDER.get(one.fact, len(_ORDER)), one.of)))


def _error_order(node: Node, other: Node) -> Iterator[Change]:
    """Tell where exceptions of both sides are tried in another order, as the first that fits counts."""
    was, now = _tried(node), _tried(other)
    both = set(was) & set(now)
    one, two = [name for name in was if name in both], [name for name in now if name in both]
    if one != two:
        shown = [[name or "any error" for name in order] for order in (one, two)]
        yield Change("error_order", "", "meaning", *shown)


def _tried(node: Node) -> list[str]:
    return list(dict.fromkeys(edge.error for edge in node.handler.errors)) if node.handler else []


def _edges(was: _Flat, now: _Flat) -> Iterator[EdgeChange]:
    for how, here, there in _sides(was.edges, now.edges):
        for source, target, error, rollback in here:
            if (source, target, error, rollback) not in there:
                yield EdgeChange(source, target, how, error, rollback)


def _sides(was: Any, now: Any) -> tuple[tuple[How, Any, Any], tuple[How, Any, Any]]:
    return ("removed", was, now), ("added", now, was)


def _findings(was: _Flat, now: _Flat) -> Iterator[FindingChange]:
    """Compare findings; one that only says the same in other words, as a name has changed, is the same."""
    every: tuple[_Found, _Found] = (_found(was), _found(now))
    for how, here, there in _sides(*every):
        for key, ones in here.items():
            others = {finding.message for finding in there.get(key, ())}
            left = [finding for finding in ones if finding.message not in others]
            new = len(ones) - len(there.get(key, ()))
            yield from (FindingChange(key[0], how, finding) for finding in left[: max(0, new)])


_Found: TypeAlias = dict[tuple[str, str, str, str | None], list[Finding]]


def _found(flat: _Flat) -> _Found:
    found: _Found = {}
    for path, graph in flat.workflows.items():
        for finding in graph.findings:
            place = "/".join(part for part in (path, finding.state) if part)
            found.setdefault((place, finding.code, finding.severity, finding.waived), []).append(finding)
    return found


def _renamed(was: _Flat, now: _Flat, edges: Iterable[EdgeChange]) -> Iterator[tuple[str, str]]:
    """Pair a state that was removed with the only one added that has its kind and edges."""
    touching: dict[str, set[tuple[str, ...]]] = {}
    for edge in edges:
        kind = f"{edge.error}/{edge.rollback}"
        for path, other, way in ((edge.source, edge.target, "to"), (edge.target, edge.source, "from")):
            touching.setdefault(path, set()).add((way, "itself" if path == other else other, kind))
    gone = _signatures(was, now.states, touching)
    new = _signatures(now, was.states, touching)
    for signature, paths in gone.items():
        others = new.get(signature, [])
        if len(paths) == len(others) == 1:
            yield paths[0], others[0]


def _signatures(
    flat: _Flat, there: Mapping[str, Node], touching: Mapping[str, set[tuple[str, ...]]]
) -> dict[tuple[object, ...], list[str]]:
    found: dict[tuple[object, ...], list[str]] = {}
    for path, node in flat.states.items():
        if path not in there and path in touching:
            around = path.rpartition("/")[0]
            kind = "exit" if node.is_exit else node.kind
            found.setdefault((around, kind, node.is_start, frozenset(touching[path])), []).append(path)
    return found
