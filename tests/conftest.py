"""Fixtures that every test can ask for."""

import asyncio
import gc
import math
import selectors
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import anyio
import pytest
import trio
import trio.testing

collect_ignore_glob = ["typing/programs/*"]  # read by type checkers, and wrong on purpose

Runner = Callable[..., Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs the long tests too."""
    parser.addoption("--soak", action="store_true", help="run the long tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests unless they are asked for."""
    if config.getoption("--soak"):
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="long: only with --soak"))


@pytest.fixture(autouse=True, scope="module")
def _own_garbage() -> Iterator[None]:
    """Let collections look only at what the module made: after mypy has run in here each takes seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """Name each async backend in turn."""
    return str(request.param)


@pytest.fixture
def run_async(backend: str) -> Runner:
    """Give a function that runs an async function to its end on the backend at hand."""

    def run(fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return anyio.run(fn, *args, backend=backend)

    return run


@pytest.fixture
def run_clean(backend: str) -> Runner:
    """Give a function that does the same, and sees that no task and no timer is left behind."""

    def run(fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return anyio.run(_leaving_nothing, fn, args, backend=backend)

    return run


async def _leaving_nothing(fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
    before = left_behind()
    try:
        return await fn(*args)
    finally:
        assert left_behind() == before


class JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Looks for what is ready, and where nothing is lets the loop's clock jump to the next timer."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        """Wait really only where nothing is due ever, as for a thread."""
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when it has nothing else to do."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Give the seconds since it was made."""
        return self.now


def in_virtual_time(backend: str, fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    """Run an async function in virtual time, and see that it leaves no task and no timer behind."""
    if backend == "trio":
        options: dict[str, Any] = {"clock": trio.testing.MockClock(autojump_threshold=0)}
    else:
        options = {"loop_factory": VirtualLoop}
    return anyio.run(_leaving_nothing, fn, args, backend=backend, backend_options=options)


@pytest.fixture
def run_virtual(backend: str) -> Runner:
    """Give a function that runs an async function in virtual time on the backend at hand."""
    return partial(in_virtual_time, backend)


@pytest.fixture
def run_each() -> Callable[..., dict[str, Any]]:
    """Give a function that runs an async function in virtual time on each backend in turn."""
    return lambda fn, *args: {name: in_virtual_time(name, fn, *args) for name in ("asyncio", "trio")}


def left_behind() -> tuple[int, bool]:
    """Count the tasks of the running loop, and say whether a timer is set."""
    try:
        loop: Any = asyncio.get_running_loop()
    except RuntimeError:
        facts = trio.lowlevel.current_statistics()
        return facts.tasks_living, facts.seconds_to_next_deadline != math.inf
    timers = [handle for handle in loop._scheduled if not handle.cancelled()]
    return len(asyncio.all_tasks()), bool(timers)
