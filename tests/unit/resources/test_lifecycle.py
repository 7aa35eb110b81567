"""S2 and S3: what is set up and torn down, when, in which order, and what its errors do."""

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum
from types import ModuleType
from typing import Any, Self

import anyio
import anyio.lowlevel
import pytest
import trio

from cano_dsl import Observer, Workflow, managed, per_run, state
from cano_dsl.errors import (
    HandlerFailed,
    ResourceFailed,
    ResourceWrongType,
    RunnerState,
    SetupFailed,
    SignatureError,
)
from cano_dsl.resources import _lifecycle
from cano_dsl.testing import Recorder


class Job(Enum):
    WORK = 1
    DONE = 2


def one(handler: Callable[..., Any]) -> Workflow[Any, Any, Any, ...]:
    """Build one state around a function."""
    return Workflow.build(Job, state(Job.WORK, to=(Job.DONE,))(handler), start=Job.WORK, exits=(Job.DONE,))


class Base:
    """A resource that notes its life."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    async def setup(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(f"{self.name} up")

    async def teardown(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.log.append(f"{self.name} down")


class FailsUp(Base):
    async def setup(self) -> None:
        raise ValueError(f"{self.name} cannot")


class FailsDown(Base):
    async def teardown(self) -> None:
        self.log.append(f"{self.name} fails")
        raise ValueError(f"{self.name} stuck")


def _three(a: Any, b: Any, c: Any) -> Job:
    for resource in (a, b, c):
        log = getattr(resource, "log", None)
        if log is not None:
            log.append("work")
            break
    return Job.DONE


def _fails(a: Any, b: Any, c: Any) -> Job:
    raise KeyError("handler")


def test_set_up_in_order_torn_down_in_reverse(run_async: Callable[..., Any]) -> None:
    """S2: resources are set up in the order given, torn down in reverse, one at a time."""
    log: list[str] = []
    given = {name: Base(name, log) for name in "cab"}
    assert run_async(one(_three).bind(**given).run) is Job.DONE
    assert log == ["c up", "a up", "b up", "work", "b down", "a down", "c down"]


def test_never_concurrently(run_async: Callable[..., Any]) -> None:
    """S2: no setup or teardown begins before the one before it has ended."""
    log: list[str] = []

    class Slow(Base):
        async def setup(self) -> None:
            log.append(f"{self.name}(")
            await anyio.sleep(0.002)
            log.append(")")

        async def teardown(self) -> None:
            await self.setup()

    run_async(one(_three).bind(a=Slow("a", []), b=Slow("b", []), c=Slow("c", [])).run)
    assert log == ["a(", ")", "b(", ")", "c(", ")", "c(", ")", "b(", ")", "a(", ")"]


@pytest.mark.parametrize("failing", ["a", "b", "c"])
def test_failed_setup_tears_down_what_was_set_up(failing: str, run_async: Callable[..., Any]) -> None:
    """S2: if the n-th setup fails, the first n-1 are torn down in reverse and the rest never touched."""
    log: list[str] = []
    given = {name: (FailsUp if name == failing else Base)(name, log) for name in "abc"}
    with pytest.raises(SetupFailed) as caught:
        run_async(one(_three).bind(**given).run)
    before = [name for name in "abc" if name < failing]
    assert log == [*(f"{n} up" for n in before), *(f"{n} down" for n in reversed(before))]
    error = caught.value
    assert str(error) == f"setup of resource '{failing}' failed: ValueError: {failing} cannot"
    assert error.resource == failing
    assert isinstance(error.__cause__, ValueError)


def test_failed_setup_within_async_with(run_async: Callable[..., Any]) -> None:
    """S2: partial roll-back holds for `async with bind` too, and the runner can be entered again."""
    log: list[str] = []

    class Once(Base):
        async def setup(self) -> None:
            if "b tried" not in log:
                log.append("b tried")
                raise ValueError("not yet")
            await super().setup()

    async def main() -> None:
        runner = one(_three).bind(a=Base("a", log), b=Once("b", log), c=1)
        with pytest.raises(SetupFailed):
            async with runner:
                raise AssertionError
        assert log == ["a up", "b tried", "a down"]
        async with runner:
            assert await runner.run() is Job.DONE
        assert log[3:] == ["a up", "b up", "work", "b down", "a down"]

    run_async(main)


@pytest.mark.parametrize("kind", ["success", "failure", "cancel", "exit"])
def test_torn_down_whatever_happens(kind: str, run_async: Callable[..., Any]) -> None:
    """S2: teardown runs after success, failure and cancel alike, to its end."""
    log: list[str] = []

    async def work(a: Any, scope: anyio.CancelScope) -> Job:
        if kind == "failure":
            raise ValueError
        if kind == "exit":
            raise SystemExit
        if kind == "cancel":
            scope.cancel()
            await anyio.sleep(10)
        return Job.DONE

    async def main() -> None:
        with anyio.CancelScope() as scope:
            try:
                await one(work).run(a=Base("a", log), scope=scope)
            except (HandlerFailed, SystemExit):
                log.append("raised")

    run_async(main)
    assert log[:2] == ["a up", "a down"]


@pytest.mark.parametrize("handler", [_three, _fails], ids=["success", "failure"])
def test_failed_teardown_is_logged_and_observed(
    handler: Any, run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """S2: an error of a teardown is logged and observed, changes no outcome, and the others still run."""
    log: list[str] = []
    recorder = Recorder()
    runner = (
        one(handler)
        .configure(observers=[recorder])
        .bind(a=Base("a", log), b=FailsDown("b", log), c=FailsDown("c", log))
    )
    if handler is _three:
        assert run_async(runner.run) is Job.DONE
    else:
        with pytest.raises(HandlerFailed) as caught:
            run_async(runner.run)
        assert isinstance(caught.value.__cause__, KeyError)
    assert log[-3:] == ["c fails", "b fails", "a down"]
    seen = [
        (e.details["resource"], str(e.details["error"]))
        for e in recorder.events
        if e.name == "teardown_failed"
    ]
    assert seen == [("c", "c stuck"), ("b", "b stuck")]
    assert [r.getMessage() for r in caplog.records] == [
        "teardown of resource 'c' failed",
        "teardown of resource 'b' failed",
    ]
    assert {(r.name, r.levelno) for r in caplog.records} == {("cano_dsl", logging.ERROR)}
    assert recorder.names()[-1] == "run_finished"


@pytest.mark.parametrize("as_manager", [False, True])
@pytest.mark.parametrize("kind", ["success", "cancel"])
def test_teardown_is_cut_after_its_limit(
    kind: str,
    as_manager: bool,
    run_async: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S2: a teardown that takes longer than its 30 s is cut, reported, and the others still run."""
    assert _lifecycle.TEARDOWN_LIMIT_S == 30.0
    monkeypatch.setattr(_lifecycle, "TEARDOWN_LIMIT_S", 0.03)
    log: list[str] = []

    class Hangs(Base):
        async def teardown(self) -> None:
            log.append("hangs")
            await anyio.sleep(10)
            log.append("never")

        async def __aenter__(self) -> Self:
            await self.setup()
            return self

        async def __aexit__(self, *_: object) -> None:
            await self.teardown()

    async def work(a: Any, b: Any, c: Any, scope: anyio.CancelScope) -> Job:
        if kind == "cancel":
            scope.cancel()
            await anyio.sleep(10)
        return Job.DONE

    recorder = Recorder()
    hanging: Any = managed(Hangs("b", log)) if as_manager else Hangs("b", log)
    built = one(work).configure(observers=[recorder])

    async def main() -> Any:
        with anyio.CancelScope() as scope:
            return await built.run(a=Base("a", log), b=hanging, c=Base("c", log), scope=scope)
        return scope.cancelled_caught

    assert run_async(main) is (True if kind == "cancel" else Job.DONE)
    assert log == ["a up", "b up", "c up", "c down", "hangs", "a down"]
    (event,) = [e for e in recorder.events if e.name == "teardown_failed"]
    assert event.details["resource"] == "b"
    assert isinstance(event.details["error"], TimeoutError)
    assert str(event.details["error"]) == "teardown of resource 'b' took over 0.03 s and was cut"
    assert len(caplog.records) == 1


def test_teardown_that_is_cut_after_a_task_cancel(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S2: the limit holds after a Task.cancel() as well; the run ends as cancelled."""
    monkeypatch.setattr(_lifecycle, "TEARDOWN_LIMIT_S", 0.01)

    @asynccontextmanager
    async def hangs() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(10)

    async def work(a: int) -> Job:
        await asyncio.sleep(10)
        return Job.DONE

    async def main() -> None:
        task = asyncio.create_task(one(work).run(a=managed(hangs)))
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [r.getMessage() for r in caplog.records] == ["teardown of resource 'a' failed"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_exit_of_the_process_in_a_teardown(error: BaseException, run_async: Callable[..., Any]) -> None:
    """R5 and S2: an exit of the process raised by a teardown passes, after the others were torn down."""
    log: list[str] = []

    class Exits(Base):
        async def teardown(self) -> None:
            log.append("exits")
            raise error

    async def main() -> None:
        try:
            await one(_three).run(a=Base("a", log), b=Exits("b", log), c=Base("c", log))
        except BaseException as raised:
            log.append("raised" if raised is error else repr(raised))

    run_async(main)
    assert log == ["a up", "b up", "c up", "work", "c down", "exits", "a down", "raised"]


def test_exit_of_the_process_in_a_setup(run_async: Callable[..., Any]) -> None:
    """R5: an exit of the process raised by a setup passes unwrapped, after the others were torn down."""
    log: list[str] = []

    class Exits(Base):
        async def setup(self) -> None:
            raise SystemExit(4)

    async def main() -> None:
        try:
            await one(_three).run(a=Base("a", log), b=Exits("b", log), c=Base("c", log))
        except SystemExit as raised:
            log.append(f"exit {raised.code}")

    run_async(main)
    assert log == ["a up", "a down", "exit 4"]


class PlainHooks:
    """An object with the right names that are not ours."""

    def setup(self) -> None:
        raise AssertionError

    def teardown(self) -> None:
        raise AssertionError

    def health(self) -> None:
        raise AssertionError

    async def __aenter__(self) -> None:
        raise AssertionError

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError

    def __enter__(self) -> None:
        raise AssertionError

    def __exit__(self, *_: object) -> None:
        raise AssertionError


class OnInstance:
    """An object whose hooks are attributes of the instance, not of its class."""

    def __init__(self) -> None:
        async def never() -> None:
            raise AssertionError

        self.setup = self.teardown = never


class Meta(type):
    def setup(cls) -> None:
        raise AssertionError


class WithMeta(metaclass=Meta):
    async def setup(self) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    "value",
    [
        PlainHooks(),
        OnInstance(),
        Base,
        WithMeta,
        asyncio,
        None,
        0,
        "text",
        [],
        {},
        len,
        Job.WORK,
        object(),
        NotImplemented,
    ],
    ids=lambda v: getattr(v, "__name__", repr(v))[:20],
)
def test_any_object_is_injected_untouched(value: object, run_async: Callable[..., Any]) -> None:
    """S2: any object is a resource; what defines no `async def` hook in its class is never entered."""
    seen = []

    def work(a: Any) -> Job:
        seen.append(a)
        return Job.DONE

    async def main() -> None:
        await one(work).run(a=value)
        async with one(work).bind(a=value) as runner:
            await runner.run()
            await runner.run("id")

    run_async(main)
    assert len(seen) == 3
    assert all(found is value for found in seen)
    assert isinstance(asyncio, ModuleType)


def test_hooks_of_a_parent_class_count(run_async: Callable[..., Any]) -> None:
    """S2: hooks count where the class has them, be they its own or its parent's."""
    log: list[str] = []

    class Child(Base): ...

    class Off(Base):
        teardown = None

    run_async(one(_three).bind(a=Child("a", log), b=Off("b", log), c=0).run)
    assert log == ["a up", "b up", "work", "a down"]


def test_only_one_hook_is_enough(run_async: Callable[..., Any]) -> None:
    """S2: a class may define setup without teardown, or teardown without setup."""
    log: list[str] = []

    class Up:
        async def setup(self) -> None:
            log.append("up")

    class Down:
        async def teardown(self) -> None:
            log.append("down")

    run_async(one(lambda up, down: Job.DONE).bind(up=Up(), down=Down()).run)
    assert log == ["up", "down"]


class Session:
    """An async context manager that notes how it is left."""

    def __init__(self, log: list[Any], answer: object = None) -> None:
        self.log = log
        self.answer = answer

    async def __aenter__(self) -> str:
        self.log.append("enter")
        return "session"

    async def __aexit__(self, *ends: object) -> Any:
        self.log.append(ends[1])
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def test_managed_gives_what_the_manager_gives(run_async: Callable[..., Any]) -> None:
    """S2: `managed` enters an async context manager and injects what it yields."""
    log: list[Any] = []

    def work(s: str) -> Job:
        log.append(s)
        return Job.DONE

    def session() -> Session:
        return Session(log)

    class Other(Session):
        def __init__(self) -> None:
            super().__init__(log)

    @asynccontextmanager
    async def factory() -> AsyncIterator[str]:
        log.append("enter")
        yield "session"
        log.append(None)

    async def generator() -> AsyncIterator[str]:
        log.append("enter")
        yield "session"
        log.append(None)

    for source in (Session(log), session, Other, factory, factory(), generator, lambda: generator()):  # noqa: PLW0108
        log.clear()
        assert run_async(one(work).bind(s=managed(source)).run) is Job.DONE
        assert log == ["enter", "session", None]


def test_managed_is_left_with_the_error(run_async: Callable[..., Any]) -> None:
    """S2: the manager is told the error that ends the run, and leaves the outcome as it is."""
    for answer in (None, True, False, ValueError("stuck")):
        log: list[Any] = []
        with pytest.raises(HandlerFailed) as caught:
            run_async(one(lambda s: {}["x"]).bind(s=managed(Session(log, answer))).run)
        assert log == ["enter", caught.value]
        assert isinstance(caught.value.__cause__, KeyError)


def test_managed_generator_may_catch_the_error(run_async: Callable[..., Any]) -> None:
    """S2: a generator that swallows the error does not change the outcome, nor is it a failed teardown."""
    recorder = Recorder()
    log: list[str] = []

    @asynccontextmanager
    async def factory() -> AsyncIterator[str]:
        try:
            yield "x"
        except HandlerFailed:
            log.append("rolled back")

    with pytest.raises(HandlerFailed):
        run_async(one(lambda s: {}["x"]).configure(observers=[recorder]).bind(s=managed(factory)).run)
    assert log == ["rolled back"]
    assert "teardown_failed" not in recorder.names()


def test_managed_that_raises_the_error_again_has_not_failed(run_async: Callable[..., Any]) -> None:
    """S2: a manager that raises the very error that it was told has not failed to tear down."""
    recorder = Recorder()

    class Raises(Session):
        async def __aexit__(self, *ends: object) -> Any:
            raise ends[1]

    with pytest.raises(HandlerFailed):
        run_async(one(lambda s: {}["x"]).configure(observers=[recorder]).bind(s=managed(Raises([]))).run)
    assert "teardown_failed" not in recorder.names()


def test_managed_that_cannot_be_entered(run_async: Callable[..., Any]) -> None:
    """S2: a manager whose entering raises is a failed setup; it is not left."""
    log: list[Any] = []

    class Closed(Session):
        async def __aenter__(self) -> str:
            raise OSError("closed")

    with pytest.raises(SetupFailed, match="setup of resource 's' failed: OSError: closed"):
        run_async(one(lambda s: Job.DONE).bind(s=managed(Closed(log))).run)
    assert log == []


def test_managed_source_that_gives_no_manager(run_async: Callable[..., Any]) -> None:
    """S2: a function that gives something else is refused with what it gave, without a warning of Python's."""

    async def late() -> Session:
        return Session([])

    for source, gave in ((late, "coroutine"), (lambda: 5, "int")):
        with pytest.raises(SetupFailed, match=f"whose call gives a {gave}") as caught:
            run_async(one(lambda s: Job.DONE).bind(s=managed(source)).run)
        assert isinstance(caught.value.__cause__, SignatureError)
    gc.collect()


def test_generator_for_more_than_one_run(run_async: Callable[..., Any]) -> None:
    """S2: a manager made of a generator serves one run; a second is told to give the function."""

    @asynccontextmanager
    async def numbers() -> AsyncIterator[int]:
        yield 1

    async def main() -> None:
        runner = one(lambda s: Job.DONE).bind(s=managed(numbers()))
        assert await runner.run() is Job.DONE
        with pytest.raises(SetupFailed) as caught:
            await runner.run()
        assert str(caught.value.__cause__) == (
            "managed() was given a generator, which can be entered only once, for more than one run. "
            "Give the function that makes it, without calling it"
        )
        again = one(lambda s: Job.DONE).bind(s=managed(numbers))
        assert await again.run() is await again.run() is Job.DONE

    run_async(main)


@pytest.mark.parametrize("manager", [False, True])
def test_error_of_a_teardown_is_let_go(
    manager: bool, run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: an error of a teardown is in no cycle of frames, which would keep it and the run's own error alive."""
    monkeypatch.setattr(
        _lifecycle.logger, "error", lambda *_, **__: None
    )  # the capture of logs would keep it

    class Lost(Exception):
        pass

    class Box:
        async def teardown(self) -> None:
            raise Lost

    class Manager:  # one of `asynccontextmanager` has a cycle of its own from Python 3.13 on
        async def __aenter__(self) -> int:
            return 1

        async def __aexit__(self, *_: object) -> None:
            raise Lost

    def work(s: Any) -> Job:
        raise ValueError

    async def main() -> weakref.ref[HandlerFailed] | None:
        try:
            await one(work).run(s=managed(Manager()) if manager else Box())
        except HandlerFailed as error:
            return weakref.ref(error)
        return None

    gc.collect()
    gc.disable()
    try:
        seen = run_async(main)
        assert seen is not None
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("held", [False, True])
def test_manager_may_hold_a_task_group(held: bool, run_async: Callable[..., Any]) -> None:
    """S2: a manager with a task group or scope inside is left by the task and in the scopes that entered it."""
    recorder = Recorder()
    log: list[str] = []

    @asynccontextmanager
    async def background() -> AsyncIterator[anyio.abc.TaskGroup]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 10)
            yield group
            group.cancel_scope.cancel()
        log.append("left")

    async def work(a: Any, group: anyio.abc.TaskGroup, z: Any) -> Job:
        group.start_soon(anyio.sleep, 10)
        await anyio.sleep(0.001)
        return Job.DONE

    built = one(work).configure(observers=[recorder])
    given: dict[str, Any] = {"a": Base("a", log), "group": managed(background), "z": managed(background)}

    async def main() -> Any:
        if not held:
            return await built.run(**given)
        async with built.bind(**given) as runner:
            return await runner.run()

    assert run_async(main) is Job.DONE
    assert log == ["a up", "left", "left", "a down"]
    assert "teardown_failed" not in recorder.names()


def test_manager_with_a_task_group_is_cancelled_with_the_run(run_async: Callable[..., Any]) -> None:
    """S2: a cancel from outside goes through a manager's task group and stays a cancel."""

    async def work(group: Any) -> Job:
        group.start_soon(anyio.sleep, 10)
        await anyio.sleep(10)
        return Job.DONE

    async def main() -> bool:
        with anyio.move_on_after(0.005) as scope:
            await one(work).run(group=managed(anyio.create_task_group))
        return scope.cancelled_caught

    assert run_async(main)


def test_trio_nursery_as_a_resource() -> None:
    """S2: trio's own nursery may be a resource."""

    async def work(nursery: trio.Nursery) -> Job:
        nursery.start_soon(trio.sleep, 0.001)
        return Job.DONE

    async def main() -> Any:
        return await one(work).run(nursery=managed(trio.open_nursery))

    assert trio.run(main) is Job.DONE


@pytest.mark.parametrize("held", [False, True])
def test_manager_that_cancels_the_run(
    held: bool, run_async: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """R5: a cancel by a manager's own scope, which nobody else waits for, becomes an error that names it."""
    recorder = Recorder()

    async def breaks() -> None:
        raise ValueError("lost the connection")

    async def work(group: Any) -> Job:
        group.start_soon(breaks)
        await anyio.sleep(10)
        return Job.DONE

    built = one(work).configure(observers=[recorder])

    async def main() -> None:
        if not held:
            await built.run(group=managed(anyio.create_task_group))
        async with built.bind(group=managed(anyio.create_task_group)) as runner:
            await runner.run()

    with pytest.raises(
        ResourceFailed, match="resource 'group' cancelled what used it: ExceptionGroup"
    ) as caught:
        run_async(main)
    assert caught.value.resource == "group"
    cause = caught.value.__cause__
    assert isinstance(cause, ExceptionGroup)
    assert isinstance(cause.exceptions[0], ValueError)


def test_manager_with_a_deadline_of_its_own(run_async: Callable[..., Any]) -> None:
    """R5: a manager that swallows its own cancel cannot end the run without an exit: that is an error too."""

    @asynccontextmanager
    async def brief() -> AsyncIterator[int]:
        with anyio.move_on_after(0.005):
            yield 1

    async def work(n: int) -> Job:
        await anyio.sleep(10)
        return Job.DONE

    with pytest.raises(ResourceFailed) as caught:
        run_async(one(work).bind(n=managed(brief)).run)
    assert str(caught.value) == "resource 'n' cancelled what used it"
    assert caught.value.__cause__ is None


def test_manager_with_a_native_timeout() -> None:
    """R5: asyncio's own timeout within a manager turns its cancel into the TimeoutError that it is."""

    @asynccontextmanager
    async def brief() -> AsyncIterator[int]:
        async with asyncio.timeout(0.005):
            yield 1

    async def work(n: int) -> Job:
        await asyncio.sleep(10)
        return Job.DONE

    async def main() -> int:
        with pytest.raises(ResourceFailed, match="resource 'n' cancelled what used it: TimeoutError"):
            await one(work).run(n=managed(brief))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_sloppy_manager_does_not_hide_a_cancel() -> None:
    """S2: a manager that swallows, or raises in answer to, a cancel from outside does not change the outcome."""

    async def work(s: Any) -> Job:
        await asyncio.sleep(10)
        return Job.DONE

    async def main(answer: object) -> None:
        task = asyncio.create_task(one(work).run(s=managed(Session([], answer))))
        await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with anyio.move_on_after(0.001) as scope:
            await one(work).run(s=managed(Session([], answer)))
        assert scope.cancelled_caught

    for answer in (True, ValueError("stuck")):
        asyncio.run(main(answer))


def test_runner_may_be_left_by_another_task() -> None:
    """S3: test fixtures enter and leave in two tasks; a manager without scopes does not mind."""
    log: list[Any] = []

    async def main() -> None:
        runner = one(lambda s: Job.DONE).bind(s=managed(Session(log)))
        await asyncio.create_task(runner.__aenter__())
        assert await runner.run() is Job.DONE
        await asyncio.create_task(runner.__aexit__(None, None, None))

    asyncio.run(main())
    assert log == ["enter", None]


def test_teardown_by_another_task_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2 and S3: the limit of a manager's teardown holds also in a task that did not enter it."""
    monkeypatch.setattr(_lifecycle, "TEARDOWN_LIMIT_S", 0.01)
    recorder = Recorder()

    @asynccontextmanager
    async def endless() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(10)

    async def main() -> None:
        runner = one(lambda s: Job.DONE).configure(observers=[recorder]).bind(s=managed(endless))
        await asyncio.create_task(runner.__aenter__())
        async with asyncio.timeout(5):
            await asyncio.create_task(runner.__aexit__(None, None, None))

    asyncio.run(main())
    (event,) = recorder.events
    assert (event.name, event.details["resource"]) == ("teardown_failed", "s")
    assert isinstance(event.details["error"], TimeoutError)


def test_one_shot_run_sets_up_each_time(run_async: Callable[..., Any]) -> None:
    """S3: a one-shot run sets up and tears down around itself, also on a runner that is not entered."""
    log: list[str] = []

    async def main() -> None:
        built = one(_three)
        given = {"a": Base("a", log), "b": 0, "c": 0}
        await built.run(**given)
        runner = built.bind(**given)
        await runner.run()
        await runner.run()

    run_async(main)
    assert log == ["a up", "work", "a down"] * 3


def test_async_with_bind_sets_up_once(run_async: Callable[..., Any]) -> None:
    """S3: `async with bind` sets up once around many runs, and tears down when it is left."""
    log: list[str] = []

    async def main() -> None:
        async with one(_three).bind(a=Base("a", log), b=0, c=0) as runner:
            log.append("entered")
            await runner.run()
            await runner.run("second")
            log.append("leaving")
        await runner.run()

    run_async(main)
    assert log == ["a up", "entered", "work", "work", "leaving", "a down", "a up", "work", "a down"]


def test_body_that_raises_is_told_to_managers(run_async: Callable[..., Any]) -> None:
    """S3: what ends the `async with` block is told to the managers, and passes on."""
    log: list[Any] = []
    error = ValueError("body")

    async def main() -> None:
        async with one(lambda s: Job.DONE).bind(s=managed(Session(log, answer=True))):
            raise error

    with pytest.raises(ValueError, match="body"):
        run_async(main)
    assert log == ["enter", error]


def test_per_run_within_async_with(run_async: Callable[..., Any]) -> None:
    """S4: `per_run` makes and tears down its resource for each run, inside those that are held."""
    log: list[str] = []
    numbers = iter(range(10))

    async def main() -> None:
        made = per_run(lambda: Base(f"own{next(numbers)}", log))
        async with one(_three).bind(a=made, b=Base("held", log), c=0) as runner:
            await runner.run()
            await runner.run()

    run_async(main)
    assert log == ["held up", "own0 up", "work", "own0 down", "own1 up", "work", "own1 down", "held down"]


def test_per_run_in_concurrent_runs(run_async: Callable[..., Any]) -> None:
    """S4: concurrent runs within one `async with` each have their own, alive for their whole run."""
    alive: set[object] = set()
    most = []

    class Own:
        async def setup(self) -> None:
            alive.add(self)

        async def teardown(self) -> None:
            alive.remove(self)

    async def work(own: Own) -> Job:
        await anyio.sleep(0.002)
        assert own in alive
        most.append(len(alive))
        return Job.DONE

    async def main() -> None:
        async with one(work).bind(own=per_run(Own)) as runner, anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(runner.run)

    run_async(main)
    assert max(most) == 10
    assert alive == set()


def test_per_run_factories(run_async: Callable[..., Any]) -> None:
    """S4: the factory may be a class, a function, an async function, or give a managed resource."""
    seen: list[Any] = []
    log: list[Any] = []

    async def late() -> str:
        await anyio.lowlevel.checkpoint()
        return "late"

    def work(a: Any) -> Job:
        seen.append(a)
        return Job.DONE

    sources: list[Any] = [dict, lambda: "now", late, lambda: managed(Session(log)), lambda: per_run(late)]
    for source in sources:
        run_async(one(work).bind(a=per_run(source)).run)
    assert seen == [{}, "now", "late", "session", "late"]
    assert log == ["enter", None]


def test_per_run_factory_that_raises(run_async: Callable[..., Any]) -> None:
    """S4: a factory that raises is a failed setup of that resource."""

    def no() -> int:
        raise OSError("full")

    with pytest.raises(SetupFailed, match="setup of resource 'a' failed: OSError: full"):
        run_async(one(lambda a: Job.DONE).bind(a=per_run(no)).run)


@pytest.mark.parametrize(
    "wrap", [lambda v: managed(_yielding(v)), lambda v: per_run(lambda: v)], ids=["managed", "per_run"]
)
def test_wrong_class_is_found_before_any_handler(wrap: Any, run_async: Callable[..., Any]) -> None:
    """S1: what a manager or factory gives is checked before the first handler, and torn down when wrong."""
    log: list[str] = []

    def work(a: str, z: Any) -> Job:
        raise AssertionError

    with pytest.raises(
        ResourceWrongType, match="resource 'a' of workflow 'Job' is of class int, but state 'work'"
    ):
        run_async(one(work).bind(a=wrap(5), z=Base("z", log)).run)
    assert log == ["z up", "z down"]


def _yielding(value: Any) -> Any:
    @asynccontextmanager
    async def factory() -> AsyncIterator[Any]:
        yield value

    return factory


def test_wrong_class_within_async_with(run_async: Callable[..., Any]) -> None:
    """S1: with `async with bind` a wrong class is found on entering, and everything is torn down."""
    log: list[str] = []

    def work(a: str, z: Any) -> Job:
        raise AssertionError

    async def main() -> None:
        async with one(work).bind(z=Base("z", log), a=managed(_yielding(5))):
            raise AssertionError

    with pytest.raises(ResourceWrongType):
        run_async(main)
    assert log == ["z up", "z down"]


def test_entered_twice(run_async: Callable[..., Any]) -> None:
    """A runner that is entered refuses to be entered again, and stays usable."""

    async def main() -> None:
        async with one(lambda: Job.DONE).bind() as runner:
            with pytest.raises(RunnerState) as caught:
                await runner.__aenter__()
            assert str(caught.value) == (
                "runner of workflow 'Job' is entered already: bind again for a second one"
            )
            assert await runner.run() is Job.DONE

    run_async(main)


def test_reentered_after_exit(run_async: Callable[..., Any]) -> None:
    """A runner may be entered again after it was left, and sets up anew."""
    log: list[str] = []

    async def main() -> None:
        runner = one(_three).bind(a=Base("a", log), b=0, c=0)
        for _ in range(2):
            async with runner:
                await runner.run()

    run_async(main)
    assert log == ["a up", "work", "a down"] * 2


def test_run_while_being_set_up_or_torn_down(run_async: Callable[..., Any]) -> None:
    """S3: a run, or a second entering, while `async with` sets up or tears down is refused."""
    refused: list[str] = []

    class Slow:
        async def setup(self) -> None:
            await self.tries()

        async def teardown(self) -> None:
            await self.tries()

        async def tries(self) -> None:
            for call in (runner.run, runner.__aenter__):
                try:
                    await call()
                except RunnerState as error:
                    refused.append(str(error).partition(" 'Job' ")[2])

    runner = one(lambda slow: Job.DONE).bind(slow=Slow())

    async def main() -> None:
        async with runner:
            assert await runner.run() is Job.DONE

    run_async(main)
    assert (
        refused
        == [
            "is being set up or torn down: run within `async with`, or after it",
            "is entered already: bind again for a second one",
        ]
        * 2
    )


def test_no_run_means_no_event_of_a_run(run_async: Callable[..., Any]) -> None:
    """O1: on a failed setup the run is observed as started and finished with that error, and no state."""
    recorder = Recorder()
    runner = one(_three).configure(observers=[recorder]).bind(a=Base("a", []), b=FailsUp("b", []), c=0)
    with pytest.raises(SetupFailed) as caught:
        run_async(runner.run)
    assert recorder.names() == ["run_started", "run_finished"]
    assert recorder.events[-1].details == {"exit": None, "error": caught.value}


def test_observer_that_exits_during_teardown(run_async: Callable[..., Any]) -> None:
    """O2: an observer that raises an exit of the process stops the run, after everything is torn down."""
    log: list[str] = []

    class Exits(Observer):
        def teardown_failed(self, resource: str, error: BaseException) -> None:
            raise SystemExit(resource)

    async def main() -> None:
        with pytest.raises(SystemExit, match="b"):
            await one(_three).configure(observers=[Exits()]).run(a=Base("a", log), b=FailsDown("b", log), c=0)

    run_async(main)
    assert log[-1] == "a down"
