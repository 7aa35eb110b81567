"""Mermaid: any state name is safe, the same graph is the same text, and the picture is the graph."""

import itertools
import re
from enum import Enum
from typing import Any, Literal

import pytest

from cano_dsl import Waive, Workflow, compensate, router, state
from cano_dsl.render._view import _RESERVED, escape, view


def chain(names: list[str], *, routers: bool = False) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow that goes through states of these names, the last being the exit."""
    Names: Any = Enum("Names", {name: index for index, name in enumerate(names)})
    members = list(Names)
    decorate: Any = router if routers else state
    parts = [decorate(at, to=(following,))(lambda: None) for at, following in itertools.pairwise(members)]
    return Workflow.build(Names, *parts, start=members[0], exits=(members[-1],))


def test_plain_names_are_their_own_ids() -> None:
    """Plain names need no label: the diagram is start, transitions, exits."""
    assert chain(["FETCH", "store_2", "DONE"]).mermaid() == (
        "stateDiagram-v2\n    [*] --> FETCH\n    FETCH --> store_2\n    store_2 --> DONE\n    DONE --> [*]"
    )


def test_several_edges_and_exits() -> None:
    """Every transition and exit is drawn once, loops included, in the order declared."""

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3
        LOST = 4

    a = state(Job.A, to=(Job.B, Job.A, Job.LOST))(lambda: Job.B)
    b = state(Job.B, to=(Job.DONE, Job.A))(lambda: Job.DONE)
    built = Workflow.build(Job, b, a, start=Job.A, exits=(Job.LOST, Job.DONE))
    assert built.mermaid().splitlines()[1:] == [
        "    [*] --> A",
        "    A --> B",
        "    A --> A",
        "    A --> LOST",
        "    B --> DONE",
        "    B --> A",
        "    LOST --> [*]",
        "    DONE --> [*]",
    ]


def test_what_undoes_a_state_stands_with_it() -> None:
    """A state that something undoes has a label with an arrow back and the name, escaped, whatever the state's name."""

    class Job(Enum):
        A = 1
        end = 2
        DONE = 3

    def first() -> tuple[Literal[Job.end], int]: ...

    def second() -> tuple[Literal[Job.DONE], int]: ...

    def _give_back_(output: int) -> None: ...

    a, b = state(Job.A)(first), state(Job.end)(second)
    undo = (compensate(a)(_give_back_), compensate(b)(lambda output: None))
    built = Workflow.build(Job, a, b, *undo, start=Job.A, exits=(Job.DONE,))
    assert built.mermaid().splitlines()[1:] == [
        '    state "A ↩ &lowbar;give_back&lowbar;" as A',
        '    state "end ↩ &lt;lambda&gt;" as s1',
        "    [*] --> A",
        "    A --> s1",
        "    s1 --> DONE",
        "    DONE --> [*]",
    ]


def test_routers_are_drawn_apart() -> None:
    """Routers have a label with a diamond and a class of their own."""
    lines = chain(["ASK", "end", "DONE"], routers=True).mermaid().splitlines()
    assert lines[1:3] == ['    state "◇ ASK" as ASK', '    state "◇ end" as s1']
    assert lines[-2:] == ["    classDef router stroke-dasharray: 5 5", "    class ASK,s1 router"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("end", "end"),
        ("State", "State"),
        ("CLASS", "CLASS"),
        ("two words", "two words"),
        ('say "hi"', "say &quot;hi&quot;"),
        ("a-->b", "a--&gt;b"),
        ("1st", "1st"),
        ("größe", "größe"),
        ("状態", "状態"),
        ("a:b", "a:b"),
        ("fa:fa-car", "fa&colon;fa-car"),
        ("a;b", "a&semi;b"),
        ("#35;", "&num;35&semi;"),
        ("<b>", "&lt;b&gt;"),
        ("`x`", "&grave;x&grave;"),
        ("a\nb", "a b"),
        ("[*]", "[&ast;]"),
        ("%%", "%%"),
        ("{{ 7 * 7 }}", "{{ 7 &ast; 7 }}"),
        ("{% raw %}", "{% raw %}"),
        ("&amp;", "&amp;amp&semi;"),
        ("a _b_ c_d $x$", "a &lowbar;b&lowbar; c_d &dollar;x&dollar;"),
        ("🫖", "🫖"),
    ],
    ids=repr,
)
def test_odd_names_get_an_id_and_a_label(name: str, label: str) -> None:
    """A name that Mermaid could misread is drawn under an id of ours, with its text as an escaped label."""
    lines = chain(["START_", name, "DONE"]).mermaid().splitlines()
    assert lines == [
        "stateDiagram-v2",
        f'    state "{label}" as s1',
        "    [*] --> START_",
        "    START_ --> s1",
        "    s1 --> DONE",
        "    DONE --> [*]",
    ]


def test_every_reserved_word_is_avoided() -> None:
    """No reserved word of Mermaid is used as an id, in whatever case."""
    names = [form for word in sorted(_RESERVED) for form in (word, word.upper())]
    text = chain([*names, "DONE"]).mermaid()
    ids = set(re.findall(r"^    (\S+) --> ", text, re.MULTILINE)) - {"[*]"}
    assert not {name.lower() for name in ids} & _RESERVED
    assert len(ids) == len(names) + 1


def test_ids_do_not_collide() -> None:
    """An id of ours never is the name of another state."""
    built = chain(["s1", "two words", "s1_", "1st", "s3", "s3_", "DONE"])
    ids = {row.label: row.id for row in view(built.graph).named}
    assert ids == {"two words": "s1__", "1st": "s3__"}
    assert len({*ids.values(), "s1", "s1_", "s3", "s3_", "DONE"}) == 7


def test_isolated_states_are_drawn() -> None:
    """A state that a waiver leaves without any transition stands in the diagram by itself."""

    class Job(Enum):
        WORK = 1
        LATER = 2
        DONE = 3

    part = state(Job.WORK, to=(Job.DONE,))(lambda: Job.DONE)
    waive = [Waive("exhaustive", Job.LATER, "next release"), Waive("unreachable", Job.LATER, "next release")]
    built = Workflow.build(Job, part, start=Job.WORK, exits=(Job.DONE,), waive=waive)
    assert built.mermaid().splitlines() == [
        "stateDiagram-v2",
        '    state "LATER" as LATER',
        "    [*] --> WORK",
        "    WORK --> DONE",
        "    DONE --> [*]",
    ]


def test_the_same_text_for_the_same_graph() -> None:
    """The text depends on the graph alone: it is the same each time, and however the handlers are ordered."""

    class Job(Enum):
        A = 1
        B = 2
        DONE = 3

    a = state(Job.A, to=(Job.B, Job.DONE))(lambda: Job.B)
    b = state(Job.B, to=(Job.A, Job.DONE))(lambda: Job.A)
    texts = {
        f"{Workflow.build(Job, *parts, start=Job.A, exits=(Job.DONE,)):mermaid}"
        for parts in ((a, b), (b, a), (a, b))
    }
    assert len(texts) == 1
    assert not next(iter(texts)).endswith("\n")


def test_escape_leaves_nothing_of_mermaids_own() -> None:
    """Escaped text holds nothing but named entities in place of what Mermaid reads: quotes, tags, breaks, marks."""
    text = escape('"<>&;#`*$_ \r\n' * 3)
    assert re.fullmatch(r"(&(quot|lt|gt|amp|semi|num|grave|ast|dollar|lowbar);| )*", text)
