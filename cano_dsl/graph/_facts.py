"""What a rule is given, and how it says what it found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from cano_dsl.errors import Finding
from cano_dsl.graph._links import Links
from cano_dsl.graph._walk import Types, Walk
from cano_dsl.spec import CompensationDef, Definition, HandlerDef


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may look at."""

    definition: Definition
    links: Links
    walk: Walk
    types: Types

    def member(self, name: str) -> str:
        """Name a member as the author writes it."""
        return f"{self.definition.enum}.{name}"

    def picture(self, name: str) -> str:
        """Draw a state among its neighbours on one line."""
        sources = ", ".join(self.links.backward.get(name, ())) or "(nothing)"
        if name == self.definition.start:
            sources = f"(start), {sources}" if name in self.links.backward else "(start)"
        targets = ", ".join(self.links.forward.get(name, ()))
        if not targets:
            targets = "(exit)" if name in self.definition.exits else "?"
        return f"{sources} → {name} → {targets}"


Rule: TypeAlias = Callable[[Facts], Iterator[Finding]]
Part: TypeAlias = HandlerDef | CompensationDef


def broken(part: Part, code: str, message: str, hint: str) -> Finding:
    """Make a finding at the line of a handler or compensation."""
    return Finding(code=code, state=part.at, message=message, hint=hint, where=part.where)
