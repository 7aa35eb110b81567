"""A workflow with sub-workflows does what the same workflow flattened by hand does, on either backend."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cano_dsl import Failure, Retry, Run, Waive, Workflow, compensate, router, state
from cano_dsl.errors import AttemptsExhausted, RunError
from cano_dsl.testing import Recorder


class One(Exception):
    """What handlers raise."""


class Two(One):
    """What handlers raise too."""


class Over(Exception):
    """What they raise when the script is over; no edge takes it."""


ERRORS: tuple[type[Exception], ...] = (Two, One)
Edges = tuple[tuple[int, int], ...]  # an exception and a state, by number


@dataclass(frozen=True)
class Work:
    """A state with a handler of its own.

    Attributes:
        manner: How the handler is called.
        targets: Where it may go.
        edges: Where its errors lead.
        gives: Whether it gives an output, which something undoes.
        again: Whether it is tried a second time.
    """

    manner: str
    targets: tuple[int, ...]
    edges: Edges
    gives: bool
    again: bool


@dataclass(frozen=True)
class Sub:
    """A state in which a workflow stands: that, where its exits lead, and where its errors do."""

    level: "Level"
    ends: tuple[int, ...]
    edges: Edges


@dataclass(frozen=True)
class Level:
    """A workflow: its states, of which runs start at the first, and how many exits it has."""

    states: tuple[Work | Sub, ...]
    exits: int


@st.composite
def levels(draw: st.DrawFn, depth: int) -> Level:
    """Draw a workflow with workflows in it."""
    count, exits = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    any_state = st.integers(0, count + exits - 1)
    edges = st.lists(st.tuples(st.integers(0, 1), any_state), max_size=2, unique_by=lambda edge: edge[0])
    states: list[Work | Sub] = []
    for _ in range(count):
        if depth and draw(st.booleans()):
            inner = draw(levels(depth - 1))
            ends = tuple(draw(any_state) for _ in range(inner.exits))
            states.append(Sub(inner, ends, tuple(draw(edges)) if draw(st.booleans()) else ()))
            continue
        manner = draw(st.sampled_from(["async", "plain", "router"]))
        targets = tuple(dict.fromkeys(draw(st.lists(any_state, min_size=1, max_size=3))))
        states.append(
            Work(
                manner,
                targets,
                tuple(draw(edges)) if draw(st.integers(0, 2)) == 0 else (),
                gives=manner != "router" and draw(st.booleans()),
                again=draw(st.integers(0, 3)) == 0,
            )
        )
    return Level(tuple(states), exits)


def member(number: int, level: Level) -> str:
    """Name a state or an exit."""
    return f"S{number}" if number < len(level.states) else f"E{number - len(level.states)}"


class Tale:
    """The script of one run, and what its handlers saw."""

    def __init__(self, script: tuple[int, ...]) -> None:
        self._script: Iterator[int] = iter(script)
        self.seen: list[Any] = []

    def decide(self, run: Run, failure: Failure | None, count: int) -> int:
        """Put down where the run is; give the number of a target, or raise."""
        failed = None if failure is None else (type(failure.error), failure.state.name[-2:])
        self.seen.append((run.state_name, run.idempotency_key, run.attempt, failed))
        decision = next(self._script, None)
        if decision is None:
            raise Over
        if decision < 0:
            raise ERRORS[decision]
        return decision % count


def handler_of(tale: Tale, work: Work, at: Enum, targets: list[Enum], edges: dict[Any, Enum]) -> list[Any]:
    """Make the handler of a state, and what undoes it."""
    number = len(targets)

    async def go(run: Run, failure: Failure | None) -> Any:
        await anyio.lowlevel.checkpoint()
        return targets[tale.decide(run, failure, number)]

    def go_plain(run: Run, failure: Failure | None) -> Any:
        return targets[tale.decide(run, failure, number)]

    async def give(run: Run, failure: Failure | None) -> tuple[Any, str]:
        await anyio.lowlevel.checkpoint()
        return targets[tale.decide(run, failure, number)], run.state_name

    def give_plain(run: Run, failure: Failure | None) -> tuple[Any, str]:
        return targets[tale.decide(run, failure, number)], run.state_name

    options: dict[str, Any] = {"to": tuple(targets), "on_error": edges or None}
    if work.again:
        options["retry"] = Retry.fixed(2, 0)
    if work.manner == "router":
        return [router(at, **options)(go_plain)]
    functions: Any = (give, give_plain) if work.gives else (go, go_plain)
    step = state(at, **options)(functions[work.manner == "plain"])
    if not work.gives:
        return [step]

    def undo(output: str, run: Run) -> None:
        tale.seen.append(("undo", output, run.state_name, run.idempotency_key))

    return [step, compensate(step)(undo)]


def waivers(states: Any) -> list[Waive]:
    """Let random graphs have islands and traps: the rules about them are proved elsewhere."""
    codes: Any = ("unreachable", "dead-end")
    return [Waive(code, one, "random") for code in codes for one in states]


def nested(level: Level, tale: Tale, path: str, **limits: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow whose sub-workflows are built likewise."""
    names = [member(number, level) for number in range(len(level.states) + level.exits)]
    States: Any = Enum(f"Of_{path}", names)
    members = list(States)
    parts: list[Any] = []
    for number, one in enumerate(level.states):
        edges = {ERRORS[error]: members[to] for error, to in one.edges}
        if isinstance(one, Work):
            parts += handler_of(tale, one, members[number], [members[to] for to in one.targets], edges)
            continue
        inner = nested(one.level, tale, f"{path}{number}", **limits)
        ends = [member(len(one.level.states) + number, one.level) for number in range(one.level.exits)]
        exits = {inner._plan.states[end]: members[to] for end, to in zip(ends, one.ends, strict=True)}
        parts.append(inner.as_state(members[number], exits, on_error=edges or None))
    exits = tuple(members[len(level.states) :])
    more = limits if path != "top" else {}
    return Workflow.build(States, *parts, start=members[0], exits=exits, waive=waivers(States), **more)


class Flattened:
    """A workflow flattened by hand: states by path, each with its targets and its error edges by path."""

    def __init__(self, level: Level) -> None:
        self.states: dict[str, tuple[Work, list[str], list[tuple[int, str]]]] = {}
        self.ways: dict[str, str] = {}
        self._add(level, "", {}, [])
        self.exits = [member(len(level.states) + number, level) for number in range(level.exits)]

    def _add(self, level: Level, prefix: str, ends: dict[str, str], outer: list[tuple[int, str]]) -> None:
        def leads(number: int) -> str:
            name = member(number, level)
            return ends.get(name, f"{prefix}{name}")

        for number, one in enumerate(level.states):
            name = leads(number)
            edges = [(error, leads(to)) for error, to in one.edges]
            if isinstance(one, Work):
                self.states[name] = (one, [leads(to) for to in one.targets], edges + outer)
                continue
            self.ways[name] = f"{name}/S0"
            inner = {
                member(len(one.level.states) + end, one.level): leads(to) for end, to in enumerate(one.ends)
            }
            self._add(one.level, f"{name}/", inner, edges + outer)

    def resolved(self, name: str) -> str:
        """Say which state the way into one leads to."""
        while name in self.ways:
            name = self.ways[name]
        return name

    def build(self, tale: Tale) -> Workflow[Any, Any, Any, ...]:
        """Build it as one workflow."""
        States: Any = Enum("Of_top", [*self.states, *self.exits])
        parts: list[Any] = []
        for name, (work, targets, edges) in self.states.items():
            goals = [States[self.resolved(target)] for target in targets]
            by_error: dict[Any, Any] = {}
            for error, target in edges:
                by_error.setdefault(ERRORS[error], States[self.resolved(target)])
            parts += handler_of(tale, work, States[name], goals, by_error)
        exits = tuple(States[name] for name in self.exits)
        start = States[self.resolved("S0")]
        return Workflow.build(States, *parts, start=start, exits=exits, waive=waivers(States))


def outcome(built: Workflow[Any, Any, Any, ...], backend: str, *, with_path: bool) -> Any:
    """Run it, and give all that can be seen of its end."""

    async def main() -> Any:
        return await built.bind().run("r")

    recorder = Recorder()
    built = built.configure(observers=[recorder])
    try:
        end: Any = anyio.run(main, backend=backend).name
    except RunError as error:
        at = error.at
        end = (type(error), at.name, at.attempt, at.run_id, type(error.__cause__))
        end = (*end, at.steps if with_path else None)
    return end, recorder.names()


scripts = st.lists(st.sampled_from([0, 0, 1, 1, 2, -1, -2]), max_size=30).map(tuple)
relaxed = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LIMITS: dict[str, Any] = {"timeout": 1000.0, "max_transitions": 1000, "data": dict}


@pytest.mark.parametrize("limits", [{}, LIMITS], ids=["bare", "limited"])
@given(level=levels(2), script=scripts)
@relaxed
def test_nested_equals_flat(backend: str, limits: dict[str, Any], level: Level, script: Any) -> None:
    """R1, R2, J9, G1, G2: states, keys, attempts, failures, compensations and the end are those of the flat one."""
    one, other = Tale(script), Tale(script)
    ends = outcome(nested(level, one, "top", **limits), backend, with_path=not limits)
    flat = outcome(Flattened(level).build(other), backend, with_path=not limits)
    assert one.seen == other.seen
    assert ends == flat


def test_programs_reach_what_the_law_is_about() -> None:
    """A program with nested in nested, an error edge out of both, retries, and an output that is undone."""
    work = Work("async", (1,), (), gives=True, again=False)
    failing = Work("plain", (1,), (), gives=False, again=True)
    middle = Level((work, Sub(Level((failing,), 1), (2,), ())), 1)
    top = Level((Sub(middle, (2,), ((1, 1),)), failing), 1)
    tale = Tale((0, -1, -1))
    end, names = outcome(nested(top, tale, "top"), "asyncio", with_path=True)
    assert end == (AttemptsExhausted, "S1", 2, "r", Over, ("S0/S0", "S0/S1/S0", "S1"))
    assert tale.seen == [
        ("S0/S0", "r/0", 1, None),
        ("S0/S1/S0", "r/1", 1, None),
        ("S0/S1/S0", "r/1", 2, None),
        ("S1", "r/2", 1, (One, "S0")),
        ("S1", "r/2", 2, (One, "S0")),
        ("undo", "S0/S0", "S0/S0", "r/0"),
    ]
    assert names.count("retry_scheduled") == 2
