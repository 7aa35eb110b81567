"""What `compare` tells: laws over random definitions, with workflows as states, and one random change."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cano_dsl import Join
from cano_dsl.errors import Finding
from cano_dsl.graph import Change, Changed, Comparison, EdgeChange, Graph, assemble, compare, differences
from cano_dsl.render import diff_diagrams, diff_markdown
from cano_dsl.spec import (
    CompensationDef,
    Definition,
    ErrorDef,
    HandlerDef,
    NestedDef,
    PolicyDef,
    SharedDef,
    SplitDef,
    Waive,
    Want,
)

quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOME = Want("x", None, "int")
OTHER = Want("x", None, "Other")


# --- drawing


def perhaps(*values: Any) -> st.SearchStrategy[Any]:
    """Draw one of these, or None."""
    return st.sampled_from((None, *values))


POLICIES = st.builds(
    PolicyDef,
    attempts=st.integers(1, 2),
    timeout_s=perhaps(1.0),
    breaker=perhaps(SharedDef("gate", 0), SharedDef("gate", 1)),
    limiter=perhaps(SharedDef("slow", 2)),
)
WANTS = st.lists(
    st.builds(Want, st.sampled_from("ab"), st.none(), st.sampled_from(("int", "str")), st.booleans()),
    max_size=2,
).map(tuple)


@st.composite
def handlers(draw: st.DrawFn, at: str, names: list[str], *, deep: bool) -> HandlerDef:
    """Draw what handles a state."""
    some = st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)
    targets = draw(some)
    nested = split = None
    kind = draw(st.sampled_from(("state", "router", "split")))
    if deep and draw(st.integers(0, 3)) == 0:
        inner = draw(definitions(deep=False))
        kind, exits = "workflow", tuple((name, draw(st.sampled_from(names))) for name in inner.exits)
        nested, targets = (
            NestedDef(inner.enum, exits, definition=inner),
            tuple(dict.fromkeys(t for _, t in exits)),
        )
    elif kind == "split":
        split = SplitDef(
            Join.all(), draw(st.integers(1, 2)), (), (SOME,), draw(perhaps(2.0)), draw(perhaps(3))
        )
    return HandlerDef(
        at=at,
        kind=kind,
        name=draw(st.sampled_from(("load", "save"))),
        targets=targets,
        wants=draw(WANTS),
        data=draw(perhaps(SOME)),
        doc=draw(st.sampled_from(("", "Does it."))),
        split=split,
        errors=tuple(
            ErrorDef(draw(st.sampled_from(names)), error)
            for error in draw(st.lists(st.sampled_from(("", "Refused", "Late")), max_size=2, unique=True))
        ),
        output=draw(perhaps(SOME)),
        effects=draw(st.booleans()),
        policies=draw(perhaps(draw(POLICIES))),
        rollbacks=draw(some),
        nested=nested,
    )


@st.composite
def definitions(draw: st.DrawFn, *, deep: bool = True) -> Definition:
    """Draw a workflow by names."""
    names = [f"S{number}" for number in range(draw(st.integers(2, 5)))]
    found = tuple(draw(handlers(name, names, deep=deep)) for name in names[:-1])
    undone = draw(st.sets(st.integers(0, len(found) - 1)))
    return Definition(
        name="jobs",
        enum=draw(st.sampled_from(("Job", "Task"))),
        members=tuple(names),
        start=draw(st.sampled_from(names[:-1])),
        exits=(names[-1],),
        handlers=found,
        compensations=tuple(
            CompensationDef(
                found[of].at, found[of].name, of, "undo", SOME, policies=draw(perhaps(draw(POLICIES)))
            )
            for of in sorted(undone)
        ),
        timeout_s=draw(perhaps(9.0)),
    )


def graph_of(definition: Definition, findings: tuple[Finding, ...] = ()) -> Graph:
    """Make a graph without asking the rules."""
    nested = {
        handler.at: graph_of(handler.nested.definition)
        for handler in definition.handlers
        if handler.nested is not None and handler.nested.definition is not None and handler.at is not None
    }
    return assemble(definition, findings, nested)


# --- changes, one for each field; fields that say nothing by themselves are named with the reason

Handle = Callable[[HandlerDef], HandlerDef]


def guard(**change: Any) -> Handle:
    """Change how a call is guarded."""
    return lambda one: replace(one, policies=replace(one.policies or PolicyDef(), **change))


def ways(one: HandlerDef, which: str) -> HandlerDef:
    """Take the first state away, or add one."""
    there: tuple[str, ...] = getattr(one, which)
    return replace(one, **{which: there[1:] if there else ("S0",)})


HANDLER: dict[str, Handle] = {
    "kind": lambda one: replace(one, kind="router" if one.kind == "state" else "state"),
    "name": lambda one: replace(one, name="other"),
    "targets": lambda one: ways(one, "targets"),
    "wants": lambda one: replace(one, wants=(*one.wants, Want("more", None, "int"))),
    "data": lambda one: replace(one, data=OTHER),
    "thread": lambda one: replace(one, thread=not one.thread),
    "doc": lambda one: replace(one, doc="Other."),
    "split": lambda one: replace(one, split=SplitDef(Join.any(), 7, (), (SOME,))),
    "errors": lambda one: replace(
        one, errors=(*one.errors, ErrorDef("S0", "New")) if len(one.errors) < 2 else one.errors[::-1]
    ),
    "joined": lambda one: replace(one, joined=OTHER),
    "failure": lambda one: replace(one, failure=OTHER),
    "output": lambda one: replace(one, output=OTHER),
    "unpaired": lambda one: replace(one, paired=("S0",), unpaired=("S1",)),
    "effects": lambda one: replace(one, effects=not one.effects),
    "at_most_once": lambda one: replace(one, at_most_once=not one.at_most_once),
    "policies": guard(timeout_s=77.0),
    "rollbacks": lambda one: ways(one, "rollbacks"),
    "nested": lambda one: replace(
        one, nested=NestedDef("Inner", (("END", "S0"), ("MORE", "S1")), definition=None)
    ),
}
HANDLER_SILENT = {
    "at": "which state it is",
    "where": "lines move",
    "foreign": "never in a sound graph",
    "got": "never in a sound graph",
    "beyond": "never in a sound graph",
    "paired": "the targets that are not unpaired",
}
POLICY: dict[str, Handle] = {
    "attempts": guard(attempts=9),
    "wait": guard(wait="5 s"),
    "timeout_s": guard(timeout_s=5.5),
    "breaker": guard(breaker=SharedDef("other", 9)),
    "limiter": guard(limiter=SharedDef("other", 9)),
}
POLICY_SILENT = {"wait_s": "follows from wait"}


def undone(**change: Any) -> Callable[[CompensationDef], CompensationDef]:
    """Change a compensation."""
    return lambda one: replace(one, **change)


UNDO: dict[str, Callable[[CompensationDef], CompensationDef]] = {
    "name": undone(name="other"),
    "takes": undone(takes=OTHER),
    "wants": undone(wants=(SOME,)),
    "data": undone(data=SOME),
    "thread": undone(thread=True),
    "doc": undone(doc="Undoes it."),
    "policies": undone(policies=PolicyDef(attempts=9)),
}
UNDO_SILENT = {
    "at": "which state it is",
    "step": "told as the handler's name",
    "of": "the order of handlers",
    "where": "lines move",
    "joined": "never in a sound graph",
    "failure": "never in a sound graph",
}
WHOLE: dict[str, Callable[[Definition], Definition]] = {
    "name": lambda one: replace(one, name="other"),
    "enum": lambda one: replace(one, enum="Other"),
    "members": lambda one: replace(one, members=(*one.members, "NEW")),
    "start": lambda one: replace(one, start=one.members[-1]),
    "exits": lambda one: replace(one, exits=()),
    "offers": lambda one: replace(one, offers=(SOME,)),
    "data": lambda one: replace(one, data=SOME),
    "waivers": lambda one: replace(one, waivers=(Waive("resource", None, "for now"),)),
    "failed": lambda one: replace(one, failed=one.exits),
    "timeout_s": lambda one: replace(one, timeout_s=5.5),
    "compensation_timeout_s": lambda one: replace(one, compensation_timeout_s=5.5),
    "max_transitions": lambda one: replace(one, max_transitions=5),
    "handlers": lambda one: replace(one, handlers=one.handlers[1:], compensations=()),
    "compensations": lambda one: replace(one, compensations=_flipped(one)),
}
WHOLE_SILENT = {
    "where": "lines move",
    "strays": "never in a sound graph",
    "aliases": "never in a sound graph",
}


def _flipped(one: Definition) -> tuple[CompensationDef, ...]:
    if one.compensations:
        return one.compensations[1:]
    return (CompensationDef(one.handlers[0].at, one.handlers[0].name, 0, "undo", SOME),)


def changed_handler(definition: Definition, at: int, change: Handle) -> Definition:
    """Change one handler."""
    every = list(definition.handlers)
    every[at] = change(every[at])
    return replace(definition, handlers=tuple(every))


@st.composite
def changed(draw: st.DrawFn, definition: Definition) -> Definition:
    """Make one change anywhere, also within a state."""
    at = draw(st.integers(0, len(definition.handlers) - 1))
    nested = definition.handlers[at].nested
    if nested is not None and nested.definition is not None and draw(st.booleans()):
        inner = draw(changed(nested.definition))
        assume(inner.name == nested.definition.name and inner.exits == nested.definition.exits)
        return changed_handler(
            definition, at, lambda one: replace(one, nested=replace(nested, definition=inner))
        )
    if definition.compensations and draw(st.integers(0, 3)) == 0:
        change = UNDO[draw(st.sampled_from(sorted(UNDO)))]
        first, *rest = definition.compensations
        return replace(definition, compensations=(change(first), *rest))
    if draw(st.integers(0, 2)) == 0:
        return WHOLE[draw(st.sampled_from(sorted(WHOLE)))](definition)
    table = draw(st.sampled_from((HANDLER, POLICY)))
    return changed_handler(definition, at, table[draw(st.sampled_from(sorted(table)))])


# --- the laws


def test_every_field_is_compared() -> None:
    """Each field of a definition has a change in these laws, or a reason why it says nothing by itself."""
    for kind, told, silent in (
        (HandlerDef, HANDLER, HANDLER_SILENT),
        (PolicyDef, POLICY, POLICY_SILENT),
        (CompensationDef, UNDO, UNDO_SILENT),
        (Definition, WHOLE, WHOLE_SILENT),
    ):
        assert {field.name for field in fields(kind)} == told.keys() | silent.keys()


@given(definition=definitions())
@quick
def test_nothing_differs_from_itself(definition: Definition) -> None:
    """A graph compared with one made of the same definition has no difference, and strands no run."""
    found = compare(graph_of(definition), graph_of(definition))
    assert found.is_identical
    assert (found.findings, found.renamed, found.stranded, found.owing) == ((), (), (), ())


def mirrored(found: Comparison) -> tuple[set[Any], ...]:
    """Give what is told with both sides turned around."""
    turn: dict[str, Any] = {"added": "removed", "removed": "added", "changed": "changed"}

    def one(part: Changed) -> Any:
        facts = frozenset(repr(Change(c.fact, c.of, c.level, c.now, c.was)) for c in part.changes)
        return part.path, turn[part.how], facts

    return (
        {one(part) for part in found.workflows},
        {one(part) for part in found.states},
        {replace(edge, how=turn[edge.how]) for edge in found.edges},
        {(now, was) for was, now in found.renamed},
    )


def straight(found: Comparison) -> tuple[set[Any], ...]:
    """Give what is told, to be compared with the other."""

    def one(part: Changed) -> Any:
        return part.path, part.how, frozenset(map(repr, part.changes))

    return set(map(one, found.workflows)), set(map(one, found.states)), set(found.edges), set(found.renamed)


@given(one=definitions(), other=definitions())
@quick
def test_sides_mirror(one: Definition, other: Definition) -> None:
    """What was added from A to B was removed from B to A, and every value that was is one that is."""
    there, back = compare(graph_of(one), graph_of(other)), compare(graph_of(other), graph_of(one))
    assert mirrored(there) == straight(back)


@given(definition=definitions(), data=st.data())
@quick
def test_change_is_found(definition: Definition, data: st.DataObject) -> None:
    """Any change of one field is told, also one within a sub-workflow."""
    other = data.draw(changed(definition))
    assume(other != definition)
    found = compare(graph_of(definition), graph_of(other))
    assert not found.is_identical


@given(one=definitions(), data=st.data())
@quick
def test_meaning_is_the_fingerprint(one: Definition, data: st.DataObject) -> None:
    """The fingerprint differs exactly where a state, a transition or a fact of level `meaning` does; the workflow's name apart."""
    other = data.draw(st.one_of(changed(one), definitions()))
    found = compare(graph_of(one), graph_of(other))
    facts = {change.fact for part in found.all for change in part.changes if change.level == "meaning"}
    is_other = bool(found.edges) or any(part.how != "changed" for part in found.states)
    assert found.same_fingerprint is not (is_other or bool(facts - {"name"}))


@given(one=definitions(), data=st.data())
@quick
def test_stranded_states_are_those_that_resume_refuses(one: Definition, data: st.DataObject) -> None:
    """C6: the states that are told to strand a run are those of which `differences` has something to say, and no others."""
    other = data.draw(st.one_of(changed(one), definitions()))
    before, after = graph_of(one), graph_of(other)
    found = compare(before, after)
    was, now = before.canonical(), after.canonical()
    stands = [path for path in before.paths() if not before.node(path).is_exit]
    assert found.stranded == tuple(path for path in stands if differences(was, now, path))
    assert set(found.owing) >= {
        path for path in stands if not differences(was, now, path) and differences(was, now, path, [path])
    }


@given(one=definitions(), other=definitions())
@settings(quick, max_examples=60)
def test_every_difference_is_drawn(one: Definition, other: Definition) -> None:
    """Each state and transition that differs stands in the table, and its diagram marks as many."""
    found = compare(graph_of(one), graph_of(other))
    page, drawn = diff_markdown(found), diff_diagrams(found)
    assert found.is_same or page.count("```mermaid") == len(drawn)
    here = drawn.get("", "")
    top = [edge for edge in found.edges if "/" not in edge.source]
    assert here.count("✖") + here.count("✚") >= len(top)
    assert all(f"`{edge.source}` → `{edge.target}`" in page for edge in found.edges if not found.is_same)


def test_edges_are_told_with_their_exception() -> None:
    """An error edge and a rollback edge between the same states are two, each told by itself."""
    ends = Definition(
        "jobs", "Job", ("A", "B"), "A", ("B",), (HandlerDef("A", "state", "a", targets=("B",)),)
    )
    more = changed_handler(
        ends, 0, lambda one: replace(one, errors=(ErrorDef("B", "Late"),), rollbacks=("B",))
    )
    assert compare(graph_of(ends), graph_of(more)).edges == (
        EdgeChange("A", "B", "added", rollback=True),
        EdgeChange("A", "B", "added", error="Late"),
    )
