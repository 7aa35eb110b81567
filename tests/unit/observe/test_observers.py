"""O1 and O2: which events there are, in which order, and what an observer cannot do."""

import contextlib
import logging
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import LogObserver, Observer, Run, Waive, Workflow, router, state
from cano_dsl.errors import HandlerFailed, SignatureError, UndeclaredTransition
from cano_dsl.observe import HOOKS, Events, events_of
from cano_dsl.testing import Event, Recorder


class Job(Enum):
    FETCH = 1
    ROUTE = 2
    STORE = 3
    DONE = 4


def jobs(end: Any = Job.DONE) -> Workflow[Any, Any, Any, ...]:
    """Build an async state, a router and a state in a thread; `end` is returned, or raised."""

    @state(Job.FETCH)
    async def fetch() -> Literal[Job.ROUTE]:
        return Job.ROUTE

    @router(Job.ROUTE)
    def route() -> Literal[Job.STORE]:
        return Job.STORE

    def store(run: Run) -> Job:
        run.progress(1, 4)
        run.progress(2)
        if isinstance(end, BaseException):
            raise end
        return end

    storing = state(Job.STORE, to=(Job.DONE,), thread=True)(store)
    return Workflow.build(Job, fetch, route, storing, start=Job.FETCH, exits=(Job.DONE,))


def run(built: Workflow[Any, Any, Any, ...], run_async: Callable[..., Any], *observers: Observer) -> Any:
    """Run once as `r1`, watched."""

    async def main() -> Any:
        return await built.configure(observers=observers).bind().run("r1")

    return run_async(main)


def test_events_come_in_order(run_async: Callable[..., Any]) -> None:
    """O1: a run that succeeds is told from start to end, each event with its plain arguments."""
    recorder = Recorder()
    assert run(jobs(), run_async, recorder) is Job.DONE
    assert recorder.events == [
        Event("run_started", "r1", {}),
        Event("state_entered", "r1", {"state": Job.FETCH}),
        Event("attempt_started", "r1", {"state": Job.FETCH, "attempt": 1}),
        Event("attempt_succeeded", "r1", {"state": Job.FETCH, "attempt": 1, "target": Job.ROUTE}),
        Event("state_entered", "r1", {"state": Job.ROUTE}),
        Event("attempt_started", "r1", {"state": Job.ROUTE, "attempt": 1}),
        Event("attempt_succeeded", "r1", {"state": Job.ROUTE, "attempt": 1, "target": Job.STORE}),
        Event("state_entered", "r1", {"state": Job.STORE}),
        Event("attempt_started", "r1", {"state": Job.STORE, "attempt": 1}),
        Event("progress", "r1", {"state": Job.STORE, "done": 1, "total": 4}),
        Event("progress", "r1", {"state": Job.STORE, "done": 2, "total": None}),
        Event("attempt_succeeded", "r1", {"state": Job.STORE, "attempt": 1, "target": Job.DONE}),
        Event("run_finished", "r1", {"exit": Job.DONE, "error": None}),
    ]
    assert recorder.path() == recorder.path("r1") == (Job.FETCH, Job.ROUTE, Job.STORE)
    assert recorder.path("r2") == ()
    recorder.clear()
    assert recorder.names() == []


def test_failure_is_told(run_async: Callable[..., Any]) -> None:
    """O1: a handler's exception is told as it is, the run's end with the error that the caller gets."""
    recorder = Recorder()
    boom = ValueError("boom")
    with pytest.raises(HandlerFailed) as caught:
        run(jobs(boom), run_async, recorder)
    assert recorder.events[-2:] == [
        Event("attempt_failed", "r1", {"state": Job.STORE, "attempt": 1, "error": boom}),
        Event("run_finished", "r1", {"exit": None, "error": caught.value}),
    ]


def test_undeclared_target_is_told(run_async: Callable[..., Any]) -> None:
    """O1: an attempt that returns an undeclared state succeeded as an attempt; the run failed."""
    recorder = Recorder()
    with pytest.raises(UndeclaredTransition) as caught:
        run(jobs(Job.FETCH), run_async, recorder)
    assert recorder.names()[-2:] == ["attempt_succeeded", "run_finished"]
    assert recorder.events[-1].details["error"] is caught.value


def test_exit_as_start_is_told(run_async: Callable[..., Any]) -> None:
    """O1: a run that starts at an exit is started and finished, and enters no state."""
    recorder = Recorder()

    async def main() -> Any:
        return await jobs().configure(observers=[recorder]).bind().run(start=Job.DONE)

    assert run_async(main) is Job.DONE
    assert recorder.names() == ["run_started", "run_finished"]


def test_several_observers_in_the_order_given(run_async: Callable[..., Any]) -> None:
    """O1: each event is told to every observer, in the order in which they were given."""
    told: list[tuple[str, str]] = []

    class Named(Recorder):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def _add(self, name: str, run_id: str, **details: Any) -> None:
            told.append((self.name, name))

    run(jobs(), run_async, Named("a"), Named("b"))
    assert [name for name, _ in told] == ["a", "b"] * 13
    assert [event for _, event in told[::2]] == [event for _, event in told[1::2]]


@pytest.mark.parametrize("end", [Job.DONE, ValueError("boom")])
def test_observer_that_raises_disturbs_nothing(
    end: Any, run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """O2: an observer that raises at every hook is logged, and neither the run nor the others notice."""

    class Raises(Recorder):
        def _add(self, name: str, run_id: str, **details: Any) -> None:
            raise RuntimeError(name)

        def __repr__(self) -> str:
            return "<Raises>"

    before, after = Recorder(), Recorder()
    if end is Job.DONE:
        assert run(jobs(end), run_async, before, Raises(), after) is Job.DONE
    else:
        with pytest.raises(HandlerFailed):
            run(jobs(end), run_async, before, Raises(), after)
    assert before.names() == after.names()
    assert [r.getMessage() for r in caplog.records] == [
        f"observer hook {name} of <Raises> failed" for name in before.names()
    ]
    assert {(r.name, r.levelno) for r in caplog.records} == {("cano_dsl", logging.ERROR)}
    assert all(r.exc_info is not None and r.exc_info[0] is RuntimeError for r in caplog.records)


@pytest.mark.parametrize(
    "hook",
    ["run_started", "state_entered", "attempt_started", "attempt_succeeded", "progress", "run_finished"],
)
def test_exit_of_the_process_in_an_observer(hook: str, run_async: Callable[..., Any]) -> None:
    """R5: an exit of the process raised in a hook is not an observer's error: it ends the run, unwrapped."""
    quits = type("Quits", (Observer,), {hook: lambda *_: (_ for _ in ()).throw(SystemExit(hook))})
    log: list[str] = []

    async def main() -> None:
        try:
            await jobs().configure(observers=[quits()]).run()
        except SystemExit as error:
            log.append(str(error.code))

    run_async(main)
    assert log == [hook]


@pytest.mark.parametrize("hook", HOOKS)
def test_only_hooks_that_are_overridden_are_called(hook: str) -> None:
    """O2: an observer is kept for the hooks that it overrides, and for no other."""
    one = type("One", (Observer,), {hook: lambda *_: None})
    events = events_of([one()])
    assert events is not None
    assert [name for name in HOOKS if getattr(events, name) is not None] == [hook]


@pytest.mark.parametrize("end", [Job.DONE, ValueError("boom")], ids=["success", "failure"])
@pytest.mark.parametrize("hook", [name for name in HOOKS if name not in ("cancelled", "teardown_failed")])
def test_one_hook_sees_all_of_its_events(hook: str, end: Any, run_async: Callable[..., Any]) -> None:
    """O1 and O2: an observer of one event is told each of them, exactly as one of all events is."""
    seen: list[Any] = []
    one = type("One", (Observer,), {hook: lambda self, *arguments: seen.append(arguments[1:])})
    everything = Recorder()
    for observer in (one(), everything):
        with suppress(HandlerFailed):
            run(jobs(end), run_async, observer)
    expected = [tuple(event.details.values()) for event in everything.events if event.name == hook]
    assert [str(details) for details in seen] == [str(details) for details in expected]


def test_hooks_are_those_of_the_class() -> None:
    """O1: the hooks known to the engine, those of Observer, and those that a Recorder remembers are the same."""
    public = {name for name in vars(Observer) if not name.startswith("_")}
    assert set(HOOKS) == public == set(Events.__dataclass_fields__)
    assert public <= set(vars(Recorder))
    assert public <= set(vars(LogObserver))


def test_hook_set_on_the_object(run_async: Callable[..., Any]) -> None:
    """O2: a hook that is set on one object counts as overridden."""
    seen = []
    observer = Observer()
    observer.state_entered = lambda run, state: seen.append(state)
    run(jobs(), run_async, observer)
    assert seen == [Job.FETCH, Job.ROUTE, Job.STORE]


@pytest.mark.parametrize("thing", [Recorder, object(), print, None, "log"], ids=repr)
def test_what_is_no_observer(thing: Any) -> None:
    """O1: anything but an object of a subclass of Observer is refused, a class too."""
    with pytest.raises(SignatureError, match="is not an observer"):
        jobs().configure(observers=[thing])


def test_async_hook() -> None:
    """O1: observers are synchronous; an async hook is refused where it is configured."""

    class Late(Observer):
        async def run_started(self, run: Run) -> None: ...

    with pytest.raises(
        SignatureError, match=r"observer Late has an async run_started\. Make it a plain function"
    ):
        jobs().configure(observers=[Late()])


def test_configure_takes_the_place_of_what_was_before(run_async: Callable[..., Any]) -> None:
    """`configure` gives a copy: the workflow that it was called on stays, and later observers replace earlier."""
    first, second = Recorder(), Recorder()
    plain = jobs()
    watched = plain.configure(observers=[first])
    run_async(watched.configure(observers=[second]).run)
    run_async(plain.run)
    run_async(watched.configure(observers=()).run)
    assert first.events == []
    assert second.names()[0] == "run_started"


def test_progress_without_observers(run_async: Callable[..., Any]) -> None:
    """R6: `Run.progress` does nothing where nobody observes progress."""
    assert run_async(jobs().run) is Job.DONE


def test_progress_belongs_to_the_state_that_runs(run_async: Callable[..., Any]) -> None:
    """O1: progress is told with the run and the state whose handler tells it."""
    seen = []

    class Bar(Observer):
        def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
            seen.append((run.run_id, state, done, total))

    run(jobs(), run_async, Bar())
    assert seen == [("r1", Job.STORE, 1, 4), ("r1", Job.STORE, 2, None)]


def test_idempotency_key_counts_states_not_routers(run_async: Callable[..., Any]) -> None:
    """O1: at each hook the run tells its state, attempt and key; routers take no number."""
    seen = []

    class Keys(Observer):
        def state_entered(self, run: Run, state: Enum) -> None:
            assert run.state is state
            assert run.attempt == 1
            seen.append(run.idempotency_key)

    run(jobs(), run_async, Keys())
    assert seen == ["r1/0", "r1/0", "r1/1"]


def test_log_observer(run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """O3: LogObserver logs each event once, at its level, with the run's facts as fields."""
    caplog.set_level(logging.DEBUG, logger="cano_dsl.runs")
    run(jobs(), run_async, LogObserver())
    got = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "cano_dsl.runs"]
    assert got == [
        ("INFO", "run r1 of Job: started at Job.FETCH"),
        ("INFO", "run r1 of Job: entered Job.FETCH"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.FETCH"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.FETCH gave Job.ROUTE"),
        ("INFO", "run r1 of Job: entered Job.ROUTE"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.ROUTE"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.ROUTE gave Job.STORE"),
        ("INFO", "run r1 of Job: entered Job.STORE"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.STORE"),
        ("DEBUG", "run r1 of Job: Job.STORE at 1 of 4"),
        ("DEBUG", "run r1 of Job: Job.STORE at 2 of ?"),
        ("DEBUG", "run r1 of Job: attempt 1 at Job.STORE gave Job.DONE"),
        ("INFO", "run r1 of Job: finished at Job.DONE"),
    ]
    record: Any = caplog.records[1]
    assert (record.workflow, record.run_id, record.state) == ("Job", "r1", "FETCH")


def test_log_observer_of_a_failure(run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """O3: a failed attempt is a warning and a failed run an error, whatever the exception's text does."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    with pytest.raises(HandlerFailed):
        run(jobs(Odd()), run_async, LogObserver())
    first, last = [(r.levelname, r.getMessage()) for r in caplog.records]
    assert first == ("WARNING", "run r1 of Job: attempt 1 at Job.STORE raised Odd: (its text cannot be read)")
    assert last[0] == "ERROR"
    assert last[1].startswith(
        "run r1 of Job: failed: HandlerFailed: state Job.STORE of workflow 'Job' failed: Odd"
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("cancel", [("WARNING", "run r1 of Job: cancelled in Job.FETCH")]),
        ("exit", [("ERROR", "run r1 of Job: failed: SystemExit: 3")]),
    ],
)
def test_log_observer_of_an_end_from_outside(
    how: str, expected: Any, run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """O3: a cancel is logged once, as a cancel; an exit of the process as a failure."""

    async def fetch() -> Job:
        if how == "exit":
            raise SystemExit(3)
        await anyio.sleep(10)
        return Job.DONE

    part = state(Job.FETCH, to=(Job.DONE,))(fetch)
    waive = [Waive(c, m, "unused") for m in (Job.ROUTE, Job.STORE) for c in ("exhaustive", "unreachable")]
    built = Workflow.build(Job, part, start=Job.FETCH, exits=(Job.DONE,), waive=waive)

    async def main() -> None:
        with anyio.move_on_after(0.005):
            with contextlib.suppress(SystemExit):
                await built.configure(observers=[LogObserver()]).bind().run("r1")

    run_async(main)
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == expected


def test_log_observer_of_a_teardown(run_async: Callable[..., Any]) -> None:
    """O3: a failed teardown is logged as an error, to the logger that was given."""
    records: list[logging.LogRecord] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger = logging.Logger("mine")  # noqa: LOG001 - not to be shared
    logger.addHandler(Keeps())
    LogObserver(logger).teardown_failed("db", ValueError("stuck"))
    (record,) = records
    assert (record.levelname, record.getMessage()) == (
        "ERROR",
        "teardown of resource db failed: ValueError: stuck",
    )
