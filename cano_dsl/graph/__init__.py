"""The one graph, its rules, and the only home of networkx.

Everything here works on names, so the same rules serve `build`, the command and, with another `Walk` and
other `Types`, a type checker's plugin. networkx is loaded with the first graph, not with this package.
"""

from cano_dsl.graph._build import assemble, build
from cano_dsl.graph._checks import check, stray_of, transitions_of, waivable
from cano_dsl.graph._compare import Change, Changed, Comparison, EdgeChange, FindingChange, How, compare
from cano_dsl.graph._compensation_rules import outputs_of, taken_of
from cano_dsl.graph._dicts import DictWalk
from cano_dsl.graph._differences import differences, stranded
from cano_dsl.graph._fingerprint import Canonical
from cano_dsl.graph._graph import Edge, Graph, Node
from cano_dsl.graph._links import Links, link
from cano_dsl.graph._stored import stored_graph
from cano_dsl.graph._walk import Types, Walk

__all__ = (
    "Canonical",
    "Change",
    "Changed",
    "Comparison",
    "DictWalk",
    "Edge",
    "EdgeChange",
    "FindingChange",
    "Graph",
    "How",
    "Links",
    "Node",
    "Types",
    "Walk",
    "assemble",
    "build",
    "check",
    "compare",
    "differences",
    "link",
    "outputs_of",
    "stored_graph",
    "stranded",
    "stray_of",
    "taken_of",
    "transitions_of",
    "waivable",
)
