"""From a definition to its graph, by way of every rule."""

from collections.abc import Mapping

from cano_dsl.errors import Finding, GraphError
from cano_dsl.graph._checks import check
from cano_dsl.graph._graph import Graph, Node
from cano_dsl.graph._links import Links, link
from cano_dsl.graph._walk import Types
from cano_dsl.spec import Definition


def build(definition: Definition, types: Types, nested: Mapping[str, Graph] | None = None) -> Graph:
    """Check a definition and give its graph.

    Args:
        definition: The workflow by names.
        types: What answers about types.
        nested: The graphs of the workflows that stand in states of this one, by state.

    Raises:
        GraphError: A rule is broken and not waived; it carries every finding.
    """
    from cano_dsl.graph._query import NetworkWalk  # loads networkx

    links = link(definition)
    findings = check(definition, links, NetworkWalk(definition.members, links.forward), types)
    if any(finding.severity == "error" and finding.waived is None for finding in findings):
        raise GraphError(workflow=definition.name, findings=findings)
    return assemble(definition, findings, nested, links)


def assemble(
    definition: Definition,
    findings: tuple[Finding, ...] = (),
    nested: Mapping[str, Graph] | None = None,
    links: Links | None = None,
) -> Graph:
    """Make the graph of a definition that is known to be sound, without asking the rules.

    Args:
        definition: The workflow by names.
        findings: What the rules had to say.
        nested: The graphs of the workflows that stand in states of this one, by state.
        links: The definition's edges, where they have been read already.
    """
    return Graph(
        definition=definition,
        start=definition.start or "",
        states=_nodes(definition, links or link(definition), nested or {}),
        findings=findings,
    )


def _nodes(definition: Definition, links: Links, nested: Mapping[str, Graph]) -> dict[str, Node]:
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
            nested=nested.get(name) if handler else None,
        )
    return nodes
