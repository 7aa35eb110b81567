"""J9: `on_error=` leads on instead of failing, for a split's errors; and J8: what the next state is told."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import Failure, Join, Joined, Run, Waive, Workflow, router, split, state
from cano_dsl.errors import (
    HandlerFailed,
    JoinFailed,
    PolicyError,
    UndeclaredTransition,
)
from cano_dsl.plan._compose import ErrorEdge
from cano_dsl.testing import Recorder


class Job(Enum):
    ASK = 1
    NEXT = 2
    SORRY = 3
    LATE = 4
    DONE = 5


class Sink:
    """What was seen."""

    def __init__(self) -> None:
        self.seen: list[Any] = []


@state(Job.NEXT)
def proceed(sink: Sink) -> Literal[Job.DONE]:
    sink.seen.append("next")
    return Job.DONE


@state(Job.SORRY)
def sorry(failure: Failure, sink: Sink) -> Literal[Job.DONE]:
    sink.seen.append(("sorry", failure.state, failure.error))
    return Job.DONE


@state(Job.LATE)
def late(failure: Failure | None, sink: Sink) -> Literal[Job.DONE]:
    sink.seen.append(("late", failure and failure.state, failure and failure.error))
    return Job.DONE


def failing(error: BaseException | None, on_error: Any, *, over: Any = (1,), **options: Any) -> Any:
    """Build a split whose branches raise an error, with these error edges."""

    async def ask(item: Any) -> int:
        await anyio.lowlevel.checkpoint()
        if error is not None:
            raise error
        return 1

    options = {"join": Join.all(), "to": Job.NEXT, **options}
    part = split(Job.ASK, over=over, on_error=on_error, **options)(ask)
    targets = {target for _, target in part.spec.on_error}
    parts = [p for p, at in ((sorry, Job.SORRY), (late, Job.LATE)) if at in targets]
    missing = [at for at in (Job.SORRY, Job.LATE) if at not in targets]
    return Workflow.build(
        Job, part, proceed, *parts, start=Job.ASK, exits=(Job.DONE, *missing), waive=waived(missing)
    )


def waived(states: list[Job]) -> Any:
    """Waive exits that no edge leads to."""
    return [Waive("unreachable", at, "not in this test") for at in states]


def run(run_virtual: Callable[..., Any], built: Any, *observers: Any) -> list[Any]:
    """Run it, and give what the states saw."""
    sink = Sink()

    async def main() -> Enum:
        return await built.configure(observers=observers).run(sink=sink)

    assert run_virtual(main) is Job.DONE
    return sink.seen


def test_any_error_leads_on(run_virtual: Callable[..., Any]) -> None:
    """J9: with one state for every error, the run goes there and is told the error and its state."""
    error = ValueError("no")
    ((what, at, found),) = run(run_virtual, failing(error, Job.SORRY))
    assert (what, at) == ("sorry", Job.ASK)
    assert isinstance(found, JoinFailed)
    assert found.errors[0].error is error
    assert found.__cause__ is error


def test_without_an_error_nothing_changes(run_virtual: Callable[..., Any]) -> None:
    """J9: where no branch fails the run goes to `to`."""
    assert run(run_virtual, failing(None, Job.SORRY)) == ["next"]


@pytest.mark.parametrize(
    ("on_error", "to"),
    [
        ({JoinFailed: Job.SORRY, Exception: Job.LATE}, "sorry"),
        ({Exception: Job.LATE, JoinFailed: Job.SORRY}, "late"),
        ({KeyError: Job.SORRY, JoinFailed: Job.LATE}, "late"),
        ({ValueError: Job.SORRY, Exception: Job.LATE}, "late"),
    ],
    ids=str,
)
def test_first_match_in_the_order_given(run_virtual: Callable[..., Any], on_error: Any, to: str) -> None:
    """J9: the first class in the order given that `isinstance` finds is taken, on `JoinFailed` itself."""
    ((what, *_),) = run(run_virtual, failing(ValueError("no"), on_error))
    assert what == to


def test_error_that_fits_no_edge_is_raised(run_virtual: Callable[..., Any]) -> None:
    """J9: an error that fits no edge ends the run as if there were none."""
    built = failing(ValueError("no"), {KeyError: Job.SORRY})

    async def main() -> JoinFailed:
        with pytest.raises(JoinFailed) as caught:
            await built.run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert repr(error.__cause__) == "ValueError('no')"
    assert error.at.path == (Job.ASK,)


@pytest.mark.parametrize("kind", [KeyError, LookupError, Exception])
def test_errors_of_over_lead_on(run_virtual: Callable[..., Any], kind: type[Exception]) -> None:
    """J9: what the function that gives the items raises is routed as it is."""

    def items() -> list[int]:
        raise KeyError("gone")

    ((what, at, found),) = run(run_virtual, failing(None, {kind: Job.SORRY}, over=items))
    assert (what, at, repr(found)) == ("sorry", Job.ASK, "KeyError('gone')")


def test_refused_counts_and_timeouts_lead_on(run_virtual: Callable[..., Any]) -> None:
    """J9: a count that does not fit, and a timeout, are routed as `JoinFailed` too."""
    ((_, _, found),) = run(run_virtual, failing(None, Job.SORRY, over=lambda: ()))
    assert found.refused == "there is no branch"

    async def ask(item: int) -> int:
        await anyio.sleep(100)
        return item

    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, timeout=1, on_error=Job.SORRY)(ask)
    built = Workflow.build(
        Job, part, proceed, sorry, start=Job.ASK, exits=(Job.DONE, Job.LATE), waive=waived([Job.LATE])
    )
    ((_, _, found),) = run(run_virtual, built)
    assert found.timeout_s == 1


def test_error_group_leads_on(run_virtual: Callable[..., Any]) -> None:
    """J9: a group of exceptions that a branch raises is one failure; nothing looks inside."""
    group = ExceptionGroup("g", [ValueError("a")])
    ((_, _, found),) = run(run_virtual, failing(group, {ValueError: Job.LATE, JoinFailed: Job.SORRY}))
    assert found.__cause__ is group


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_lead_nowhere(run_async: Callable[..., Any], kind: type[BaseException]) -> None:
    """J9: KeyboardInterrupt and SystemExit take no error edge."""
    seen: list[BaseException] = []

    async def main() -> None:
        try:
            await failing(kind("now"), Job.SORRY).run(sink=Sink())
        except BaseException as error:
            seen.append(error)

    run_async(main)
    assert [type(error) for error in seen] == [kind]


def test_cancel_leads_nowhere(run_virtual: Callable[..., Any]) -> None:
    """J9: a cancel from outside takes no error edge."""

    async def ask(item: int) -> int:
        await anyio.sleep(100)
        return item

    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, on_error=Job.SORRY)(ask)
    built = Workflow.build(
        Job, part, proceed, sorry, start=Job.ASK, exits=(Job.DONE, Job.LATE), waive=waived([Job.LATE])
    )
    sink = Sink()

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await built.run(sink=sink)
        return scope.cancelled_caught

    assert run_virtual(main)
    assert sink.seen == []


def test_error_edges_are_observed(run_virtual: Callable[..., Any]) -> None:
    """O1: a failed attempt that an error edge takes up is told as failed, and the run as finished."""
    recorder = Recorder()
    run(run_virtual, failing(ValueError("no"), Job.SORRY), recorder)
    assert recorder.path() == (Job.ASK, Job.SORRY)
    names = recorder.names()
    assert names.count("attempt_failed") == 1
    assert names[-1] == "run_finished"
    assert recorder.events[-1].details == {"exit": Job.DONE, "error": None}


def test_error_in_the_target_of_an_error_edge(run_virtual: Callable[..., Any]) -> None:
    """R5: a state that an error edge led to may fail itself, even with the error that it was given."""

    @state(Job.SORRY)
    def again(failure: Failure) -> Literal[Job.DONE]:
        raise failure.error

    async def ask(item: int) -> int:
        raise ValueError("no")

    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, on_error=Job.SORRY)(ask)
    built = Workflow.build(
        Job, part, proceed, again, start=Job.ASK, exits=(Job.DONE, Job.LATE), waive=waived([Job.LATE])
    )

    async def main() -> HandlerFailed:
        with pytest.raises(HandlerFailed) as caught:
            await built.run(sink=Sink())
        return caught.value

    error = run_virtual(main)
    assert error.at.path == (Job.ASK, Job.SORRY)
    assert isinstance(error.__cause__, JoinFailed)


class Loop(Enum):
    SPLIT = 1
    B = 2
    C = 3
    SORRY = 4
    DONE = 5


@split(Loop.SPLIT, over=(1, 2), join=Join.all(), to=Loop.B, on_error={KeyError: Loop.SORRY})
async def work(item: int) -> int:
    return item


def test_outcomes_are_of_the_state_just_before(run_virtual: Callable[..., Any]) -> None:
    """J8: outcomes belong to the entry after the split; the same state entered from elsewhere gets None."""
    seen: list[Any] = []

    @state(Loop.B)
    def b(joined: Joined[int] | None, failure: Failure | None) -> Literal[Loop.C, Loop.DONE]:
        seen.append((joined and joined.values, failure))
        return Loop.C if len(seen) < 3 else Loop.DONE

    @router(Loop.C)
    def c(joined: Joined[int] | None) -> Literal[Loop.B]:
        assert joined is None
        return Loop.B

    @state(Loop.SORRY)
    def never() -> Literal[Loop.DONE]: ...

    built = Workflow.build(Loop, work, b, c, never, start=Loop.SPLIT, exits=(Loop.DONE,))
    run_virtual(built.run)
    assert seen == [((1, 2), None), (None, None), (None, None)]


def test_failures_are_of_the_state_just_before(run_virtual: Callable[..., Any]) -> None:
    """J8: a failure belongs to the entry by the error edge; later entries of the same state get None."""
    seen: list[Any] = []

    @split(Loop.SPLIT, over=(1,), join=Join.all(), to=Loop.DONE, on_error=Loop.B)
    async def bad(item: int) -> int:
        raise ValueError(item)

    @state(Loop.B)
    def b(joined: Joined[Any] | None, failure: Failure | None) -> Literal[Loop.C, Loop.DONE]:
        seen.append((joined, failure and type(failure.error)))
        return Loop.C if len(seen) < 2 else Loop.DONE

    @state(Loop.C)
    def c(failure: Failure | None) -> Literal[Loop.B]:
        assert failure is None
        return Loop.B

    built = Workflow.build(
        Loop,
        bad,
        b,
        c,
        state(Loop.SORRY, to=(Loop.DONE,))(lambda: Loop.DONE),
        start=Loop.SPLIT,
        exits=(Loop.DONE,),
        waive=[Waive("unreachable", Loop.SORRY, "not in this test")],
    )
    run_virtual(built.run)
    assert seen == [(None, JoinFailed), (None, None)]


def test_outcomes_do_not_pass_on_through_a_failing_split(run_virtual: Callable[..., Any]) -> None:
    """J8: after a split that succeeded, one that fails hands on its failure, and no outcomes of the former."""
    seen: list[Any] = []

    @split(Loop.B, over=(1,), join=Join.all(), to=Loop.DONE, on_error=Loop.SORRY)
    async def second(item: int, joined: Joined[int]) -> int:
        seen.append(joined.values)
        raise ValueError(item)

    @state(Loop.SORRY)
    def end(joined: Joined[int] | None, failure: Failure) -> Literal[Loop.DONE]:
        seen.append((joined, failure.state))
        return Loop.DONE

    built = Workflow.build(
        Loop,
        work,
        second,
        end,
        state(Loop.C, to=(Loop.DONE,))(lambda: Loop.DONE),
        start=Loop.SPLIT,
        exits=(Loop.DONE,),
        waive=[Waive("unreachable", Loop.C, "not in this test")],
    )
    run_virtual(built.run)
    assert seen == [(1, 2), (None, Loop.B)]


def test_start_at_a_state_that_needs_outcomes(run_virtual: Callable[..., Any]) -> None:
    """R3: a run cannot be started by hand at a state that needs outcomes or a failure, and may where it can do without."""

    @state(Job.NEXT)
    def needs(joined: Joined[int]) -> Literal[Job.DONE]:
        return Job.DONE

    async def ask(item: int) -> int:
        return item

    part = split(
        Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, on_error={KeyError: Job.LATE, Exception: Job.SORRY}
    )(ask)
    built = Workflow.build(Job, part, needs, sorry, late, start=Job.ASK, exits=(Job.DONE,))

    async def main() -> list[str]:
        runner = built.bind(sink=Sink())
        texts = []
        for at in (Job.NEXT, Job.SORRY):
            with pytest.raises(PolicyError) as caught:
                await runner.run(start=at)
            texts.append(str(caught.value))
        assert await runner.run(start=Job.LATE) is Job.DONE
        return texts

    assert run_virtual(main) == [
        f"start={at!r} is not possible: give a state that is handled or an exit: Job.ASK, Job.LATE, Job.DONE"
        for at in (Job.NEXT, Job.SORRY)
    ]


def test_no_handler_takes_an_error_edge_by_returning(run_virtual: Callable[..., Any]) -> None:
    """R2: the target of an error edge is not a target that a handler may return."""

    async def ask(item: int) -> int:
        return item

    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.NEXT, on_error=Job.SORRY)(ask)
    handed: list[Any] = []

    @state(Job.NEXT)
    def stray(sink: Sink) -> Literal[Job.DONE]:
        return handed.pop()

    built = Workflow.build(
        Job, part, stray, sorry, start=Job.ASK, exits=(Job.DONE, Job.LATE), waive=waived([Job.LATE])
    )
    assert built.graph.states["ASK"].targets == ("NEXT",)

    async def main() -> None:
        for given in (Job.SORRY, ErrorEdge(Exception, Job.SORRY)):
            handed.append(given)
            with pytest.raises(UndeclaredTransition) as caught:
                await built.run(sink=Sink())
            assert caught.value.declared == (Job.DONE,)

    run_virtual(main)


def test_on_error_may_lead_to_an_exit_or_back(run_virtual: Callable[..., Any]) -> None:
    """J9: an error edge may lead to an exit, and to the split itself, which then runs again."""
    tries: list[str] = []

    class Short(Enum):
        ASK = 1
        DONE = 2
        FAILED = 3

    @split(
        Short.ASK,
        over=(1,),
        join=Join.all(),
        to=Short.DONE,
        on_error={JoinFailed: Short.ASK, Exception: Short.FAILED},
    )
    async def again(item: int, run: Run, failure: Failure | None) -> int:
        tries.append(f"{run.idempotency_key.partition('/')[2]} {failure and type(failure.error).__name__}")
        if len(tries) < 3:
            raise ValueError(item)
        return item

    built = Workflow.build(Short, again, start=Short.ASK, exits=(Short.DONE, Short.FAILED))
    assert run_virtual(built.run) is Short.DONE
    assert tries == ["0/0 None", "1/0 JoinFailed", "2/0 JoinFailed"]


def test_plain_handlers_are_routed_too(run_virtual: Callable[..., Any]) -> None:
    """J9: a plain handler's error takes the first edge that it fits, and is raised as it is where none does."""
    errors: list[Exception | None] = [None, KeyError("a"), IndexError("b"), ValueError("c")]

    @state(Job.ASK, on_error={KeyError: Job.SORRY, LookupError: Job.LATE})
    def handler() -> Literal[Job.NEXT]:
        error = errors.pop(0)
        if error is not None:
            raise error
        return Job.NEXT

    built = Workflow.build(Job, handler, proceed, sorry, late, start=Job.ASK, exits=(Job.DONE,))
    sink = Sink()

    async def main() -> HandlerFailed:
        for _ in range(3):
            assert await built.run(sink=sink) is Job.DONE
        with pytest.raises(HandlerFailed) as caught:
            await built.run(sink=sink)
        return caught.value

    error = run_virtual(main)
    assert repr(error.__cause__) == "ValueError('c')"
    assert error.at.path == (Job.ASK,)
    assert [(what, at, repr(found)) for what, at, found in sink.seen[1:]] == [
        ("sorry", Job.ASK, "KeyError('a')"),
        ("late", Job.ASK, "IndexError('b')"),
    ]
