"""Splits as their author means them: every checker accepts each line, and knows the types asserted."""

from datetime import timedelta
from enum import Enum, auto
from typing import Literal, assert_type

from cano_dsl import Failure, Join, Joined, Retry, Run, RunData, Workflow, router, split, state
from cano_dsl.errors import Branch, BranchFailure, JoinFailed


class Order(Enum):
    QUOTE = auto()
    ASSESS = auto()
    CHOOSE = auto()
    SORRY = auto()
    DONE = auto()
    REJECTED = auto()


class Credit(Enum):
    ASK = auto()
    GOOD = auto()
    BAD = auto()


class Http: ...


class Quote:
    def __init__(self, price: int) -> None:
        self.price = price


@split(
    Order.QUOTE,
    over=("ups", "dhl"),
    join=Join.quorum(1),
    to=Order.ASSESS,
    timeout=timedelta(seconds=2),
    bulkhead=2,
    on_error={JoinFailed: Order.SORRY, ValueError: Order.REJECTED},
    retry=Retry.exponential(attempts=2, wait_initial=0, wait_jitter=0),
)
async def quote(carrier: str, http: Http, run: Run) -> Quote:
    return Quote(len(carrier) + run.attempt)


async def numbers(http: Http) -> list[int]:
    return [1, 2]


@split(Order.QUOTE, over=numbers, join=Join.percentage(0.5), to=Order.ASSESS, on_error=Order.SORRY)
def square(number: int, data: RunData[list[int]]) -> int:
    return number * number


@router(Credit.ASK)
def ask() -> Literal[Credit.GOOD, Credit.BAD]:
    return Credit.GOOD


def checked() -> Workflow[Credit, Literal[Credit.GOOD, Credit.BAD]]:
    return Workflow.build(Credit, ask, start=Credit.ASK, exits=(Credit.GOOD, Credit.BAD))


credit = checked()


async def weigh(http: Http) -> float:
    return 2.5


async def count() -> int:
    return 3


assess = split(Order.ASSESS, weigh, count, credit, join=Join.all(), to=Order.CHOOSE)
pair = split(Order.ASSESS, weigh, count, join=Join.partial_timeout(), to=Order.CHOOSE, timeout=1.0)


@state(Order.CHOOSE)
def choose(
    found: Joined[float | int | Literal[Credit.GOOD, Credit.BAD]], failure: Failure | None
) -> Literal[Order.DONE, Order.REJECTED]:
    assert_type(found.of(weigh), float | None)
    assert_type(found.of(count), int | None)
    assert_type(found.of(credit), Literal[Credit.GOOD, Credit.BAD] | None)
    assert_type(found.cancelled, tuple[Branch, ...])
    assert_type(found.errors, tuple[BranchFailure, ...])
    if failure is not None:
        assert_type(failure.error, Exception)
    return Order.DONE if found.of(weigh) else Order.REJECTED


@state(Order.ASSESS)
def read(quotes: Joined[Quote] | None) -> Literal[Order.DONE]:
    if quotes is not None:
        assert_type(quotes.values, tuple[Quote, ...])
        assert_type(quotes.successes[0].value, Quote)
        assert_type(quotes.successes[0].name, str)
    return Order.DONE


@state(Order.SORRY)
def sorry(failure: Failure) -> Literal[Order.REJECTED]:
    assert_type(failure.state, Enum)
    return Order.REJECTED


async def test_branches() -> None:
    assert_type(await quote("ups", Http(), Run(workflow="w", run_id="r", state=Order.QUOTE)), Quote)
    assert_type(square(3, RunData([1])), int)


orders = Workflow.build(
    Order, quote, assess, choose, sorry, start=Order.QUOTE, exits=(Order.DONE, Order.REJECTED)
)
assert orders.run_sync(http=Http()) is Order.DONE
