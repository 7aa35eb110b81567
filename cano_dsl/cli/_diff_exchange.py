"""A graph as JSON and back, for two versions of one module, which cannot be in one interpreter.

What is written is the whole definition, field by field, and read again by the types of its fields, so that a
field added there is exchanged too. Both sides are of the same library: this is no format to be kept.
"""

from dataclasses import fields, is_dataclass
from typing import Any, TypedDict, cast

import msgspec

from cano_dsl.errors import Finding
from cano_dsl.graph import Graph, assemble
from cano_dsl.spec import Definition, Waive, Want


class Written(TypedDict):
    """A graph as plain data; `nested` has those of its states, whose definitions are in its own."""

    definition: Any
    findings: Any
    nested: "dict[str, Written]"


def written(graph: Graph) -> Written:
    """Give a graph as lists, dicts, texts, numbers and booleans."""
    nested = {name: node.nested for name, node in graph.states.items() if node.nested is not None}
    return {
        "definition": _plain(graph.definition),
        "findings": _plain(graph.findings),
        "nested": {name: written(inner) for name, inner in nested.items()},
    }


def as_graph(data: Written) -> Graph:
    """Make a graph that is equal in all that a reader can see, but for types, of which the words are left."""
    findings = msgspec.convert(data["findings"], tuple[Finding, ...])
    nested = {name: as_graph(inner) for name, inner in data["nested"].items()}
    return assemble(msgspec.convert(data["definition"], Definition), findings, nested)


def _plain(value: object) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: getattr(value, field.name) for field in fields(value)}
        if isinstance(value, Want):
            plain["type"] = None  # an object of its own interpreter; readers compare the words
        elif isinstance(value, Waive):
            plain["state"] = value.state_name
        return {name: _plain(one) for name, one in plain.items()}
    return cast("Any", value)
