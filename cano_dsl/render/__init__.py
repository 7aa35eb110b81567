"""Pictures of the graph; the only home of jinja2.

A template sees a view, plain rows made from the graph, in which every text is escaped already.
"""

from cano_dsl.render._diff import diff_markdown
from cano_dsl.render._diff_mermaid import diff_diagrams, diff_mermaid
from cano_dsl.render._diff_words import summary, verdict, way_of
from cano_dsl.render._mermaid import mermaid
from cano_dsl.render._trail import Trail

__all__ = (
    "Trail",
    "diff_diagrams",
    "diff_markdown",
    "diff_mermaid",
    "mermaid",
    "summary",
    "verdict",
    "way_of",
)
