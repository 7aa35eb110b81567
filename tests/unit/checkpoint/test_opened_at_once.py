"""A store's file that is made and read by many at once."""

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import anyio
import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import NewRun, Owner, Row, Unit
from cano_dsl.errors import RunNotFound, StoreCorrupt


async def ask_and_start(path: Path, number: int) -> None:
    """Ask for a run that is not there, and start it, as a run with an id of its own does."""
    async with SqliteCheckpoints(path) as store:
        with pytest.raises(RunNotFound):
            await store.info(f"r{number}")
        new = NewRun(f"r{number}", "jobs", 0, "f1", "{}", "WORK")
        await store.start(new, Unit([Row(0, "entered", 1.0, "WORK")]), owner=Owner.here(), now=1.0)


def in_process(path: Path, number: int, ready: "threading.Barrier") -> None:
    ready.wait()
    anyio.run(ask_and_start, path, number)


def test_many_tasks_open_a_new_file(tmp_path: Path) -> None:
    """C9: a file that is being made looks damaged to nobody, however many ask one store at once."""

    async def main(path: Path) -> None:
        async with SqliteCheckpoints(path) as store:

            async def ask(number: int) -> None:
                with pytest.raises(RunNotFound):
                    await store.info(f"r{number}")
                new = NewRun(f"r{number}", "jobs", 0, "f1", "{}", "WORK")
                unit = Unit([Row(0, "entered", 1.0, "WORK")])
                await store.start(new, unit, owner=Owner.here(), now=1.0)

            async with anyio.create_task_group() as group:
                for number in range(100):
                    group.start_soon(ask, number)
            assert len((await store.runs(limit=100)).runs) == 100

    for attempt in range(12):
        anyio.run(main, tmp_path / f"{attempt}.db")


def test_many_processes_open_a_new_file(tmp_path: Path) -> None:
    """C9: a file that is being made looks damaged to no other process."""
    context = multiprocessing.get_context("fork")
    for attempt in range(3):
        ready = context.Barrier(6)
        path = tmp_path / f"{attempt}.db"
        children = [context.Process(target=in_process, args=(path, number, ready)) for number in range(6)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0] * 6


def test_damaged_file_stays_damaged(tmp_path: Path) -> None:
    """C9: a file that is cut off is refused all the same, and not written to."""
    path = tmp_path / "runs.db"
    anyio.run(ask_and_start, path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 100])

    async def main() -> None:
        async with SqliteCheckpoints(path) as store:
            await store.runs()

    with pytest.raises(StoreCorrupt):
        anyio.run(main)
    assert path.read_bytes() == whole[: len(whole) - 100]


def test_numbers_that_stand_for_nothing_are_damage(tmp_path: Path) -> None:
    """C9: a row of a kind that there is none of, in a file that is sound otherwise, is a documented error."""
    path = tmp_path / "runs.db"
    anyio.run(ask_and_start, path, 1)
    db = sqlite3.connect(path)
    db.execute("UPDATE row SET kind = 99")
    db.commit()
    db.close()

    async def main() -> None:
        async with SqliteCheckpoints(path) as store:
            await store.load("r1")

    with pytest.raises(StoreCorrupt):
        anyio.run(main)
