"""Rollbacks as edges: reachability, ways out, what may be asked for after them, and every form of the graph."""

from enum import Enum
from typing import Literal

import pytest

from cano_dsl import Failure, Join, Joined, Rollback, Workflow, split, state
from cano_dsl.errors import GraphError
from cano_dsl.graph import Edge


class Order(Enum):
    CHECK = 1
    SORRY = 2
    DONE = 3
    REFUNDED = 4


ENDS = (Order.DONE, Order.REFUNDED)


@state(Order.CHECK, on_error=Order.SORRY)
async def check() -> Literal[Order.DONE] | Rollback[Literal[Order.SORRY, Order.DONE]]:
    return Order.DONE


@state(Order.SORRY)
def sorry() -> Rollback[Literal[Order.REFUNDED]]:
    return Rollback(Order.REFUNDED)


GRAPH = Workflow.build(Order, check, sorry, start=Order.CHECK, exits=ENDS).graph


def test_edges_of_their_own_kind() -> None:
    """What only rollbacks reach is reachable, and a state that only asks for one has a way out."""
    assert GRAPH.edges == (
        Edge("CHECK", "DONE"),
        Edge("CHECK", "SORRY", rollback=True),
        Edge("CHECK", "DONE", rollback=True),
        Edge("CHECK", "SORRY", error=""),
        Edge("SORRY", "REFUNDED", rollback=True),
    )
    assert GRAPH.findings == ()
    assert [edge.is_error for edge in GRAPH.edges] == [False, False, False, True, False]


def test_forms_of_the_graph() -> None:
    """JSON marks each rollback; networkx has one edge between two states, the ordinary one first."""
    assert GRAPH.to_dict()["transitions"] == [
        {"from": "CHECK", "to": "DONE"},
        {"from": "CHECK", "to": "SORRY", "rollback": True},
        {"from": "CHECK", "to": "DONE", "rollback": True},
        {"from": "CHECK", "to": "SORRY", "error": ""},
        {"from": "SORRY", "to": "REFUNDED", "rollback": True},
    ]
    assert dict(GRAPH.to_networkx().edges) == {
        ("CHECK", "DONE"): {"error": None, "rollback": False},
        ("CHECK", "SORRY"): {"error": None, "rollback": True},
        ("SORRY", "REFUNDED"): {"error": None, "rollback": True},
    }


def test_trap_of_rollbacks() -> None:
    """`dead-end`: states that only roll back to each other are a trap like any other."""

    @state(Order.SORRY)
    def again() -> Rollback[Literal[Order.SORRY]]:
        return Rollback(Order.SORRY)

    @state(Order.CHECK)
    def asks() -> Literal[Order.DONE, Order.REFUNDED] | Rollback[Literal[Order.SORRY]]:
        return Order.DONE

    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, asks, again, start=Order.CHECK, exits=ENDS)
    assert [(finding.code, finding.state) for finding in caught.value.findings] == [("dead-end", "SORRY")]


def test_what_a_rollback_brings_along() -> None:
    """A state after a rollback has no failure and no outcomes, so asking for them without None is reported."""

    @state(Order.SORRY)
    def wants(failure: Failure) -> Literal[Order.REFUNDED]:
        return Order.REFUNDED

    with pytest.raises(GraphError, match=r"wants the failure of an error edge, but Order\.CHECK leads there"):
        Workflow.build(Order, check, wants, start=Order.CHECK, exits=ENDS)

    class Ask(Enum):
        ASK = 1
        ADD = 2
        DONE = 3

    @split(Ask.ASK, over=(1, 2), join=Join.all(), to=Ask.ADD)
    async def ask(item: int) -> int:
        return item

    @state(Ask.ADD)
    def add(found: Joined[int]) -> Literal[Ask.DONE] | Rollback[Literal[Ask.ADD]]:
        return Ask.DONE

    with pytest.raises(GraphError, match=r"wants the outcomes of a split, but Ask\.ADD, which is no split"):
        Workflow.build(Ask, ask, add, start=Ask.ASK, exits=(Ask.DONE,))


def test_picture() -> None:
    """Mermaid has a ↩ on the arrows of rollbacks, before those of errors."""
    text = Workflow.build(Order, check, sorry, start=Order.CHECK, exits=ENDS).mermaid()
    assert text.splitlines() == [
        "stateDiagram-v2",
        "    [*] --> CHECK",
        "    CHECK --> DONE",
        "    CHECK --> SORRY : ↩ rollback",
        "    CHECK --> DONE : ↩ rollback",
        "    CHECK --> SORRY : ⚡ any error",
        "    SORRY --> REFUNDED : ↩ rollback",
        "    DONE --> [*]",
        "    REFUNDED --> [*]",
    ]
