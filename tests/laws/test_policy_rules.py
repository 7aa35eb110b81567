"""What policies add up to, against a plain count, on graphs and policies of any shape."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cano_dsl.graph import DictWalk, check, link
from cano_dsl.graph._query import NetworkWalk
from cano_dsl.spec import Definition, HandlerDef, PolicyDef, Retry, most_wait_s

STATES = tuple(f"S{index}" for index in range(7))


class Most:
    """A source of which every number is the greatest."""

    def uniform(self, a: float, b: float, /) -> float:
        return max(a, b)


class Yes:
    """Types that all fit."""

    def compatible(self, one: object, other: object) -> bool:
        return True

    def fits(self, given: object, wanted: object) -> bool:
        return True


waits = st.sampled_from((0.0, 0.1, 0.5, 3.0))


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 40), waits, waits, waits, st.sampled_from((1.0, 1.01, 2.0, 10.0)))
def test_most_wait_is_the_sum_of_the_longest_waits(
    attempts: int, initial: float, most: float, jitter: float, base: float
) -> None:
    """L1: the most that a retry waits is the sum of its waits when chance adds all it can."""
    retry = Retry.exponential(
        attempts=attempts, wait_initial=initial, wait_max=most, wait_jitter=jitter, base=base
    )
    assert abs(most_wait_s(retry) - sum(retry.delays(Most()))) < 1e-9


def test_endless_retry_is_counted_at_once() -> None:
    """Nobody waits for the sum of a retry that never gives up, and it is never below the truth."""
    assert most_wait_s(Retry.fixed(10**12, 1)) == 10**12 - 1
    slow = Retry.exponential(attempts=10**12, wait_initial=1, wait_max=100, wait_jitter=0, base=1 + 1e-12)
    assert most_wait_s(slow) >= 10**12 - 1


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Draw a workflow in which each state has a timeout of whole seconds, or none."""
    targets = st.lists(st.sampled_from((*STATES, "END")), min_size=1, max_size=3, unique=True).map(tuple)
    handlers = tuple(
        HandlerDef(
            at=name,
            kind="state",
            name=name.lower(),
            targets=draw(targets),
            policies=PolicyDef(timeout_s=float(draw(st.integers(1, 5)))) if draw(st.booleans()) else None,
        )
        for name in STATES
    )
    members = (*STATES, "END")
    return Definition("W", "W", members, "S0", ("END",), handlers, timeout_s=float(draw(st.integers(5, 30))))


def longest(definition: Definition) -> tuple[float, bool]:
    """Give the time of the longest way without a state twice, and whether a cycle can be reached."""
    handlers = {str(one.at): one for one in definition.handlers}
    best, cyclic = 0.0, False
    todo: list[tuple[str, ...]] = [("S0",)]
    while todo:
        way = todo.pop()
        found = (handlers[name].policies for name in way if name in handlers)
        best = max(best, sum(one.timeout_s or 0 for one in found if one is not None))
        for target in handlers[way[-1]].targets if way[-1] in handlers else ():
            cyclic = cyclic or target in way
            if target not in way:
                todo.append((*way, target))
    return best, cyclic


@settings(max_examples=400, deadline=None)
@given(definitions())
def test_way_that_may_take_too_long(definition: Definition) -> None:
    """`policy`: the way that is shown can be gone, takes what is said, and without cycles none takes longer.

    Every walk over the graph says the same.
    """
    links = link(definition)
    said = []
    for walk in (DictWalk, NetworkWalk):
        found = check(definition, links, walk(definition.members, links.forward), Yes())
        said.append([one for one in found if one.code == "policy" and one.severity == "warning"])
    assert said[0] == said[1]
    best, cyclic = longest(definition)
    limit = definition.timeout_s or 0.0
    if not cyclic:
        assert bool(said[0]) == (best > limit)
    for finding in said[0]:
        shown, _, rest = finding.message.removeprefix("By their timeouts and waits alone, ").partition(
            " may take "
        )
        way = [name.removeprefix("W.") for name in shown.split(" → ")]
        handlers = {str(one.at): one for one in definition.handlers}
        assert way[0] == "S0"
        assert all(there in links.forward[here] for here, there in pairwise(way))
        times = [handlers[name].policies for name in way if name in handlers]
        total = sum(one.timeout_s or 0 for one in times if one is not None)
        assert total > limit
        assert float(rest.partition(" s")[0]) == total
        assert cyclic or total == best
