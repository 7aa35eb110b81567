"""What is measured: each case beside the loop that a good engineer would write by hand.

The rival keeps its handlers in a dict keyed by the Enum and checks nothing. Case and rival do the same work
and give the same result, which `tests/bench` checks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import policy_cases
import saga_cases

from cano_dsl import Join, Joined, Observer, Run, Workflow, split, state

RING = 10  # states of the long run
ROUNDS = 1000  # times around it
STATES = 1000  # of the large workflow
BRANCHES = 100  # of the split
ITEMS = 10_000  # of the split with a bulkhead
BULKHEAD = 8


class Counter:
    """A resource that counts."""

    def __init__(self) -> None:
        self.value = 0


class Limit:
    """A resource that says when to stop."""

    value = ROUNDS


@dataclass(frozen=True)
class Case:
    """A case and its rival.

    Attributes:
        name: What is measured.
        ours: Does it once with the library, and gives the result.
        rival: Does it once by hand, and gives the same.
        per: How many of the thing are in one call, to divide by.
        budget: The most that ours may take, as a multiple of the rival; None where seconds are the budget.
        budget_s: The most seconds that ours may take.
        budget_more_s: The most seconds that ours may take beyond the rival.
        memory: Whether the most memory that it takes at once is measured, in bytes, in place of its time.
    """

    name: str
    ours: Callable[[], Any]
    rival: Callable[[], Any]
    per: int = 1
    budget: float | None = None
    budget_s: float | None = None
    budget_more_s: float | None = None
    memory: bool = False


LOOP = asyncio.Runner()  # open between the cases, closed by whoever is done with them
Ring: Any = Enum("Ring", [*(f"S{number}" for number in range(RING)), "DONE"])  # type: ignore[misc]
Table = dict[Enum, Any]


def _next(target: Enum) -> Any:
    async def handler(counter: Counter, limit: Limit) -> Enum:
        return target

    return handler


FIRST, LAST, DONE = Ring["S0"], Ring[f"S{RING - 1}"], Ring["DONE"]


async def _last(counter: Counter, limit: Limit) -> Any:
    counter.value += 1
    return FIRST if counter.value < limit.value else DONE


def ring() -> tuple[Workflow[Any, Any], Table]:
    """Make the long run, and its table."""
    table: Table = {Ring[f"S{n}"]: _next(Ring[f"S{n + 1}"]) for n in range(RING - 1)}
    handlers: list[Any] = [state(at, to=(Ring[f"S{n + 1}"],))(fn) for n, (at, fn) in enumerate(table.items())]
    table[LAST] = _last
    handlers.append(state(LAST, to=(FIRST, DONE))(_last))
    return Workflow.build(Ring, *handlers, start=FIRST, exits=(DONE,)), table


async def by_hand_two(table: Table, start: Enum, counter: Counter, limit: Limit) -> Enum:
    """Run as one would by hand with two resources."""
    at = start
    while True:
        handler = table.get(at)
        if handler is None:
            return at
        at = await handler(counter, limit)


async def by_hand_none(table: Table, start: Enum) -> Enum:
    """Run as one would by hand without resources."""
    at = start
    while True:
        handler = table.get(at)
        if handler is None:
            return at
        at = await handler()


class Three(Enum):
    """Three states and an exit."""

    A = 1
    B = 2
    C = 3
    DONE = 4


@state(Three.A)
async def first() -> Literal[Three.B]:
    """Go on."""
    return Three.B


@state(Three.B)
async def second() -> Literal[Three.C]:
    """Go on."""
    return Three.C


@state(Three.C)
async def third() -> Literal[Three.DONE]:
    """End."""
    return Three.DONE


@state(Three.A)
async def first_of_two(counter: Counter, limit: Limit) -> Literal[Three.B]:
    """Go on."""
    return Three.B


@state(Three.B)
async def second_of_two(counter: Counter, limit: Limit) -> Literal[Three.C]:
    """Go on."""
    return Three.C


@state(Three.C)
async def third_of_two(counter: Counter, limit: Limit) -> Literal[Three.DONE]:
    """End."""
    return Three.DONE


@state(Three.B)
async def second_of_one(limit: Limit) -> Literal[Three.C]:
    """Go on."""
    return Three.C


class Watch(Observer):
    """Count what is entered."""

    def __init__(self) -> None:
        self.entered = 0

    def state_entered(self, run: Run, state: Enum) -> None:
        """Count."""
        self.entered += 1


def repeated(run: Callable[[], Awaitable[Any]], times: int) -> Callable[[], Any]:
    """Do something many times in the one event loop of the benchmark."""

    async def all_of_them() -> Any:
        result = None
        for _ in range(times):
            result = await run()
        return result

    return lambda: LOOP.run(all_of_them())


def runs() -> list[Case]:
    """Give the cases of running."""
    long, table = ring()
    three = Workflow.build(Three, first, second, third, start=Three.A, exits=(Three.DONE,))
    plain: Table = {handler.spec.at: handler.spec.fn for handler in (first, second, third)}
    limit = Limit()
    return [
        Case(
            "transition, two resources",
            repeated(lambda: long.run(counter=Counter(), limit=limit), 1),
            repeated(lambda: by_hand_two(table, FIRST, Counter(), limit), 1),
            per=RING * ROUNDS,
            budget=0.8,
        ),
        Case(
            "run of three states",
            repeated(three.run, 1000),
            repeated(lambda: by_hand_none(plain, Three.A), 1000),
            per=1000,
            budget=2.0,
        ),
        *_with_two_resources(),
        *_sagas(),
    ]


def _with_two_resources() -> list[Case]:
    parts = (first_of_two, second_of_two, third_of_two)
    two = Workflow.build(Three, *parts, start=Three.A, exits=(Three.DONE,))
    picking = (first_of_two, second_of_one, third_of_two)
    some = Workflow.build(Three, *picking, start=Three.A, exits=(Three.DONE,))
    watched = two.configure(observers=[Watch()])
    table: Table = {handler.spec.at: handler.spec.fn for handler in parts}
    counter, limit = Counter(), Limit()
    runner = two.bind(counter=counter, limit=limit)
    rival = repeated(lambda: by_hand_two(table, Three.A, counter, limit), 1000)
    cases: list[tuple[str, Callable[[], Awaitable[Any]], float | None]] = [
        ("run with two resources", lambda: two.run(counter=counter, limit=limit), 2.0),
        ("run with two resources, bound", runner.run, 2.0),
        ("run whose handlers take some of the two", lambda: some.run(counter=counter, limit=limit), None),
        ("run with two resources, observed", lambda: watched.run(counter=counter, limit=limit), None),
    ]
    return [Case(name, repeated(run, 1000), rival, per=1000, budget=budget) for name, run, budget in cases]


def _sagas() -> list[Case]:
    return [
        Case(
            "state with an output, beside a plain one",
            repeated(saga_cases.entered_with_output, 1),
            repeated(saga_cases.entered_plain, 1),
            per=saga_cases.ENTRIES,
            budget_more_s=8e-6,
        ),
        Case(
            "rollback of 100 steps, beside tasks by hand",
            repeated(saga_cases.rolled_back, 10),
            repeated(saga_cases.undone_by_hand, 10),
            per=10,
            budget=2.0,
        ),
    ]


def policies() -> list[Case]:
    """Give the cases of policies: a state entered with one, beside the same without or by hand."""
    return [
        Case(
            pair.name,
            repeated(pair.ours, 1),
            repeated(pair.rival, 1),
            per=policy_cases.ENTRIES,
            budget=pair.budget,
            budget_more_s=pair.budget_more_s,
        )
        for pair in policy_cases.pairs()
    ]


class Fan(Enum):
    """A split, the state that adds up, and an exit."""

    SPLIT = 1
    ADD = 2
    DONE = 3


@state(Fan.ADD)
def add(numbers: Joined[int], box: list[int]) -> Literal[Fan.DONE]:
    """Add up what the branches gave."""
    box.append(sum(numbers.values))
    return Fan.DONE


async def same(number: int) -> int:
    """Give the number back: a branch that costs nothing itself."""
    return number


async def same_later(number: int) -> int:
    """Give the number back after the others had a turn."""
    await asyncio.sleep(0)
    return number


async def task_group() -> int:
    """Split as one would by hand."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(same(number)) for number in range(BRANCHES)]
    return sum(task.result() for task in tasks)


async def workers() -> int:
    """Let a few workers take items as one would by hand."""
    results = [0] * ITEMS
    items = iter(enumerate(range(ITEMS)))

    async def worker() -> None:
        for index, item in items:
            results[index] = await same_later(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(BULKHEAD):
            group.create_task(worker())
    return sum(results)


def fan(branch: Any, count: int, bulkhead: int | None = None) -> Callable[[], Awaitable[int]]:
    """Make a split of so many branches; give what runs it and gives the sum."""
    shape = split(Fan.SPLIT, over=range(count), join=Join.all(), to=Fan.ADD, bulkhead=bulkhead)
    flow = Workflow.build(Fan, shape(branch), add, start=Fan.SPLIT, exits=(Fan.DONE,))

    async def run() -> int:
        box: list[int] = []
        await flow.run(box=box)
        return box[0]

    return run


def splits() -> list[Case]:
    """Give the cases of splitting."""
    many, few = fan(same, BRANCHES), fan(same_later, ITEMS, BULKHEAD)
    held = f"{ITEMS:,} items, bulkhead {BULKHEAD}"
    one, by_hand = repeated(few, 1), repeated(workers, 1)
    return [
        Case(
            f"branch of a split of {BRANCHES}",
            repeated(many, 20),
            repeated(task_group, 20),
            per=20 * BRANCHES,
            budget=2.0,
        ),
        Case(f"{held}, one", one, by_hand, per=ITEMS),
        Case(f"{held}, memory", one, by_hand, budget=2.0, memory=True),
    ]


BODY = """
@state(Large.S{at})
async def handler_{at}(counter: Counter, limit: Limit) -> Literal[Large.S{on}, Large.S{back}]: ...
"""
HEAD = """
from enum import Enum
from typing import Literal
from cano_dsl import state
class Counter: ...
class Limit: ...
Large = Enum("Large", [f"S{number}" for number in range(%d)])
"""


def large(*, text: bool) -> tuple[type[Enum], list[Any]]:
    """Make a module of many handlers, its annotations evaluated or kept as text; give the Enum and them."""
    future = "from __future__ import annotations\n" if text else ""
    bodies = [BODY.format(at=n, on=n + 1, back=max(0, n - 3)) for n in range(STATES)]
    names: dict[str, Any] = {"__name__": "large"}
    exec(compile(future + HEAD % (STATES + 1) + "".join(bodies), "large.py", "exec"), names)  # noqa: S102
    return names["Large"], [names[f"handler_{n}"] for n in range(STATES)]


def builds() -> list[Case]:
    """Give the cases of building; the rival fills its dict and looks each target up in the Enum."""
    cases = []
    for text in (False, True):
        enum, handlers = large(text=text)
        end = enum[f"S{STATES}"]

        def ours(enum: Any = enum, handlers: Any = handlers, end: Any = end) -> int:
            flow = Workflow.build(enum, *handlers, start=enum.S0, exits=(end,))
            return len(flow.graph.edges)

        targets = {at: (enum[f"S{n + 1}"], enum[f"S{max(0, n - 3)}"]) for n, at in enumerate(list(enum)[:-1])}

        def rival(handlers: Any = handlers, targets: Any = targets, enum: Any = enum) -> int:
            table = {handler.spec.at: handler.spec.fn for handler in handlers}
            return sum(1 for at in table for target in targets[at] if target in enum)

        kind = "annotations as text" if text else "annotations"
        cases.append(Case(f"build of {STATES} states, {kind}", ours, rival, budget_s=0.024))
    return cases
