"""Mermaid, through a template."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cano_dsl.graph import Graph
from cano_dsl.render._view import view


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cano_dsl.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Mermaid is not HTML; the view escapes its texts in Mermaid's own way
    )


def mermaid(graph: Graph) -> str:
    """Draw a graph as a Mermaid state diagram, the same text for the same graph; no newline at the end.

    Routers have a dashed border and a ◇ before their name; what undoes a state stands after its name and ↩. A
    split has a ∥, and a bar at which its branches begin, with their number and bulkhead before it, its
    strategy and timeout after it. Mermaid has no dashed arrows between states: those of errors carry a ⚡ and
    the exception. A workflow in a state is drawn within it, and each arrow out of it names the exits that
    take it.
    """
    return _environment().get_template("mermaid.j2").render(rows=view(graph)).strip("\n")
