"""The rules about a workflow in a state of another, and how the graph tells of it."""

from enum import Enum
from typing import Any, Literal

import pytest

from cano_dsl import Failure, Join, Joined, Workflow, split, state
from cano_dsl.errors import GraphError, SignatureError


class Inner(Enum):
    WORK = 1
    GOOD = 2
    BAD = 3


class Outer(Enum):
    ASK = 1
    SUB = 2
    SORRY = 3
    DONE = 4


class Other(Enum):
    X = 1


@state(Inner.WORK)
async def work(box: int) -> Literal[Inner.GOOD, Inner.BAD]:
    return Inner.GOOD


@state(Outer.ASK)
async def ask(crate: str) -> Literal[Outer.SUB]:
    return Outer.SUB


@state(Outer.SORRY)
async def sorry() -> Literal[Outer.DONE]:
    return Outer.DONE


inner = Workflow.build(Inner, work, start=Inner.WORK, exits=(Inner.GOOD, Inner.BAD), name="inside")
EXITS: Any = {Inner.GOOD: Outer.DONE, Inner.BAD: Outer.SORRY}


def outer(part: Any, *more: Any) -> Workflow[Any, Any, Any, ...]:
    """Build the outer workflow."""
    return Workflow.build(Outer, *(more or (ask,)), part, sorry, start=Outer.ASK, exits=(Outer.DONE,))


def found(part: Any, *more: Any) -> list[tuple[str, str | None, str]]:
    """Give the findings of the outer workflow."""
    with pytest.raises(GraphError) as refused:
        outer(part, *more)
    assert all(finding.where is not None for finding in refused.value.findings)
    return [(one.code, one.state, one.message) for one in refused.value.findings]


def test_node_tells_all() -> None:
    """A state in which a workflow stands is of kind `workflow`, leads where its exits do, and holds the graph."""
    graph = outer(inner.as_state(Outer.SUB, EXITS, on_error={OSError: Outer.SORRY})).graph
    node = graph.states["SUB"]
    assert (node.kind, node.targets) == ("workflow", ("DONE", "SORRY"))
    assert node.nested is inner.graph
    assert node.handler is not None
    assert node.handler.nested is not None
    assert dict(node.handler.nested.exits) == {"GOOD": "DONE", "BAD": "SORRY"}
    assert [(one.target, one.error) for one in graph.edges if one.source == "SUB"] == [
        ("DONE", None),
        ("SORRY", None),
        ("SORRY", "OSError"),
    ]
    assert sorted(graph.paths()) == ["ASK", "DONE", "SORRY", "SUB/WORK"]
    assert graph.node("SUB/WORK") is inner.graph.states["WORK"]
    with pytest.raises(KeyError):
        graph.node("ASK/WORK")


def test_dict_nests() -> None:
    """`to_dict` holds the inner graph, and where its exits lead."""
    told = outer(inner.as_state(Outer.SUB, EXITS)).graph.to_dict()
    (sub,) = [one for one in told["states"] if one["name"] == "SUB"]
    assert sub["kind"] == "workflow"
    assert sub["workflow"] == inner.graph.to_dict()
    assert sub["ends"] == {"GOOD": "DONE", "BAD": "SORRY"}
    assert [one["name"] for one in sub["resources"]] == ["box"]


def test_every_exit_leads_somewhere() -> None:
    """`transition`: an exit of which it is not said where it leads is named, and nothing else is said of it."""
    part = inner.as_state(Outer.SUB, {Inner.GOOD: Outer.SORRY})
    assert found(part) == [("transition", "SUB", 'Handler "sub" does not say where exit Inner.BAD leads')]
    assert [message for _, _, message in found(inner.as_state(Outer.SUB, {}))] == [
        'Handler "sub" does not say where exit Inner.GOOD leads',
        'Handler "sub" does not say where exit Inner.BAD leads',
    ]


def test_only_exits_lead_somewhere() -> None:
    """`transition`: what is no exit leads nowhere: another state, a member of another Enum, anything."""
    odd: Any = {**EXITS, Inner.WORK: Outer.DONE, Other.X: Outer.DONE, "GOOD": Outer.DONE}
    assert [message for _, _, message in found(inner.as_state(Outer.SUB, odd))] == [
        'Handler "sub" says where Inner.WORK leads, which is no exit of Inner',
        'Handler "sub" says where Other.X leads, which is no exit of Inner',
        "Handler \"sub\" says where 'GOOD' leads, which is no exit of Inner",
    ]


def test_exits_lead_to_states_of_the_outer() -> None:
    """`transition`: a target is a member of the outer Enum."""
    odd: Any = {Inner.GOOD: Other.X, Inner.BAD: Inner.GOOD}
    assert ("transition", "SUB", 'Handler "sub" may go to Other.X, not a member of Outer') in found(
        inner.as_state(Outer.SUB, odd)
    )


def test_other_rules_hold() -> None:
    """`duplicate`, `exit`, `state`, `unreachable`: a workflow in a state is a handler like any other."""
    part: Any = inner.as_state(Outer.SUB, {Inner.GOOD: Outer.DONE, Inner.BAD: Outer.DONE})
    assert found(part)[0] == ("unreachable", "SORRY", "State Outer.SORRY is unreachable from Outer.ASK")
    both = inner.as_state(Outer.SUB, EXITS)
    assert ("duplicate", "SUB", "State Outer.SUB has more than one handler") in found(both, ask, part)
    end = inner.as_state(Outer.DONE, EXITS)
    assert "exit" in [code for code, _, _ in found(both, ask, end)]
    stray: Any = inner.as_state(Other.X, {Inner.GOOD: Outer.DONE, Inner.BAD: Outer.DONE})  # type: ignore[arg-type]
    assert "state" in [code for code, _, _ in found(stray)]


def test_one_type_for_one_name() -> None:
    """`resource`: a name that the workflow within wants as another type is reported, unless it is renamed."""

    @state(Outer.ASK)
    async def clash(box: str) -> Literal[Outer.SUB]:
        return Outer.SUB

    part = inner.as_state(Outer.SUB, EXITS)
    message = 'Resource "box" is wanted as int here but as str by an earlier handler'
    assert found(part, clash) == [("resource", "SUB", message)]
    outer(inner.as_state(Outer.SUB, EXITS, resources={"box": "crate_number"}), clash)


def test_outcomes_come_in() -> None:
    """`join`: outcomes that the start of the workflow within asks for are those of the split before it."""

    @state(Inner.WORK)
    async def take(outcomes: Joined[str] | None, failure: Failure | None) -> Literal[Inner.GOOD, Inner.BAD]:
        return Inner.GOOD

    @split(Outer.ASK, over=(1, 2), join=Join.all(), to=Outer.SUB)
    async def numbers(item: int) -> int:
        return item

    taking = Workflow.build(Inner, take, start=Inner.WORK, exits=(Inner.GOOD, Inner.BAD))
    assert found(taking.as_state(Outer.SUB, EXITS), numbers) == [
        (
            "join",
            "SUB",
            'Handler "sub" wants outcomes as Joined[str], but branches of split Outer.ASK return int',
        )
    ]


@pytest.mark.parametrize(
    ("options", "parameter", "message"),
    [
        ({"exits": [Inner.GOOD]}, "exits", "does not say where each exit leads"),
        ({"resources": ["box"]}, "resources", "renames nothing"),
        (
            {"resources": {"bix": "crate"}},
            "resources",
            "renames 'bix', which workflow 'inside' does not want",
        ),
        ({"resources": {"box": "my crate"}}, "resources", "calls 'box' 'my crate'"),
        ({"on_error": {KeyboardInterrupt: Outer.SORRY}}, "on_error", "no class of exceptions"),
    ],
    ids=["exits", "resources", "unknown resource", "no name", "error"],
)
def test_refused_arguments(options: dict[str, Any], parameter: str, message: str) -> None:
    """What cannot be read is refused by `as_state` itself, at its line."""
    with pytest.raises(SignatureError, match=message) as refused:
        inner.as_state(Outer.SUB, **{"exits": EXITS, **options})
    assert refused.value.parameter == parameter
    assert refused.value.where is not None
    assert refused.value.where.file == __file__


def test_nothing_to_rename() -> None:
    """A workflow without resources has nothing to rename."""

    @state(Inner.WORK)
    async def plain() -> Literal[Inner.GOOD]:
        return Inner.GOOD

    from cano_dsl import Waive

    waive = [Waive("exhaustive", Inner.BAD, "not here")]
    none = Workflow.build(Inner, plain, start=Inner.WORK, exits=(Inner.GOOD,), waive=waive)
    with pytest.raises(SignatureError, match="Leave it out: it wants no resources"):
        none.as_state(Outer.SUB, {Inner.GOOD: Outer.DONE}, resources={"box": "crate"})
