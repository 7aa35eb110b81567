"""When a run can go on under another definition: laws over random canonical graphs and random changes."""

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cano_dsl import Waive, Workflow, router, state
from cano_dsl.graph import differences

Canonical = dict[str, Any]
quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# --- drawing


@st.composite
def facts(draw: st.DrawFn, names: list[str], *, deep: bool) -> dict[str, Any]:
    """Draw the facts of a state that leads to some of these."""
    some = st.lists(st.sampled_from(names), max_size=2, unique=True).map(sorted)
    found: dict[str, Any] = {
        "kind": draw(st.sampled_from(("state", "router", "split"))),
        "targets": draw(some),
        "rollback": draw(some),
        "errors": [[draw(st.sampled_from(("", "Refused"))), target] for target in draw(some)],
        "compensation": draw(st.sampled_from((None, "Receipt", "int"))),
        "output": draw(st.sampled_from((None, "Receipt", "int"))),
        "outcomes": draw(st.sampled_from((None, "int", "None | int"))),
        "failure": draw(st.sampled_from((None, True))),
        "at_most_once": draw(st.sampled_from((None, True))),
    }
    if found["kind"] == "split":
        over = draw(st.integers(1, 3))
        found["split"] = {"join": "all", "over": over, "needed": over, "value": "int"}
    if deep and draw(st.integers(0, 2)) == 0:
        found["kind"] = "workflow"
        found["workflow"] = draw(graphs(deep=False))
        ends = [name for name, inner in found["workflow"]["states"].items() if inner["kind"] == "exit"]
        found["exits"] = {end: draw(st.sampled_from(names)) for end in ends}
        found["targets"] = sorted(set(found["exits"].values()))
    return {key: fact for key, fact in found.items() if fact not in (None, [], {})}


@st.composite
def graphs(draw: st.DrawFn, *, deep: bool = True) -> Canonical:
    """Draw a canonical graph, with workflows as states at times."""
    names = [f"S{number}" for number in range(draw(st.integers(2, 5)))]
    states = {name: draw(facts(names, deep=deep)) for name in names[:-1]}
    return {"start": draw(st.sampled_from(names)), "states": {**states, names[-1]: {"kind": "exit"}}}


def copy(canonical: Canonical) -> Canonical:
    """Copy as a store does."""
    copied: Canonical = json.loads(json.dumps(canonical))
    return copied


def paths(canonical: Canonical, prefix: str = "") -> Iterator[str]:
    """Give the paths of all states."""
    for name, found in canonical["states"].items():
        yield prefix + name
        if "workflow" in found:
            yield from paths(found["workflow"], f"{prefix}{name}/")


def at(canonical: Canonical, path: str) -> dict[str, Any]:
    """Give the facts of a state, to be changed."""
    *around, last = path.split("/")
    for name in around:
        canonical = canonical["states"][name]["workflow"]
    found: dict[str, Any] = canonical["states"][last]
    return found


# --- the oracle: walks, step by step, as a run makes them


def steps(canonical: Canonical, path: str) -> set[str]:
    """Give what a run at a state may enter next."""
    around, _, _ = path.rpartition("/")
    prefix = f"{around}/" if around else ""
    found = at(canonical, path)
    after = {prefix + target for target in (*found.get("targets", ()), *found.get("rollback", ()))}
    after |= {prefix + target for _, target in found.get("errors", ())}
    if "workflow" in found:
        after.add(f"{path}/{found['workflow']['start']}")
    if around:  # the workflow around may end by an exit, or by an error
        outer = at(canonical, around)
        place = around.rpartition("/")[0]
        for target in (*outer.get("targets", ()), *outer.get("rollback", ())):
            after.add(f"{place}/{target}" if place else target)
        after |= {f"{place}/{target}" if place else target for _, target in outer.get("errors", ())}
    return after


def matters(canonical: Canonical, path: str) -> set[str]:
    """Give the states that a run at a state can enter, itself, and those around any of them."""
    seen = {path}
    while more := {after for one in seen for after in steps(canonical, one)} - seen:
        seen |= more
    return seen | {one.rpartition("/")[0] for one in seen if "/" in one}


# --- the changes, one for each fact


def flip(key: str, one: Any, other: Any) -> Callable[[dict[str, Any]], None]:
    """Make a change of a fact to one of two values, whichever it does not have."""

    def change(found: dict[str, Any]) -> None:
        found[key] = other if found.get(key) == one else one

    return change


def drop(key: str) -> Callable[[dict[str, Any]], None]:
    """Make a change that takes a fact away, or gives one where there is none."""

    def change(found: dict[str, Any]) -> None:
        if key in found:
            del found[key]
        else:
            found[key] = {"targets": ["S0"], "errors": [["", "S0"]], "rollback": ["S0"]}.get(key, "Other")

    return change


def longer(found: dict[str, Any]) -> None:
    """Add a branch to a split, or make one."""
    found["split"] = {**found.get("split", {"join": "all", "value": "int"}), "over": 9, "needed": 9}


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "kind": flip("kind", "poll", "timer"),
    "targets": drop("targets"),
    "errors": drop("errors"),
    "error name": flip("errors", [["Other", "S0"]], [["", "S0"]]),
    "rollback": drop("rollback"),
    "exits": flip("exits", {"S1": "S0"}, {"S1": "S1"}),
    "split": longer,
    "join": flip(
        "split", {"join": "any", "over": 2, "value": "int"}, {"join": "all", "over": 2, "value": "int"}
    ),
    "outcomes": flip("outcomes", "str", "float"),
    "failure": drop("failure"),
    "output": flip("output", "str", "float"),
    "cursor": flip("cursor", "str", "float"),
    "answer": flip("answer", "str", "float"),
    "compensation": flip("compensation", "str", "float"),
    "compensation gone": drop("compensation"),
    "at_most_once": drop("at_most_once"),
}


# --- the laws


@given(canonical=graphs())
@quick
def test_nothing_differs_from_itself(canonical: Canonical) -> None:
    """A run can go on under the definition that it was begun with, wherever it is and whatever it did."""
    every = list(paths(canonical))
    for path in every:
        assert differences(canonical, copy(canonical), path, every) == []


@given(canonical=graphs(), data=st.data())
@quick
def test_change_counts_exactly_where_it_is_reached(canonical: Canonical, data: st.DataObject) -> None:
    """C6: a change of any fact of a state is found if and only if the run may still come to that state or is within it, and it is told with the state's path."""
    every = sorted(paths(canonical))
    here, there = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    changed = copy(canonical)
    CHANGES[data.draw(st.sampled_from(sorted(CHANGES)))](at(changed, there))
    told = differences(canonical, changed, here)
    if there in matters(canonical, here):
        assert [line for line in told if line.startswith(f"state {there}: ")] == told != []
    else:
        assert told == []


@given(canonical=graphs(), data=st.data())
@quick
def test_state_that_is_gone_counts_where_it_is_reached(canonical: Canonical, data: st.DataObject) -> None:
    """C6: a state that is gone is told if and only if the run may still come to it."""
    every = sorted(paths(canonical))
    here, there = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    changed = copy(canonical)
    around, _, last = there.rpartition("/")
    del (at(changed, around)["workflow"] if around else changed)["states"][last]
    told = differences(canonical, changed, here)
    gone = {f"state {there} is gone", *(f"state {p} is gone" for p in every if p.startswith(f"{there}/"))}
    assert set(told) <= gone
    assert (told != []) is any(
        p in matters(canonical, here) for p in every if f"{p}/".startswith(f"{there}/")
    )


@given(canonical=graphs(), data=st.data())
@quick
def test_additions_count_nowhere(canonical: Canonical, data: st.DataObject) -> None:
    """C6: a state that is added, and another start, strand no run."""
    changed = copy(canonical)
    changed["states"]["NEW"] = {"kind": "state", "targets": ["S0"]}
    changed["start"] = "NEW"
    every = sorted(paths(canonical))
    assert differences(canonical, changed, data.draw(st.sampled_from(every)), every) == []


@given(canonical=graphs(), data=st.data())
@quick
def test_what_was_done_can_be_undone(canonical: Canonical, data: st.DataObject) -> None:
    """G3: a run whose output is to be undone needs a compensation that takes the same type, wherever it is now."""
    every = sorted(paths(canonical))
    here, there = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    assume(there not in matters(canonical, here))
    changed = copy(canonical)
    found = at(changed, there)
    kept = data.draw(st.booleans())
    if kept:
        found |= {"kind": "poll", "targets": ["S0"], "output": "float"}
    else:
        CHANGES[data.draw(st.sampled_from(("compensation", "compensation gone")))](found)
    told = differences(canonical, changed, here, [there])
    assert bool(told) is (not kept and "compensation" in at(canonical, there))
    assert all(line.startswith(f"state {there}, which may have to be undone") for line in told)


@given(data=st.data(), count=st.integers(2, 6))
@settings(quick, max_examples=100)
def test_orders_say_nothing(data: st.DataObject, count: int) -> None:
    """The order of parts, of targets, of exits and of the Enum's members changes no fingerprint; another target does."""
    names = [f"S{number}" for number in range(count)]
    ends = names[-2:] if count > 2 else names[-1:]
    handled = names[: -len(ends)]
    ways = {name: data.draw(st.sets(st.sampled_from(names)), label=name) | {ends[0]} for name in handled}
    kinds = {name: data.draw(st.sampled_from((state, router))) for name in handled}

    def built(order: Callable[[list[Any]], list[Any]], without: str | None = None) -> str:
        enum: Any = Enum("States", order(names))
        parts = []
        for name in order(handled):
            to = order(
                [enum[target] for target in sorted(ways[name]) if (name, target) != (handled[0], without)]
            )
            parts.append(kinds[name](enum[name], to=tuple(to))(lambda: None))
        waive = [Waive("unreachable", member, "random") for member in enum]
        start, exits = enum[handled[0]], tuple(enum[end] for end in order(ends))
        graph = Workflow.build(enum, *parts, start=start, exits=exits, waive=waive).graph
        return str(graph.fingerprint)

    one = built(list)
    assert built(lambda given: data.draw(st.permutations(given))) == one
    more = sorted(ways[handled[0]] - {ends[0]})
    if more:
        assert built(list, without=more[0]) != one
