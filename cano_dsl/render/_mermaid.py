"""Mermaid, through a template."""

from cano_dsl.graph import Graph
from cano_dsl.render._templates import template_environment
from cano_dsl.render._trail import Trail, marked
from cano_dsl.render._view import view


def mermaid(graph: Graph, trail: Trail | None = None) -> str:
    """Draw a graph as a Mermaid state diagram, the same text for the same graph; no newline at the end.

    Routers have a dashed border and a ◇ before their name; what undoes a state stands after its name and ↩,
    and on a line below, what guards it: attempts, timeout, breaker, limiter. A split has a ∥, and a bar at
    which its branches begin, with their number and bulkhead before it, its strategy and timeout after it.
    Mermaid's state diagrams have no dashed arrows: those of errors carry a ⚡ and the exception, those on
    which everything is undone a ↩. A workflow in a state is drawn within it, and each arrow out of it names
    the exits that take it.

    With the trail of a run the states that it has left are green, the one that it stands in is yellow, and
    the arrows that it took carry a ✓.
    """
    rows = view(graph) if trail is None else marked(view(graph), graph, trail)
    return template_environment().get_template("mermaid.j2").render(rows=rows).strip("\n")
