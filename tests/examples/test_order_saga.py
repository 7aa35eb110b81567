"""Orders with failures everywhere: stock and money balance after each run, or it is said exactly what is owed."""

import importlib.util
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from cano_dsl import SqliteCheckpoints
from cano_dsl.errors import CompensationFailed, RunEnded, RunError, RunNotFound
from cano_dsl.testing import FakeClock

Load = Callable[[str], ModuleType]
BOOKS = """\
  ann         2300 cents
  bob          100 cents
  sent           2 pot
  sent           4 tea
  shelf          8 tea
  shop        7600 cents
"""
SHOWN = f"""\
order-1   shipped
order-2   shipped
order-3   sold out: shelf has less than 5 pot
order-4   rejected: no address
order-5   rejected: bob has less than 2900 cents
order-6   refunded: the carrier does not dive
order-7   undone, as ship does not answer
order-8   dirty, owed 1800 cents to ann
order-9   shipped
order-10  shipped
{BOOKS.replace("2300", " 500").replace("7600", "9400")}\
order-8   rolled_back
{BOOKS}"""
PROGRAM = Path(__file__).parent / "order_troubles.py"
UNDONE = ("rolled_back", "failed", "cancelled")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


troubles = _load(PROGRAM)


@pytest.fixture
def example(load_example: Load) -> ModuleType:
    """Load the example."""
    return load_example("order_saga")


class Trial:
    """Runs cases in a folder, and audits the books after each."""

    def __init__(self, example: ModuleType, folder: Path) -> None:
        self.example = example
        self.folder = folder
        self.world_type = troubles.troubled(example)
        with closing(example.World(":memory:")) as world:
            self._opening: Counter[tuple[str, str]] = world.balances()
        self.seen: Counter[str] = Counter()
        self.met: set[tuple[str, str]] = set()

    async def hold(self, cases: Iterable[Any]) -> None:
        """Run each case until nothing is left to do."""
        async with SqliteCheckpoints(self.folder / "runs.db", synchronous="NORMAL") as store:
            for case in cases:
                await self.one(case, store)

    async def take_over(self, cases: Iterable[Any]) -> None:
        """Go on with what killed processes left, until nothing is left to do."""
        async with SqliteCheckpoints(self.folder / "runs.db", synchronous="NORMAL") as store:
            for case in cases:
                await self.one(case, store, is_new=False)

    async def one(self, case: Any, store: SqliteCheckpoints, *, is_new: bool = True) -> None:
        clock = FakeClock()
        faults = [fault for fault in case.faults if fault[1] not in troubles.KILLS]
        world = self.world_type(self.folder / f"{case.run_id}.db", faults, clock)
        with closing(world):
            durable = self.example.orders.configure(checkpoints=store, clock=clock)
            async with durable.bind(world=world) as runner:
                if is_new:
                    await self.audit(case, world, store, await self.begin(case, world, runner))
                await self.finish(case, world, store, runner)
        self.met |= world.met

    async def begin(self, case: Any, world: Any, runner: Any) -> Any:
        """Run for the first time; give the exit, what was raised, or None where it was cut from outside."""
        order = self.example.Order(*case.order)
        if any(kind.startswith("outside") for _, kind in case.faults):
            with anyio.CancelScope() as world.scope:
                world.handle = world.scope
                return await ended(runner.run(case.run_id, data=order))
            return None
        world.handle = runner.launch(case.run_id, data=order)
        world.scope = world.handle
        return await ended(world.handle.wait())

    async def finish(self, case: Any, world: Any, store: SqliteCheckpoints, runner: Any) -> None:
        """Resume the run as long as it is not over: first with the faults that it has, at last without."""
        for leg in range(3):
            try:
                info = await store.info(case.run_id)
            except RunNotFound:  # killed before it began
                assert world.balances() == self.opening(), case
                return
            if info.status in ("finished", "rolled_back", "cancelled"):
                return
            if leg:
                world.faults.clear()
            with anyio.CancelScope() as scope:
                world.handle = world.scope = scope
                end = await ended(runner.resume(case.run_id))
            if scope.cancelled_caught:
                end = None
            await self.audit(case, world, store, end)
        pytest.fail(f"not over: {case}")

    def opening(self) -> Counter[tuple[str, str]]:
        return self._opening.copy()

    async def audit(self, case: Any, world: Any, store: SqliteCheckpoints, end: Any) -> None:
        """See that what there is, with what is owed, is what there should be."""
        info = await store.info(case.run_id)
        status = info.status
        self.seen[status] += 1
        books, where = world.balances(), (case, end, status)
        for what in ("tea", "pot", "cents"):
            assert sum(amount for (_, kind), amount in books.items() if kind == what) == 0, where
        if status == "unfinished":
            assert end is None, where
            return
        for transfer in owed(end):
            apply(books, transfer.back)
        expected = self.opening()
        if status == "finished":
            if end is None:  # its caller was cancelled while the last state ended
                end = self.example.Buy[str(info.exit)]
            assert end is self.example.Buy[str(info.exit)], where
            self.seen[end.value] += 1
            if end is self.example.Buy.SHIPPED:
                for transfer in self.sale(case):
                    apply(expected, transfer)
        else:
            assert (status == "dirty") == bool(owed(end)), where
            assert status == "dirty" or (status in UNDONE and isinstance(end, (RunError, RunEnded))), where
        assert {k: v for k, v in books.items() if v} == {k: v for k, v in expected.items() if v}, where

    def sale(self, case: Any) -> list[Any]:
        customer, item, count, _ = case.order
        cents = self.example.PRICES[item] * count
        return [
            self.example.Transfer(item, count, "shelf", "sent"),
            self.example.Transfer("cents", cents, customer, "shop"),
        ]


def apply(books: Counter[tuple[str, str]], transfer: Any) -> None:
    """Write a transfer into books."""
    books[transfer.source, transfer.what] -= transfer.amount
    books[transfer.target, transfer.what] += transfer.amount


def owed(end: Any) -> list[Any]:
    """Give the outputs that are owed."""
    if not isinstance(end, CompensationFailed):
        return []
    return [one.output for one in (*end.failures, *end.not_run)]


async def ended(end: Any) -> Any:
    """Give the exit, or what was raised."""
    try:
        return await end
    except (RunError, RunEnded) as error:
        return error


@pytest.mark.parametrize(
    "count", [pytest.param(75, id="quick"), pytest.param(400, id="soak", marks=pytest.mark.soak)]
)
def test_books_balance(
    example: ModuleType, run_async: Callable[..., Any], tmp_path: Path, count: int
) -> None:
    """G1 to G3, R7, R9, R10: whatever fails, is late or cancels, the books balance with what is said to be owed."""
    trial = Trial(example, tmp_path)
    cases = list(troubles.cases(count))
    run_async(trial.hold, cases)
    assert {fault for case in cases for fault in case.faults} == trial.met
    assert {"finished", "rolled_back", "dirty", "failed", "cancelled", "unfinished"} <= set(trial.seen)
    assert {"shipped", "sold out", "rejected", "refunded"} <= set(trial.seen)


@pytest.mark.parametrize(
    "count", [pytest.param(40, id="quick"), pytest.param(200, id="soak", marks=pytest.mark.soak)]
)
def test_books_balance_after_kills(
    example: ModuleType, backend: str, run_async: Callable[..., Any], tmp_path: Path, count: int
) -> None:
    """C9, G3: killed at any service and any write, also within a rollback and again when resumed, they balance too."""
    cases = list(troubles.killed_cases(count))[backend == "trio" :: 2]
    text = "".join(f"{case!r}\n" for case in cases)
    said = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path)], input=text, capture_output=True, text=True, check=True
    ).stdout
    ends = Counter(tuple(map(int, line.split())) for line in said.splitlines())
    killed = {number for number, code in ends if code == -signal.SIGKILL}
    assert {case.number for case in cases if case.number < 13 + 16} <= killed
    assert not [number for number, code in ends if code not in (0, 3, -signal.SIGKILL)]
    trial = Trial(example, tmp_path)
    run_async(trial.take_over, cases)


def test_script_prints_it(example: ModuleType, tmp_path: Path) -> None:
    """Run as a script, it shows how each order ended, what is owed, and the books when that is settled."""
    run = subprocess.run(
        [sys.executable, Path(example.__file__)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout == SHOWN


def test_nothing_happens_twice(
    example: ModuleType,
    run_async: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """C5: started again, it finds every order at its end and makes no transfer."""
    runner = example.day.bind(config=example.Config(tmp_path))
    for _ in range(2):
        assert run_async(runner.run) is example.Day.CLOSED
    again = capsys.readouterr().out.removeprefix(SHOWN)
    assert again.count("rolled_back") == 2 and again.count("shipped") == 4 and again.endswith(BOOKS)


def test_it_goes_on_where_it_was_killed(example: ModuleType, tmp_path: Path) -> None:
    """Killed within its first order, the script started again ends that order first."""
    folder = tmp_path / "order-saga"
    code = (
        "import os, runpy, sqlite3, sys; names = runpy.run_path(sys.argv[1]);"
        "names['World'].answer = lambda *_: os.kill(os.getpid(), 9); names['runner'].run_sync()"
    )
    script = str(Path(example.__file__))
    killed = subprocess.run([sys.executable, "-c", code, script], check=False, cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL
    with closing(example.World(folder / "world.db")) as world:
        assert world.balances()["reserved", "tea"] == 2
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout == f"order-1   goes on: shipped\n{SHOWN}"


def test_log_shows_the_rollback(example: ModuleType, tmp_path: Path) -> None:
    """`cano show` lists the rollback as it happened: what was undone, of which row, in which order."""
    example.day.bind(config=example.Config(tmp_path)).run_sync()
    code = "from cano_dsl.cli import main; main()"
    command = [sys.executable, "-c", code, "show", "order-8", "--store", str(tmp_path / "runs.db")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    undone = [line.split()[4] for line in shown.splitlines() if "↩" in line and "undone: row" in line]
    assert undone == ["RESERVE", "CHARGE"]  # the bank did not answer at first
    assert shown.index("undone: row 0") < shown.index("resumed") < shown.index("undone: row 2")
