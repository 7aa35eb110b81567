"""C3, C7a, C9, G3: processes that are killed with SIGKILL, on a real file, and runs that go on in others."""

import asyncio
import importlib.util
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from cano_dsl import MemoryStore, SqliteCheckpoints, per_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked and killed")

SERVER = Path(__file__).with_name("server.py")
ORDER = ("pack", "quote", "book", "pay", "send")
UNDOING = ("refund-6", "unbook-seat")


def load_server() -> Any:
    """Load what the processes run, for its types."""
    spec = importlib.util.spec_from_file_location("crash_server", SERVER)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_SERVER = load_server()
TRIP, Notes, Outside = _SERVER.TRIP, _SERVER.Notes, _SERVER.Outside


class Server:
    """The process that forks, with the files of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        command = [sys.executable, str(SERVER)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fresh(self, **facts: Any) -> dict[str, Any]:
        """Give a job with a file and effects of its own."""
        self.count += 1
        stem = self.folder / str(self.count)
        names = {"db": f"{stem}.db", "effects": f"{stem}.txt", "out": f"{stem}.json", "runs": ["r"]}
        return {**names, **facts}

    def do(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Do jobs at once, each in a process of its own."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())  # type: ignore[no-any-return]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server, and end it."""
    one = Server(tmp_path)
    yield one
    assert one.process.stdin is not None and one.process.stdout is not None
    one.process.stdin.close()
    one.process.stdout.close()
    assert one.process.wait(30) == 0


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Tell whether the long form is asked for."""
    return bool(request.config.getoption("--soak"))


def effects(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Give what happened outside: what, the run, the key."""
    path = Path(job["effects"])
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [tuple(line.split()) for line in lines]  # type: ignore[misc]


def saved(job: dict[str, Any], run_id: str = "r") -> tuple[str, Any, Any]:
    """Give how a run stands, and its data."""

    async def read() -> tuple[str, Any, Any]:
        async with SqliteCheckpoints(job["db"]) as store:
            found = await store.load(run_id)
            data = store.codec.decode("data", found.data["data"], Notes)
            return found.info.status, data, store.codec.decode("bag", found.data["store/bag"])

    return asyncio.run(read())


def is_right(job: dict[str, Any], crashes: int, *, fails: bool) -> None:
    """See that a run that was killed so often ended as one that was not."""
    done = [what for what, _, _ in effects(job)]
    forward = [what for what in done if what not in UNDOING]
    places = [ORDER.index(what.rstrip("123")) for what in forward]
    assert places == sorted(places), done  # what had ended never runs again
    assert set(forward) == {"pack", "quote1", "quote2", "quote3", "book", "pay", "send"}, done
    assert (
        sum(times - 1 for name, times in Counter(forward).items() if name[:5] != "quote")
        + max(Counter(forward)[f"quote{number}"] - 1 for number in (1, 2, 3))
        <= crashes
    ), done
    keys = {(what, key) for what, _, key in effects(job)}
    assert len(keys) == len(set(done)), keys  # a state that ran again had the key that it had before
    status, notes, bag = saved(job)
    if fails:
        undone = [what for what in done if what in UNDOING]
        assert list(dict.fromkeys(undone)) == list(UNDOING), done
        assert undone == sorted(undone, key=UNDOING.index), done
        assert len(undone) <= len(UNDOING) + crashes, done
        assert (status, notes) == ("rolled_back", Notes(["pack", "book", "pay"], 6))
    else:
        assert len(done) == len(forward)
        assert (status, notes) == ("finished", Notes(["pack", "book", "pay", "send"], 6))
    assert bag == ["shirt", "ticket", "receipt"]


def until_done(server: Server, job: dict[str, Any], kill: Any) -> int:
    """Go on with a run that is killed again and again; gives how often it was."""
    crashes = 0
    while True:
        (answer,) = server.do({**job, **kill(crashes)})
        if not answer["killed"]:
            end = answer["ends"].get("r", answer["failed"])
            assert end in ("Trip.DONE", "HandlerFailed: ", "RunEnded: rolled_back"), end
            return crashes
        crashes += 1
        assert crashes < 100


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_row(server: Server, when: str, fails: bool, backend: str, is_long: bool) -> None:
    """C3, C9, G3: killed at any row, also of a rollback, and again one row later each time, a run ends right."""
    if backend == "trio" and not is_long:
        pytest.skip("the same on both; with --soak")
    at = 0
    while True:
        job = server.fresh(fails=fails, backend=backend, kill=[when, at])
        (answer,) = server.do(job)
        if not answer["killed"]:
            break
        once = {**job, "kill": None}
        crashes = 1
        if at % 2:  # killed once, or again and again
            crashes += until_done(server, job, lambda _: {"kill": ["after", 1]})
        else:
            crashes += until_done(server, once, lambda _: {})
        is_right(job, crashes, fails=fails)
        at += 1
    is_right(job, 0, fails=fails)
    assert at == (9 if fails else 6)  # the rows, with the start's: none was left out


def timed(server: Server, *, fails: bool) -> float:
    """Give the seconds that a run takes which nobody kills."""
    began = time.monotonic()
    server.do(server.fresh(fails=fails))
    return time.monotonic() - began


@pytest.mark.parametrize("fails", [False, True])
def test_killed_at_random_instants(server: Server, fails: bool, is_long: bool) -> None:
    """C3, C9: killed at any instant, wherever that is, a run ends right when it is resumed until it is done."""
    chance = random.Random(7)
    whole_s = min(timed(server, fails=fails) for _ in range(3))
    crashed = 0
    for _ in range(100 if is_long else 6):
        job = server.fresh(fails=fails)
        crashes = until_done(
            server, job, lambda count: {"delay_s": chance.uniform(0, whole_s) * (1 + count / 10)}
        )
        server.do(job)  # a kill may have come between the last row and the answer
        is_right(job, crashes, fails=fails)
        crashed += crashes
    assert crashed


def test_one_of_two_continues(server: Server, is_long: bool) -> None:
    """C7a: of two processes that resume one run at the same time, exactly one goes on; the other calls nothing."""
    for _ in range(100 if is_long else 10):
        job = server.fresh(slow_s=0.15, kill=["after", 3])
        (answer,) = server.do(job)
        assert answer["killed"]
        job["kill"] = None
        before = effects(job)
        both = server.do(job, {**job, "out": job["out"] + "2"})
        ends = sorted(answer["ends"]["r"] for answer in both)
        assert ends == ["RunConflict: ", "Trip.DONE"]
        assert [what for what, _, _ in effects(job)[len(before) :]] == ["pay", "send"]
        assert saved(job)[0] == "finished"


def test_many_runs_in_four_processes(server: Server) -> None:
    """C9: 64 runs in four processes on one file all end, each with its own data."""
    job = server.fresh()
    jobs = [
        {**job, "out": f"{job['out']}{part}", "runs": [f"{part}-{number}" for number in range(16)]}
        for part in range(4)
    ]
    answers = server.do(*jobs)
    ends = {name: end for answer in answers for name, end in answer["ends"].items()}
    assert len(ends) == 64
    assert set(ends.values()) == {"Trip.DONE"}
    assert len(effects(job)) == 64 * 7
    for name in ends:
        assert saved(job, name)[:2] == ("finished", Notes(["pack", "book", "pay", "send"], 6))


def test_many_runs_at_once(tmp_path: Path, backend: str, is_long: bool) -> None:
    """C9, R4: a thousand runs at once in one file all end, each with its own data."""
    count = 1000 if is_long else 150
    path = tmp_path / "runs.db"

    async def main() -> None:
        outside = Outside(str(tmp_path / "effects"))
        async with SqliteCheckpoints(path, synchronous="NORMAL") as store:
            built = TRIP.configure(checkpoints=store)
            async with built.bind(outside=outside, store=per_run(MemoryStore)) as runner:
                handles = [runner.launch(f"r{number}") for number in range(count)]
                ends = [await handle.wait() for handle in handles]
                assert [end.name for end in ends] == ["DONE"] * count
                found = await runner.runs(status=("finished",))
                assert len(found) == count
                assert {info.owner for info in found} == {None}

    anyio.run(main, backend=backend)
    assert saved({"db": path}, f"r{count - 1}")[1].total == 6
