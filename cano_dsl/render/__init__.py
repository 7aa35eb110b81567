"""Pictures of the graph; the only home of jinja2.

A template sees a view, plain rows made from the graph, in which every text is escaped already.
"""

from cano_dsl.render._mermaid import mermaid
from cano_dsl.render._trail import Trail

__all__ = ("Trail", "mermaid")
