"""What the plugin cannot see, or mypy reports itself, of splits and compensations: nothing is said twice."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Literal, TypeVar, reveal_type

from cano_dsl import Compensation, Handler, Join, Joined, Workflow, compensate, split, state
from joins import Ship, choose, dhl, sorry, ups
from order import Mailer, Order, Store

T = TypeVar("T")
async def echo(value: T) -> T: ...
class Called:
    async def __call__(self, store: Store) -> int: ...
    async def method(self, mailer: Mailer) -> int: ...
CARRIERS = ("ups", "dhl")
MANY: Iterable[str] = CARRIERS
QUORUM = Join.quorum(7)
async def asked(carrier: str) -> int: ...
@state(Ship.CHOOSE)
def choose_all(prices: Joined[object]) -> Literal[Ship.DONE]: ...


# Branches that are no plain functions: their number is known, their parameters may not be.
objects = split(Ship.ASK, Called(), Called().method, join=Join.quorum(3), to=Ship.CHOOSE, on_error=None)
Workflow.build(Ship, objects, choose, start=Ship.ASK, exits=(Ship.DONE, Ship.SORRY))  # E: Exit Ship.SORRY is unreachable from Ship.ASK  [cano-unreachable]  # N: fix: declare Ship.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: Split "ask": quorum(3) needs 3 successes of 2 branches  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)
methods = split(Ship.ASK, Called().method, partial(ups, weight=2), join=Join.all(), to=Ship.CHOOSE, timeout=None, bulkhead=None)
reveal_type(Workflow.build(Ship, methods, choose, start=Ship.ASK, exits=(Ship.DONE, Ship.SORRY), waive=[]))  # E: Exit Ship.SORRY is unreachable from Ship.ASK  [cano-unreachable]  # N: fix: declare Ship.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[joins.Ship, Literal[joins.Ship.DONE] | Literal[joins.Ship.SORRY], None, [*Any, **Any]]"
generic = split(Ship.ASK, echo, join=Join.any(), to=Ship.CHOOSE)
both = (ups, dhl)
unpacked = split(Ship.ASK, *both, join=Join.quorum(9), to=Ship.CHOOSE)
Workflow.build(Ship, unpacked, choose_all, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: State Ship.SORRY is unreachable from Ship.ASK  [cano-unreachable]  # N: fix: declare Ship.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
five = split(Ship.ASK, ups, ups, ups, ups, dhl, join=Join.quorum(6), to=Ship.CHOOSE, on_error=Ship.SORRY)
Workflow.build(Ship, five, choose_all, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "ask": quorum(6) needs 6 successes of 5 branches  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)


# Items in variables.
fixed = split(Ship.ASK, over=CARRIERS, join=Join.quorum(3), to=Ship.CHOOSE, on_error={**{ValueError: Ship.SORRY}})(asked)
Workflow.build(Ship, fixed, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "asked": quorum(3) needs 3 successes of 2 branches  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)
hidden = split(Ship.ASK, over=(*MANY, "post"), join=QUORUM, to=Ship.CHOOSE, on_error=Ship.SORRY)(asked)
Workflow.build(Ship, hidden, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
ranged = split(Ship.ASK, over=range(len(CARRIERS)), join=Join.quorum(3), to=Ship.CHOOSE, on_error=Ship.SORRY)(echo)
Workflow.build(Ship, ranged, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
lambdas = split(Ship.ASK, over=(1, 2), join=Join.quorum(3), to=Ship.CHOOSE, on_error=Ship.SORRY)(lambda number: number)
Workflow.build(Ship, lambdas, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "<lambda>": quorum(3) needs 3 successes of 2 branches  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)
split(Ship.ASK, over=(1, 2), join=Join.all(), to=Ship.CHOOSE)(Called())  # type: ignore[arg-type]
split("ASK", ups, join=Join.all(), to=Ship.CHOOSE)  # type: ignore[call-overload]
split(Ship.ASK, over=CARRIERS, join=Join.all(), to=Ship.CHOOSE, on_error={"error": Ship.SORRY})  # type: ignore[dict-item]


# Types that are written by hand, and values of no type.
def written(handler: Handler[Ship, Ship, ..., Ship], undo: Compensation[Order, Order, ...], anything: Any) -> None:
    Workflow.build(Ship, handler, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Workflow cannot be checked, as a type checker cannot see which state this handler is for  [cano-dynamic]  # N: fix: decorate the function with state(Order.X) itself, and give the handler as it is (README.md#cano-dynamic)
    Workflow.build(Order, start, pay, undo, start=Order.START, exits=(Order.DONE, Order.FAILED))
    split(Ship.ASK, anything, join=anything, to=Ship.CHOOSE)
    split(anything, over=anything, join=Join.all(), to=anything)(anything)
    compensate(anything)(anything)
    compensate(pay)(anything)
    parts = [start, pay]
    Workflow.build(Order, *parts, *[undo], start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as these handlers cannot be seen by a type checker  [cano-dynamic]  # N: fix: give handlers one by one, or a tuple of them with a star (README.md#cano-dynamic)


@state(Order.START)
def start() -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.PAY)
def pay() -> tuple[Literal[Order.DONE], int]: ...
class Undo:
    def __call__(self, output: int, store: Store) -> None: ...
    def method(self, output: int, mailer: Mailer) -> None: ...
objected = compensate(pay)(Undo())
Workflow.build(Order, start, pay, objected, start=Order.START, exits=(Order.DONE, Order.FAILED))
reveal_type(Workflow.build(Order, start, pay, compensate(pay)(Undo().method), start=Order.START, exits=(Order.DONE, Order.FAILED)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, mailer: order.Mailer]]"
