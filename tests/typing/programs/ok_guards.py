"""Guarded calls as their author means them: every checker accepts each line, and knows the types asserted."""

from datetime import timedelta
from enum import Enum, auto
from typing import Literal, assert_type

from cano_dsl import Failure, Join, Joined, Retry, Workflow, compensate, router, split, state
from cano_dsl.errors import AttemptTimeout
from cano_dsl.spec import Reservation


class Till(Enum):
    CHARGE = auto()
    QUOTE = auto()
    CHOOSE = auto()
    SORRY = auto()
    DONE = auto()
    REJECTED = auto()


class Fuse:
    """A breaker of one's own: it has the name and the methods that the engine asks for."""

    name = "fuse"

    def admit(self, now: float) -> int:
        return 0

    def succeeded(self, ticket: int, now: float) -> None: ...

    def failed(self, ticket: int, now: float, error: Exception) -> None: ...

    def dropped(self, ticket: int, now: float) -> None: ...


class Gate:
    """A limiter of one's own."""

    name = "gate"

    def reserve(self, now: float, most_s: float) -> Reservation | None:
        return None


fuse, gate = Fuse(), Gate()


@state(
    Till.CHARGE,
    retry=Retry.fixed(3, 0.1),
    timeout=timedelta(seconds=2),
    breaker=fuse,
    limiter=gate,
    on_error={AttemptTimeout: Till.SORRY, Exception: Till.REJECTED},
    effects=True,
)
async def charge() -> tuple[Literal[Till.QUOTE], int]:
    return Till.QUOTE, 12


@compensate(charge, retry=Retry.exponential(attempts=5), timeout=2.5)
async def refund(amount: int) -> None: ...


@split(
    Till.QUOTE,
    over=("ups", "dhl"),
    join=Join.any(),
    to=Till.CHOOSE,
    timeout=5,
    attempt_timeout=2,
    breaker=fuse,
    limiter=gate,
    on_error=Till.SORRY,
)
async def quote(carrier: str) -> float:
    return 7.5


@router(Till.CHOOSE, retry=Retry.fixed(2, 0), timeout=1, breaker=None, limiter=None, on_error=Till.SORRY)
async def choose(quotes: Joined[float]) -> Literal[Till.DONE]:
    return Till.DONE


@state(Till.SORRY, thread=True, retry=None, breaker=fuse, limiter=gate, on_error=Till.REJECTED)
def sorry(failure: Failure) -> Literal[Till.REJECTED]:
    return Till.REJECTED


def given() -> Till:
    return Till.REJECTED


computed = state(Till.SORRY, to=(Till.REJECTED,), on_error=Till.REJECTED, effects=False)(given)
threaded = state(Till.SORRY, to=(Till.REJECTED,), thread=True, on_error={OSError: Till.REJECTED})(given)
routed = router(Till.SORRY, to=(Till.REJECTED,), on_error=Till.REJECTED)(given)

flow = Workflow.build(
    Till,
    charge,
    refund,
    quote,
    choose,
    sorry,
    start=Till.CHARGE,
    exits=(Till.DONE, Till.REJECTED),
    failed=(Till.REJECTED,),
    timeout=timedelta(minutes=1),
    compensation_timeout=timedelta(minutes=2),
    max_transitions=100,
)
assert_type(sorry(Failure(error=ValueError(), state=Till.CHARGE)), Literal[Till.REJECTED])
assert_type(flow.graph.breakers["fuse"], tuple[str, ...])
assert_type(flow.graph.limiters["gate"], tuple[str, ...])


async def calls() -> None:
    assert_type(await charge(), tuple[Literal[Till.QUOTE], int])
    assert_type(await quote("ups"), float)
    await refund(12)
