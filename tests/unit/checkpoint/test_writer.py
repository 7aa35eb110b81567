"""The thread that writes: one commit for many, none of them in the way of the loop, and no thread left."""

import asyncio
import gc
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Claim, NewRun, Owner, Row, Unit, _writer
from cano_dsl.errors import InternalError, RunConflict, StoreUnavailable

THREAD = "cano_dsl checkpoints"


def entered(sequence: int) -> Row:
    return Row(sequence, "entered", float(sequence), "A")


async def begin(store: SqliteCheckpoints, run_id: str) -> Claim:
    """Start a run."""
    new = NewRun(run_id, "jobs", 0, "f", "{}", "A")
    claim = await store.start(new, Unit([entered(0)]), owner=Owner.here(), now=0.0)
    assert isinstance(claim, Claim)
    return claim


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == THREAD]


class Watched:
    """A connection that counts its statements, and may fail at one."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.said: list[str] = []
        self.fail: Callable[[str], None] = lambda statement: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def execute(self, statement: str, *values: Any) -> Any:
        self.said.append(statement)
        self.fail(statement)
        return self.db.execute(statement, *values)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """Watch the writer's connections."""
    made: list[Watched] = []
    inner = _writer.connect

    def connect(*args: Any, **options: Any) -> Any:
        made.append(Watched(inner(*args, **options)))
        return made[-1]

    monkeypatch.setattr(_writer, "connect", connect)
    return made


def test_many_runs_share_a_commit(
    tmp_path: Path, watched: list[Watched], run_async: Callable[..., Any]
) -> None:
    """Units of many concurrent runs are committed together, each once."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claims = [await begin(store, str(number)) for number in range(50)]
            del watched[0].said[:]
            async with anyio.create_task_group() as group:
                for claim in claims:
                    group.start_soon(store.append, claim, Unit([entered(1)]))
            assert watched[0].said.count("COMMIT") <= 10
            assert [(await store.info(str(number))).next for number in range(50)] == [2] * 50

    run_async(main)


def test_loop_goes_on_while_the_disk_is_waited_for(tmp_path: Path, watched: list[Watched]) -> None:
    """A write that takes long holds up nothing but whoever waits for it."""

    async def main() -> int:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claim = await begin(store, "one")
            watched[0].fail = lambda statement: time.sleep(0.2 * (statement == "COMMIT"))
            turns = 0
            writing = asyncio.create_task(store.append(claim, Unit([entered(1)])))
            while not writing.done():
                await asyncio.sleep(0.001)
                turns += 1
            return turns

    assert asyncio.run(main()) > 50


def test_failure_of_sqlite_in_a_batch_is_alone(tmp_path: Path, watched: list[Watched]) -> None:
    """Where SQLite fails in the middle of a commit for many, each is done again alone, and only one fails."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claims = [await begin(store, str(number)) for number in range(10)]
            seen: list[int] = []

            def fail(statement: str) -> None:
                if statement.startswith("INSERT INTO row"):
                    seen.append(1)
                    if len(seen) in (4, 14):
                        raise sqlite3.OperationalError("the disk coughed")

            watched[0].fail = fail
            units = [Unit([entered(1)]) for _ in claims]
            results = await asyncio.gather(*map(store.append, claims, units), return_exceptions=True)
            failed = [result for result in results if result is not None]
            assert len(failed) <= 1
            for claim, result in zip(claims, results, strict=True):
                assert (await store.info(claim.run_id)).next == (1 if result is not None else 2)

    asyncio.run(main())


def test_conflict_is_not_taken_for_a_success(tmp_path: Path) -> None:
    """A unit that conflicts within a commit for many is refused, and the next one of its run is looked at anew."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claim = await begin(store, "one")
            units = [Unit([entered(1)], {"a": b"%d" % number}) for number in range(20)]
            results = await asyncio.gather(
                *(store.append(claim, unit) for unit in units), return_exceptions=True
            )
            won = [number for number, result in enumerate(results) if result is None]
            assert len(won) == 1
            assert all(isinstance(result, RunConflict) for n, result in enumerate(results) if n not in won)
            assert (await store.load("one")).data == {"a": b"%d" % won[0]}

    asyncio.run(main())


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("odd"), SystemExit(3)], ids=repr)
def test_whatever_is_raised_reaches_who_waits(
    tmp_path: Path, watched: list[Watched], error: BaseException
) -> None:
    """Whatever goes wrong in the thread is raised by who waits, the thread lives on, and nothing was written."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claim = await begin(store, "one")

            def fail(statement: str) -> None:
                if statement.startswith("INSERT INTO row"):
                    raise error

            watched[0].fail = fail
            try:
                await store.append(claim, Unit([entered(1)]))
            except type(error):
                pass
            else:
                pytest.fail("nothing was raised")
            watched[0].fail = lambda statement: None
            await store.append(claim, Unit([entered(1)]))

    asyncio.run(main())


def test_gap_within_a_unit_is_raised(tmp_path: Path) -> None:
    """A unit with a gap is an error of the engine, and leaves others alone."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            one, two = await begin(store, "one"), await begin(store, "two")
            results = await asyncio.gather(
                store.append(one, Unit([entered(1), entered(3)])),
                store.append(two, Unit([entered(1)])),
                return_exceptions=True,
            )
            assert isinstance(results[0], InternalError)
            assert results[1] is None
            assert (await store.info("one")).next == 1

    asyncio.run(main())


def test_file_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    """A store whose file could not be opened works once it can be."""
    path = tmp_path / "later" / "a.db"

    async def main() -> None:
        async with SqliteCheckpoints(path) as store:
            with pytest.raises(StoreUnavailable):
                await begin(store, "one")
            path.parent.mkdir()
            await begin(store, "one")

    asyncio.run(main())


def test_several_loops_and_threads(tmp_path: Path) -> None:
    """Several event loops of both kinds, in threads of their own, use one store at once."""
    store = SqliteCheckpoints(tmp_path / "a.db")

    async def main(name: str) -> None:
        claim = await begin(store, name)
        for sequence in range(1, 40):
            await store.append(claim, Unit([entered(sequence)]))

    workers = [
        threading.Thread(
            target=lambda n=n: anyio.run(main, str(n), backend="trio" if n % 2 else "asyncio")  # type: ignore[misc]
        )
        for n in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    async def look() -> list[int]:
        found = [(await store.info(str(number))).next for number in range(6)]
        await store.close()
        return found

    assert asyncio.run(look()) == [40] * 6


def test_task_cancel_knows(tmp_path: Path, watched: list[Watched]) -> None:
    """A task that is cancelled while its unit is queued or written is cancelled after the unit is there."""

    async def main() -> None:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            claim = await begin(store, "one")
            watched[0].fail = lambda statement: time.sleep(0.05 * (statement == "COMMIT"))
            for sequence in range(1, 4):
                task = asyncio.create_task(store.append(claim, Unit([entered(sequence)])))
                await asyncio.sleep(0.01 * (sequence - 1))
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                written = (await store.info("one")).next == sequence + 1
                assert written or sequence == 1  # one that never began asked for nothing
                if not written:
                    await store.append(claim, Unit([entered(sequence)]))

    asyncio.run(main())


def test_close_writes_what_is_queued(tmp_path: Path, watched: list[Watched]) -> None:
    """Closing waits for what is queued, and afterwards there is no thread."""

    async def main() -> None:
        store = SqliteCheckpoints(tmp_path / "a.db")
        claims = [await begin(store, str(number)) for number in range(20)]
        assert threads() == [THREAD]
        watched[0].fail = lambda statement: time.sleep(0.02 * (statement == "COMMIT"))
        writes = [asyncio.create_task(store.append(claim, Unit([entered(1)]))) for claim in claims]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*writes) == [None] * 20

    asyncio.run(main())
    assert threads() == []


def test_store_that_is_dropped_ends_its_thread(tmp_path: Path) -> None:
    """A store that nobody holds any more leaves no thread."""
    asyncio.run(begin(SqliteCheckpoints(tmp_path / "a.db"), "one"))
    gc.collect()
    assert threads() == []


def test_interpreter_ends(tmp_path: Path) -> None:
    """A store that was never closed does not hold up the end of the interpreter, and what was acknowledged is there."""
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_writer import *
store = SqliteCheckpoints({str(tmp_path / "a.db")!r})
asyncio.run(begin(store, "one"))
print("written")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("written\n", "")
    assert not (tmp_path / "a.db-wal").exists()

    async def look() -> int:
        async with SqliteCheckpoints(tmp_path / "a.db") as store:
            return (await store.info("one")).next

    assert asyncio.run(look()) == 1


def _in_child(store: SqliteCheckpoints, number: int) -> None:
    async def main() -> None:
        claim = await begin(store, f"child {number}")
        await store.append(claim, Unit([entered(1)], status="finished"))
        await store.close()

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_child_of_a_fork_opens_anew(tmp_path: Path) -> None:
    """A forked child uses the parent's store with a thread and connections of its own, and the parent goes on."""

    async def main() -> None:
        store = SqliteCheckpoints(tmp_path / "a.db")
        claim = await begin(store, "parent")
        await store.load("parent")
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=_in_child, args=(store, number)) for number in range(3)]
        for child in children:
            child.start()
        for sequence in range(1, 30):
            await store.append(claim, Unit([entered(sequence)]))
        for child in children:
            await asyncio.to_thread(child.join)
        assert [child.exitcode for child in children] == [0, 0, 0]
        assert (await store.info("parent")).next == 30
        assert len((await store.runs(statuses=("finished",))).runs) == 3
        await store.close()

    asyncio.run(main())
