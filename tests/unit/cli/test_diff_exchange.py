"""A graph goes through JSON to another process and is the same there."""

import json
from pathlib import Path

import pytest

from cano_dsl.cli._diff_exchange import as_graph, written
from cano_dsl.cli._target import find
from cano_dsl.graph import compare

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    "target",
    [
        "checkout.py:checkout",
        "order_saga.py",
        "order_recovery.py",
        "ad_exchange.py:market",
        "weather_report.py",
        "source_totals.py",
    ],
)
def test_every_example(target):
    """The graph of an example is the same after it has been written and read: dict, fingerprint, findings, and nothing that `compare` tells."""
    graph = find(str(EXAMPLES / target)).graph
    again = as_graph(json.loads(json.dumps(written(graph))))
    assert again.to_dict() == graph.to_dict()
    assert (again.fingerprint, again.findings) == (graph.fingerprint, graph.findings)
    assert compare(graph, again).is_identical
    assert list(again.paths()) == list(graph.paths())


def test_waivers(write, flow):
    """A waiver comes back with the name of its state, whatever the Enum's values are."""
    source = flow.replace("import Workflow", "import Waive, Workflow").replace(
        "(Job.DONE,))\n",
        '(Job.DONE,), waive=[Waive("dead-end", Job.LOAD, "why"), Waive("resource", None, "so")])\n',
    )
    graph = find(str(write("waived.py", source))).graph
    again = as_graph(json.loads(json.dumps(written(graph))))
    assert [(one.code, one.state_name, one.reason) for one in again.definition.waivers] == [
        ("dead-end", "LOAD", "why"),
        ("resource", None, "so"),
    ]
    assert compare(graph, again).is_identical
