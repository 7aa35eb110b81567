"""Every checkpoint store passes the one suite, and the suite finds a store that does not do its part."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cano_dsl import CheckpointStore, MemoryCheckpoints, SqliteCheckpoints
from cano_dsl.errors import RunConflict
from cano_dsl.testing import STORE_CHECKS, check_store

Make = Callable[[], CheckpointStore]


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Give a function that makes an empty store, for each store in turn."""
    if request.param == "memory":
        return MemoryCheckpoints
    numbers = iter(range(1000))
    return lambda: SqliteCheckpoints(tmp_path / f"{next(numbers)}.db")


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
def test_store_does_what_every_store_must(make: Make, backend: str, check: Any) -> None:
    """Each store passes each check of the suite, on each backend."""
    check_store(make, checks=[check], backends=[backend])


class Around:
    """A store around another."""

    def __init__(self) -> None:
        self._inner = MemoryCheckpoints()

    def __getattr__(self, wanted: str) -> Any:
        return getattr(self._inner, wanted)

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def forgetful(name: str) -> Callable[[], Any]:
    """Make a store that says yes to one kind of write and forgets it."""

    async def nothing(self: Any, *args: Any, **kwargs: Any) -> None: ...

    return type("Forgetful", (Around,), {name: nothing})


class Lenient(Around):
    """A store that lets an overtaken owner write."""

    async def append(self, claim: Any, unit: Any) -> None:
        kept = self._inner._runs.get(claim.run_id)
        await self._inner.append(claim._replace(token=kept.token) if kept else claim, unit)


@pytest.mark.parametrize("method", ["append", "release", "renew", "prune"])
def test_suite_finds_what_is_not_done(method: str) -> None:
    """A store that acknowledges a write and does not do it fails the suite, which names the check."""
    with pytest.raises(Exception) as caught:
        check_store(forgetful(method), backends=["asyncio"])
    assert " on asyncio: " in caught.value.__notes__[0]


def test_suite_finds_a_missing_fence() -> None:
    """A store that does not look at the token fails the suite."""
    with pytest.raises(AssertionError, match="must raise RunConflict") as caught:
        check_store(Lenient, backends=["asyncio"])
    assert caught.value.__notes__[0].startswith("token_fences on asyncio: C7a")
    assert not isinstance(caught.value, RunConflict)


def test_suite_closes_what_it_makes(tmp_path: Path) -> None:
    """Each check closes its store, also where it fails."""
    made: list[Any] = []

    def make() -> Any:
        made.append(SqliteCheckpoints(tmp_path / f"{len(made)}.db"))
        return made[-1]

    async def fails(store: CheckpointStore) -> None:
        await store.runs()
        raise AssertionError

    with pytest.raises(AssertionError):
        check_store(make, checks=[fails], backends=["asyncio"])
    with pytest.raises(Exception, match="is closed"):
        asyncio.run(made[0].runs())
