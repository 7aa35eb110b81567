"""The answers of plain dicts to `Walk`, for readers in which networkx must not be loaded.

A type checker starts anew for each run, and loading networkx would make a warm one half as long again. A law
holds the answers equal to those of networkx.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet


class DictWalk:
    """A directed graph of state names; isolated states included."""

    def __init__(self, states: Iterable[str], forward: Mapping[str, Sequence[str]]) -> None:
        self._forward: dict[str, Sequence[str]] = dict.fromkeys(states, ())
        for source, targets in forward.items():
            self._forward[source] = targets
            for target in targets:
                self._forward.setdefault(target, ())

    def reachable(self, start: str) -> AbstractSet[str]:
        """Search breadth first."""
        return set(_search([start], self._forward))

    def co_reachable(self, ends: Collection[str]) -> AbstractSet[str]:
        """Search breadth first against the edges, from all ends at once."""
        backward: dict[str, list[str]] = {}
        for source, targets in self._forward.items():
            for target in targets:
                backward.setdefault(target, []).append(source)
        return set(_search(ends, backward))

    def components(self) -> Iterable[AbstractSet[str]]:
        """Find strongly connected components (Tarjan 1972), with a stack of its own in place of recursion.

        Source:
            R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1(2), 1972.
        """
        seen: dict[str, int] = {}
        lowest: dict[str, int] = {}
        open_states: list[str] = []
        is_open: set[str] = set()
        found: list[set[str]] = []
        for root in self._forward:
            todo = [(root, iter(self._forward[root]))] if root not in seen else []
            while todo:
                state, targets = todo[-1]
                if state not in seen:
                    seen[state] = lowest[state] = len(seen)
                    open_states.append(state)
                    is_open.add(state)
                following = _next_unseen(state, targets, seen, lowest, is_open)
                if following is not None:
                    todo.append((following, iter(self._forward[following])))
                    continue
                todo.pop()
                if todo:
                    parent = todo[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[state])
                if lowest[state] == seen[state]:
                    part = _close(open_states, state)
                    is_open -= part
                    found.append(part)
        return found

    def path(self, source: str, target: str) -> Sequence[str]:
        """Search breadth first; of several shortest paths the one that is declared first."""
        before = _search([source], self._forward)
        steps = [target]
        while steps[-1] != source:
            steps.append(before[steps[-1]])
        return steps[::-1]


def _search(starts: Iterable[str], links: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Give every state that can be reached, with the one it was reached from."""
    before = {start: start for start in starts}
    todo = deque(before)
    while todo:
        state = todo.popleft()
        for target in links.get(state, ()):
            if target not in before:
                before[target] = state
                todo.append(target)
    return before


def _close(open_states: list[str], root: str) -> set[str]:
    """Take the component whose first state is `root` off the stack."""
    part: set[str] = set()
    while root not in part:
        part.add(open_states.pop())
    return part


def _next_unseen(
    state: str,
    targets: Iterator[str],
    seen: Mapping[str, int],
    lowest: dict[str, int],
    is_open: AbstractSet[str],
) -> str | None:
    """Go on through the targets of a state to the first that is new."""
    for target in targets:
        if target not in seen:
            return target
        if target in is_open:
            lowest[state] = min(lowest[state], seen[target])
    return None
