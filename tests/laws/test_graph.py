"""What the rules find is what a brute-force reading of the rules finds, on any definition."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from cano_dsl import RunData, Waive, Workflow, router, state
from cano_dsl.errors import GraphError
from cano_dsl.testing import Recorder

OUTSIDE = -1  # a member of another Enum, wherever a state can stand
Found = tuple[str, str | None, str, bool]  # code, state, severity, waived
quick = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Elsewhere(Enum):
    X = 1


class Base: ...


class Derived(Base): ...


class Alien: ...


TYPES: dict[str, Any] = {"Base": Base, "Derived": Derived, "Alien": Alien}
UNTYPED = "untyped"
CLASH = {("Base", "Alien"), ("Alien", "Base"), ("Derived", "Alien"), ("Alien", "Derived")}


@dataclass(frozen=True)
class Wish:
    """A resource that a handler asks for, or that `resources=` names."""

    name: str
    kind: str
    optional: bool


@dataclass(frozen=True)
class Part:
    """One handler: `to` in the manner of `form`, and what the annotation says where both are given."""

    at: int
    to: tuple[int, ...]
    form: str = "literal"
    annotated: tuple[int, ...] = ()
    wants: tuple[Wish, ...] = ()
    data: str | None = None
    kind: str = "state"


@dataclass(frozen=True)
class World:
    """A workflow by numbers of states, right or wrong."""

    count: int
    start: int
    exits: tuple[int, ...]
    parts: tuple[Part, ...]
    alias: bool = False
    offers: tuple[Wish, ...] | None = None
    data: str | None = None
    waivers: tuple[tuple[str, int | None], ...] = ()


# --- drawing

FORMS = ("literal", "literal", "literal", "text", "to", "both", "bare", "any", "nothing")
CHANGES = (
    *("drop", "drop", "add", "again", "again", "turn", "turn", "loop", "loop", "loop"),
    *("want", "want", "supply", "supply", "data", "start", "exits", "given"),
)
CODES = ("exhaustive", "exit", "unreachable", "dead-end", "resource")


@st.composite
def sound(draw: st.DrawFn) -> World:
    """Draw a workflow without a fault: a random tree of states, a way out at each leaf, and more edges."""
    handled, ends = draw(st.integers(1, 6)), draw(st.integers(1, 2))
    count = handled + ends
    number = draw(st.permutations(range(count)))  # so that the Enum's order says nothing
    targets: list[set[int]] = [set() for _ in range(handled)]
    for child in range(1, count):
        targets[draw(st.integers(0, min(child, handled) - 1))].add(child)
    for each in targets:
        more = draw(st.sets(st.integers(0, count - 1), max_size=2))
        each.update(more if each else {count - 1, *more})
    parts = [
        Part(
            number[at],
            tuple(draw(st.permutations([number[to] for to in sorted(each)]))),
            form=draw(st.sampled_from(("literal", "text", "to"))),
            kind=draw(st.sampled_from(("state", "router"))),
        )
        for at, each in enumerate(targets)
    ]
    exits = tuple(number[handled:])
    return World(count, number[0], exits, tuple(draw(st.permutations(parts))))


def numbers(world: World) -> st.SearchStrategy[int]:
    """Draw a state, rarely one of another Enum."""
    return st.sampled_from([*range(world.count)] * 4 + [OUTSIDE])


def wishes(number: int) -> st.SearchStrategy[tuple[Wish, ...]]:
    """Draw resources of different names."""
    wish = st.builds(
        Wish, st.sampled_from("abc"), st.sampled_from(("Base", "Derived", "Alien", UNTYPED)), st.booleans()
    )
    return st.lists(wish, max_size=number, unique_by=lambda wish: wish.name).map(
        # a parameter without a default cannot follow one that has one
        lambda found: tuple(sorted(found, key=lambda wish: wish.optional))
    )


@st.composite
def parts_of(draw: st.DrawFn, world: World) -> Part:
    """Draw any handler."""
    states = st.lists(numbers(world), min_size=1, max_size=3, unique=True)
    form = draw(st.sampled_from(FORMS))
    to = draw(states)
    return Part(
        at=draw(numbers(world)),
        to=() if form == "to" and draw(st.integers(0, 4)) == 0 else tuple(to),
        form=form,
        annotated=tuple(n for n in draw(states) if n != OUTSIDE) or (0,),
        wants=draw(wishes(2)),
        data=draw(st.sampled_from((None, None, "Base", "Alien"))),
        kind=draw(st.sampled_from(("state", "router"))),
    )


@st.composite
def spoilt(draw: st.DrawFn, world: World) -> World:
    """Change one thing about a workflow."""
    states, parts = numbers(world), list(world.parts)
    at = draw(st.integers(0, len(parts) - 1)) if parts else None
    change = draw(st.sampled_from(CHANGES))
    if change == "start":
        return replace(world, start=draw(states))
    if change == "exits":
        return replace(world, exits=tuple(draw(st.lists(states, max_size=3, unique=True))))
    if change == "supply":
        wanted = {want.name: want for part in parts for want in part.wants}
        given = (replace(want, optional=draw(st.booleans())) for want in wanted.values())
        offers = sorted((*given, Wish("d", "Base", optional=True)), key=lambda wish: wish.optional)
        return replace(world, offers=tuple(offers) if draw(st.booleans()) else draw(wishes(3)))
    if change == "given":
        return replace(world, data=draw(st.sampled_from(("Base", "Derived", "Alien"))))
    if change == "add":
        parts.insert(draw(st.integers(0, len(parts))), draw(parts_of(world)))
    elif at is not None and change == "drop":
        del parts[at]
    elif at is not None and change == "again":
        to = tuple(draw(st.sets(st.integers(0, world.count - 1), min_size=1, max_size=2)))
        parts.insert(draw(st.integers(0, len(parts))), Part(parts[at].at, to))
    elif at is not None and change == "turn":
        parts[at] = replace(draw(parts_of(world)), at=parts[at].at)
    elif at is not None and change == "loop":
        near = parts[draw(st.integers(0, at)) : at + 1]
        parts[at] = replace(parts[at], to=tuple(part.at for part in near))
    elif at is not None and change == "want":
        parts[at] = replace(parts[at], wants=draw(wishes(3)))
    elif at is not None and change == "data":
        parts[at] = replace(parts[at], data=draw(st.sampled_from(("Base", "Derived", "Alien"))))
    return replace(world, parts=tuple(parts))


@st.composite
def wild(draw: st.DrawFn) -> World:
    """Draw anything."""
    world = World(draw(st.integers(1, 8)), 0, (), ())
    return replace(
        world,
        start=draw(numbers(world)),
        exits=tuple(draw(st.lists(numbers(world), max_size=3, unique=True))),
        parts=tuple(draw(st.lists(parts_of(world), max_size=10))),
        offers=draw(st.one_of(st.none(), wishes(3))),
        data=draw(st.sampled_from((None, "Base", "Derived", "Alien"))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a workflow: sound, spoilt in a few places, or anything; with waivers that may be needed or not."""
    if draw(st.integers(0, 7)) == 0:
        world = draw(wild())
    else:
        world = draw(sound())
        for _ in range(draw(st.integers(0, 4))):
            world = draw(spoilt(world))
    world = replace(world, alias=draw(st.integers(0, 9)) == 0)
    if draw(st.booleans()):
        return world
    waiver = st.tuples(st.sampled_from(CODES), st.one_of(numbers(world), st.none()))
    needed = [found for found in (*paths(world), *resources(world), *declared(world)) if found[0] in CODES]
    if needed:
        waiver = st.one_of(st.sampled_from(needed), waiver)
    return replace(world, waivers=tuple(draw(st.lists(waiver, min_size=1, max_size=4, unique=True))))


# --- the oracle: the rules of the description, with sets and loops


def name(number: int | None) -> str | None:
    """Name a state as findings do; what is no member has none."""
    return None if number in (None, OUTSIDE) else f"S{number}"


def broken(part: Part) -> bool:
    """Tell whether a handler declares something other than members of the Enum."""
    return part.form in ("bare", "any", "nothing") or OUTSIDE in part.to or not part.to


def closure(start: int, ways: dict[int, set[int]]) -> set[int]:
    """Give all states that a walk from one can enter, itself included."""
    seen = {start}
    while True:
        more = {target for at in seen for target in ways.get(at, ())} - seen
        if not more:
            return seen
        seen |= more


def edges(world: World) -> tuple[dict[int, set[int]], set[int]]:
    """Give the edges of the handlers that run, and the states that may lead anywhere."""
    ways: dict[int, set[int]] = {}
    unknown: set[int] = set()
    for part in world.parts:
        if part.at == OUTSIDE or part.at in world.exits or part.at in ways:
            continue
        silent = part.form in ("bare", "any", "nothing")
        ways[part.at] = set() if silent else set(part.to) - {OUTSIDE}
        if broken(part):
            unknown.add(part.at)
    unknown |= {n for n in range(world.count) if n not in ways and n not in world.exits}
    return ways, unknown


def declared(world: World) -> Iterator[tuple[str, int | None]]:
    """Find what is wrong with single handlers and arguments."""
    named = [world.start, *world.exits, *(at for _, at in world.waivers), *(part.at for part in world.parts)]
    yield from [("state", None)] * named.count(OUTSIDE)
    seen = set()
    for part in world.parts:
        at = None if part.at == OUTSIDE else part.at
        if part.form in ("bare", "any", "nothing"):
            yield "transition", at
        else:
            wrong = part.to.count(OUTSIDE) + (not part.to)
            wrong += len(set(part.annotated) - set(part.to)) if part.form == "both" else 0
            yield from [("transition", at)] * wrong
        if at in seen:
            yield "duplicate", at
        if at is not None:
            seen.add(at)
        if at in world.exits:
            yield "exit", at
    if not world.exits:
        yield "exit", None
    yield from (("exhaustive", n) for n in range(world.count) if n not in seen and n not in world.exits)


def paths(world: World) -> Iterator[tuple[str, int | None]]:
    """Find what no run enters, and what no run leaves."""
    ways, unknown = edges(world)
    if world.start == OUTSIDE:
        return
    reached = closure(world.start, ways)
    if not reached & unknown:
        for number in range(world.count):
            if number not in reached and (number in world.exits or number in ways):
                yield "unreachable", number
    traps = set()
    for at in reached:
        onward = closure(at, ways)
        out = onward & (set(world.exits) | unknown)
        if not out and all(at in closure(other, ways) for other in onward):
            traps.add(min(onward))
    if set(world.exits) - {OUTSIDE}:
        yield from (("dead-end", at) for at in traps)


def resources(world: World) -> Iterator[tuple[str, int | None]]:
    """Find what is wanted as two types, or is not what is given."""
    first: dict[str, str] = {}
    offers = {offer.name: offer for offer in world.offers or ()}
    for part in world.parts:
        at = None if part.at == OUTSIDE else part.at
        for want in part.wants:
            if (first.setdefault(want.name, want.kind), want.kind) in CLASH:
                yield "resource", at
            offer = offers.get(want.name)
            if world.offers is None:
                continue
            if offer is None:
                wrong = not want.optional
            else:
                wrong = (offer.kind, want.kind) in CLASH or (offer.optional and not want.optional)
            if wrong:
                yield "resource", at
        if part.data is not None and (world.data is None or (world.data, part.data) in CLASH):
            yield "resource", at


def expected(world: World) -> Counter[Found]:
    """Give every finding with its waiver."""
    ways, _ = edges(world)
    entered = {world.start}.union(*ways.values())
    waivers = {(code, "X" if at == OUTSIDE else name(at)) for code, at in world.waivers}
    found: list[Found] = [("state", "ALIAS", "error", False)] if world.alias else []
    used = set()
    for code, at in [*declared(world), *paths(world), *resources(world)]:
        key = (code, name(at))
        used.add(key)
        must = at is None or (code == "exhaustive" and at in entered)
        found.append((*key, "error", key in waivers and not must))
    found += [("waive", of, "warning", False) for code, of in waivers if (code, of) not in used]
    return Counter(found)


# --- the library


def enum_of(world: World) -> Any:
    """Make the Enum."""
    members = [(f"S{n}", n) for n in range(world.count)]
    return Enum("States", [*members, ("ALIAS", 0)] if world.alias else members)


def annotation(part: Part, pick: Callable[[int], Any], states: Any) -> Any:
    """Give the return annotation in the part's manner; None for no annotation."""
    if part.form in ("literal", "text"):
        values = tuple(map(pick, part.to))
        return f"Literal[{', '.join(map(str, values))}]" if part.form == "text" else Literal[values]
    given = {"bare": states, "any": Any, "both": Literal[tuple(map(pick, part.annotated))]}
    return given.get(part.form)


def make(part: Part, states: Any, decide: Callable[[int], Any]) -> Any:
    """Decorate a function that is all that the part says."""
    members = list(states)

    def pick(number: int) -> Any:
        return Elsewhere.X if number == OUTSIDE else members[number]

    data = ["data"] if part.data else []
    names = [*data, *(want.name + ("=None" if want.optional else "") for want in part.wants)]
    space: dict[str, Any] = {
        "States": states,
        "Elsewhere": Elsewhere,
        "Literal": Literal,
        "work": lambda: decide(part.at),
    }
    exec(f"def handler({', '.join(names)}): return work()", space)
    handler = space["handler"]
    hints = {want.name: TYPES[want.kind] for want in part.wants if want.kind != UNTYPED}
    if part.data:
        hints["data"] = RunData[TYPES[part.data]]
    returns = annotation(part, pick, states)
    handler.__annotations__ = hints if returns is None else {**hints, "return": returns}
    to = tuple(map(pick, part.to)) if part.form in ("to", "both") else None
    return (state if part.kind == "state" else router)(pick(part.at), to=to)(handler)


def offer_of(wishes: tuple[Wish, ...] | None) -> Any:
    """Make a function that names the resources."""
    if wishes is None:
        return None
    space: dict[str, Any] = {}
    exec(f"def give({', '.join(w.name + ('=None' if w.optional else '') for w in wishes)}): ...", space)
    give = space["give"]
    give.__annotations__ = {wish.name: TYPES[wish.kind] for wish in wishes if wish.kind != UNTYPED}
    return give


def build(world: World, states: Any, decide: Callable[[int], Any] = lambda at: at) -> Any:
    """Build the world with the library."""
    members = list(states)

    def pick(number: int | None) -> Any:
        if number is None:
            return None
        return Elsewhere.X if number == OUTSIDE else members[number]

    return Workflow.build(
        states,
        *[make(part, states, decide) for part in world.parts],
        start=pick(world.start),
        exits=tuple(map(pick, world.exits)),
        resources=offer_of(world.offers),
        data=TYPES[world.data] if world.data else None,
        waive=[Waive(code, pick(at), "random") for code, at in world.waivers],  # type: ignore[arg-type]
    )


def findings(world: World) -> Counter[Found]:
    """Give the findings of `build`, whether it refuses or not."""
    try:
        found = build(world, enum_of(world)).graph.findings
    except GraphError as error:
        found = error.findings
        assert any(f.severity == "error" and f.waived is None for f in found)
    else:
        assert all(f.severity == "warning" or f.waived is not None for f in found)
    return Counter((f.code, f.state, f.severity, f.waived is not None) for f in found)


# --- the laws


@given(world=worlds())
@quick
def test_findings_equal_a_brute_force_reading(world: World) -> None:
    """Every rule finds, waives and warns what its sentence says: no finding more, no finding less."""
    assert findings(world) == expected(world)


@given(world=worlds(), data=st.data())
@settings(quick, max_examples=200)
def test_order_of_handlers_and_exits_says_nothing(world: World, data: st.DataObject) -> None:
    """Where a state has one handler and a resource one type, no order changes what is found."""
    places = [part.at for part in world.parts if part.at != OUTSIDE]
    assume(len(places) == len(set(places)))
    kinds = {want.name: want.kind for part in world.parts for want in part.wants}
    alike = tuple(
        replace(part, wants=tuple(replace(want, kind=kinds[want.name]) for want in part.wants))
        for part in world.parts
    )
    world = replace(world, parts=alike)
    other = replace(
        world,
        parts=tuple(data.draw(st.permutations(world.parts))),
        exits=tuple(data.draw(st.permutations(world.exits))),
    )
    assert findings(other) == findings(world)


def way(start: int, end: Callable[[int], bool], ways: dict[int, set[int]]) -> list[int]:
    """Give a shortest walk from a state to one that will do."""
    trails = [[start]]
    for trail in trails:
        if end(trail[-1]):
            return trail
        trails += [[*trail, to] for to in sorted(ways.get(trail[-1], ())) if to not in trail]
    raise AssertionError(f"no way from {start}")


@given(world=sound())
@settings(quick, max_examples=150)
def test_workflow_without_findings_runs_through_every_state(world: World) -> None:
    """R1: nothing is found in a sound workflow, and some run from its start enters any state and ends."""
    states = enum_of(world)
    members = list(states)
    script: Iterator[int] = iter(())
    flow = build(world, states, lambda _: members[next(script)])
    assert flow.graph.findings == ()
    ways, _ = edges(world)
    for wanted in range(world.count):
        there = way(world.start, lambda at, wanted=wanted: at == wanted, ways)  # type: ignore[misc]
        path = [*there, *way(wanted, lambda at: at in world.exits, ways)[1:]]
        script = iter(path[1:])
        recorder = Recorder()
        end = flow.configure(observers=[recorder]).run_sync()
        assert [*recorder.path(), end] == [members[number] for number in path]


def test_every_rule_is_drawn() -> None:
    """The random definitions break every rule, and waive every rule that can be waived."""
    seen: Counter[tuple[str, bool]] = Counter()

    @given(world=worlds())
    @settings(quick, derandomize=True, database=None, phases=[Phase.generate])
    def look(world: World) -> None:
        seen.update({(code, waived) for code, _, severity, waived in expected(world) if severity == "error"})

    look()
    every = {"state", "transition", "duplicate", *CODES}
    assert set(seen) == {(code, False) for code in every} | {(code, True) for code in CODES}
