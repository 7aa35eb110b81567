"""Differences as Markdown and as Mermaid: what is drawn, what is escaped, and what is left out of a large one."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cano_dsl.errors import Finding
from cano_dsl.graph import assemble, compare, stored_graph
from cano_dsl.render import diff_diagrams, diff_markdown, diff_mermaid, summary, verdict
from cano_dsl.spec import PolicyDef, Want

HOSTILE = (
    "`code`",
    "**bold** _x_",
    "<script>alert(1)</script>",
    'a"b',
    "#35;",
    "%%{init: {}}%%",
    "x\ny",
    "a|b",
    "a\\|b",
    "```",
    "</details>",
    "@someone #12 http://example.org",
    "end",
    "1. list",
    "[x](javascript:alert(1))",
    "\u202etrap",
    "ﬂ°°35¶ß",
    " ",
)
END = {"kind": "exit"}


def graph(states: dict[str, Any], start: str = "A", name: str = "jobs") -> Any:
    """Make a graph of facts."""
    return stored_graph({"start": start, "states": states}, name)


def leads(*targets: str, kind: str = "state", **more: Any) -> dict[str, Any]:
    """Give the facts of a state."""
    return {"kind": kind, "targets": list(targets), **more}


ONE = graph({"A": leads("B", errors=[["Late", "D"]]), "B": leads("D"), "D": END})
TWO = graph({"A": leads("C", errors=[["", "D"]], rollback=["D"], kind="router"), "C": leads("D"), "D": END})


def test_mermaid():
    """States and arrows that are new are green, those that are gone red and dashed, changed states yellow with what differs; each has a sign too."""
    assert diff_mermaid(compare(ONE, TWO)).splitlines() == [
        "flowchart TD",
        "    start(( ))",
        '    s0{{"✎ A<br>kind#58; state → router"}}',
        '    s1("✚ C")',
        '    s2(["D"])',
        '    s3("✖ B")',
        "    start --> s0",
        '    s0 -->|"✚"| s1',
        '    s0 -->|"✚ ↩ rollback"| s2',
        '    s0 -->|"✚ ⚡ any error"| s2',
        '    s1 -->|"✚"| s2',
        '    s0 -->|"✖"| s3',
        '    s0 -->|"✖ ⚡ Late"| s2',
        '    s3 -->|"✖"| s2',
        "    classDef added fill:#d3f9d8,stroke:#2b8a3e,color:#000",
        "    classDef removed fill:#ffe3e3,stroke:#c92a2a,color:#000,stroke-dasharray:5 5",
        "    classDef changed fill:#fff3bf,stroke:#e67700,color:#000",
        "    class s1 added",
        "    class s3 removed",
        "    class s0 changed",
        "    linkStyle 1,2,3,4 stroke:#2f9e44,stroke-width:2px",
        "    linkStyle 5,6,7 stroke:#e03131,stroke-width:2px,stroke-dasharray:5 5",
    ]


def test_other_start():
    """A start that has moved is drawn twice."""
    other = graph({"A": leads("B", errors=[["Late", "D"]]), "B": leads("D"), "D": END}, start="B")
    drawn = diff_mermaid(compare(ONE, other))
    assert "    start --> s1\n    start --> s0\n" in drawn
    assert "linkStyle 0 stroke:#2f9e44" in drawn and "linkStyle 1 stroke:#e03131" in drawn


def test_kinds():
    """Each kind has its shape; one that this library does not know is drawn as a state."""
    before = graph({"A": leads("B")})
    after = graph(
        {
            "A": leads("S"),
            "S": leads("N", kind="split", split={"join": "all", "over": 2, "value": "int"}),
            "N": {"kind": "unhandled"},
            "P": leads("A", kind="poll"),
        }
    )
    drawn = diff_mermaid(compare(before, after))
    for shape in ('s0("A")', 's1[/"✚ S"/]', 's2["✚ N"]', 's3("✚ P")'):
        assert f"    {shape}\n" in drawn


def test_names_alone_have_no_colour():
    """A state of which only names differ is drawn as one that has not changed, and its row stands in the table."""
    states = {"A": leads("B"), "B": END}
    before, after = graph(states), graph(states, name="more")
    found = compare(before, after)
    assert "✎" not in diff_mermaid(found)
    assert "| ✎ | the workflow | name | `jobs` | `more` |" in diff_markdown(found)


def test_facts_in_a_state():
    """A state says up to three facts that differ, each cut to what fits."""
    before = graph({"A": leads("B"), "B": END})
    handler = before.definition.handlers[0]
    wants = tuple(Want(name, None, "T" * 99) for name in "abcd")
    other = replace(before.definition, handlers=(replace(handler, wants=wants, policies=PolicyDef(2)),))
    drawn = diff_mermaid(compare(before, assemble(other)))
    assert drawn.count("<br>") == 4
    assert "✎ A<br>attempts#58; 1 → 2<br>resource a#58; none → TTTT" in drawn
    assert "T…<br>…" in drawn


def test_large():
    """Of a large workflow only what differs and its neighbours are drawn, with a word about the others."""
    names = [f"S{number}" for number in range(60)]
    states = {name: leads(after) for name, after in pairwise(names)}
    before = graph({**states, "S59": END}, start="S0")
    after = graph({**states, "S59": END, "S30": leads("S31", "S29")}, start="S0")
    drawn = diff_mermaid(compare(before, after))
    assert re.findall(r'\("(\w+)"\)', drawn) == ["S28", "S29", "S30", "S31"]
    assert 'more["… 56 more that did not change"]' in drawn
    assert "start -->" not in drawn
    assert drawn.count("-->") == 4


def test_hostile_names():
    """Nothing in a name is read as Mermaid: all signs are its codes, on one line."""
    states = {name: leads(after, errors=[[name, "D"]]) for name, after in pairwise(HOSTILE)}
    states[HOSTILE[-1]] = leads("D")
    found = compare(graph({"D": END}, "D"), graph({**states, "D": END}, HOSTILE[0]))
    for line in diff_mermaid(found).splitlines():
        label = re.fullmatch(r'    \w+(?:\(\["|\("| -->\|")(.*?)(?:"\]\)|"\)|"\| \w+)', line)
        if label is not None:
            assert re.fullmatch(r"[✚✖⚡\w ]*(#\d+;[✚✖⚡\w ]*)*", label[1])
    lines = {"head": 2, "states": len(states) + 1, "starts": 2, "edges": len(found.edges), "styles": 6}
    assert len(diff_mermaid(found).splitlines()) == sum(lines.values())


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_of_hostile_names(name):
    """Whatever a name holds, Markdown has one diagram, one table with every cell, and no HTML, link or emphasis of the name's."""
    finding = Finding(code="policy", state="A", message=name, hint="", severity="warning")
    before = graph({"A": leads("D"), "D": END})
    after = graph({"A": leads(name, errors=[[name, "D"]]), name: leads("D"), "D": END}, name=name)
    after = assemble(after.definition, (finding,))
    run = {"run_id": name, "status": "unfinished", "state": name, "reasons": [name]}
    text = diff_markdown(compare(before, after), [run])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = [token.type for token in tokens]
    rows = kinds.count("tr_open")
    assert (kinds.count("fence"), kinds.count("table_open"), kinds.count("td_open")) == (1, 1, 5 * (rows - 1))
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert html == [f"<details>\n<summary>{rows - 1} differences in full</summary>", "</details>"]
    inner = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inner} <= {
        "text",
        "code_inline",
        "html_inline",
        "strong_open",
        "strong_close",
    }
    assert {child.content for child in inner if child.type == "html_inline"} <= {"<code>", "</code>"}
    assert sum(child.type == "strong_open" for child in inner) == 1
    plain = " ".join(name.replace("\u202e", "").split())
    shown = [child.content for child in inner if child.type == "code_inline"]
    if not set("`\\|") & set(plain) and plain:
        assert plain in shown


def test_markdown_says_it_all():
    """Summary, verdict and hints stand above the diagram, every difference once in the table."""
    text = diff_markdown(compare(ONE, TWO), [])
    assert text.startswith("### Workflow `jobs`: 1 state added, 1 removed, 1 changed; ")
    assert "\nNo unfinished run would be stranded.\n" in text
    rows = re.findall(r"^\| . \| .* \|$", text, re.MULTILINE)
    assert f"<summary>{len(rows)} differences in full</summary>" in text
    assert "| ✖ | `A` → `D` | transition `on Late` |  |  |" in rows
    assert "| ✚ | `A` → `D` | transition `after a rollback` |  |  |" in rows
    assert "| ✖ | `B` | state |  |  |" in rows
    same = diff_markdown(compare(ONE, ONE))
    assert same == (
        "### Workflow `jobs`: the same\n\nThe fingerprint is the same: runs that were begun before go on."
    )


def test_renamed():
    """The hint of a renamed state stands in the Markdown."""
    other = graph({"A": leads("X", errors=[["Late", "D"]]), "X": leads("D"), "D": END})
    text = diff_markdown(compare(ONE, other))
    assert "\n`B` is gone and `X` is new, with the same edges: renamed?\n" in text


def test_verdicts():
    """The verdict says where a run cannot go on, or that all do; the summary counts."""
    assert verdict(compare(ONE, TWO)) == (
        "Runs that were begun before cannot go on where they stand in A or B; all others go on."
    )
    more = graph({"A": leads("B", errors=[["Late", "D"]]), "B": leads("D"), "D": END, "N": leads("A")})
    assert verdict(compare(ONE, more)) == (
        "The fingerprint differs, but runs that were begun before go on wherever they are."
    )
    assert summary(compare(ONE, more)) == "1 state added; 1 transition added"
    undone = graph({"A": leads("B", compensation="int"), "B": leads("D"), "D": END})
    left = graph({"A": leads("B"), "B": leads("D"), "D": END})
    assert verdict(compare(undone, left)).startswith(
        "Runs that were begun before cannot go on where they stand in A, or have passed A, which may have"
    )


def test_places_that_are_gone():
    """A workflow that is gone has no diagram of its own: the state in which it stood is drawn in the one around."""
    found = compare(ONE, TWO)
    assert list(diff_diagrams(found)) == [""]
