"""Plain dicts and networkx give the same answers about any graph."""

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cano_dsl.graph import DictWalk
from cano_dsl.graph._query import NetworkWalk

Links = Mapping[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[tuple[str, ...], Links]:
    """Draw states, and targets for some of them, in any order, with loops and states apart."""
    states = tuple(f"S{index}" for index in range(draw(st.integers(1, 12))))
    targets = st.lists(st.sampled_from(states), max_size=4, unique=True).map(tuple)
    forward = draw(st.dictionaries(st.sampled_from(states), targets, max_size=len(states)))
    return states, forward


@settings(max_examples=300, deadline=None)
@given(graphs(), st.data())
def test_dicts_answer_as_networkx_does(graph: tuple[tuple[str, ...], Links], data: st.DataObject) -> None:
    """`DictWalk` is `NetworkWalk`: what is reached, from where, the components, last ones first, the shortest path."""
    states, forward = graph
    plain, network = DictWalk(states, forward), NetworkWalk(states, forward)
    start = data.draw(st.sampled_from(states))
    ends = data.draw(st.lists(st.sampled_from(states), unique=True))
    assert plain.reachable(start) == network.reachable(start)
    assert plain.co_reachable(ends) == network.co_reachable(ends)
    assert sorted(map(sorted, plain.components())) == sorted(map(sorted, network.components()))
    for walk in (plain, network):
        last: dict[str, int] = {}
        for number, part in enumerate(walk.components()):
            last.update(dict.fromkeys(part, number))
        assert all(last[there] <= last[here] for here, targets in forward.items() for there in targets)
    for target in plain.reachable(start):
        path = plain.path(start, target)
        assert path == network.path(start, target)
        assert path[0] == start
        assert path[-1] == target
        assert all(there in forward[here] for here, there in pairwise(path))


def test_long_chains_need_no_recursion() -> None:
    """A chain of ten thousand states, closed to one cycle, is one component."""
    states = [f"S{index}" for index in range(10_000)]
    forward = {here: (there,) for here, there in zip(states, [*states[1:], states[0]], strict=True)}
    walk = DictWalk(states, forward)
    assert list(walk.components()) == [set(states)]
    assert walk.path(states[0], states[-1]) == states
