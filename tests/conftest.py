"""Fixtures that every test can ask for."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

Runner = Callable[..., Any]


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
