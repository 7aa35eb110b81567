"""From a definition to its graph, by way of every rule."""

from cano_dsl.errors import GraphError
from cano_dsl.graph._checks import check
from cano_dsl.graph._graph import Graph, Node
from cano_dsl.graph._links import Links, link
from cano_dsl.graph._walk import Types
from cano_dsl.spec import Definition


def build(definition: Definition, types: Types) -> Graph:
    """Check a definition and give its graph.

    Raises:
        GraphError: A rule is broken and not waived; it carries every finding.
    """
    from cano_dsl.graph._query import NetworkWalk  # loads networkx

    links = link(definition)
    findings = check(definition, links, NetworkWalk(definition.members, links.forward), types)
    if any(finding.severity == "error" and finding.waived is None for finding in findings):
        raise GraphError(workflow=definition.name, findings=findings)
    return Graph(
        definition=definition,
        start=definition.start or "",
        states=_nodes(definition, links),
        findings=findings,
    )


def _nodes(definition: Definition, links: Links) -> dict[str, Node]:
    exits = set(definition.exits)
    undone = {definition.handlers[c.of].at: c for c in definition.compensations if c.of is not None}
    nodes = {}
    for name in definition.members:
        handler = links.first.get(name)
        nodes[name] = Node(
            name=name,
            kind=handler.kind if handler else None,
            handler=handler,
            is_start=name == definition.start,
            is_exit=name in exits,
            targets=handler.targets if handler else (),
            compensation=undone.get(name),
        )
    return nodes
