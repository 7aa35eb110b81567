"""Handlers with any policies do what a reference interpreter of a page does, second by second, on either backend."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cano_dsl import Retry, Run, Waive, Workflow, compensate, state
from cano_dsl.errors import (
    AttemptsExhausted,
    AttemptTimeout,
    CircuitOpen,
    HandlerFailed,
    RateLimited,
    RunError,
    RunTimeout,
    TransitionsExhausted,
)

EDGES = (KeyError, ValueError, AttemptTimeout, CircuitOpen, RateLimited, Exception)
LIMIT_S = 2.5  # of an attempt; what handlers take are whole seconds


@dataclass(frozen=True)
class Handler:
    """One state: how it is called, where it goes, and its policies.

    Attributes:
        manner: `async`, `plain`, or `saga` for one that can be undone.
        to: The state that it goes to, by number.
        attempts: How often it may be called; None without a retry.
        wait_s: The wait between.
        keys_only: Whether only a KeyError is retried.
        timed: Whether an attempt has a limit.
        breaker: Which breaker it shares; None for none.
        limited: Whether it waits for the limiter.
        edges: Where errors lead, by the number of a class and of a state.
    """

    manner: str
    to: int
    attempts: int | None
    wait_s: int
    keys_only: bool
    timed: bool
    breaker: int | None
    limited: bool
    edges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Program:
    """A workflow; what its handlers do call by call; and how long the limiter makes calls wait."""

    handlers: tuple[Handler, ...]
    script: tuple[tuple[str, int], ...]
    waits: tuple[int, ...]
    threshold: int
    total_s: float | None
    most: int | None


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a few states that go anywhere, also back, so that every run is bounded by something."""
    count = draw(st.integers(1, 4))
    states = st.integers(0, count)  # the last is the exit
    handlers = tuple(
        Handler(
            manner=(manner := draw(st.sampled_from(["async", "plain", "saga"]))),
            to=draw(st.just(number + 1) | states),
            attempts=draw(st.none() | st.integers(1, 4)),
            wait_s=draw(st.integers(0, 3)),
            keys_only=draw(st.booleans()),
            timed=manner != "plain" and draw(st.booleans()),
            breaker=draw(st.none() | st.integers(0, 1)),
            limited=draw(st.booleans()) and draw(st.booleans()),
            edges=tuple(draw(st.lists(st.tuples(st.integers(0, len(EDGES) - 1), states), max_size=3))),
        )
        for number in range(count)
    )
    kinds = st.sampled_from(["goes", "goes", "raises KeyError", "raises ValueError"])
    total_s = draw(st.none() | st.integers(0, 12))
    most = draw(st.integers(1, 9))
    return Program(
        handlers=tuple(_first_of_each(handler) for handler in handlers),
        script=tuple(draw(st.lists(st.tuples(kinds, st.sampled_from([0, 0, 1, 4])), max_size=30))),
        waits=tuple(draw(st.lists(st.integers(0, 4), max_size=10))),
        threshold=draw(st.integers(1, 4)),
        total_s=None
        if total_s is None
        else total_s + 0.25,  # so that it is never over just when another time is
        most=most,
    )


def _first_of_each(handler: Handler) -> Handler:
    edges = tuple({kind: (kind, to) for kind, to in reversed(handler.edges)}.values())
    return Handler(**{**handler.__dict__, "edges": edges})


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        calls: Each call, as the number of its state, its attempt, and its second.
        entered: The states that it entered.
        end: The number of the exit; None where there was an error.
        error: The class of the error.
        attempt: The attempt that the error was at, where a handler's call ended the run.
        seconds: When it ended.
        did: The states that can be undone, as they ended.
        failures: How many failures in a row each breaker has seen.
    """

    calls: list[tuple[int, int, float]] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    end: int | None = None
    error: type[BaseException] | None = None
    attempt: int = 1
    seconds: float = 0.0
    did: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=lambda: [0, 0])


class Left(NamedTuple):
    """What of a program is still to come, and when its time is over."""

    script: Iterator[tuple[str, int]]
    waits: Iterator[int]
    until: float


class Ended(Exception):
    """The reference's run is over by its total timeout."""


def interpret(program: Program) -> Outcome:
    """Run a program with a loop: the reference."""
    out, at = Outcome(), 0
    until = program.total_s if program.total_s is not None else float("inf")
    left = Left(iter(program.script), iter(program.waits), until)
    while at < len(program.handlers):
        handler = program.handlers[at]
        if out.seconds >= until or len(out.entered) == program.most:
            out.error = RunTimeout if out.seconds >= until else TransitionsExhausted
            return out
        out.entered.append(at)
        try:
            error = attempts(program, handler, at, out, left)
        except Ended:
            out.error = RunTimeout
            return out
        if error is None:
            at = handler.to
            continue
        out.error, cause = error
        leads = [to for kind, to in handler.edges if issubclass(cause, EDGES[kind])]
        if not leads:
            return out
        out.error, at = None, leads[0]
    out.end = at
    return out


def attempts(
    program: Program, handler: Handler, at: int, out: Outcome, left: Left
) -> tuple[type[BaseException], type[BaseException]] | None:
    """Call one handler as often as its policies say; give the error and what edges look at, or None."""
    if handler.limited:
        wait = next(left.waits, 0)
        if wait > left.until - out.seconds:
            out.attempt = 1
            return RateLimited, RateLimited
        out.seconds += wait
    for out.attempt in range(1, 99):
        if handler.breaker is not None and out.failures[handler.breaker] >= program.threshold:
            return CircuitOpen, CircuitOpen
        out.calls.append((at, out.attempt, out.seconds))
        cause = once(handler, at, out, next(left.script, ("goes", 0)), left.until)
        if cause is None:
            return None
        if handler.attempts is None or (handler.keys_only and cause is not KeyError):
            return (cause if cause is AttemptTimeout else HandlerFailed), cause
        if out.attempt == handler.attempts:
            return AttemptsExhausted, cause
        if out.seconds + handler.wait_s > left.until:
            out.seconds = left.until
            raise Ended
        out.seconds += handler.wait_s
    raise AssertionError


def once(
    handler: Handler, at: int, out: Outcome, action: tuple[str, int], until: float
) -> type[BaseException] | None:
    """Make one attempt; give the class of what it raises, or None."""
    what, takes = action[0], float(action[1]) if handler.manner != "plain" else 0.0
    cause = {"raises KeyError": KeyError, "raises ValueError": ValueError}.get(what)
    if handler.timed and takes > LIMIT_S:
        takes, cause = LIMIT_S, AttemptTimeout
    over = out.seconds + takes > until
    if over and handler.manner != "saga":
        out.seconds = until
        raise Ended
    out.seconds += takes
    if handler.breaker is not None:
        out.failures[handler.breaker] = out.failures[handler.breaker] + 1 if cause else 0
    if cause is None and handler.manner == "saga":
        out.did.append(at)
    if over:
        raise Ended
    return cause


class Breaker:
    """Opens for ever after so many failures in a row."""

    def __init__(self, number: int, threshold: int) -> None:
        self.name = f"breaker {number}"
        self.threshold = threshold
        self.failures = 0
        self.open = 0  # tickets that are out

    def admit(self, now: float) -> int:
        """Let it through while it is closed."""
        if self.failures >= self.threshold:
            raise CircuitOpen(breaker=self.name, failures=self.failures, retry_after_s=60.0)
        self.open += 1
        return 1

    def succeeded(self, ticket: int, now: float) -> None:
        """Begin to count again."""
        self.open -= 1
        self.failures = 0

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Count."""
        self.open -= 1
        self.failures += 1

    def dropped(self, ticket: int, now: float) -> None:
        """Count nothing."""
        self.open -= 1


class Limiter:
    """Makes calls wait as the program says."""

    name = "limiter"

    def __init__(self, waits: tuple[int, ...]) -> None:
        self.waits = iter(waits)
        self.wait_s = 0

    def reserve(self, now: float, most_s: float) -> "Limiter | None":
        """Make it wait, or refuse it."""
        self.wait_s = next(self.waits, 0)
        if self.wait_s > most_s:
            raise RateLimited(limiter=self.name, wait_s=self.wait_s, max_wait_s=most_s)
        return self if self.wait_s else None

    def give_back(self) -> None:
        """Give nothing back."""


class World:
    """What the handlers of one run see."""

    def __init__(self, program: Program) -> None:
        self.script = iter(program.script)
        self.breakers = [Breaker(number, program.threshold) for number in range(2)]
        self.limiter = Limiter(program.waits)
        self.calls: list[tuple[int, int, float]] = []
        self.undone: list[int] = []
        self.began = 0.0


def compile_program(program: Program, world: World) -> tuple[Any, list[Any]]:
    """Build the program with the library."""
    count = len(program.handlers)
    States: Any = Enum("States", [f"S{n}" for n in range(count + 1)])
    members = list(States)

    def act(number: int, attempt: int) -> tuple[str, int]:
        # The second is the timer's, whose float may be a hair off
        world.calls.append((number, attempt, round(anyio.current_time() - world.began, 6)))
        return next(world.script, ("goes", 0))

    def ends(what: str, target: Any) -> Any:
        if what == "raises KeyError":
            raise KeyError(what)
        if what == "raises ValueError":
            raise ValueError(what)
        return target

    def make(number: int, handler: Handler) -> list[Any]:
        target = members[handler.to]

        async def work(run: Run) -> Any:
            what, takes = act(number, run.attempt)
            await anyio.sleep(takes)
            return ends(what, (target, number) if handler.manner == "saga" else target)

        def plain(run: Run) -> Any:
            return ends(act(number, run.attempt)[0], target)

        async def undo(output: int) -> None:
            world.undone.append(output)

        options: dict[str, Any] = {}
        if handler.attempts is not None:
            on = KeyError if handler.keys_only else Exception
            options["retry"] = Retry.fixed(handler.attempts, handler.wait_s, retry_on=on)
        if handler.timed:
            options["timeout"] = LIMIT_S
        if handler.breaker is not None:
            options["breaker"] = world.breakers[handler.breaker]
        if handler.limited:
            options["limiter"] = world.limiter
        if handler.edges:
            options["on_error"] = {EDGES[kind]: members[to] for kind, to in handler.edges}
        at = members[number]
        if handler.manner != "saga":
            fn = work if handler.manner == "async" else plain
            return [state(at, to=(target,), **options)(fn)]
        work.__annotations__["return"] = tuple[_literal(target), int]  # type: ignore[misc]
        made: Any = state(at, **options)(work)
        return [made, compensate(made)(undo)]

    parts = [part for number, handler in enumerate(program.handlers) for part in make(number, handler)]
    codes: Any = ("unreachable", "dead-end", "policy")
    waive = [Waive(code, member, "random") for code in codes for member in members]
    built = Workflow.build(
        States,
        *parts,
        start=members[0],
        exits=(members[-1],),
        timeout=program.total_s,
        max_transitions=program.most,
        waive=waive,
    )
    return built, members


def _literal(target: Any) -> Any:
    from typing import Literal

    return Literal[target]


@given(program=programs())
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_policies_equal_the_reference(run_virtual: Callable[..., Any], program: Program) -> None:
    """L1 to L6, R7 to R9, J9, G1: calls, their seconds, the end and what is undone are the reference's."""
    expected = interpret(program)
    world = World(program)
    built, members = compile_program(program, world)

    async def main() -> tuple[Any, RunError | None, float]:
        world.began = anyio.current_time()
        try:
            return await built.run(), None, anyio.current_time() - world.began
        except RunError as error:
            return None, error, anyio.current_time() - world.began

    end, error, seconds = run_virtual(main)
    assert world.calls == [(at, attempt, round(second, 6)) for at, attempt, second in expected.calls]
    assert end is (None if expected.end is None else members[expected.end])
    assert type(error) is (expected.error or type(None))
    assert round(seconds, 6) == round(expected.seconds, 6)
    assert world.undone == (expected.did[::-1] if error is not None else [])
    assert [breaker.failures for breaker in world.breakers] == expected.failures
    assert [breaker.open for breaker in world.breakers] == [0, 0]
    if error is not None and not isinstance(error, (RunTimeout, TransitionsExhausted)):
        assert error.at.attempt == expected.attempt
        assert error.at.state is members[expected.entered[-1]]
