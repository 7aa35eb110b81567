"""The engine does what a reference interpreter of twenty lines does, on any workflow and either backend."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cano_dsl import Run, RunData, Waive, Workflow, router, state
from cano_dsl.errors import HandlerFailed, RunError, UndeclaredTransition
from cano_dsl.testing import Recorder

RESOURCES = ("alpha", "beta", "gamma")
RAISE, STRAY = "raise", "stray"  # decisions other than the index of a declared target


class Broken(Exception):
    """What a handler raises when its script says so."""


@dataclass(frozen=True)
class Handler:
    """One state's handler: where it may go, how it is called, what it wants."""

    targets: tuple[int, ...]
    manner: str
    wants: tuple[str, ...]
    keyword_only: int
    run: bool
    data: bool


@dataclass(frozen=True)
class Program:
    """A workflow, the decisions that its handlers take one after the other, and the resources given."""

    handlers: tuple[Handler, ...]
    exits: int
    script: tuple[int | str, ...]
    given: tuple[str, ...]
    start: int | None


@st.composite
def programs(draw: st.DrawFn, manners: tuple[str, ...]) -> Program:
    """Draw handled states, one or two exits, and a script that is longer than most runs."""
    handled = draw(st.integers(1, 8))
    exits = draw(st.integers(1, 2))
    order = st.permutations(range(handled + exits))
    wants = st.permutations(RESOURCES).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: tuple(p[:n])))
    handlers = tuple(
        Handler(
            targets=tuple(draw(order)[: draw(st.integers(1, 4))]),
            manner=draw(st.sampled_from(manners)),
            wants=draw(wants),
            keyword_only=draw(st.integers(0, 3)),
            run=draw(st.booleans()) and draw(st.booleans()),
            data=draw(st.booleans()) and draw(st.booleans()),
        )
        for _ in range(handled)
    )
    decision = st.one_of(
        st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.sampled_from([RAISE, STRAY])
    )
    script = tuple(draw(st.lists(decision, max_size=25)))
    given = tuple(draw(st.permutations(RESOURCES)))
    start = draw(st.one_of(st.none(), st.none(), st.integers(0, handled + exits - 1)))
    return Program(handlers, exits, script, given, start)


@dataclass
class Outcome:
    """How a run ended, by numbers of states."""

    visited: list[int]
    end: int | None = None
    error: type[Exception] | None = None
    last: tuple[int, ...] = ()
    sequence: int = -1


def interpret(program: Program) -> Outcome:
    """Run a program with a loop and a list: the reference."""
    script: Iterator[int | str] = iter(program.script)
    at, out = program.start or 0, Outcome([])
    while at < len(program.handlers):
        handler = program.handlers[at]
        out.visited.append(at)
        out.sequence += handler.manner != "router"
        decision = next(script, RAISE)
        if isinstance(decision, int):
            at = handler.targets[decision % len(handler.targets)]
            continue
        stray = next((n for n in range(len(program.handlers)) if n not in handler.targets), None)
        undeclared = decision == STRAY and stray is not None
        out.error = UndeclaredTransition if undeclared else HandlerFailed
        out.last = tuple(out.visited[-4:])
        return out
    out.end = at
    return out


class Tale:
    """What the handlers of one run saw."""

    def __init__(self, program: Program) -> None:
        self.script: Iterator[int | str] = iter(program.script)
        self.visited: list[int] = []
        self.keys: list[str] = []
        self.wrong: list[object] = []


def compile_program(
    program: Program, tale: Callable[[], Tale]
) -> tuple[Workflow[Any, Any, Any, ...], type[Enum]]:
    """Build the program with the library; `tale` gives the run that a handler is called in."""
    count = len(program.handlers)
    States: Any = Enum("States", [f"S{n}" for n in range(count + program.exits)])
    members = list(States)

    def decide(number: int, handler: Handler, got: dict[str, Any]) -> Any:
        told = tale()
        told.visited.append(number)
        run, data = got.pop("run", None), got.pop("data", None)
        if run is not None:
            told.keys.append(run.idempotency_key)
            if run.state is not members[number]:
                told.wrong.append(run.state)
        if data is not None:
            data.value.append(number)
        if got != {name: name.upper() for name in handler.wants}:
            told.wrong.append(got)
        decision = next(told.script, RAISE)
        if isinstance(decision, int):
            return members[handler.targets[decision % len(handler.targets)]]
        stray = next((n for n in range(count) if n not in handler.targets), None)
        if decision == STRAY and stray is not None:
            return members[stray]
        raise Broken(number)

    def make(number: int, handler: Handler) -> Any:
        names = [*handler.wants, *(["run"] if handler.run else []), *(["data"] if handler.data else [])]
        cut = max(0, len(names) - handler.keyword_only)
        arguments = ", ".join([*names[:cut], *(["*", *names[cut:]] if names[cut:] else [])])
        body = f"decide(number, handler, dict({', '.join(f'{name}={name}' for name in names)}))"
        prefix = "async " if handler.manner == "async" else ""
        pause = " await pause(0)\n" if handler.manner == "async" else ""
        space: dict[str, Any] = {"decide": decide, "number": number, "handler": handler, "pause": anyio.sleep}
        exec(f"{prefix}def work({arguments}):\n{pause} return {body}", space)
        work = space["work"]
        work.__annotations__ = {"run": Run, "data": RunData[list[int]]}
        at, to = members[number], tuple(members[n] for n in handler.targets)
        if handler.manner == "router":
            return router(at, to=to)(work)
        return state(at, to=to, thread=handler.manner == "thread")(work)

    parts = [make(number, handler) for number, handler in enumerate(program.handlers)]
    # A random graph has dead ends and islands: those rules are proved elsewhere, the engine runs them all.
    codes: Any = ("unreachable", "dead-end")
    waive = [Waive(code, member, "random") for code in codes for member in members]
    built = Workflow.build(States, *parts, start=members[0], exits=members[count:], data=list, waive=waive)
    return built, States


def names_of(built: Workflow[Any, Any, Any, ...], program: Program) -> dict[str, str]:
    """Give the resources that the workflow wants, in the program's order."""
    wanted = {want for handler in program.handlers for want in handler.wants}
    return {name: name.upper() for name in program.given if name in wanted}


def check(program: Program, backend: str, *, watched: bool) -> None:
    """Run a program by the engine, and compare everything that can be seen with the reference."""
    expected = interpret(program)
    tale = Tale(program)
    built, States = compile_program(program, lambda: tale)
    recorder = Recorder()
    if watched:
        built = built.configure(observers=[recorder])
    members = list(States)
    data: list[int] = []
    failure: RunError | None = None
    end: Any = None

    async def main() -> Any:
        start = None if program.start is None else members[program.start]
        return await built.bind(**names_of(built, program)).run("r", data=data, start=start)

    try:
        end = anyio.run(main, backend=backend)
    except RunError as error:
        failure = error
    assert tale.wrong == []
    assert tale.visited == expected.visited
    assert end is (None if expected.end is None else members[expected.end])
    assert type(failure) is (expected.error or type(None))
    assert data == [number for number in expected.visited if program.handlers[number].data]
    if failure is not None:
        assert failure.at.state is members[expected.visited[-1]]
        assert failure.at.path == tuple(members[number] for number in expected.last)
        assert failure.at.run_id == "r"
        assert isinstance(failure.__cause__, Broken) is (expected.error is HandlerFailed)
    if watched:
        assert recorder.path() == tuple(members[number] for number in expected.visited)
        assert recorder.events[-1].details == {"exit": end, "error": failure}
    sequence, keys = -1, []
    for number in expected.visited:
        sequence += program.handlers[number].manner != "router"
        if program.handlers[number].run:
            keys.append(f"r/{sequence}")
    assert tale.keys == keys
    assert sequence == expected.sequence


@pytest.mark.parametrize("watched", [False, True], ids=["plain", "watched"])
@given(program=programs(("async", "plain", "router")))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_engine_equals_reference(backend: str, watched: bool, program: Program) -> None:
    """R1, R2, R3 and R5: path, exit, error, place, data and keys are those of the reference interpreter."""
    check(program, backend, watched=watched)


@given(program=programs(("async", "plain", "router", "thread")))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_engine_equals_reference_with_threads(backend: str, program: Program) -> None:
    """R1, R2 and R5: handlers in threads change nothing of what a run does."""
    check(program, backend, watched=True)


@given(program=programs(("async", "plain", "router")), runs=st.integers(2, 5))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_concurrent_runs_equal_the_reference(backend: str, program: Program, runs: int) -> None:
    """R4: runs of one workflow at once each do what a run alone does."""
    from contextvars import ContextVar

    expected = interpret(program)
    current: ContextVar[Tale] = ContextVar("current")
    built, States = compile_program(program, current.get)
    members = list(States)
    tales = [Tale(program) for _ in range(runs)]
    ends: list[Any] = []
    runner = built.bind(**names_of(built, program))

    async def one(tale: Tale) -> None:
        current.set(tale)
        with suppress(RunError):
            ends.append(await runner.run(start=None if program.start is None else members[program.start]))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for tale in tales:
                group.start_soon(one, tale)

    anyio.run(main, backend=backend)
    assert all(tale.visited == expected.visited and not tale.wrong for tale in tales)
    assert ends == ([] if expected.end is None else [members[expected.end]] * runs)
