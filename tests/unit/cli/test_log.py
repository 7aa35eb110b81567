"""The commands about the log of runs: what they show, what they refuse, and what they never show."""

import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cano_dsl import Codec, SqliteCheckpoints
from cano_dsl.checkpoint import NewRun, Owner, Row, Status, Unit

HOUR = 3600.0
ORDERS = """
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from cano_dsl import Join, Joined, MemoryStore, RunData, Workflow, compensate, router, split, state


class Order(Enum):
    CHECK = 1
    ROUTE = 2
    QUOTE = 3
    CHARGE = 4
    SHIP = 5
    DONE = 6
    REJECTED = 7


@dataclass
class Cart:
    total: int = 0


@dataclass
class Receipt:
    card: str


class Van:
    def __init__(self, error: str = ""):
        self.error = error


@state(Order.CHECK)
def check(store: MemoryStore, data: RunData[Cart]) -> Literal[Order.ROUTE]:
    store.put("cart", ["tea", "classified"])
    data.value.total = 7
    return Order.ROUTE


@router(Order.ROUTE)
def route() -> Literal[Order.QUOTE, Order.REJECTED]:
    return Order.QUOTE


@split(Order.QUOTE, over=("ups", "dhl"), join=Join.all(), to=Order.CHARGE, on_error=Order.REJECTED)
async def quote(carrier: str) -> int:
    return len(carrier)


@state(Order.CHARGE)
def charge(quotes: Joined[int]) -> tuple[Literal[Order.SHIP], Receipt]:
    return Order.SHIP, Receipt("classified")


@compensate(charge)
def refund(receipt: Receipt, van: Van) -> None:
    if van.error == "dirty":
        raise ValueError("no money")


@state(Order.SHIP)
def ship(store: MemoryStore, van: Van) -> Literal[Order.DONE]:
    store.remove("cart")
    if van.error:
        raise RuntimeError(van.error)
    return Order.DONE


orders = Workflow.build(
    Order, check, route, quote, charge, refund, ship, start=Order.CHECK,
    exits=(Order.DONE, Order.REJECTED), data=Cart, name="orders",
)
runner = orders.bind(store=MemoryStore(), van=Van())
"""


@pytest.fixture
def orders(write: Any) -> Path:
    """Write the workflow."""
    path: Path = write("orders.py", ORDERS)
    return path


async def run_one(path: Path, run_id: str, error: str = "", until: str = "") -> None:
    """Run the workflow once with its log in a file; cancelled from outside where `until` begins."""
    sys.path.insert(0, str(path.parent))
    sys.modules.pop("orders", None)
    import orders

    from cano_dsl import MemoryStore, Observer

    class Stop(Observer):
        def state_entered(self, run: Any, state: Any) -> None:
            if state.name == until:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()

    async with SqliteCheckpoints(path) as store:
        flow = orders.orders.configure(checkpoints=store, observers=[Stop()])
        await flow.bind(store=MemoryStore(), van=orders.Van(error)).run(run_id)


@pytest.fixture
def ran(orders: Path) -> Path:
    """Run it once to the end, with its log in runs.db."""
    path = orders.parent / "runs.db"
    asyncio.run(run_one(path, "job-1"))
    return path


GRAPH = json.dumps(
    {
        "start": "A",
        "states": {
            "A": {"kind": "state", "targets": ["R"], "errors": [["", "C"]]},
            "R": {"kind": "router", "targets": ["B", "C"]},
            "B": {"kind": "state", "targets": ["B", "DONE"], "compensation": "Receipt"},
            "C": {"kind": "state", "targets": ["DONE"]},
            "DONE": {"kind": "exit"},
        },
    }
)


async def put(
    path: Path,
    run_id: str,
    units: list[Unit],
    *,
    workflow: str = "jobs",
    began: float = 1_000_000.0,
    start: str = "A",
    owner: Owner | None = None,
    codec: Codec | None = None,
) -> None:
    """Write a run by hand; without an owner it is released."""
    async with SqliteCheckpoints(path, codec=codec) as store:
        new = NewRun(run_id, workflow, 0, "f1", GRAPH, start)
        me = owner or Owner.here()
        claim = await store.start(new, units[0], owner=me, now=began)
        for unit in units[1:]:
            await store.append(claim, unit)
        if owner is None:
            await store.release(claim)


def by_hand(path: Path, run_id: str, *units: Unit, **more: Any) -> None:
    """Write a run by hand from a test that is not async."""
    asyncio.run(put(path, run_id, list(units), **more))


def row(sequence: int, kind: Any, after: float, state: str, **more: Any) -> Row:
    """Make a row so many seconds after the start."""
    return Row(sequence, kind, 1_000_000.0 + after, state, **more)


def stands(path: Path, run_id: str, status: Status, *, age: float = 0.0, **more: Any) -> None:
    """Write a run of one row that stands in a way, its row being so old."""
    at = time.time() - age
    by_hand(path, run_id, Unit([Row(0, "entered", at, "A")], status=status), began=at, **more)


# --- files


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs",),
        ("show", "job-1"),
        ("compat", "orders.py"),
        ("resume", "orders.py", "job-1"),
        ("prune", "--older-than", "1h", "--yes"),
    ],
)
def test_files_that_are_no_log(cano, folder, orders, arguments):
    """A file that is missing, a folder, empty, another program's, or damaged is refused with exit code 2 and a cause; nothing is made or written."""
    (folder / "run.db").write_bytes(b"")
    (folder / "text.db").write_text("no database at all, but long enough to have a header " * 20)
    other = sqlite3.connect(folder / "other.db")
    other.execute("CREATE TABLE mine (x)")
    other.commit()
    other.close()
    names = set(folder.iterdir())
    texts = {
        "runs.db": "there is no file runs.db: did you mean run.db?",
        "none/of/it": "there is no file none/of/it\n",
        ".": "it is a folder",
        "run.db": "the file is empty: no run was ever logged in it",
        "text.db": "it is no SQLite database",
        "other.db": "it is a database of another program",
    }
    before = {path: path.read_bytes() for path in names if path.is_file()}
    for store, text in texts.items():
        result = cano(*arguments, "--store", store)
        assert (result.exit_code, result.stdout) == (2, "")
        assert text in result.stderr
    assert {path: path.read_bytes() for path in set(folder.iterdir()) if path.is_file()} == before


def test_unknown_run(cano, ran):
    """A run that is not in the log is said so, with exit code 2."""
    for arguments in (("show", "job-2"), ("resume", "orders.py", "job-2")):
        result = cano(*arguments, "--store", "runs.db")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("Error: there is no run 'job-2' in runs.db")


# --- runs


def test_runs(cano, folder):
    """`runs` lists every run with how and where it stands, the one started last first, and counts them."""
    path = folder / "runs.db"
    stands(path, "job-1", "finished", age=3 * HOUR)
    stands(path, "job-2", "failed", age=90.0)
    stands(path, "other", "parked", workflow="mail", age=2 * 86_400.0)
    gone = Owner.here()._replace(boot="before")
    stands(path, "job-3", "unfinished", owner=gone)
    result = cano("runs", "--store", "runs.db")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[0] == ["run", "status", "state", "last", "row", "workflow", "rows", "started", "run", "by"]
    assert lines[1][:3] == ["job-3", "unfinished", "A"]
    assert f"{gone}, which is gone" in result.stdout
    assert [line[0] for line in lines[1:]] == ["job-3", "other", "job-2", "job-1", "4"]
    assert "other  parked      A      2 d 0 h ago" in result.stdout
    assert "job-2  failed      A      1 min 30 s ago  jobs" in result.stdout
    assert lines[-1] == ["4", "runs"]


def ids(result: Any) -> list[str]:
    """Give the ids that a list as JSON has."""
    return [run["run_id"] for run in json.loads(result.stdout)["runs"]]


def test_runs_that_are_chosen(cano, folder):
    """`runs` chooses by workflow, by several statuses, and by age, and lists at most so many."""
    path = folder / "runs.db"
    for number, status in enumerate(("finished", "failed", "dirty")):
        stands(path, f"job-{number}", status, age=number * HOUR)  # type: ignore[arg-type]
    stands(path, "mail", "failed", workflow="mail")

    def chosen(*options: str) -> list[str]:
        return ids(cano("runs", "--store", "runs.db", "--json", *options))

    assert chosen() == ["mail", "job-2", "job-1", "job-0"]
    assert chosen("--workflow", "mail") == ["mail"]
    assert chosen("--status", "failed", "--status", "dirty") == ["mail", "job-2", "job-1"]
    assert chosen("--older-than", "30m") == ["job-2", "job-1"]
    assert chosen("--older-than", "1h30min") == ["job-2"]
    assert chosen("--workflow", "jobs", "--status", "parked") == []
    assert chosen("--limit", "2") == ["mail", "job-2"]
    assert cano("runs", "--store", "runs.db", "--limit", "2").stdout.endswith(
        "2 runs, and there are more: --limit\n"
    )


def test_runs_of_nothing_known(cano, folder):
    """A workflow that the log does not have, a status that there is none of, and an age that is none are refused."""
    stands(folder / "runs.db", "job-1", "finished")
    result = cano("runs", "--store", "runs.db", "--workflow", "job")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "runs.db has no run of workflow 'job': did you mean 'jobs'? it has jobs" in result.stderr
    assert cano("runs", "--store", "runs.db", "--status", "lost").exit_code == 2
    result = cano("runs", "--store", "runs.db", "--older-than", "2 weeks")
    assert "'2 weeks' is no time: give a number and s, min, h, d or w" in result.stderr


@pytest.mark.parametrize(
    ("width", "columns"), [(50, ["run", "status", "state"]), (80, ["workflow", "rows"]), (110, ["started"])]
)
def test_runs_on_a_narrow_terminal(folder, width, columns):
    """On a terminal the columns that do not fit are left out, but never id, status and state."""
    from io import StringIO

    from rich.console import Console

    from cano_dsl.cli._log_runs import Wanted, _table

    path = folder / "runs.db"
    stands(path, "0123456789abcdef0123456789abcd", "unfinished", age=3 * HOUR, owner=Owner.here())

    async def listed() -> Any:
        async with SqliteCheckpoints(path) as store:
            return await Wanted().all(store)

    text = StringIO()
    _table(asyncio.run(listed()), Console(file=text, force_terminal=True, width=width, color_system=None))
    lines = text.getvalue().splitlines()
    assert set(columns) <= set(lines[0].split())
    assert ("workflow" in lines[0], "started" in lines[0]) == (width > 50, width > 80)
    assert len(lines) == 2
    assert max(map(len, lines)) <= width


# --- show


HEAD = """run       job-1
workflow  jobs, version 0, fingerprint f1
status    finished at DONE
"""


def test_show(cano, folder):
    """`show` tells each state with its time, attempts, output and changes of data, and never a value."""
    codec = Codec()
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "A")], {"data": codec.encode("", {"card": "classified"})}),
        Unit([row(1, "entered", 0.25, "B", attempts=3)], {"store/cart": codec.encode("", "classified")}),
        Unit([row(2, "entered", 90.25, "B", output=b"\xaaclassified", output_type="Receipt")]),
        Unit([row(3, "ended", 91.5, "DONE", attempts=1)], {"store/cart": None}, "finished"),
    )
    result = cano("show", "job-1", "--store", "runs.db", "--no-diagram")
    assert result.exit_code == 0
    head, _, rows = result.stdout.partition("\n\n")
    assert head.startswith(HEAD)
    assert rows.splitlines() == [
        "row       after    state       took",
        "                   begun with data 17 B",
        "  0      0.0 ms  ✓ A       250.0 ms  3 attempts",
        "                   data  store/cart 11 B",
        "  1    250.0 ms  ✓ B     1 min 30 s  output Receipt 11 B",
        "  2  1 min 30 s  ✓ B         1.25 s",
        "                   data  store/cart removed",
        "  3  1 min 32 s  → DONE",
    ]
    assert "classified" not in result.stdout


def test_show_values(cano, folder):
    """With `--values` data and outputs are shown as JSON, and bytes that cannot be read are said so."""
    codec = Codec()
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "A")], {"data": codec.encode("", {1: b"x", "p": 2})}),
        Unit(
            [row(1, "entered", 1, "B", output=codec.encode("", [1, 2]), output_type="list")], {"k": b"\xc1"}
        ),
    )
    result = cano("show", "job-1", "--store", "runs.db", "--no-diagram", "--values")
    assert '\n                     data = {"1":"eA==","p":2}\n' in result.stdout
    assert "\n                     output = [1,2]\n" in result.stdout
    assert 'k = "cannot be read: ' in result.stdout
    shown = json.loads(cano("show", "job-1", "--store", "runs.db", "--values", "--json").stdout)
    assert shown["start_data"] == [{"key": "data", "size": 8, "value": {"1": "eA==", "p": 2}}]
    assert shown["log"][0]["output"] == {"type": "list", "size": 3, "value": [1, 2]}
    assert shown["log"][0]["changes"][0]["value"].startswith("cannot be read: ")


def test_show_json(cano, folder):
    """As JSON each row has its own facts and those of what its state left, without values."""
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "A")], {"data": b"\xaaclassified"}),
        Unit(
            [row(1, "entered", 0.5, "C", attempts=2, entry=b"\xaaclassified", entry_type="failure")],
            {"data": b"\x01", "old": None},
        ),
    )
    result = cano("show", "job-1", "--store", "runs.db", "--json", "--no-diagram")
    assert "classified" not in result.stdout
    shown = json.loads(result.stdout)
    assert (shown["run_id"], shown["status"], shown["state"], shown["rows"]) == (
        "job-1",
        "unfinished",
        "C",
        2,
    )
    assert shown["started_at"] == "1970-01-12T13:46:40.000Z"
    assert shown["diagram"] is None
    assert shown["start_data"] == [{"key": "data", "size": 11}]
    assert shown["log"] == [
        {
            "sequence": 0,
            "kind": "entered",
            "state": "A",
            "at": "1970-01-12T13:46:40.000Z",
            "took_s": 0.5,
            "outcome": "failed",
            "attempts": 2,
            "output": None,
            "given": None,
            "about": None,
            "error": None,
            "taken_back": False,
            "changes": [{"key": "data", "size": 1}, {"key": "old", "size": None}],
        },
        {
            "sequence": 1,
            "kind": "entered",
            "state": "C",
            "at": "1970-01-12T13:46:40.500Z",
            "took_s": None,
            "outcome": "stands",
            "attempts": 0,
            "output": None,
            "given": {"what": "failure", "size": 11},
            "about": None,
            "error": None,
            "taken_back": False,
            "changes": [],
        },
    ]


def test_show_rollback(cano, folder):
    """A rollback is told as it went: why, what each compensation undid, and how the run ended; an error is told once."""
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "B")]),
        Unit([row(1, "entered", 1, "B", output=b"\xa7receipt", output_type="Receipt", attempts=1)]),
        Unit([row(2, "rollback", 3, "B", attempts=4, text="ValueError: no van\nat all")]),
        Unit([row(3, "compensated", 3.5, "B", about=0)]),
        Unit([row(4, "ended", 4, "B", text="ValueError: no van\nat all")], status="rolled_back"),
        start="B",
    )
    result = cano("show", "job-1", "--store", "runs.db", "--no-diagram")
    assert "status    rolled_back in B\n" in result.stdout
    assert result.stdout.partition("\n\n")[2].splitlines() == [
        "row       after    state       took",
        "  0      0.0 ms  ✓ B         1.00 s  output Receipt 8 B",
        "  1      1.00 s  ✗ B         2.00 s  4 attempts",
        "  2      3.00 s  ! B                 rollback",
        "                   ValueError: no van",
        "                   at all",
        "  3      3.50 s  ↩ B       500.0 ms  undone: row 0, which gave Receipt 8 B",
        "  4      4.00 s  ■ B                 ended",
    ]
    told = json.loads(cano("show", "job-1", "--store", "runs.db", "--json").stdout)["log"]
    assert [one["outcome"] for one in told] == ["left", "failed", "rollback", "undone", "ended"]
    assert told[3]["output"] == {"type": "Receipt", "size": 8}
    assert told[4]["error"] == "ValueError: no van\nat all"


def test_show_of_a_run_taken_back(cano, folder):
    """Rows behind which a run was taken back are marked, and not part of the way that it took; a state that was cut off has no time."""
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "A")]),
        Unit([row(1, "resumed", 5, "A")]),
        Unit([row(2, "entered", 6, "C")], {"k": b"\x01"}),
        Unit([row(3, "resumed", 9, "A", about=0)], {"k": None}),
        Unit([row(4, "entered", 10, "B")]),
        Unit([row(5, "waiting", 11, "B")]),
        Unit([row(6, "signalled", 12, "B", output=b"\x01", output_type="int")]),
    )
    result = cano("show", "job-1", "--store", "runs.db")
    assert result.stdout.partition("\n\n")[2].splitlines()[1:10] == [
        "  0      0.0 ms  ⌁ A                 cut off",
        "  1      5.00 s  ✓ A         1.00 s  taken back  resumed",
        "                   data  k 1 B",
        "  2      6.00 s  ⌁ C                 taken back  cut off",
        "  3      9.00 s  ✓ A         1.00 s  taken back to row 0",
        "                   data  k removed",
        "  4     10.00 s  … B",
        "  5     11.00 s  · B                 waiting",
        "  6     12.00 s  · B                 signalled int 1 B",
    ]
    assert "    A --> R : ✓\n    A --> C : ⚡ any error\n" in result.stdout
    assert "    R --> B : ✓\n    R --> C\n" in result.stdout
    assert "    class A,R passed\n" in result.stdout
    assert "    class B here\n" in result.stdout


def test_diagram_of_loops_and_errors(cano, folder):
    """The diagram of a stored graph counts how often each arrow was taken, those of errors apart."""
    by_hand(
        folder / "runs.db",
        "loop",
        Unit([row(0, "entered", 0, "B")]),
        Unit([row(1, "entered", 1, "B")]),
        Unit([row(2, "entered", 2, "B")]),
        Unit([row(3, "ended", 3, "DONE")], status="finished"),
        start="R",
    )
    by_hand(
        folder / "runs.db",
        "failed",
        Unit([row(0, "entered", 0, "A")]),
        Unit([row(1, "entered", 1, "C", entry=b"\x01", entry_type="failure")]),
    )
    loop = cano("show", "loop", "--store", "runs.db").stdout
    assert "    R --> B : ✓\n" in loop
    assert "    B --> B : ✓ 2 times\n    B --> DONE : ✓\n" in loop
    assert "    class R,B,DONE passed\n" in loop
    assert " here" not in loop
    assert '    state "B ↩ Receipt" as B\n' in loop
    failed = cano("show", "failed", "--store", "runs.db").stdout
    assert "    A --> C : ⚡ any error ✓\n" in failed
    assert "    R --> C\n" in failed


def test_show_with_a_target(cano, ran):
    """With a target the diagram is that of the workflow as it is now, else that of the stored graph."""
    stored = cano("show", "job-1", "--store", "runs.db").stdout
    target = cano("show", "job-1", "--store", "runs.db", "--target", "orders.py:orders").stdout
    assert '"CHARGE ↩ Receipt" as CHARGE' in stored
    assert '"CHARGE ↩ refund" as CHARGE' in target
    for text in (stored, target):
        assert "    CHECK --> ROUTE : ✓\n" in text
        assert "    QUOTE --> QUOTE_fork : 2 branches ✓\n    QUOTE_fork --> CHARGE : all ✓\n" in text
        assert "classified" not in text
        assert "[*]\n    classDef router" in text
    values = cano("show", "job-1", "--store", "runs.db", "--values").stdout
    assert 'output = {"card":"classified"}\n' in values
    assert 'store/cart = ["tea","classified"]\n' in values
    outcomes = '"values":{"quote(\'ups\')":3,"quote(\'dhl\')":3},"errors":{},"cancelled":[]'
    assert f'given = {{"state":"QUOTE",{outcomes}}}\n' in values


def test_show_of_a_failure(cano, folder):
    """With `--values` a failure that a state was given is shown in words, and one that cannot be read is said so."""
    failure = Codec().encode("", {"s": "A", "e": ["ValueError", "no tea"]})
    by_hand(
        folder / "runs.db",
        "job-1",
        Unit([row(0, "entered", 0, "A")]),
        Unit([row(1, "entered", 1, "C", entry=failure, entry_type="failure")]),
        Unit([row(2, "entered", 2, "C", entry=b"\xc1", entry_type="joined")]),
        Unit([row(3, "entered", 3, "C", entry=b"\x05", entry_type="later")]),
    )
    result = cano("show", "job-1", "--store", "runs.db", "--values")
    assert "✗ A         1.00 s" in result.stdout
    assert f"✓ C         1.00 s  given failure {len(failure)} B\n" in result.stdout
    assert 'given = {"state":"A","error":"ValueError: no tea"}\n' in result.stdout
    assert "given outcomes 1 B\n" in result.stdout
    assert 'given = "cannot be read: ' in result.stdout
    assert "given later 1 B\n" in result.stdout
    assert "given = 5\n" in result.stdout


def test_show_within_a_workflow_as_a_state(cano, folder):
    """A state within a workflow is told by its path, and drawn as the state that its workflow is."""
    by_hand(
        folder / "runs.db", "job-1", Unit([row(0, "entered", 0, "A/X")]), Unit([row(1, "entered", 1, "B")])
    )
    result = cano("show", "job-1", "--store", "runs.db")
    assert "✓ A/X" in result.stdout
    assert "    class A,R passed\n" in result.stdout


def test_forked_run(cano, folder):
    """A run that was forked says from where."""
    path = folder / "runs.db"
    by_hand(path, "job-1", Unit([row(0, "entered", 0, "A")]))

    async def fork() -> None:
        async with SqliteCheckpoints(path) as store:
            await store.fork("job-1", at=0, as_="job-2", owner=Owner.here(), now=time.time())

    asyncio.run(fork())
    result = cano("show", "job-2", "--store", "runs.db", "--no-diagram")
    assert result.stdout.startswith("run       job-2, forked from job-1@0\n")
    assert "\nrun by    process " in result.stdout


# --- prune


def test_prune(cano, folder, monkeypatch):
    """`prune` forgets runs of an age, those that are over unless told otherwise, and only once that is agreed to."""
    path = folder / "runs.db"
    for number, status in enumerate(("finished", "failed", "cancelled", "finished")):
        stands(path, f"job-{number}", status, age=(number != 3) * 2 * HOUR)  # type: ignore[arg-type]

    def left() -> list[str]:
        return ids(cano("runs", "--store", "runs.db", "--json"))

    result = cano("prune", "--store", "runs.db", "--older-than", "1h")
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        "2 runs would be forgotten for good (1 cancelled, 1 finished, 0 rolled_back): agree with --yes"
        in (result.stderr)
    )
    assert len(left()) == 4
    result = cano("prune", "--store", "runs.db", "--older-than", "1h", "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 runs forgotten\n")
    assert left() == ["job-3", "job-1"]
    result = cano(
        "prune", "--store", "runs.db", "--older-than", "1h", "--status", "failed", "--yes", "--json"
    )
    assert json.loads(result.stdout) == {"pruned": 1}
    assert left() == ["job-3"]
    assert cano("prune", "--store", "runs.db", "--older-than", "1h").stdout == "0 runs forgotten\n"
    assert json.loads(cano("prune", "--store", "runs.db", "--older-than", "1h", "--json").stdout) == {
        "pruned": 0
    }
    assert cano("prune", "--store", "runs.db").exit_code == 2


def test_prune_asks(folder, monkeypatch):
    """On a terminal `prune` asks first, and forgets nothing where the answer is no."""
    from cano_dsl.cli import _log_runs

    path = folder / "runs.db"
    stands(path, "job-1", "finished", age=HOUR)
    asked = []

    def refuse(text: str, **_: Any) -> None:
        asked.append(text)
        raise KeyError

    monkeypatch.setattr(_log_runs.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(_log_runs.click, "confirm", refuse)
    wanted = _log_runs.Wanted(None, (), 0.0)
    with pytest.raises(KeyError):
        _log_runs.prune(path, wanted, agreed=False, as_json=False)
    assert asked == ["Forget 1 run for good (0 cancelled, 1 finished, 0 rolled_back)?"]
    monkeypatch.setattr(_log_runs.click, "confirm", lambda text, **_: True)
    _log_runs.prune(path, wanted, agreed=False, as_json=False)
    with pytest.raises(_log_runs.Refused):
        _log_runs.list_runs(path, _log_runs.Wanted("jobs"), 1, as_json=False)


# --- compat and resume


@pytest.fixture
def cut(orders: Path) -> Path:
    """Run it until SHIP is entered, and cancel it there from outside."""
    path = orders.parent / "runs.db"
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run_one_to_ship(path))
    return path


async def run_one_to_ship(path: Path) -> None:
    """Stand in SHIP, with the receipt in the log."""
    sys.path.insert(0, str(path.parent))
    sys.modules.pop("orders", None)
    import orders

    from cano_dsl import MemoryStore

    class Hanging(orders.Van):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            pass

        @property
        def error(self) -> str:
            raise asyncio.CancelledError

    async with SqliteCheckpoints(path) as store:
        flow = orders.orders.configure(checkpoints=store)
        await flow.bind(store=MemoryStore(), van=Hanging()).run("job-1")


def changed(write: Any, *pairs: tuple[str, str]) -> None:
    """Write the workflow with something changed."""
    text = ORDERS
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    write("changed.py", text)


def compat(cano: Any) -> Any:
    """Ask whether the runs can go on under the changed workflow, for people and for programs."""
    result = cano("compat", "changed.py", "--store", "runs.db")
    facts = cano("compat", "changed.py", "--store", "runs.db", "--json")
    assert (result.stderr, facts.exit_code) == ("", result.exit_code)
    told = json.loads(facts.stdout)
    assert (told["workflow"], told["stranded"] > 0) == ("orders", result.exit_code == 1)
    for run in told["runs"]:
        lines = [line for reason in run["reasons"] for line in reason.splitlines()]
        assert all(f"    {line}\n" in result.stdout for line in lines)
    return result


def test_compat_of_the_same(cano, write, cut):
    """C6: under the same definition, and one that differs where the run does not come, it can go on; exit code 0."""
    same = "✓ job-1  unfinished in SHIP  can go on\n1 unfinished run of orders, all can go on\n"
    for change in ((), (("Literal[Order.QUOTE, Order.REJECTED]", "Literal[Order.QUOTE]"),)):
        changed(write, *change)
        result = compat(cano)
        assert (result.exit_code, result.stdout) == (0, same)


def test_compat_of_a_change(cano, write, cut):
    """C6, G3: what strands a run is told with what was and what is, of its state and of what is to be undone; exit code 1."""
    changed(
        write,
        ("van: Van) -> Literal[Order.DONE]", "van: Van) -> Literal[Order.DONE, Order.REJECTED]"),
        ("charge, refund, ship", "charge, ship"),
    )
    result = compat(cano)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "✗ job-1  unfinished in SHIP  cannot go on",
        "    state SHIP: targets were DONE, are DONE, REJECTED",
        "    state CHARGE, which may have to be undone: what its compensation takes was Receipt, is none",
        "1 unfinished run of orders, 1 cannot go on",
    ]


def test_compat_of_types(cano, write, cut):
    """What was saved must be readable by the types as they are now: the run's data, and outputs that are to be undone; no value is told."""
    changed(write, ("total: int = 0", 'total: str = ""'), ("card: str", "card: int"))
    result = compat(cano)
    assert result.exit_code == 1
    assert "the output of CHARGE" in result.stdout
    assert "Expected `int`, got `str` - at `$.card`" in result.stdout
    assert "'data' is dict (Expected `str`, got `int` - at `$.total`), not Cart" in result.stdout
    assert "classified" not in result.stdout


NESTED = """
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from cano_dsl import RunData, Workflow, state

class Pay(Enum):
    ASK = "ask"
    CHARGE = "charge"
    PAID = "paid"

class Order(Enum):
    PAY = "pay"
    DONE = "done"

@dataclass
class Asked:
    times: int = 0

@state(Pay.ASK)
async def ask(data: RunData[Asked]) -> Literal[Pay.CHARGE]:
    return Pay.CHARGE

@state(Pay.CHARGE)
async def charge() -> Literal[Pay.PAID]:
    raise SystemExit

pay = Workflow.build(Pay, ask, charge, start=Pay.ASK, exits=(Pay.PAID,), data=Asked)
shop = Workflow.build(
    Order, pay.as_state(Order.PAY, exits={Pay.PAID: Order.DONE}), start=Order.PAY, exits=(Order.DONE,), name="shop"
)
"""


def test_compat_of_inner_data(cano, write):
    """What was saved of a sub-workflow must be readable by the type that its data has now."""
    path = write("shop.py", NESTED)
    scope: dict[str, Any] = {"__name__": "shop_as_it_was"}
    exec(compile(NESTED, str(path), "exec", dont_inherit=True), scope)

    async def run() -> None:
        async with SqliteCheckpoints(path.parent / "shop.db") as store:
            await scope["shop"].configure(checkpoints=store).bind().run("job-1")

    with pytest.raises(SystemExit):
        asyncio.run(run())
    assert cano("compat", "shop.py:shop", "--store", "shop.db").exit_code == 0
    sys.modules.pop("shop", None)
    write("shop.py", NESTED.replace("times: int = 0", 'times: str = ""'))
    result = cano("compat", "shop.py:shop", "--store", "shop.db")
    assert result.exit_code == 1
    assert "'@PAY/data' is dict (Expected `str`, got `int` - at `$.times`), not Asked" in result.stdout


def test_compat_of_a_model(cano, write, cut):
    """A pydantic model that refuses what was saved is told without the value that it refused."""
    changed(
        write,
        (
            "@dataclass\nclass Cart:\n    total: int = 0",
            "import pydantic\nclass Cart(pydantic.BaseModel):\n    total: str = ''",
        ),
    )
    result = compat(cano)
    assert result.exit_code == 1
    assert "total" in result.stdout
    assert "input_type=int" in result.stdout
    assert "input_value" not in result.stdout


def test_compat_of_a_version(cano, write, cut):
    """A declared version that differs strands a run."""
    changed(write, ('name="orders",', 'name="orders", version=2,'))
    assert "was begun with version 0 of workflow 'orders', now 2" in compat(cano).stdout


def test_compat_looks_at_what_may_go_on(cano, write, orders):
    """Runs that are over, and those of other workflows, are not looked at; a parked one waits for a person, under any definition."""
    path = orders.parent / "runs.db"
    asyncio.run(run_one(path, "done"))
    stands(path, "mail", "failed", workflow="mail")
    changed(write)
    assert compat(cano).stdout == "0 unfinished runs of orders\n"
    db = sqlite3.connect(path)
    parked = "UPDATE run SET status = 7 WHERE name = 'done'"
    db.execute(parked)
    db.commit()
    db.close()
    result = compat(cano)
    assert result.exit_code == 0
    assert (
        "! done  parked in DONE  waits for a person: cano resume --at, see cano show done\n" in result.stdout
    )


def test_compat_of_what_is_not_sound(cano, write, cut):
    """A workflow that is not sound ends the command with exit code 1, and one that cannot be imported with 2."""
    write("bad.py", ORDERS.replace("charge, refund, ship", "charge, refund"))
    assert cano("compat", "bad.py", "--store", "runs.db").exit_code == 1
    assert cano("compat", "nothing.py", "--store", "runs.db").exit_code == 2


def test_resume(cano, cut):
    """C3: `resume` goes on in the state where the run stood, shows what runs, and ends with the exit; exit code 0."""
    result = cano("resume", "orders.py", "job-1", "--store", "runs.db")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [["✓", "SHIP"], ["→", "DONE"]]
    again = cano("resume", "orders.py", "job-1", "--store", "runs.db", "--json")
    assert json.loads(again.stdout) == {"run_id": "job-1", "exit": "DONE", "error": None}


def test_resume_at_a_row(cano, cut):
    """`resume --at` takes the run back to a row; one that enters no state is refused."""
    result = cano("resume", "orders.py", "job-1", "--store", "runs.db", "--at", "1")
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.stdout.splitlines()] == ["QUOTE", "CHARGE", "SHIP", "DONE"]
    result = cano("resume", "orders.py", "job-1", "--store", "runs.db", "--at", "4")
    assert result.exit_code == 2
    assert "a row that enters a state" in result.stderr


def test_resume_that_fails(cano, cut):
    """A run that fails when it goes on is shown as a failed run is; exit code 2, and with `--json` its error."""
    options = ("resume", "orders.py:orders", "job-1", "--store", "runs.db", "--set", "van=x")
    assert cano(*options).exit_code == 2
    result = cano("resume", "failing.py", "job-1", "--store", "runs.db")
    assert result.exit_code == 2
    Path("failing.py").write_text(ORDERS.replace("van=Van()", 'van=Van("no van")'), encoding="utf-8")
    result = cano("resume", "failing.py", "job-1", "--store", "runs.db", "--json")
    assert result.exit_code == 2
    assert "RuntimeError: no van" in json.loads(result.stdout)["error"]
    assert "failed in SHIP" in result.stderr
    assert "✓ CHARGE" in result.stderr
    result = cano("resume", "failing.py", "job-1", "--store", "runs.db")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "run 'job-1' is rolled_back and cannot go on" in result.stderr


def test_resume_under_a_change(cano, write, cut):
    """C6: a changed definition is refused with the differences in words of the command line, and allowed on request."""
    changed(write, ("van: Van) -> Literal[Order.DONE]", "van: Van) -> Literal[Order.DONE, Order.REJECTED]"))
    result = cano("resume", "changed.py", "job-1", "--store", "runs.db")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "state SHIP: targets were DONE, are DONE, REJECTED" in result.stderr
    assert "allow the change with --allow-changed" in result.stderr
    result = cano("resume", "changed.py", "job-1", "--store", "runs.db", "--allow-changed")
    assert result.exit_code == 0


def test_resume_without_a_resource(cano, cut):
    """A resource that is missing is said with the option that gives it, before the log is touched."""
    result = cano("resume", "orders.py:orders", "job-1", "--store", "runs.db")
    assert result.exit_code == 2
    assert "On the command line: give --set store=… --set van=…" in result.stderr
    assert (
        json.loads(cano("runs", "--store", "runs.db", "--json").stdout)["runs"][0]["status"] == "unfinished"
    )


# --- small things


def test_many_runs(cano, folder, monkeypatch):
    """All runs are found where there are more than are asked for at once."""
    from cano_dsl.cli import _log_runs

    monkeypatch.setattr(_log_runs, "PAGE", 2)
    for number in range(5):
        stands(folder / "runs.db", f"job-{number}", "finished", age=HOUR)
    result = cano("prune", "--store", "runs.db", "--older-than", "1m")
    assert "5 runs would be forgotten for good (0 cancelled, 5 finished, 0 rolled_back)" in result.stderr


def test_sizes_and_ages(monkeypatch):
    """Sizes and ages are written in the units that read best."""
    from cano_dsl.cli import _log_file

    assert [_log_file.size(n) for n in (0, 999, 1000, 12_345, 2_500_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "12.3 kB",
        "2.5 MB",
    ]
    monkeypatch.setattr(_log_file.time, "time", lambda: 2_000_000.0)
    ages = [0, 59, 61, 3 * HOUR + 125, 86_400 * 2, 86_400 * 15, -5]
    assert [_log_file.ago(2_000_000.0 - age) for age in ages] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "3 h 2 min",
        "2 d 0 h",
        "2 w 1 d",
        "0 s",
    ]


def test_interrupt(folder, capsys):
    """Ctrl-C while a log is read ends the command with exit code 130."""
    from cano_dsl.cli import _log_file

    stands(folder / "runs.db", "job-1", "finished")

    async def interrupted(store: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        _log_file.ask(folder / "runs.db", interrupted)
    assert (ended.value.code, capsys.readouterr().err) == (130, "interrupted\n")


def test_parked_run(cano, write, orders):
    """C3: a run that stopped within a state that must not run twice waits for a person, who says at which row it goes on."""
    text = ORDERS.replace("@state(Order.SHIP)", '@state(Order.SHIP, semantics="at_most_once")')
    write("orders.py", text)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run_one_to_ship(orders.parent / "runs.db"))
    result = cano("compat", "orders.py", "--store", "runs.db")
    assert result.exit_code == 0
    assert "! job-1  " in result.stdout
    assert "waits for a person: cano resume --at, see cano show job-1\n" in result.stdout
    result = cano("resume", "orders.py", "job-1", "--store", "runs.db")
    assert result.exit_code == 2
    assert "then resume ('job-1' --at 3) to run it again" in result.stderr
    assert cano("resume", "orders.py", "job-1", "--store", "runs.db", "--at", "3").exit_code == 0
