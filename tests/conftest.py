"""Fixtures that every test can ask for."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

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
