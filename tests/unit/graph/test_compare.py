"""How a difference between two workflows is told: in words, by paths, and with hints only where they are sure."""

from enum import Enum
from itertools import pairwise
from typing import Any, Literal

import pytest

from cano_dsl import (
    CircuitBreaker,
    Join,
    RateLimiter,
    Retry,
    Rollback,
    RunData,
    Waive,
    Workflow,
    compensate,
    router,
    split,
    state,
)
from cano_dsl.errors import Finding
from cano_dsl.graph import Change, assemble, compare, stored_graph


class Order(Enum):
    CHECK = 1
    CHARGE = 2
    SHIP = 3
    DONE = 4
    REJECTED = 5


class Gateway: ...


class Refused(Exception): ...


class Late(Exception): ...


def check() -> Literal[Order.CHARGE]:
    return Order.CHARGE


async def charge(gateway: Gateway) -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 1


async def refund(paid: int) -> None: ...


async def ship() -> Literal[Order.DONE]:
    return Order.DONE


GATE = CircuitBreaker("gate", failure_threshold=5, reset_timeout=30)
TWIN = CircuitBreaker("gate", failure_threshold=5, reset_timeout=30)


def built(
    charging: Any = charge, undoing: Any = refund, *, how: Any = None, undo: Any = None, **more: Any
) -> Any:
    """Build the workflow with other parts or policies."""
    one = state(Order.CHARGE, **{"on_error": Order.REJECTED, **(how or {})})(charging)
    parts = [router(Order.CHECK)(check), one, state(Order.SHIP)(ship)]
    if undoing is not None:
        parts.append(compensate(one, **(undo or {}))(undoing))
    ends = {"start": Order.CHECK, "exits": (Order.DONE, Order.REJECTED), **more}
    return Workflow.build(Order, *parts, **ends).graph


BEFORE = built()


def told(after: Any, before: Any = BEFORE) -> list[str]:
    """Give all that is told of states and workflows, words apart."""
    found = compare(before, after)
    return [
        f"{one.path or 'workflow'}: {change}"
        for one in found.all
        for change in one.changes
        if change.level != "words"
    ]


async def charge_more(
    gateway: Gateway | None, data: RunData[dict[str, int]], limit: int = 3
) -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 1


async def charge_plain(gateway: Gateway) -> Literal[Order.SHIP]:
    return Order.SHIP


async def charge_text(gateway: Gateway) -> tuple[Literal[Order.SHIP], str]:
    return Order.SHIP, ""


async def charge_both(gateway: Gateway) -> tuple[Literal[Order.SHIP], int] | Literal[Order.REJECTED]:
    return Order.REJECTED


def charge_slow(gateway: Gateway) -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 1


async def refund_with(paid: int, gateway: Gateway, data: RunData[dict[str, int]]) -> None: ...


def refund_slow(paid: int) -> None: ...


async def refund_text(paid: str) -> None: ...


async def charge_split(item: int, gateway: Gateway) -> int:
    return item


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            built(how={"retry": Retry.fixed(3, 2), "timeout": 10}),
            [
                "CHARGE: attempts were 1, are 3",
                "CHARGE: waits between attempts were none, are 2 s",
                "CHARGE: timeout of an attempt was none, is 10 s",
            ],
        ),
        (
            built(how={"breaker": GATE, "limiter": RateLimiter("slow", 5)}),
            ["CHARGE: breaker was none, is gate", "CHARGE: limiter was none, is slow"],
        ),
        (
            built(charge_more, data=dict[str, int]),
            [
                "workflow: data of the run was none, is dict[str, int]",
                "CHARGE: data of the run was none, is dict[str, int]",
                "CHARGE: resource gateway was Gateway, is Gateway | None",
                "CHARGE: resource limit was none, is int, optional",
            ],
        ),
        (
            built(charge_plain, None),
            [
                "CHARGE: output was int, is none",
                "CHARGE: what its compensation takes was int, is none",
            ],
        ),
        (
            built(charge_text, refund_text),
            ["CHARGE: output was int, is str", "CHARGE: what its compensation takes was int, is str"],
        ),
        (built(charge_both), ["CHARGE: targets without its output were none, are REJECTED"]),
        (
            built(charge_slow, how={"thread": True, "effects": True}),
            ["CHARGE: effects were no, are yes", "CHARGE: in a worker thread was no, is yes"],
        ),
        (built(how={"semantics": "at_most_once"}), ["CHARGE: at most once was no, is yes"]),
        (
            built(undoing=refund_with, undo={"retry": Retry.fixed(2, 0), "timeout": 3}, data=dict[str, int]),
            [
                "workflow: data of the run was none, is dict[str, int]",
                "CHARGE: attempts of its compensation were 1, are 2",
                "CHARGE: timeout of an attempt of its compensation was none, is 3 s",
                "CHARGE: data of the run that its compensation takes was none, is dict[str, int]",
                "CHARGE: resource of its compensation gateway was none, is Gateway",
            ],
        ),
        (
            built(undoing=refund_slow, undo={"thread": True}),
            ["CHARGE: compensation in a worker thread was no, is yes"],
        ),
        (
            built(timeout=60, max_transitions=9, compensation_timeout=5, failed=(Order.REJECTED,)),
            [
                "workflow: exits that mean failure were none, are REJECTED",
                "workflow: timeout of a run was none, is 60 s",
                "workflow: timeout of all compensations was 30 s, is 5 s",
                "workflow: transitions at most were none, are 9",
            ],
        ),
        (
            built(waive=[Waive("dead-end", Order.SHIP, "later")]),
            ["workflow: waiver dead-end at SHIP was none, is later"],
        ),
        (built(name="orders"), ["workflow: name was Order, is orders"]),
    ],
)
def test_words(after, expected):
    """Each fact that differs is one sentence with what was and what is, in seconds where it is a time."""
    assert told(after) == expected


def test_offers():
    """What `resources=` declares is told by name, with type and whether it may be left out."""

    class Given:
        def __init__(self, gateway: Gateway, more: int = 0) -> None: ...

    assert told(built(resources=Given)) == [
        "workflow: declared resource gateway was none, is Gateway",
        "workflow: declared resource more was none, is int, optional",
    ]


def splitting(**more: Any) -> Any:
    """Build the workflow with a split in place of the state."""
    one = split(
        Order.CHARGE,
        over=(1, 2, 3),
        join=more.pop("join", Join.all()),
        to=Order.SHIP,
        on_error=Order.REJECTED,
        **more,
    )
    parts = (router(Order.CHECK)(check), one(charge_split), state(Order.SHIP)(ship))
    return Workflow.build(Order, *parts, start=Order.CHECK, exits=(Order.DONE, Order.REJECTED)).graph


def test_splits():
    """A split is told by its kind, its join with what is joined, its timeout and its bulkhead."""
    assert told(splitting(), built(charge_plain, None)) == [
        "CHARGE: kind was state, is split",
        "CHARGE: split was none, is all of 3 branches, each giving int",
    ]
    assert told(splitting(join=Join.quorum(2), timeout=5, bulkhead=2), splitting()) == [
        "CHARGE: split was all of 3 branches, each giving int, is quorum(2) of 3 branches, each giving int",
        "CHARGE: timeout of its join was none, is 5 s",
        "CHARGE: branches at once were none, are 2",
    ]


def test_levels():
    """A renamed handler, another description and a renamed compensation are told, and are no difference."""

    async def pay(gateway: Gateway) -> tuple[Literal[Order.SHIP], int]:
        """Take the money."""
        return Order.SHIP, 1

    async def give_back(paid: int) -> None:
        """Give it back."""

    found = compare(BEFORE, built(pay, give_back))
    assert (found.is_same, found.is_identical, found.same_fingerprint) == (True, False, True)
    assert [one.weight for one in found.states] == ["words"]
    assert list(map(str, found.states[0].changes)) == [
        "handler was charge, is pay",
        "description was none, is Take the money.",
        "compensation was refund, is give_back",
        "description of its compensation was none, is Give it back.",
    ]
    assert compare(BEFORE, built(how={"timeout": 3})).states[0].weight == "conduct"


def test_other_enum():
    """Members of two Enums are the same state where they have the same name; the Enum's own name is told."""
    other = Enum("Other", {name: name for name in Order.__members__})  # type: ignore[misc]
    parts = (
        router(other.CHECK, to=(other.CHARGE,))(lambda: other.CHARGE),
        state(other.CHARGE, to=(other.DONE,), on_error=other.REJECTED)(lambda: other.DONE),
        state(other.SHIP, to=(other.DONE,))(lambda: other.DONE),
    )
    ends: Any = {"start": other.CHECK, "exits": (other.DONE, other.REJECTED), "name": "Order"}
    waive = [Waive("unreachable", other.SHIP, "not yet")]
    found = compare(built(charge_plain, None), Workflow.build(other, *parts, **ends, waive=waive).graph)
    assert "Enum was Order, is Other" in map(str, found.workflows[0].changes)
    assert [(edge.source, edge.target, edge.how) for edge in found.edges] == [
        ("CHARGE", "SHIP", "removed"),
        ("CHARGE", "DONE", "added"),
    ]


def test_order_of_error_edges():
    """The first exception that fits counts, so another order is told; one more is only a transition."""
    first = built(how={"on_error": {Refused: Order.REJECTED, Late: Order.SHIP}})
    second = built(how={"on_error": {Late: Order.SHIP, Refused: Order.REJECTED}})
    found = compare(first, second)
    assert found.edges == ()
    assert told(second, first) == ["CHARGE: order of error edges was Refused, Late, is Late, Refused"]
    more = built(how={"on_error": {Refused: Order.REJECTED, Late: Order.SHIP, Exception: Order.REJECTED}})
    assert told(more, first) == []
    assert [(edge.error, edge.how) for edge in compare(first, more).edges] == [("", "added")]


def guarding(one: Any, other: Any) -> Any:
    """Build the workflow with a breaker for each of two states."""
    parts = (
        router(Order.CHECK)(check),
        state(Order.CHARGE, breaker=one, on_error=Order.REJECTED)(charge),
        state(Order.SHIP, breaker=other)(ship),
    )
    return Workflow.build(
        Order,
        *parts,
        start=Order.CHECK,
        exits=(Order.DONE, Order.REJECTED),
        waive=[Waive("policy", None, "two")],
    ).graph


def test_sharing():
    """Two breakers of one name in place of one that is shared are told, as they open apart."""
    together, apart = guarding(GATE, GATE), guarding(GATE, TWIN)
    assert "workflow: states that share breaker gate were CHARGE, SHIP, are CHARGE; SHIP" in told(
        apart, together
    )
    assert told(guarding(TWIN, TWIN), together) == []


class Pay(Enum):
    CARD = 1
    CASH = 2
    PAID = 3
    LOST = 4


def paying(**how: Any) -> Any:
    """Build the outer workflow with another in its state CHARGE."""

    @state(Pay.CARD, **how)
    async def card() -> Literal[Pay.CASH, Pay.LOST]:
        return Pay.CASH

    @state(Pay.CASH)
    async def cash() -> Literal[Pay.PAID]:
        return Pay.PAID

    inner = Workflow.build(
        Pay, card, cash, start=Pay.CARD, exits=(Pay.PAID, Pay.LOST), timeout=how.get("timeout")
    )
    part = inner.as_state(Order.CHARGE, exits={Pay.PAID: Order.SHIP, Pay.LOST: Order.REJECTED})
    return Workflow.build(
        Order,
        router(Order.CHECK)(check),
        part,
        state(Order.SHIP)(ship),
        start=Order.CHECK,
        exits=(Order.DONE, Order.REJECTED),
    ).graph


def test_within_states():
    """What differs within a workflow in a state is told with its path, as are the runs that it strands."""
    found = compare(paying(), paying(timeout=3, on_error=Pay.LOST))
    assert told(paying(timeout=3), paying()) == [
        "CHARGE: timeout of a run was none, is 3 s",
        "CHARGE/CARD: timeout of an attempt was none, is 3 s",
    ]
    assert [(edge.source, edge.target, edge.error) for edge in found.edges] == [
        ("CHARGE/CARD", "CHARGE/LOST", "")
    ]
    assert found.stranded == ("CHECK", "CHARGE/CARD")
    assert found.owing == ()


def test_workflow_in_place_of_a_state():
    """A state that becomes a workflow has all that is in it added, and none of it is a change of a workflow as a whole."""
    found = compare(built(charge_plain, None), paying())
    added = [one.path for one in found.states if one.how == "added"]
    assert added == ["CHARGE/CARD", "CHARGE/CASH", "CHARGE/PAID", "CHARGE/LOST"]
    assert found.workflows == ()


def test_owing():
    """G3: a state that can no longer be undone strands what has passed it."""
    found = compare(BEFORE, built(undoing=None))
    assert found.owing == ("CHARGE",)
    assert found.stranded == ("CHECK", "CHARGE")


def test_rollback_edge():
    """A rollback edge is one of its own, beside an ordinary one to the same state."""

    async def shipping() -> Literal[Order.DONE, Order.REJECTED] | Rollback[Literal[Order.REJECTED]]:
        return Order.DONE

    def graph(fn: Any) -> Any:
        one = state(Order.CHARGE, on_error=Order.REJECTED)(charge)
        parts = (router(Order.CHECK)(check), one, compensate(one)(refund), state(Order.SHIP)(fn))
        return Workflow.build(Order, *parts, start=Order.CHECK, exits=(Order.DONE, Order.REJECTED)).graph

    edges = compare(graph(ship), graph(shipping)).edges
    assert [(edge.target, edge.how, edge.rollback) for edge in edges] == [
        ("REJECTED", "added", False),
        ("REJECTED", "added", True),
    ]


# --- hints and findings


def chain(*names: str, kinds: dict[str, str] | None = None, start: str = "") -> Any:
    """Make a graph in which each state leads to the next."""
    states: dict[str, Any] = {
        name: {"kind": (kinds or {}).get(name, "state"), "targets": [after]}
        for name, after in pairwise(names)
    }
    states[names[-1]] = {"kind": "exit"}
    return stored_graph({"start": start or names[0], "states": states}, "jobs")


def test_renamed():
    """A state removed and the only one added with its kind and edges may be renamed, also an exit, one that leads to itself, and the start."""
    assert compare(chain("A", "B", "C"), chain("A", "X", "C")).renamed == (("B", "X"),)
    assert compare(chain("A", "B", "C"), chain("A", "B", "X")).renamed == (("C", "X"),)
    assert compare(chain("A", "B"), chain("X", "B")).renamed == (("A", "X"),)
    assert compare(chain("A", "A", "B"), chain("X", "X", "B")).renamed == (("A", "X"),)


def test_not_renamed():
    """Where the kind, the edges or the start differ, or two could be meant, there is no hint."""
    assert compare(chain("A", "B", "C"), chain("A", "X", "C", kinds={"X": "router"})).renamed == ()
    assert compare(chain("A", "B", "C"), chain("A", "C")).renamed == ()
    assert compare(chain("A", "B", "C"), chain("A", "B", "X", "C")).renamed == ()

    def fork(*middle: str) -> Any:
        states: dict[str, Any] = {name: {"kind": "state", "targets": ["C"]} for name in middle}
        states |= {"A": {"kind": "state", "targets": list(middle)}, "C": {"kind": "exit"}}
        return stored_graph({"start": "A", "states": states}, "jobs")

    assert compare(fork("B", "D"), fork("X", "Y")).renamed == ()
    assert compare(fork("B", "D"), fork("B", "Y")).renamed == (("D", "Y"),)
    assert compare(fork("B"), fork("X", "Y")).renamed == ()


def finding(message: str, **more: Any) -> Finding:
    """Make a warning."""
    return Finding("policy", "A", message, "fix it", severity="warning", **more)


def test_findings():
    """A finding is new or gone by rule, state and waiver; the same in other words is none, one more of a kind is one."""
    plain = chain("A", "B").definition

    def changes(before: list[Finding], after: list[Finding]) -> list[tuple[str, str, str]]:
        found = compare(assemble(plain, tuple(before)), assemble(plain, tuple(after)))
        assert found.is_same is not bool(found.findings)
        return [(one.how, one.path, one.finding.message) for one in found.findings]

    one, other = finding("state x is slow"), finding("state y is slow")
    assert changes([one], [one]) == changes([one], [other]) == []
    assert changes([], [one]) == [("added", "A", one.message)]
    assert changes([one], [one, other]) == [("added", "A", other.message)]
    assert changes([one, other], [other]) == [("removed", "A", one.message)]
    waived = finding("state x is slow", waived="for now")
    assert changes([one], [waived]) == [("removed", "A", one.message), ("added", "A", waived.message)]


def test_dict():
    """`to_dict` holds all that is told, by its level, and values as data."""
    facts = compare(BEFORE, built(how={"timeout": 2.5}, name="orders")).to_dict()
    assert (facts["version"], facts["same"], facts["same_fingerprint"]) == (1, False, True)
    assert facts["before"]["name"] == "Order" and facts["after"]["name"] == "orders"
    assert facts["states"] == [
        {
            "path": "CHARGE",
            "how": "changed",
            "changes": [
                {
                    "fact": "timeout_s",
                    "of": "",
                    "level": "conduct",
                    "was": None,
                    "now": 2.5,
                    "text": "timeout of an attempt was none, is 2.5 s",
                }
            ],
        }
    ]
    plain = chain("A", "B").definition
    waived = compare(assemble(plain), assemble(plain, (finding("slow", waived="why"),))).to_dict()
    assert waived["findings"] == [
        {
            "path": "A",
            "how": "added",
            "code": "policy",
            "severity": "warning",
            "message": "slow",
            "fix": "fix it",
            "waived": "why",
        }
    ]
    renamed = compare(chain("A", "B", "C"), chain("A", "X", "C")).to_dict()
    assert renamed["renamed"] == [{"from": "B", "to": "X"}]


def test_unknown_fact():
    """A fact that has no words yet is told by its name."""
    assert str(Change("patience", "", "meaning", 3, ["a", "b"])) == "patience was 3, is a, b"
