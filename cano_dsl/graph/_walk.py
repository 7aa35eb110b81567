"""What the rules ask of a graph and of types; whoever can answer can run them."""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol


class Walk(Protocol):
    """Questions about which states lead where."""

    def reachable(self, start: str) -> AbstractSet[str]:
        """Give the states that a run from `start` can enter, `start` included."""
        ...

    def co_reachable(self, ends: Collection[str]) -> AbstractSet[str]:
        """Give the states from which one of `ends` can be entered, `ends` included."""
        ...

    def components(self) -> Iterable[AbstractSet[str]]:
        """Give the strongly connected components, states that can all reach each other, last ones first.

        Each comes after those that its states lead to.
        """
        ...

    def path(self, source: str, target: str) -> Sequence[str]:
        """Give a shortest path, both ends included; the caller knows that there is one."""
        ...


class Types(Protocol):
    """Questions about two types, which only the reader that made the definition understands."""

    def compatible(self, one: object, other: object) -> bool:
        """Tell whether some object can be of both types; True when that cannot be known."""
        ...

    def fits(self, given: object, wanted: object) -> bool:
        """Tell whether an object of type `given` can be passed as `wanted`; True when unknown."""
        ...
