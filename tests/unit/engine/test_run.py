"""R1 to R3 and R6: where a run goes, what stops it, and what it does not do."""

import contextlib
import gc
import weakref
from collections import Counter
from collections.abc import Callable
from enum import Enum, Flag, IntEnum, StrEnum, auto
from typing import Any, Literal

import pytest

from cano_dsl import Run, Waive, Workflow, router, state
from cano_dsl.errors import GraphError, HandlerFailed, PolicyError, UndeclaredTransition


class Job(Enum):
    FETCH = auto()
    CHECK = auto()
    STORE = auto()
    DONE = auto()
    REFUSED = auto()


class Short(Enum):
    WORK = auto()
    DONE = auto()


def jobs(log: list[str], verdict: Job = Job.STORE) -> Workflow[Any, Any, Any, ...]:
    """Build three states, one of each manner, that log their names."""

    @state(Job.FETCH)
    async def fetch() -> Literal[Job.CHECK]:
        log.append("fetch")
        return Job.CHECK

    @router(Job.CHECK)
    def check() -> Literal[Job.STORE, Job.REFUSED]:
        log.append("check")
        return verdict

    @state(Job.STORE, thread=True)
    def store() -> Literal[Job.DONE, Job.FETCH]:
        log.append("store")
        return Job.DONE

    return Workflow.build(Job, fetch, check, store, start=Job.FETCH, exits=(Job.DONE, Job.REFUSED))


def short(handler: Callable[..., Any], **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build one state around a function."""
    part = state(Short.WORK, to=(Short.DONE,))(handler)
    return Workflow.build(Short, part, start=Short.WORK, exits=(Short.DONE,), **options)


def test_goes_from_start_to_first_exit(run_async: Callable[..., Any]) -> None:
    """R1: a run starts at the start state, goes where each handler says, and returns the first exit."""
    log: list[str] = []
    assert run_async(jobs(log).run) is Job.DONE
    assert log == ["fetch", "check", "store"]


def test_each_exit_can_be_reached(run_async: Callable[..., Any]) -> None:
    """R1: a workflow has one or more exits; the one that is reached is returned and nothing follows."""
    log: list[str] = []
    assert run_async(jobs(log, Job.REFUSED).run) is Job.REFUSED
    assert log == ["fetch", "check"]


def test_one_handler_for_each_state_that_is_no_exit() -> None:
    """R1: a state that is no exit needs a handler, and an exit has none."""

    @state(Short.WORK)
    async def work() -> Literal[Short.DONE]:
        return Short.DONE

    with pytest.raises(GraphError) as caught:
        Workflow.build(Short, start=Short.WORK, exits=(Short.DONE,))
    assert [f.code for f in caught.value.findings] == ["exhaustive"]
    with pytest.raises(GraphError) as caught:
        Workflow.build(Short, work, work, start=Short.WORK, exits=(Short.DONE,))
    assert [f.code for f in caught.value.findings] == ["duplicate"]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_declared_target_is_followed(count: int, run_async: Callable[..., Any]) -> None:
    """R1: a handler may declare any number of targets, and each of them is gone to when returned."""
    Wide = Enum("Wide", ["START", *[f"T{i}" for i in range(count)]])
    targets = tuple(Wide)[1:]
    for target in targets:
        part = state(Wide.START, to=targets)(lambda target=target: target)
        assert run_async(Workflow.build(Wide, part, start=Wide.START, exits=targets).bind().run) is target


@pytest.mark.parametrize("base", [IntEnum, StrEnum, Flag])
def test_any_enum_can_name_the_states(base: type[Enum], run_async: Callable[..., Any]) -> None:
    """R1: states may be members of an IntEnum, StrEnum or Flag, which are compared as members."""
    Kind = base("Kind", ["WORK", "DONE"])
    part = state(Kind.WORK, to=(Kind.DONE,))(lambda: Kind.DONE)
    built = Workflow.build(Kind, part, start=Kind.WORK, exits=(Kind.DONE,))
    assert run_async(built.run) is Kind.DONE
    lying = state(Kind.WORK, to=(Kind.DONE,))(lambda: Kind.DONE.value)
    with pytest.raises(UndeclaredTransition, match=r"state Kind\.WORK .* but declares Kind\.DONE: "):
        run_async(Workflow.build(Kind, lying, start=Kind.WORK, exits=(Kind.DONE,)).run)


def test_exit_with_a_handler_ends_the_run(run_async: Callable[..., Any]) -> None:
    """R1: a run ends at an exit also where a waiver lets that have a handler, which is not called."""
    log: list[str] = []

    @state(Job.FETCH)
    def fetch() -> Literal[Job.DONE]:
        return Job.DONE

    @state(Job.DONE)
    def done() -> Literal[Job.FETCH]:
        log.append("done")
        return Job.FETCH

    others = [m for m in Job if m not in (Job.FETCH, Job.DONE)]
    waive = [Waive("exit", Job.DONE, "another workflow goes on from there")]
    waive += [Waive(code, at, "left out here") for at in others for code in ("exhaustive", "unreachable")]
    built = Workflow.build(Job, fetch, done, start=Job.FETCH, exits=(Job.DONE,), waive=waive)
    assert run_async(built.run) is Job.DONE
    assert run_async(lambda: built.bind().run(start=Job.DONE)) is Job.DONE
    assert log == []


def test_undeclared_target_names_source_target_and_declared(run_async: Callable[..., Any]) -> None:
    """R2: an undeclared target is an error that names source, target and the declared set."""
    log: list[str] = []
    with pytest.raises(UndeclaredTransition) as caught:
        run_async(jobs(log, Job.DONE).run)
    error = caught.value
    assert str(error).startswith(
        "state Job.CHECK of workflow 'Job' returned Job.DONE, but declares Job.STORE, Job.REFUSED: "
        "return one of these, or add the target to its return annotation (run "
    )
    assert str(error).endswith(", attempt 1, path FETCH → CHECK)")
    assert error.at.state is Job.CHECK
    assert error.target is Job.DONE
    assert error.declared == (Job.STORE, Job.REFUSED)


def test_nothing_runs_after_an_undeclared_target(run_async: Callable[..., Any]) -> None:
    """R2: after an undeclared target no further handler is called, though the target has one."""
    log: list[str] = []
    with pytest.raises(UndeclaredTransition):
        run_async(jobs(log, Job.FETCH).run)
    assert log == ["fetch", "check"]


@pytest.mark.parametrize("target", [None, "DONE", 2, Job.DONE, object, ["x"] * 1000, ()])
def test_what_is_no_state_is_undeclared(target: object, run_async: Callable[..., Any]) -> None:
    """R2: anything that a handler returns which is not a declared member is refused, however it looks."""
    with pytest.raises(UndeclaredTransition) as caught:
        run_async(short(lambda: target).run)
    assert caught.value.target is target
    assert len(str(caught.value)) < 600


def test_member_of_an_enum_of_the_same_name_is_undeclared(run_async: Callable[..., Any]) -> None:
    """R2: a member of another Enum with the same names does not pass, and the message says so."""
    twin = Enum("Short", ["WORK", "DONE"])
    with pytest.raises(
        UndeclaredTransition, match=r"returned Short\.DONE, a member of another Enum of the same name, but"
    ):
        run_async(short(lambda: twin.DONE).run)


def test_target_that_equals_everything_is_undeclared(run_async: Callable[..., Any]) -> None:
    """R2: the check is by identity, so an object that equals every state does not pass."""

    class Chameleon:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash(Short.DONE)

        def __repr__(self) -> str:
            raise ValueError("no text")

    with pytest.raises(UndeclaredTransition, match="returned <Chameleon that cannot be shown>, but"):
        run_async(short(lambda: Chameleon()).run)  # noqa: PLW0108 - a class is no handler


@pytest.mark.parametrize("thread", [False, True])
def test_plain_handler_that_returns_a_coroutine(thread: bool, run_async: Callable[..., Any]) -> None:
    """R2: a coroutine returned by mistake is refused with what to do, and Python has nothing to warn of."""

    async def inner() -> Short:
        return Short.DONE

    part = state(Short.WORK, to=(Short.DONE,), thread=thread)(lambda: inner())  # noqa: PLW0108
    built = Workflow.build(Short, part, start=Short.WORK, exits=(Short.DONE,))
    with pytest.raises(UndeclaredTransition, match="await it, in a handler that is async"):
        run_async(built.run)
    gc.collect()  # a coroutine that nobody awaited would warn now, and warnings are errors


def test_async_handler_that_forgets_to_await(run_async: Callable[..., Any]) -> None:
    """R2: an async handler that returns a coroutine is told to await it."""

    async def inner() -> Short:
        return Short.DONE

    async def work() -> Any:
        return inner()

    with pytest.raises(UndeclaredTransition, match="await it, in a handler that is async"):
        run_async(short(work).run)
    gc.collect()


def test_checks_happen_once_at_build() -> None:
    """R3: all findings come together at build, in one error, before anything can run."""
    fetch = state(Job.FETCH, to=(Job.CHECK, Job.DONE))(lambda: Job.DONE)
    check = state(Job.CHECK, to=(Job.CHECK,))(lambda: Job.CHECK)
    refused = state(Job.REFUSED, to=(Job.DONE,))(lambda: Job.DONE)
    with pytest.raises(GraphError) as caught:
        Workflow.build(Job, fetch, check, refused, start=Job.FETCH, exits=(Job.DONE, Job.REFUSED))
    assert {f.code for f in caught.value.findings} >= {"exhaustive", "exit", "dead-end"}


def test_run_does_not_look_at_the_definition_again(
    monkeypatch: pytest.MonkeyPatch, run_async: Callable[..., Any]
) -> None:
    """R3: a run re-checks nothing: after build no graph rule and no annotation is read again."""
    built = jobs([])
    calls: Counter[str] = Counter()
    for module, name in (
        ("cano_dsl.graph", "build"),
        ("cano_dsl.declare", "define"),
        ("cano_dsl.declare._namespace", "evaluate"),
        ("cano_dsl.plan._bind", "accepted"),
    ):
        monkeypatch.setattr(f"{module}.{name}", lambda *_, name=name, **__: calls.update([name]))
    assert run_async(built.run) is Job.DONE
    assert not calls


@pytest.mark.parametrize(
    ("start", "end", "calls"),
    [
        (None, Job.DONE, ["fetch", "check", "store"]),
        (Job.CHECK, Job.DONE, ["check", "store"]),
        (Job.STORE, Job.DONE, ["store"]),
        (Job.REFUSED, Job.REFUSED, []),
    ],
)
def test_start_by_hand(start: Job | None, end: Job, calls: list[str], run_async: Callable[..., Any]) -> None:
    """R3: a start given by hand may be any handled state; an exit as start returns at once."""
    log: list[str] = []
    runner = jobs(log).bind()

    async def main() -> Any:
        return await runner.run(start=start)

    assert run_async(main) is end
    assert log == calls


def test_exit_as_start_touches_no_resource(run_async: Callable[..., Any]) -> None:
    """R3: a run that starts at an exit sets nothing up."""

    class Loud:
        async def setup(self) -> None:
            raise AssertionError

    async def main() -> Any:
        return await short(lambda loud: Short.DONE).bind(loud=Loud()).run(start=Short.DONE)

    assert run_async(main) is Short.DONE


def test_start_that_cannot_be_started_at(run_async: Callable[..., Any]) -> None:
    """R3: a start by hand that is neither handled nor an exit is refused, with the states that are."""
    part = state(Job.FETCH, to=(Job.DONE,))(lambda: Job.DONE)
    waive = [
        Waive(code, member, "later")
        for member in (Job.CHECK, Job.STORE)
        for code in ("exhaustive", "unreachable")
    ]
    runner = Workflow.build(
        Job,
        part,
        start=Job.FETCH,
        exits=(Job.DONE, Job.REFUSED),
        waive=[*waive, Waive("unreachable", Job.REFUSED, "later")],
    ).bind()
    twin = Enum("Job", ["FETCH", "DONE"])

    async def main(start: Any) -> Any:
        return await runner.run(start=start)

    for start in (Job.CHECK, twin.FETCH, "FETCH", Short.WORK, 0):
        with pytest.raises(PolicyError) as caught:
            run_async(main, start)
        assert caught.value.field == "start"
        assert caught.value.value is start
        assert caught.value.allowed == "a state that is handled or an exit: Job.FETCH, Job.DONE, Job.REFUSED"


def test_flag_combination_is_no_start(run_async: Callable[..., Any]) -> None:
    """R3: a combination of Flag members is not a state."""

    class Bits(Flag):
        WORK = 1
        DONE = 2

    part = state(Bits.WORK, to=(Bits.DONE,))(lambda: Bits.DONE)
    runner = Workflow.build(Bits, part, start=Bits.WORK, exits=(Bits.DONE,)).bind()

    async def main() -> Any:
        return await runner.run(start=Bits.WORK | Bits.DONE)

    with pytest.raises(PolicyError, match="start="):
        run_async(main)


def test_long_loop_keeps_memory_flat_and_does_not_recurse(run_async: Callable[..., Any]) -> None:
    """R6: a hundred thousand transitions keep nothing: not a path, not a frame, not an object."""
    import tracemalloc

    class Counting:
        left = 100_000

    peaks = []

    @state(Job.FETCH)
    async def fetch(n: Counting) -> Literal[Job.CHECK]:
        return Job.CHECK

    @router(Job.CHECK)
    def check(n: Counting) -> Literal[Job.FETCH, Job.DONE]:
        n.left -= 2
        if n.left in (98_000, 2_000):
            peaks.append(tracemalloc.get_traced_memory()[0])
        return Job.FETCH if n.left > 0 else Job.DONE

    waive = [
        Waive(code, member, "not used")
        for member in (Job.STORE, Job.REFUSED)
        for code in ("unreachable", "exhaustive")
        if (code, member) != ("exhaustive", Job.REFUSED)
    ]
    built = Workflow.build(Job, fetch, check, start=Job.FETCH, exits=(Job.DONE, Job.REFUSED), waive=waive)
    tracemalloc.start()
    try:
        assert run_async(built.bind(n=Counting()).run) is Job.DONE
    finally:
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4_000


def test_path_holds_the_last_four_states(run_async: Callable[..., Any]) -> None:
    """R5: the error's path is the last states entered, oldest first, at most four."""

    class Way(Enum):
        S0 = 0
        S1 = 1
        S2 = 2
        S3 = 3
        S4 = 4
        DONE = 5

    def fail_at(last: int) -> Workflow[Any, Any, Any, ...]:
        def step(i: int) -> Any:
            def go() -> Way:
                if i == last:
                    raise ValueError(i)
                return tuple(Way)[i + 1]

            return state(tuple(Way)[i], to=(tuple(Way)[i + 1],))(go)

        return Workflow.build(Way, *map(step, range(5)), start=Way.S0, exits=(Way.DONE,))

    for last in range(5):
        with pytest.raises(HandlerFailed) as caught:
            run_async(fail_at(last).run)
        at = caught.value.at
        assert at.path == tuple(Way)[max(0, last - 3) : last + 1]
        assert at.state is at.path[-1]
        assert str(caught.value).endswith(f"path {' → '.join(s.name for s in at.path)})")


def test_failure_leaves_no_reference_cycle(run_async: Callable[..., Any]) -> None:
    """R6: when the error is dropped, what the handler held is freed at once, without the collector."""

    class Heavy: ...

    seen: list[weakref.ref[Heavy]] = []

    async def work(run: Run) -> Short:
        heavy = Heavy()
        seen.append(weakref.ref(heavy))
        raise ValueError(str(heavy))

    built = short(work)

    async def main() -> bool:
        gc.collect()
        gc.disable()
        try:
            with contextlib.suppress(HandlerFailed):
                await built.run()
            return seen[0]() is None
        finally:
            gc.enable()

    assert run_async(main)
