"""Orders in trouble: what goes wrong in a run of the example, and a program in whose processes it is killed.

    python order_troubles.py FOLDER < cases    one case a line, as `repr` writes it

The program forks for each leg of each case, so that a kill is one of a whole process, and says how each ended.
"""

import asyncio
import importlib.util
import os
import random
import shutil
import signal
import sys
from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import anyio.lowlevel

from cano_dsl import SqliteCheckpoints
from cano_dsl.checkpoint import Page
from cano_dsl.testing import FakeClock

STEPS = ("reserve", "validate", "charge", "ship")
UNDOES = ("release", "refund", "recall")
BEFORE = (
    "once",
    "always",
    "broken",
    "slow",
    "hang",
    "handle",
    "handle and once",
    "outside",
)  # the service has done nothing yet
AFTER = ("lost", "handle after", "outside after")  # it has
KILLS = ("kill", "kill after")
ORDERS = (("ann", "tea", 2, "Bremen"), ("ann", "pot", 3, "Bremen"), ("bob", "pot", 1, "Bremen"))
MORE = (("ann", "tea", 1, ""), ("ann", "pot", 1, "Atlantis"), ("bob", "tea", 2, "Bremen"))


@dataclass(frozen=True)
class Case:
    """One run and what goes wrong in it.

    Attributes:
        number: Its number, which names the run.
        order: What is ordered, by whom, to where.
        faults: What each service does wrong.
        kills: Of each leg that a process is killed in, the write of the log at which; none at -1.
    """

    number: int
    order: tuple[str, str, int, str]
    faults: tuple[tuple[str, str], ...] = ()
    kills: tuple[int, ...] = ()

    @property
    def run_id(self) -> str:
        """The run's id."""
        return f"case-{self.number}"

    def __repr__(self) -> str:
        return repr(astuple(self))


def kinds(service: str) -> tuple[str, ...]:
    """Say what can go wrong with a service; one that does nothing has no time after it."""
    return BEFORE if service == "validate" else BEFORE + AFTER


def reached(service: str) -> tuple[tuple[str, str], ...]:
    """Say what goes wrong so that a service is asked at all."""
    if service in STEPS:
        return ()
    return (("ship", "slow" if service == "recall" else "broken"),)


def cases(count: int) -> Iterator[Case]:
    """Give each fault of each service, then each order, then faults of several services at once."""
    number = 0
    for service in STEPS + UNDOES:
        for kind in kinds(service):
            yield Case(number, ORDERS[0], (*reached(service), (service, kind)))
            number += 1
    for order in ORDERS + MORE:
        yield Case(number, order)
        number += 1
    rng = random.Random(7)
    while number < count:
        faults = [(one, rng.choice(kinds(one))) for one in STEPS if rng.random() < 0.35]
        faults += [(one, rng.choice(kinds(one))) for one in UNDOES if rng.random() < 0.4]
        yield Case(number, rng.choice((ORDERS[0],) * 6 + ORDERS + MORE), tuple(faults))
        number += 1


def killed_cases(count: int) -> Iterator[Case]:
    """Give a kill at each service, then at each write of a log that ends well or not, then several of them."""
    number = 0
    for service in STEPS + UNDOES:
        for kind in KILLS:
            if service != "validate" or kind == "kill":
                yield Case(number, ORDERS[0], (*reached(service), (service, kind)), (-1,))
                number += 1
    rng = random.Random(7)
    while number < count:
        at = number - 13  # of the log of an order that is undone: eight writes
        kills = (at,) if at < 16 else tuple(rng.randrange(16) for _ in range(rng.randrange(1, 4)))
        faults = [("ship", "broken")] if at < 16 else []
        faults += [
            (one, rng.choice(("once", "lost", "broken"))) for one in STEPS if at >= 16 and rng.random() < 0.3
        ]
        faults += [
            (one, rng.choice(("once", "lost", "always"))) for one in UNDOES if at >= 16 and rng.random() < 0.3
        ]
        yield Case(
            number,
            rng.choice(ORDERS[:1] * 4 + ORDERS + MORE) if at >= 16 else ORDERS[0],
            tuple(faults),
            kills,
        )
        number += 1


def troubled(example: ModuleType) -> Callable[..., Any]:
    """Give the example's world with faults."""

    class Troubled(example.World):  # type: ignore[name-defined, misc]
        def __init__(self, path: Path, faults: Any, clock: FakeClock) -> None:
            template = path.with_name(
                "opening.db"
            )  # as five commits of each of a thousand files take a while
            if not template.exists():
                example.World(template).close()
            if not path.exists():
                shutil.copyfile(template, path)
            super().__init__(path)
            self._db.execute("PRAGMA synchronous = OFF")  # it is the process that dies, not the machine
            self.faults = dict(faults)
            self.clock = clock
            self.calls: Counter[str] = Counter()
            self.met: set[tuple[str, str]] = set()
            self.handle: Any = None
            self.scope: Any = None

        async def reach(self, service: str, run: Any) -> None:
            await anyio.lowlevel.checkpoint()
            self.calls[service] += 1
            kind, first = self.faults.get(service), self.calls[service] == 1
            if kind in BEFORE:
                self.met.add((service, kind))
            if kind == "handle and once":
                self.handle.cancel()
            if kind == "always" or (kind in ("once", "handle and once") and first):
                raise ConnectionError(f"{service} does not answer")
            if kind == "broken":
                raise ValueError(f"{service} is broken")
            if kind in ("slow", "hang"):
                await self.clock.sleep(70.0 if kind == "slow" else 10_000.0)
            await self.stop(kind, first)

        async def answer(self, service: str, run: Any) -> None:
            kind, first = self.faults.get(service, ""), self.calls[service] == 1
            if kind in AFTER:
                self.met.add((service, kind))
            if kind == "lost" and first:
                raise ConnectionError(f"{service} was not heard")
            if kind.endswith(" after"):
                await self.stop(kind.removesuffix(" after"), first)

        async def stop(self, kind: str | None, first: bool) -> None:
            """Let something end the run."""
            if kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "handle":
                self.handle.cancel()
            if kind == "outside" and first:
                self.scope.cancel()
            await anyio.lowlevel.checkpoint()

    return Troubled


def load() -> ModuleType:
    """Load the example in a process of one's own."""
    path = Path(__file__).resolve().parents[2] / "examples" / "order_saga.py"
    spec = importlib.util.spec_from_file_location("example_order_saga", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def leg(example: ModuleType, folder: Path, case: Case, number: int) -> None:
    """Run, or resume, until something kills this process."""
    clock = FakeClock()
    store = SqliteCheckpoints(folder / "runs.db", synchronous="NORMAL")
    world = troubled(example)(folder / f"{case.run_id}.db", case.faults, clock)
    with closing(world):
        async with store:
            durable: Any = example.orders.configure(
                checkpoints=KillingStore(store, case, number), clock=clock
            )
            async with durable.bind(world=world) as runner:
                if number == 0:
                    world.handle = runner.launch(case.run_id, data=example.Order(*case.order))
                    await world.handle.wait()
                else:
                    for world.handle in await runner.recover():
                        await world.handle.wait()


class KillingStore:
    """A store at one of whose writes the process is killed: even numbers before, odd ones after."""

    def __init__(self, store: SqliteCheckpoints, case: Case, number: int) -> None:
        self._store = store
        self._run_id = case.run_id
        self._at = case.kills[number]
        self._writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def runs(self, **kwargs: Any) -> Page:
        """List the run of this case alone: those of others act on a world of their own."""
        page = await self._store.runs(**kwargs)
        return page._replace(runs=tuple(info for info in page.runs if info.run_id == self._run_id))

    async def start(self, *args: Any, **kwargs: Any) -> Any:
        return await self._write(self._store.start(*args, **kwargs))

    async def append(self, *args: Any, **kwargs: Any) -> Any:
        return await self._write(self._store.append(*args, **kwargs))

    async def claim(self, *args: Any, **kwargs: Any) -> Any:
        return await self._write(self._store.claim(*args, **kwargs))

    async def _write(self, writing: Any) -> Any:
        number, self._writes = 2 * self._writes, self._writes + 1
        if number == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        given = await writing
        if number + 1 == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        return given


def main(folder: Path) -> None:
    """Read cases, and fork for each leg."""
    example = load()
    importlib.import_module("msgspec")  # once here rather than in each child; as what a first run imports
    anyio.run(anyio.lowlevel.checkpoint)
    for line in sys.stdin:
        case = Case(*literal_eval(line))
        for number in range(len(case.kills)):
            child = os.fork()
            if child == 0:
                try:
                    asyncio.run(leg(example, folder, case, number))
                except Exception:
                    os._exit(3)
                except BaseException:
                    os._exit(4)
                os._exit(0)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            os.write(1, f"{case.number} {code}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
