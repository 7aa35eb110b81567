"""The same edits in every way in which mypy is run: what is said is what a cold run says.

The package has its states, types, handlers, workflow and call in modules of their own, an Enum that is
exported again, handlers in a tuple with a star, and a handler that runs the workflow that it belongs to.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from mypy.version import __version__ as version

BIN = Path(sys.executable).parent

BASE = {
    "__init__": "from pkg.order import Order as Order\n",
    "order": """
from enum import Enum, auto
class Order(Enum):
    START = auto()
    PAY = auto()
    SHIP = auto()
    DONE = auto()
    FAILED = auto()
""",
    "res": """
class Store: ...
class Mailer: ...
""",
    "next": """
from typing import Literal
from pkg.order import Order
AfterShip = Literal[Order.DONE, Order.FAILED]
""",
    "steps_a": """
from typing import Literal
from cano_dsl import RunData, state
from pkg.order import Order
from pkg.res import Store
@state(Order.START)
async def start() -> Literal[Order.PAY, Order.FAILED]: return Order.PAY
@state(Order.PAY, timeout=5, on_error={OSError: Order.FAILED})
async def pay(store: Store, data: RunData[int]) -> Literal[Order.SHIP]: return Order.SHIP
""",
    "steps_b": """
from cano_dsl import state
from pkg.order import Order
from pkg.next import AfterShip
from pkg.res import Store, Mailer
@state(Order.SHIP)
async def ship(store: Store) -> AfterShip: return Order.DONE
STEPS = (ship,)
""",
    "flow": """
from cano_dsl import Workflow
from pkg import Order, steps_a, steps_b
flow = Workflow.build(
    Order, steps_a.start, steps_a.pay, *steps_b.STEPS,
    start=Order.START, exits=(Order.DONE, Order.FAILED), data=int, timeout=60,
)
""",
    "main": """
from typing import assert_never
from pkg import Order
from pkg.flow import flow
from pkg.res import Store, Mailer
async def main() -> None:
    match await flow.run(0, store=Store()):
        case Order.DONE: pass
        case Order.FAILED: pass
        case never: assert_never(never)
""",
    "cycle_steps": """
from enum import Enum, auto
from typing import Literal
from cano_dsl import state
class Job(Enum):
    WORK = auto()
    REST = auto()
    DONE = auto()
@state(Job.WORK)
async def work() -> Literal[Job.REST, Job.DONE]:
    from pkg.cycle import jobs
    return await jobs.run()
@state(Job.REST)
async def rest() -> Literal[Job.DONE]: return Job.DONE
""",
    "cycle": """
from cano_dsl import Workflow
from pkg.cycle_steps import Job, rest, work
jobs = Workflow.build(Job, work, rest, start=Job.WORK, exits=(Job.DONE,))
""",
    "quote_steps": """
from enum import Enum, auto
from typing import Literal
from cano_dsl import Failure, Join, Joined, compensate, split, state
from pkg.res import Store, Mailer
class Quote(Enum):
    ASK = auto()
    CHOOSE = auto()
    SORRY = auto()
    DONE = auto()
async def shops(store: Store) -> list[str]: return []
@split(Quote.ASK, over=("a", "b"), join=Join.quorum(2), to=Quote.CHOOSE, on_error={OSError: Quote.SORRY})
async def ask(shop: str) -> int: return 1
@state(Quote.CHOOSE)
def choose(prices: Joined[int]) -> tuple[Literal[Quote.DONE], int]: return Quote.DONE, 1
@state(Quote.SORRY)
def sorry(failure: Failure) -> Literal[Quote.DONE]: return Quote.DONE
@state(Quote.CHOOSE)
def other() -> Literal[Quote.DONE]: return Quote.DONE
@compensate(choose)
def cancel(price: int) -> None: ...
""",
    "quotes": """
from cano_dsl import Workflow
from pkg.quote_steps import Quote, ask, cancel, choose, other, sorry
quotes = Workflow.build(Quote, ask, choose, sorry, cancel, start=Quote.ASK, exits=(Quote.DONE,))
async def quote() -> None:
    await quotes.run()
""",
}


class Edit(NamedTuple):
    """A change of one module, and the errors that it makes."""

    title: str
    module: str
    old: str
    new: str
    says: tuple[str, ...]
    daemon: bool = True


EDITS = (
    Edit(
        "narrow a transition in a module that the workflow's module imports",
        "steps_a",
        "Literal[Order.SHIP]: return Order.SHIP",
        "Literal[Order.FAILED]: return Order.FAILED",
        (
            "pkg/flow.py:5: error: State Order.SHIP is unreachable from Order.START  [cano-unreachable]",
            "pkg/flow.py:4: error: Exit Order.DONE is unreachable from Order.START  [cano-unreachable]",
        ),
    ),
    Edit(
        "add a member to the Enum",
        "order",
        "    DONE = auto()",
        "    REFUND = auto()\n    DONE = auto()",
        (
            "pkg/flow.py:4: error: Workflow does not handle Order.REFUND (neither handled nor an exit)  [cano-exhaustive]",
        ),
        daemon=False,  # as mypy's own `match` with `assert_never`: its daemon does not look again
    ),
    Edit(
        "leave two handlers out: the order of what is said does not depend on the cache",
        "flow",
        "Order, steps_a.start, steps_a.pay, *steps_b.STEPS,",
        "Order, steps_a.start,",
        (
            "pkg/flow.py:4: error: Workflow does not handle Order.PAY (neither handled nor an exit)  [cano-exhaustive]",
            "pkg/flow.py:4: error: Workflow does not handle Order.SHIP (neither handled nor an exit)  [cano-exhaustive]",
            'pkg/main.py:7: error: Unexpected keyword argument "store" for "run" of "Workflow"  [call-arg]',
        ),
    ),
    Edit(
        "change the alias two modules away, to what is right too",
        "next",
        "Literal[Order.DONE, Order.FAILED]",
        "Literal[Order.DONE, Order.START]",
        (),
    ),
    Edit(
        "widen the alias to the bare Enum",
        "next",
        "AfterShip = Literal[Order.DONE, Order.FAILED]",
        "AfterShip = Order",
        (
            'pkg/steps_b.py:6: error: Handler "ship" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]',
        ),
    ),
    Edit(
        "let a handler want one more resource",
        "steps_b",
        "ship(store: Store)",
        "ship(store: Store, mailer: Mailer)",
        ('pkg/main.py:7: error: Missing named argument "mailer" for "run" of "Workflow"  [call-arg]',),
    ),
    Edit(
        "let two handlers disagree about a resource",
        "steps_b",
        "ship(store: Store)",
        "ship(store: Mailer)",
        (
            'pkg/flow.py:5: error: Resource "store" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]',
        ),
    ),
    Edit(
        "let a handler expect other data: its name comes from the cache",
        "steps_a",
        "RunData[int]",
        "RunData[bytes]",
        (
            'pkg/flow.py:5: error: Handler "pay" wants the run\'s data as bytes, but data= is int  [cano-resource]',
        ),
    ),
    Edit(
        "add an exit: the match in another module is no longer exhaustive",
        "flow",
        "exits=(Order.DONE, Order.FAILED)",
        "exits=(Order.DONE, Order.FAILED, Order.SHIP)",
        (
            "pkg/flow.py:5: error: State Order.SHIP is an exit, so its handler would never run  [cano-exit]",
            "pkg/flow.py:4: error: Exit Order.DONE is unreachable from Order.START  [cano-unreachable]",
            'pkg/main.py:10: error: Argument 1 to "assert_never" has incompatible type "Literal[Order.SHIP]"; expected "Never"  [arg-type]',
        ),
    ),
    Edit(
        "take a handler out of the tuple",
        "steps_b",
        "STEPS = (ship,)",
        "STEPS = ()",
        (
            "pkg/flow.py:4: error: Workflow does not handle Order.SHIP (neither handled nor an exit)  [cano-exhaustive]",
        ),
    ),
    Edit(
        "let a handler handle another state",
        "steps_b",
        "@state(Order.SHIP)",
        "@state(Order.PAY)",
        (
            "pkg/flow.py:5: error: State Order.PAY has more than one handler  [cano-duplicate]",
            "pkg/flow.py:4: error: Workflow does not handle Order.SHIP (neither handled nor an exit)  [cano-exhaustive]",
        ),
    ),
    Edit(
        "break a workflow that one of its handlers runs",
        "cycle_steps",
        "async def rest() -> Literal[Job.DONE]: return Job.DONE",
        "async def rest() -> Literal[Job.REST]: return Job.REST",
        (
            "pkg/cycle.py:4: error: No exit can be reached from state Job.REST: it only leads Job.REST → Job.REST  [cano-dead-end]",
        ),
    ),
    Edit(
        "ask for more branches than there are",
        "quote_steps",
        "Join.quorum(2)",
        "Join.quorum(3)",
        ('pkg/quotes.py:4: error: Split "ask": quorum(3) needs 3 successes of 2 branches  [cano-join]',),
    ),
    Edit(
        "lead an error to where outcomes are wanted",
        "quote_steps",
        "on_error={OSError: Quote.SORRY}",
        "on_error={OSError: Quote.CHOOSE}",
        (
            'pkg/quotes.py:4: error: Handler "choose" wants the outcomes of a split, but an error of Quote.ASK leads there  [cano-join]',
            "pkg/quotes.py:4: error: State Quote.SORRY is unreachable from Quote.ASK  [cano-unreachable]",
        ),
    ),
    Edit(
        "let an attempt take longer than a run",
        "steps_a",
        "timeout=5",
        "timeout=90",
        (
            'pkg/flow.py:5: error: Handler "pay" has timeout=90 s, above the workflow\'s timeout of 60 s, so it would never end anything  [cano-policy]',
        ),
    ),
    Edit(
        "let a function with a resource give the items",
        "quote_steps",
        'over=("a", "b")',
        "over=shops",
        ('pkg/quotes.py:6: error: Missing named argument "store" for "run" of "Workflow"  [call-arg]',),
    ),
    Edit(
        "give another output than is undone",
        "quote_steps",
        "tuple[Literal[Quote.DONE], int]: return Quote.DONE, 1",
        'tuple[Literal[Quote.DONE], str]: return Quote.DONE, ""',
        (
            'pkg/quote_steps.py:20: error: Compensation "cancel" takes int, but "choose" gives str  [cano-compensation]',
        ),
    ),
    Edit(
        "let a compensation want a resource",
        "quote_steps",
        "cancel(price: int)",
        "cancel(price: int, mailer: Mailer)",
        ('pkg/quotes.py:6: error: Missing named argument "mailer" for "run" of "Workflow"  [call-arg]',),
    ),
    Edit(
        "undo a handler that is not in the workflow",
        "quotes",
        "ask, choose, sorry, cancel,",
        "ask, other, sorry, cancel,",
        (
            'pkg/quotes.py:4: error: Compensation "cancel" undoes "choose" of Quote.CHOOSE, which is not in this workflow  [cano-compensation]',
        ),
    ),
)

SETTINGS = "[mypy]\nstrict = True\nplugins = cano_dsl.mypy_plugin\n"
LIBRARY = "import cano_dsl, dataclasses, enum, typing\n"


class Mode(NamedTuple):
    """A way to run mypy: its options, and whether the cache of the package is kept between runs."""

    name: str
    options: tuple[str, ...]
    keeps: bool


MODES = (
    Mode("cold", (), keeps=False),
    Mode("warm", (), keeps=True),
    Mode("warm-json", ("--no-sqlite-cache",), keeps=True),
    Mode("parallel", ("-n", "2"), keeps=True),
)


def call(folder: Path, *command: str) -> list[str]:
    """Run a command; give the errors that it prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text
    assert "INTERNAL" not in text, text
    assert done.returncode in (0, 1), text
    return sorted(line for line in text.splitlines() if ": error: " in line)


SECONDS = count(1_000_000_000)


def write(folder: Path, edit: Edit | None = None) -> None:
    """Write the package, with an edit; files that stay the same are left alone.

    mypy takes a file of the same size and second for the same, so each has a second of its own.
    """
    (folder / "pkg").mkdir(exist_ok=True)
    for name, text in BASE.items():
        changed = text.replace(edit.old, edit.new) if edit is not None and edit.module == name else text
        path = folder / "pkg" / f"{name}.py"
        if not path.exists() or path.read_text(encoding="utf-8") != changed:
            path.write_text(changed, encoding="utf-8")
            second = next(SECONDS)
            os.utime(path, (second, second))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the package and mypy's configuration."""
    (tmp_path / "mypy.ini").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "library.py").write_text(LIBRARY, encoding="utf-8")
    write(tmp_path)
    return tmp_path


def test_edits_change_something() -> None:
    """Each edit is found in the module that it names."""
    assert [edit.title for edit in EDITS if BASE[edit.module].count(edit.old) != 1] == []


# In modes that differ from a warm cache in how it is kept or who fills it, one edit of four; all with --soak.
FEW = ("warm-json", "parallel")
RUNS = [pytest.param(mode, EDITS[::4] if mode.name in FEW else EDITS, id=mode.name) for mode in MODES] + [
    pytest.param(mode, EDITS, id=f"{mode.name}-all", marks=pytest.mark.soak)
    for mode in MODES
    if mode.name in FEW
]


@pytest.mark.parametrize(("mode", "edits"), RUNS)
def test_edits(folder: Path, mode: Mode, edits: tuple[Edit, ...]) -> None:
    """After each edit mypy says what the edit breaks, at once and when asked again, and nothing when undone."""
    if "-n" in mode.options and version.startswith("1."):
        pytest.skip("mypy 1 has no workers")
    cache, library = folder / ".cache", folder / ".library"
    mypy = (str(BIN / "mypy"), *mode.options, "--cache-dir")
    call(folder, *mypy, str(library), "library.py")
    shutil.copytree(library, cache)

    def run() -> list[str]:
        if not mode.keeps:  # with the library's cache alone
            shutil.rmtree(cache)
            shutil.copytree(library, cache)
        return call(folder, *mypy, str(cache), "pkg")

    assert run() == []
    wrong = []
    for edit in edits:
        write(folder, edit)
        answers = [run(), run()] if mode.name == "warm" else [run()]
        wrong += [(edit.title, answer) for answer in answers if answer != sorted(edit.says)]
    assert wrong == []
    write(folder)
    assert run() == []


@pytest.mark.parametrize(
    ("silenced", "left"),
    [("cano", 0), ("cano-exit", 1), ("call-arg", 2)],
)
def test_codes_in_the_configuration(folder: Path, silenced: str, left: int) -> None:
    """An error code in the configuration silences its rule, the parent all rules, notes included."""
    settings = folder / "mypy.ini"
    settings.write_text(f"{SETTINGS}disable_error_code = {silenced}\n", encoding="utf-8")
    said = next(edit for edit in EDITS if edit.title.startswith("add an exit"))
    write(folder, said)
    command = [str(BIN / "mypy"), "--cache-dir", str(folder / ".cache"), "--no-error-summary", "pkg/flow.py"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        assert [line.count("[cano-") for line in lines if ": error: " in line] == [1] * left
        assert len([line for line in lines if ": note: " in line]) == left, done.stdout


@pytest.fixture
def daemon(folder: Path) -> Iterator[Callable[[], list[str]]]:
    """Start a daemon of one's own, and stop it."""
    dmypy = (str(BIN / "dmypy"), "--status-file", str(folder / "status.json"))
    yield lambda: call(folder, *dmypy, "run", "--", "pkg")
    subprocess.run([*dmypy, "stop"], cwd=folder, capture_output=True, check=False)


def test_edits_with_the_daemon(folder: Path, daemon: Callable[[], list[str]]) -> None:
    """The daemon says the same, but for a new member of the Enum, which it does not notice."""
    assert daemon() == []
    wrong = []
    for edit in EDITS:
        if not edit.daemon:
            continue
        write(folder, edit)
        answer = daemon()
        wrong += [(edit.title, answer)] if answer != sorted(edit.says) else []
    assert wrong == []
    write(folder)
    assert daemon() == []


def test_daemon_does_not_notice_a_new_member(folder: Path, daemon: Callable[[], list[str]]) -> None:
    """A new member is noticed by the daemon once the workflow's module changes; mypy itself is right at once."""
    edit = next(edit for edit in EDITS if not edit.daemon)
    assert daemon() == []
    write(folder, edit)
    assert daemon() == []  # the one hole, which the README names
    flow = folder / "pkg" / "flow.py"
    flow.write_text(flow.read_text(encoding="utf-8") + "again = flow\n", encoding="utf-8")  # another size
    assert daemon() == list(edit.says)
