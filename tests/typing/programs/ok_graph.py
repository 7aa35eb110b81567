"""The graph that a workflow gives."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, assert_type

from cano_dsl import Graph, Workflow, state
from cano_dsl.errors import Finding

if TYPE_CHECKING:
    import networkx as nx


class Job(Enum):
    WORK = 1
    DONE = 2


@state(Job.WORK)
def work() -> Literal[Job.DONE]:
    return Job.DONE


graph = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).graph
assert_type(graph, Graph)
assert_type(graph.start, str)
assert_type(graph.exits, tuple[str, ...])
assert_type(graph.states["WORK"].targets, tuple[str, ...])
assert_type(graph.states["WORK"].is_exit, bool)
assert_type(graph.edges[0].source, str)
assert_type(graph.findings, tuple[Finding, ...])
assert_type(graph.to_dict(), dict[str, Any])
digraph: "nx.DiGraph[str]" = graph.to_networkx()
