"""The answers of networkx to `Walk`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import networkx as nx


class NetworkWalk:
    """A directed graph of state names; isolated states included."""

    def __init__(self, states: Iterable[str], forward: Mapping[str, Sequence[str]]) -> None:
        self.digraph: nx.DiGraph[str] = nx.DiGraph()
        self.digraph.add_nodes_from(states)
        self.digraph.add_edges_from(
            (source, target) for source, targets in forward.items() for target in targets
        )

    def reachable(self, start: str) -> AbstractSet[str]:
        """Search breadth first."""
        return set(chain.from_iterable(nx.bfs_layers(self.digraph, [start])))

    def co_reachable(self, ends: Collection[str]) -> AbstractSet[str]:
        """Search breadth first against the edges, from all ends at once."""
        against = self.digraph.reverse(copy=False)
        return set(chain.from_iterable(nx.bfs_layers(against, list(ends))))

    def components(self) -> Iterable[AbstractSet[str]]:
        """Find strongly connected components (Tarjan 1972 with Nuutila's change, as networkx has it)."""
        return nx.strongly_connected_components(self.digraph)

    def path(self, source: str, target: str) -> Sequence[str]:
        """Search breadth first; of several shortest paths the one that is declared first."""
        before = {after: state for state, after in nx.bfs_edges(self.digraph, source)}
        steps = [target]
        while steps[-1] != source:
            steps.append(before[steps[-1]])
        return steps[::-1]
