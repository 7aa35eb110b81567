"""What a definition means to a run: the canonical graph, its fingerprint, and what differs between two."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from itertools import permutations
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest

from cano_dsl import Failure, Join, Joined, Retry, Rollback, Workflow, compensate, router, split, state
from cano_dsl.graph import differences, stored_graph
from cano_dsl.graph._type_names import type_name


class Order(Enum):
    CHECK = 1
    QUOTE = 2
    CHARGE = 3
    SHIP = 4
    DONE = 5
    REJECTED = 6


@dataclass
class Receipt:
    number: int


class Refused(Exception): ...


@router(Order.CHECK)
def check() -> Literal[Order.QUOTE, Order.REJECTED]:
    return Order.QUOTE


@split(
    Order.QUOTE, over=("ups", "dhl", "post"), join=Join.quorum(2), to=Order.CHARGE, on_error=Order.REJECTED
)
async def quote(carrier: str) -> int:
    return len(carrier)


@state(Order.CHARGE, on_error={Refused: Order.REJECTED})
async def charge(quotes: Joined[int]) -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP, Receipt(1)


@compensate(charge)
async def refund(receipt: Receipt) -> None: ...


@state(Order.SHIP)
async def ship() -> Literal[Order.DONE]:
    return Order.DONE


PARTS: tuple[Any, ...] = (check, quote, charge, refund, ship)
EXITS = (Order.DONE, Order.REJECTED)


def graph(*parts: Any, **more: Any) -> Any:
    """Build the parts, with those above for states that none of them handles."""
    given = {part.spec.at for part in parts if hasattr(part.spec, "at")}
    undone = {part.spec.step.at for part in parts if not hasattr(part.spec, "at")}
    kept = [part for part in PARTS if part is not refund and part.spec.at not in given]
    if not (given | undone) & {Order.CHARGE}:
        kept.append(refund)
    return Workflow.build(Order, *parts, *kept, **{"start": Order.CHECK, "exits": EXITS, **more}).graph


def test_canonical_graph() -> None:
    """C6: the canonical graph holds kinds, targets, error edges with their exceptions, exits, joins, how branches come about, outputs, outcomes and compensations, and nothing else."""
    assert graph().canonical() == {
        "start": "CHECK",
        "states": {
            "CHECK": {"kind": "router", "targets": ["QUOTE", "REJECTED"]},
            "QUOTE": {
                "kind": "split",
                "targets": ["CHARGE"],
                "errors": [["", "REJECTED"]],
                "split": {"join": "quorum(2)", "over": 3, "needed": 2, "value": "int"},
            },
            "CHARGE": {
                "kind": "state",
                "targets": ["SHIP"],
                "errors": [["Refused", "REJECTED"]],
                "output": "Receipt",
                "outcomes": "int",
                "compensation": "Receipt",
            },
            "SHIP": {"kind": "state", "targets": ["DONE"]},
            "DONE": {"kind": "exit"},
            "REJECTED": {"kind": "exit"},
        },
    }


def test_canonical_json_is_the_canonical_graph() -> None:
    """The JSON that is stored is the canonical graph, made once, and the graph that is given out may be changed."""
    one = graph()
    one.canonical()["states"].clear()
    assert json.loads(one.canonical_json) == one.canonical()
    assert one.canonical_json is one.canonical_json
    assert one.fingerprint is one.fingerprint


def test_order_of_parts() -> None:
    """The order in which parts and exits are given says nothing."""
    seen = {
        Workflow.build(Order, *parts, start=Order.CHECK, exits=exits).graph.canonical_json
        for parts in permutations(PARTS)
        for exits in (EXITS, EXITS[::-1])
    }
    assert len(seen) == 1


def test_order_of_targets() -> None:
    """The order of the targets in an annotation says nothing."""

    @router(Order.CHECK)
    def other() -> Literal[Order.REJECTED, Order.QUOTE]:
        return Order.QUOTE

    assert graph(other).fingerprint == graph().fingerprint


def test_what_does_not_count() -> None:
    """C6: retries, timeouts, limits, documents, handlers' names, resources and budgets change no fingerprint."""

    @state(Order.SHIP, retry=Retry.fixed(3, 1.0), timeout=4.0)
    async def send(box: list[str], much: int = 1) -> Literal[Order.DONE]:
        """Send it."""
        return Order.DONE

    @split(
        Order.QUOTE,
        over=("a", "b", "c"),
        join=Join.quorum(2),
        to=Order.CHARGE,
        on_error=Order.REJECTED,
        bulkhead=2,
        timeout=3.0,
    )
    async def ask(name: str, box: list[str]) -> int:
        return 1

    changed = graph(send, ask, timeout=60.0, max_transitions=9, name="another")
    assert changed.fingerprint == graph().fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Optional[Receipt], "Receipt | None"),  # noqa: UP045
        (Union[int, Receipt, None], "None | app.Receipt | int"),  # noqa: UP007
        (list[Receipt | int], "List['int | Receipt']"),
        (dict[str, list[int] | None], "dict[str, Optional[list[int]]]"),
        (tuple[()], "tuple[()]"),
        (tuple[int, ...], "Tuple[int, ...]"),
        (Literal["b", "a"], "Literal['a', 'b']"),
    ],
)
def test_spellings_of_a_type(one: Any, other: str) -> None:
    """A type has one name, however it is written, with `from __future__ import annotations` or without."""
    from cano_dsl.declare._namespace import show

    assert type_name(show(one)) == type_name(other)


def test_types_that_cannot_be_read() -> None:
    """What is no type in words keeps its text, without what differs between processes and versions of Python."""
    assert type_name("<object object at 0x7f00>") == "<object object>"
    assert type_name("'Receipt[', which cannot be read (SyntaxError: '[' was never closed)") == "Receipt["
    assert type_name("list['no type']") == "list[no type]"
    assert type_name("Annotated[Receipt, 'x']") == "Receipt"
    assert type_name("Callable[[int], None]") == "Callable[[int], None]"


def test_unhandled_state() -> None:
    """A state whose missing handler is waived is in the canonical graph as what it is."""
    from cano_dsl import Waive

    class Job(Enum):
        WORK = 1
        LATER = 2
        DONE = 3

    @state(Job.WORK)
    def work() -> Literal[Job.DONE]:
        return Job.DONE

    waive = [Waive("exhaustive", Job.LATER, "next release")]
    built = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), waive=waive).graph
    assert built.canonical()["states"]["LATER"] == {"kind": "unhandled"}


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import test_fingerprint
print(test_fingerprint.graph().fingerprint)
"""


def test_process_says_nothing() -> None:
    """The fingerprint is the same in processes of different hash seeds, and the one written here, on every Python."""
    seen = set()
    for seed in ("0", "1", "2"):
        program = PROGRAM.format(folder=str(Path(__file__).parent))
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        seen.add(ran.stdout.strip())
    assert seen == {graph().fingerprint} == {"19ba952c9257032c"}


def told(*parts: Any, at: str = "CHECK", outputs: tuple[str, ...] = (), **more: Any) -> list[str]:
    """Give what differs to a run begun with the definition above, and going on with another."""
    return differences(graph().canonical(), graph(*parts, **more).canonical(), at, outputs)


def test_nothing_differs() -> None:
    """A definition differs from itself in nothing, from wherever a run goes on."""
    for at in Order.__members__:
        assert told(at=at, outputs=("CHARGE",)) == []


def test_words_for_targets_and_kind() -> None:
    """A changed kind or target is told with what was and what is."""

    @state(Order.CHECK)
    def other() -> Literal[Order.QUOTE]:
        return Order.QUOTE

    assert told(other) == [
        "state CHECK: kind was router, is state",
        "state CHECK: targets were QUOTE, REJECTED, are QUOTE",
    ]
    assert told(other, at="QUOTE") == []


def test_words_for_splits() -> None:
    """A changed join, number or type of branches is told as the split was and is."""

    @split(Order.QUOTE, over=lambda: [1], join=Join.any(), to=Order.CHARGE)
    async def by_call(number: int) -> int:
        return number

    async def post() -> int:
        return 1

    async def rail() -> int:
        return 2

    by_name = split(Order.QUOTE, post, rail, join=Join.all(), to=Order.CHARGE, on_error=Order.REJECTED)

    assert told(by_call, at="QUOTE") == [
        "state QUOTE: error edges were any error → REJECTED, are none",
        (
            "state QUOTE: split was quorum(2) of 3 branches, each giving int, "
            "is any of what over= gives, each giving int"
        ),
    ]
    named = graph(by_name).canonical()
    assert named["states"]["QUOTE"]["split"]["branches"] == ["post", "rail"]
    assert differences(named, graph().canonical(), "QUOTE")[0] == (
        "state QUOTE: split was all of post, rail, each giving int, "
        "is quorum(2) of 3 branches, each giving int"
    )


def test_words_for_errors_and_outputs() -> None:
    """A changed error edge, output or compensation is told with what was and what is."""

    @state(Order.CHARGE)
    async def other(
        quotes: Joined[int] | None, failure: Failure | None = None
    ) -> tuple[Literal[Order.SHIP], str]:
        return Order.SHIP, ""

    assert told(other, at="CHARGE") == [
        "state CHARGE: error edges were Refused → REJECTED, are none",
        "state CHARGE: outcomes that it takes were int, are None | int",
        "state CHARGE: output was Receipt, is str",
        "state CHARGE: what its compensation takes was Receipt, is none",
    ]


def test_outputs_to_be_undone() -> None:
    """G3: what a run did must have a compensation that takes what was saved, also where it is behind the run."""

    @state(Order.CHARGE, on_error={Refused: Order.REJECTED})
    async def plain(quotes: Joined[int]) -> Literal[Order.SHIP]:
        return Order.SHIP

    assert told(plain, at="SHIP") == []
    assert told(plain, at="SHIP", outputs=("CHARGE",)) == [
        "state CHARGE, which may have to be undone: what its compensation takes was Receipt, is none"
    ]
    assert told(at="SHIP", outputs=("CHARGE", "QUOTE")) == []


def test_states_that_are_gone() -> None:
    """A state that the run needs and that is gone is told as gone, and a state that never was there as that."""
    stored = graph().canonical()
    now = graph().canonical()
    del now["states"]["SHIP"], now["states"]["CHARGE"]
    assert differences(stored, now, "SHIP") == ["state SHIP is gone"]
    assert differences(stored, now, "DONE", ["CHARGE"]) == [
        "state CHARGE, which may have to be undone, is gone"
    ]
    never = "not in the definition that the run was begun with"
    assert differences(now, stored, "SHIP") == [f"state SHIP is {never}"]
    assert differences(now, stored, "DONE", ["CHARGE"]) == [
        f"state CHARGE, which may have to be undone, is {never}"
    ]


def test_additions_elsewhere() -> None:
    """C6: states that no run that goes on can enter may be added, changed and removed."""
    stored = graph().canonical()
    now = graph().canonical()
    now["states"] |= {"AUDIT": {"kind": "state", "targets": ["DONE"]}}
    now["start"] = "AUDIT"
    assert differences(stored, now, "CHECK") == []
    now["states"]["CHECK"] = {"kind": "state", "targets": ["AUDIT"]}
    assert differences(stored, now, "QUOTE") == []


NESTED: dict[str, Any] = {
    "start": "CHECK",
    "states": {
        "CHECK": {"kind": "state", "targets": ["PAY"]},
        "PAY": {
            "kind": "workflow",
            "targets": ["DONE", "SHIP"],
            "errors": [["Refused", "SORRY"]],
            "exits": {"PAID": "SHIP", "FREE": "DONE"},
            "workflow": {
                "start": "ASK",
                "states": {
                    "ASK": {"kind": "state", "targets": ["CHARGE", "FREE"]},
                    "CHARGE": {"kind": "state", "targets": ["PAID"], "compensation": "Receipt"},
                    "PAID": {"kind": "exit"},
                    "FREE": {"kind": "exit"},
                },
            },
        },
        "SHIP": {"kind": "state", "targets": ["DONE"]},
        "SORRY": {"kind": "state", "targets": ["DONE"]},
        "DONE": {"kind": "exit"},
    },
}


def nested_change(*path: str, **facts: Any) -> dict[str, Any]:
    """Give the nested graph with some facts of a state changed."""
    changed = json.loads(json.dumps(NESTED))
    place = changed
    for name in path[:-1]:
        place = place["states"][name]["workflow"]
    place["states"][path[-1]].update(facts)
    return changed


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("CHECK", {"PAY", "PAY/ASK", "PAY/CHARGE", "SHIP", "SORRY"}),
        ("PAY", {"PAY", "PAY/ASK", "PAY/CHARGE", "SHIP", "SORRY"}),
        ("PAY/ASK", {"PAY", "PAY/ASK", "PAY/CHARGE", "SHIP", "SORRY"}),
        ("PAY/CHARGE", {"PAY", "PAY/CHARGE", "SHIP", "SORRY"}),
        ("SHIP", {"SHIP"}),
    ],
)
def test_workflow_as_a_state(at: str, found: set[str]) -> None:
    """Within a workflow that is a state all that can follow counts: inside, then around it, but not what is left behind inside."""
    seen = set()
    for path in ("PAY", "PAY/ASK", "PAY/CHARGE", "SHIP", "SORRY"):
        changed = nested_change(*path.split("/"), kind="poll")
        if differences(NESTED, changed, at):
            seen.add(path)
    assert seen == found


def test_words_within_a_workflow_as_a_state() -> None:
    """States within a workflow are told by their paths; its start, its exits and its end as a workflow are facts of the state that it is."""
    assert differences(NESTED, nested_change("PAY", "CHARGE", kind="poll"), "PAY/CHARGE") == [
        "state PAY/CHARGE: kind was state, is poll"
    ]
    assert differences(
        NESTED, nested_change("PAY", exits={"PAID": "SHIP", "FREE": "SHIP"}), "PAY/CHARGE"
    ) == ["state PAY: exits of its workflow led PAID → SHIP, FREE → DONE, lead PAID → SHIP, FREE → SHIP"]
    flat = nested_change("PAY", kind="state")
    del flat["states"]["PAY"]["workflow"], flat["states"]["PAY"]["exits"]
    assert differences(NESTED, flat, "PAY/CHARGE")[0] == "state PAY/CHARGE is gone"
    assert differences(NESTED, flat, "SHIP", ["PAY/CHARGE"]) == [
        "state PAY/CHARGE, which may have to be undone, is gone"
    ]
    moved = nested_change("PAY")
    moved["states"]["PAY"]["workflow"]["start"] = "CHARGE"
    assert differences(NESTED, moved, "CHECK") == ["state PAY: start of its workflow was ASK, is CHARGE"]


def test_facts_of_later_kinds() -> None:
    """Rollback targets and at most once are compared and followed, and a fact of a newer version is told by its key."""
    old = {"start": "A", "states": {"A": {"kind": "state", "rollback": ["B"]}, "B": {"kind": "exit"}}}
    new = {"start": "A", "states": {"A": {"kind": "state", "at_most_once": True, "fence": 2}}}
    assert differences(old, new, "A") == [
        "state A: rollback targets were B, are none",
        "state A: at most once was no, is yes",
        "state A: fence was none, is 2",
        "state B is gone",
    ]


def test_rollback_and_at_most_once() -> None:
    """C6: rollback targets, and that a state must never run twice, are in the canonical graph."""

    @state(Order.SHIP)
    async def careful() -> Literal[Order.DONE] | Rollback[Literal[Order.REJECTED]]:
        return Order.DONE

    facts = {"kind": "state", "targets": ["DONE"], "rollback": ["REJECTED"]}
    assert graph(careful).canonical()["states"]["SHIP"] == facts

    @state(Order.SHIP, semantics="at_most_once")
    async def once() -> Literal[Order.DONE]:
        return Order.DONE

    facts = {"kind": "state", "targets": ["DONE"], "at_most_once": True}
    assert graph(once).canonical()["states"]["SHIP"] == facts


@pytest.mark.parametrize(
    "join", [Join.all(), Join.any(), Join.quorum(2), Join.percentage(0.07), Join.partial_results(1)]
)
def test_stored_graph(join: Join) -> None:
    """A graph made of a stored one shows kinds, transitions, error edges, splits and compensations as the first does."""

    @split(Order.QUOTE, over=("ups", "dhl"), join=join, to=Order.CHARGE, on_error=Order.REJECTED)
    async def ask(carrier: str) -> int:
        return 1

    first = graph(ask)
    again = stored_graph(json.loads(first.canonical_json), "Order")
    assert (again.name, again.start, set(again.exits)) == ("Order", first.start, set(first.exits))
    assert set(again.edges) == set(first.edges)
    assert {n.name: n.kind for n in again.states.values()} == {n.name: n.kind for n in first.states.values()}
    branches = again.states["QUOTE"].handler.split
    assert (branches.join, branches.count) == (join, 2)
    assert again.states["CHARGE"].compensation.takes.shown == "Receipt"
