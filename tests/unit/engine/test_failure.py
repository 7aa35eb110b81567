"""R5: what a handler raises, and how it reaches the caller."""

import copy
import pickle
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from cano_dsl import Run, Workflow, state
from cano_dsl.errors import CanoError, HandlerFailed, InternalError, PolicyError, RunError
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    DONE = 2


class Box:
    """A resource with a lifecycle that notes what happens to it."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def setup(self) -> None:
        self.log.append("setup")

    async def teardown(self) -> None:
        self.log.append("teardown")


def raising(error: BaseException, kind: str = "async") -> Workflow[Any, Any, Any, ...]:
    """Build one state that raises."""

    async def asynchronous(box: Box) -> Job:
        raise error

    def plain(box: Box) -> Job:
        raise error

    if kind == "thread":
        part = state(Job.WORK, to=(Job.DONE,), thread=True)(plain)
    else:
        part = state(Job.WORK, to=(Job.DONE,))(asynchronous if kind == "async" else plain)
    return Workflow.build(Job, part, start=Job.WORK, exits=(Job.DONE,))


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


KINDS = ["async", "plain", "thread"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no tea"),
        ValueError(),
        ExceptionGroup("several", [ValueError("a"), KeyError("b")]),
        StopAsyncIteration("over"),
        PolicyError(field="size", value=3, allowed="2"),
        CanoError("ours"),
        OSError(2, "No such file"),
        Unreadable(),
        RecursionError("deep"),
        AssertionError("x == y"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exception_is_the_cause_as_it_was(error: Exception, kind: str, run_async: Callable[..., Any]) -> None:
    """R5: an exception of a handler reaches the caller as HandlerFailed, the exception itself as cause."""
    box = Box()
    with pytest.raises(HandlerFailed) as caught:
        run_async(raising(error, kind).bind(box=box).run)
    assert caught.value.__cause__ is error
    assert caught.value.__suppress_context__
    assert box.log == ["setup", "teardown"]


@pytest.mark.parametrize("kind", KINDS)
def test_stop_iteration_becomes_a_runtime_error_where_python_says_so(
    kind: str, run_async: Callable[..., Any]
) -> None:
    """R5: StopIteration fails the run like any exception; Python itself turns it in coroutines."""
    with pytest.raises(HandlerFailed) as caught:
        run_async(raising(StopIteration(1), kind).bind(box=Box()).run)
    cause = caught.value.__cause__
    assert isinstance(cause, (StopIteration, RuntimeError))


def test_message_names_workflow_state_and_error(run_async: Callable[..., Any]) -> None:
    """R5: the message names state, workflow, the exception's class and text, run id, attempt and path."""
    runner = raising(ValueError("no tea")).bind(box=Box())

    async def main() -> None:
        await runner.run("job-1")

    with pytest.raises(HandlerFailed) as caught:
        run_async(main)
    assert str(caught.value) == (
        "state Job.WORK of workflow 'Job' failed: ValueError: no tea (run job-1, attempt 1, path WORK)"
    )
    at = caught.value.at
    assert (at.workflow, at.run_id, at.state, at.attempt, at.path) == (
        "Job",
        "job-1",
        Job.WORK,
        1,
        (Job.WORK,),
    )
    assert at.handler.file == __file__
    assert at.handler.line == raising.__code__.co_firstlineno + 3


def test_message_of_an_exception_without_text(run_async: Callable[..., Any]) -> None:
    """R5: an exception without text is named by its class, and one whose text raises says so."""
    with pytest.raises(HandlerFailed, match=r"failed: ValueError \(run "):
        run_async(raising(ValueError()).bind(box=Box()).run)
    with pytest.raises(HandlerFailed, match=r"failed: Unreadable: \(its text cannot be read\) \(run "):
        run_async(raising(Unreadable()).bind(box=Box()).run)


def test_run_id_is_made_up_when_not_given(run_async: Callable[..., Any]) -> None:
    """R5: each error carries a run id, another one for each run."""
    ids = set()
    for _ in range(3):
        with pytest.raises(HandlerFailed) as caught:
            run_async(raising(ValueError()).bind(box=Box()).run)
        ids.add(caught.value.at.run_id)
    assert len(ids) == 3
    assert all(len(run_id) == 32 for run_id in ids)


def test_run_id_of_the_error_is_that_of_the_run(run_async: Callable[..., Any]) -> None:
    """R5: where a handler sees the run, the error names the same id, also beside another run's object."""
    seen = []

    def work(run: Run, parent: Any) -> Job:
        seen.append(run.run_id)
        raise ValueError

    built = Workflow.build(Job, state(Job.WORK, to=(Job.DONE,))(work), start=Job.WORK, exits=(Job.DONE,))
    parent = Run(workflow="outer", run_id="outer-1", state=Job.WORK)
    with pytest.raises(HandlerFailed) as caught:
        run_async(built.bind(parent=parent).run)
    assert [caught.value.at.run_id] == seen
    assert seen != ["outer-1"]


def test_other_runs_go_on(run_async: Callable[..., Any]) -> None:
    """R5: an exception of a handler tears down neither the loop nor other runs."""
    import anyio

    async def work(fails: bool) -> Job:
        await anyio.sleep(0.001)
        if fails:
            raise ValueError
        await anyio.sleep(0.005)
        return Job.DONE

    built = Workflow.build(Job, state(Job.WORK, to=(Job.DONE,))(work), start=Job.WORK, exits=(Job.DONE,))
    outcomes: list[object] = []

    async def one(fails: bool) -> None:
        try:
            outcomes.append(await built.run(fails=fails))
        except HandlerFailed as error:
            outcomes.append(type(error.__cause__))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(one, number % 2 == 0)

    run_async(main)
    assert sorted(map(str, outcomes)) == sorted(["<class 'ValueError'>"] * 5 + ["Job.DONE"] * 5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [KeyboardInterrupt("^C"), SystemExit(3), GeneratorExit()], ids=repr)
@pytest.mark.parametrize("watched", [False, True])
def test_exits_of_the_process_pass_unwrapped(
    error: BaseException, kind: str, watched: bool, run_async: Callable[..., Any]
) -> None:
    """R5: KeyboardInterrupt, SystemExit and their like are not wrapped or swallowed, and teardown runs."""
    box, seen = Box(), []
    built = raising(error, kind)
    recorder = Recorder()
    if watched:
        built = built.configure(observers=[recorder])

    async def main() -> None:
        try:
            await built.run(box=box)
        except BaseException as raised:
            seen.append(raised)
            seen.append(list(box.log))
        else:
            seen.append("nothing")

    run_async(main)
    assert seen == [error, ["setup", "teardown"]]
    if watched:
        assert recorder.names()[-1] == "run_finished"
        assert recorder.events[-1].details["error"] is error
        assert "cancelled" not in recorder.names()
        assert "attempt_failed" not in recorder.names()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_exits_of_the_process_leave_run_sync(error: BaseException) -> None:
    """R5: an exit of the process reaches the caller of run_sync as it is, after teardown."""
    box = Box()
    for kind in KINDS:
        with pytest.raises(type(error)):
            raising(error, kind).run_sync(box=box)
    assert box.log == ["setup", "teardown"] * 3


def test_error_of_a_run_is_a_run_error() -> None:
    """R5: HandlerFailed is a RunError and a CanoError, with a stable code."""
    assert issubclass(HandlerFailed, RunError)
    assert issubclass(RunError, CanoError)
    assert HandlerFailed.code == "handler-failed"


def test_failure_survives_pickle_and_copy(run_async: Callable[..., Any]) -> None:
    """R5: the error of a real run survives pickle with its fields, and copy with its cause too."""
    with pytest.raises(HandlerFailed) as caught:
        run_async(raising(ValueError("no tea")).bind(box=Box()).run)
    error = caught.value
    error.add_note("seen by the caller")
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.at, back.__notes__) == (str(error), error.at, ["seen by the caller"])
    twin = copy.copy(error)
    assert twin.__cause__ is error.__cause__
    assert twin.__traceback__ is error.__traceback__


def test_traceback_leads_to_the_line_that_raised(run_async: Callable[..., Any]) -> None:
    """R5: the cause's traceback ends in the handler."""
    with pytest.raises(HandlerFailed) as caught:
        run_async(raising(ValueError()).bind(box=Box()).run)
    cause = caught.value.__cause__
    assert cause is not None
    trace = cause.__traceback__
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
    assert trace.tb_frame.f_code.co_name == "asynchronous"


def test_failure_at_an_exit_is_our_own_fault() -> None:
    """A failure where there is no handler must never happen: it asks for a report."""
    from cano_dsl.engine._failure import handler_failed

    built = raising(ValueError())
    exit_step = built._plan.steps(("box",)).by_name["DONE"]
    with pytest.raises(
        InternalError, match=r"a run of 'Job' failed at <Step Job\.DONE>, which has no handler"
    ):
        handler_failed(built._plan, (), None, (None, exit_step), ValueError())


def test_nested_failure_keeps_both_places(run_async: Callable[..., Any]) -> None:
    """R5: a run within a handler fails with its own error, which is the outer error's cause."""
    inner = raising(ValueError("deep"))

    async def work() -> Job:
        return await inner.run(box=Box())

    outer = Workflow.build(
        Job, state(Job.WORK, to=(Job.DONE,))(work), start=Job.WORK, exits=(Job.DONE,), name="outer"
    )
    with pytest.raises(HandlerFailed) as caught:
        run_async(outer.run)
    middle = caught.value.__cause__
    assert isinstance(middle, HandlerFailed)
    assert (caught.value.at.workflow, middle.at.workflow) == ("outer", "Job")
    assert isinstance(middle.__cause__, ValueError)


def test_handler_that_gives_no_awaitable_though_it_should(run_async: Callable[..., Any]) -> None:
    """R5: a handler that was async when it was declared and gives no awaitable fails with Python's words."""
    import functools

    async def real() -> Job:
        return Job.DONE

    @functools.wraps(real)
    def wrapper() -> Any:
        return Job.DONE

    part = state(Job.WORK, to=(Job.DONE,))(wrapper)
    built = Workflow.build(Job, part, start=Job.WORK, exits=(Job.DONE,))
    with pytest.raises(HandlerFailed, match="await"):
        run_async(built.run)


def test_error_of_a_coroutine_that_is_driven_by_hand() -> None:
    """R5: without any event loop a failing run still raises its own error, observers included."""
    recorder = Recorder()

    def work() -> Job:
        raise ValueError

    built = Workflow.build(Job, state(Job.WORK, to=(Job.DONE,))(work), start=Job.WORK, exits=(Job.DONE,))
    with pytest.raises(HandlerFailed):
        built.configure(observers=[recorder]).run().send(None)
    assert recorder.names()[-2:] == ["attempt_failed", "run_finished"]
    assert sys.exception() is None
