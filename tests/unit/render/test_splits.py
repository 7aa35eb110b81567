"""Splits and error edges in diagrams, and in the graph as data."""

import itertools
from enum import Enum
from typing import Any

from cano_dsl import Join, Workflow, router, split, state
from cano_dsl.render._view import widen


class Job(Enum):
    ASK = 1
    NEXT = 2
    SORRY = 3
    DONE = 4


async def ask(item: int) -> int: ...
async def ups() -> int: ...
async def dhl() -> str: ...


def built(part: Any, *more: Any, exits: Any = (Job.DONE, Job.SORRY)) -> Workflow[Any, Any, Any, ...]:
    """Build a split and a state after it."""
    after = state(Job.NEXT, to=(Job.DONE, Job.SORRY))(lambda: Job.DONE)
    return Workflow.build(Job, part, after, *more, start=Job.ASK, exits=exits)


def test_split_is_a_fork() -> None:
    """A split is drawn with a fork: number and bulkhead before it, strategy and timeout after it."""
    part = split(
        Job.ASK, over=range(20), join=Join.quorum(2), to=Job.NEXT, timeout=2.5, bulkhead=4, on_error=Job.SORRY
    )(ask)
    assert built(part).mermaid().splitlines() == [
        "stateDiagram-v2",
        '    state "∥ ASK" as ASK',
        "    state ASK_fork <<fork>>",
        "    [*] --> ASK",
        "    ASK --> ASK_fork : 20 branches, at most 4 at once",
        "    ASK_fork --> NEXT : quorum(2) in 2.5 s",
        "    ASK --> SORRY : ⚡ any error",
        "    NEXT --> DONE",
        "    NEXT --> SORRY",
        "    DONE --> [*]",
        "    SORRY --> [*]",
    ]


def test_named_branches_and_unknown_numbers() -> None:
    """Branches of their own are named; a number that only the run knows is left out; one is one."""
    texts = [
        built(split(Job.ASK, ups, dhl, join=Join.all(), to=Job.NEXT)).mermaid(),
        built(split(Job.ASK, over=lambda: (), join=Join.any(), to=Job.NEXT)(ask)).mermaid(),
        built(split(Job.ASK, over=(1,), join=Join.percentage(0.5), to=Job.NEXT)(ask)).mermaid(),
    ]
    lines = [[line for line in text.splitlines() if "ASK_fork" in line][1:] for text in texts]
    assert lines == [
        ["    ASK --> ASK_fork : ups, dhl", "    ASK_fork --> NEXT : all"],
        ["    ASK --> ASK_fork : branches", "    ASK_fork --> NEXT : any"],
        ["    ASK --> ASK_fork : 1 branch", "    ASK_fork --> NEXT : percentage(0.5)"],
    ]


def test_error_edges_name_their_exceptions() -> None:
    """Each error edge carries the exception, in the order in which they are tried; also two to one state."""
    part = split(
        Job.ASK,
        over=(1,),
        join=Join.all(),
        to=Job.NEXT,
        on_error={KeyError: Job.SORRY, ValueError: Job.SORRY, Exception: Job.NEXT},
    )(ask)
    lines = [line.strip() for line in built(part).mermaid().splitlines() if "⚡" in line]
    assert lines == [
        "ASK --> SORRY : ⚡ KeyError",
        "ASK --> SORRY : ⚡ ValueError",
        "ASK --> NEXT : ⚡ any error",
    ]


def test_odd_names_on_arrows() -> None:
    """What ends a label on an arrow, or is markup in it, stands there in its wide form."""

    class Inner(Enum):
        WORK = 1
        DONE = 2

    inner = Workflow.build(
        Inner,
        state(Inner.WORK, to=(Inner.DONE,))(lambda: Inner.DONE),
        start=Inner.WORK,
        exits=(Inner.DONE,),
        name='a:b; <"c"> #d& `e` *f* $g$ _h_ i_j\nk',
    )
    odd = type("Odd; :Error", (Exception,), {})
    part = split(Job.ASK, inner, join=Join.all(), to=Job.NEXT, on_error={odd: Job.SORRY})
    lines = [line.strip() for line in built(part).mermaid().splitlines() if " : " in line]
    assert lines == [
        "ASK --> ASK_fork : a：b； ＜＂c＂＞ ＃d＆ ｀e｀ ＊f＊ ＄g＄ ＿h＿ i_j k",
        "ASK_fork --> NEXT : all",
        "ASK --> SORRY : ⚡ Odd； ：Error",
    ]


def test_wide_text_ends_no_label() -> None:
    """Wide text holds nothing at which Mermaid ends a label on an arrow or reads markup."""
    assert not set(widen('"<>&;:#`*$_ \r\n' * 3)) & set('"<>&;:#`*$\r\n')


def test_fork_ids_are_free() -> None:
    """A fork never has the id of a state, also where states are named as forks would be, or need an id of ours."""
    names = ["ASK", "ASK_fork", "ASK_fork_", "end", "DONE"]
    Names: Any = Enum("Names", {name: index for index, name in enumerate(names)})
    members = list(Names)
    parts = [
        split(at, over=(1,), join=Join.all(), to=after)(ask) for at, after in itertools.pairwise(members)
    ]
    text = Workflow.build(Names, *parts, start=members[0], exits=(members[-1],)).mermaid()
    forks = [line.split()[1] for line in text.splitlines() if "<<fork>>" in line]
    assert forks == ["ASK_fork__", "ASK_fork_fork", "ASK_fork__fork", "s3_fork"]


def test_splits_and_routers_together() -> None:
    """Routers, splits and plain states each keep their mark."""
    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, on_error=Job.SORRY)(ask)
    sorry = router(Job.SORRY, to=(Job.DONE,))(lambda: Job.DONE)
    after = state(Job.NEXT, to=(Job.DONE,))(lambda: Job.DONE)
    text = Workflow.build(Job, part, after, sorry, start=Job.ASK, exits=(Job.DONE,)).mermaid()
    assert '    state "∥ ASK" as ASK\n    state "◇ SORRY" as SORRY\n    state ASK_fork <<fork>>' in text
    assert text.endswith("    class SORRY router")


def test_graph_as_data() -> None:
    """The graph as plain data holds a split's branches, join and limits, and the exceptions of error edges."""
    part = split(
        Job.ASK,
        ups,
        dhl,
        join=Join.quorum(1),
        to=Job.NEXT,
        timeout=3,
        bulkhead=1,
        on_error={KeyError: Job.SORRY, Exception: Job.NEXT},
    )
    graph = built(part).graph
    data = graph.to_dict()
    assert data["states"][0]["kind"] == "split"
    assert data["states"][0]["handler"] == "ask"
    assert data["states"][0]["split"] == {
        "join": "quorum(1)",
        "branches": ["ups", "dhl"],
        "value": "int | str",
        "timeout_s": 3.0,
        "bulkhead": 1,
    }
    assert "split" not in data["states"][1]
    assert data["transitions"][:3] == [
        {"from": "ASK", "to": "NEXT"},
        {"from": "ASK", "to": "SORRY", "error": "KeyError"},
        {"from": "ASK", "to": "NEXT", "error": ""},
    ]
    shared = built(split(Job.ASK, over=(1, 2), join=Join.all(), to=Job.NEXT)(ask)).graph.to_dict()
    assert shared["states"][0]["split"]["branches"] == 2
    unknown = built(split(Job.ASK, over=lambda: (), join=Join.all(), to=Job.NEXT)(ask)).graph.to_dict()
    assert unknown["states"][0]["split"]["branches"] is None


def test_graph_as_networkx() -> None:
    """In networkx an edge has the exception that takes it; an ordinary transition to the same state is kept."""
    part = split(
        Job.ASK,
        over=(1,),
        join=Join.all(),
        to=Job.NEXT,
        on_error={KeyError: Job.SORRY, Exception: Job.NEXT},
    )(ask)
    digraph = built(part).graph.to_networkx()
    assert digraph.nodes["ASK"]["kind"] == "split"
    assert digraph.edges["ASK", "NEXT"] == {"error": None, "rollback": False}
    assert digraph.edges["ASK", "SORRY"] == {"error": "KeyError", "rollback": False}
    assert digraph.edges["NEXT", "DONE"] == {"error": None, "rollback": False}
