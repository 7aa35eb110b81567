"""What guards calls: error edges of every kind, `policy`, and effects that a run leaves behind."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Final, Literal, reveal_type

from cano_dsl import Failure, Join, Joined, Retry, Waive, Workflow, compensate, router, split, state
from cano_dsl.spec import Breaker, Limiter
from order import Other, Store


class Till(Enum):
    CHARGE = auto()
    SHIP = auto()
    SORRY = auto()
    DONE = auto()
    FAILED = auto()


# Error edges of states and routers; what they lead to is reached.
@state(Till.CHARGE, on_error=Till.SORRY, retry=Retry.fixed(3, 0.5), timeout=10)
async def charge(store: Store) -> Literal[Till.SHIP]: ...
reveal_type(charge)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[guards.Till, Literal[guards.Till.CHARGE], [store: order.Store], Literal[guards.Till.SHIP], tuple[Literal['{"errors": [["SORRY", ""]], "policies": {"attempts": 3, "wait_s": 1.0, "timeout": 10.0}}']]]"
@router(Till.SHIP, on_error={ValueError: Till.SORRY, OSError: Till.FAILED})
def ship() -> Literal[Till.DONE]: ...
reveal_type(ship)  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[guards.Till, Literal[guards.Till.SHIP], [], Literal[guards.Till.DONE], tuple[Literal['{"errors": [["SORRY", "ValueError"], ["FAILED", "OSError"]]}']]]"
@state(Till.SORRY)
def sorry(failure: Failure) -> Literal[Till.FAILED]: ...
ENDS: Final = (Till.DONE, Till.FAILED)
Workflow.build(Till, charge, ship, sorry, start=Till.CHARGE, exits=ENDS)
@state(Till.CHARGE, on_error=None, retry=None, timeout=None, breaker=None, limiter=None, effects=False)
async def plain() -> Literal[Till.SHIP]: ...
reveal_type(plain)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[guards.Till, Literal[guards.Till.CHARGE], [], Literal[guards.Till.SHIP], None]"
@router(Till.SHIP)
def ship_well() -> Literal[Till.DONE, Till.FAILED]: ...
Workflow.build(Till, plain, ship_well, sorry, start=Till.CHARGE, exits=ENDS)  # E: State Till.SORRY is unreachable from Till.CHARGE  [cano-unreachable]  # N: fix: declare Till.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
@state(Till.CHARGE, on_error=Other.A)
def foreign() -> Literal[Till.SHIP]: ...
Workflow.build(Till, foreign, ship, sorry, start=Till.CHARGE, exits=ENDS)  # E: on_error= of handler "foreign" must be one member of Till, got Other.A  [cano-state]  # N: fix: give a member of Till, such as Till.CHARGE (README.md#cano-state)
@state(Till.CHARGE, on_error=Till.SORRY)
async def charge_output() -> tuple[Literal[Till.SHIP], int]: ...
reveal_type(charge_output)  # N: Revealed type is "cano_dsl.declare._outputs.AsyncOutputHandler[guards.Till, Literal[guards.Till.CHARGE], [], Literal[guards.Till.SHIP], int, tuple[Literal[guards.Till.SHIP], int], tuple[Literal['{"errors": [["SORRY", ""]]}']]]"
@state(Till.CHARGE, thread=True, on_error=Till.SORRY)
def charge_output_plain() -> tuple[Literal[Till.SHIP], int]: ...
reveal_type(charge_output_plain)  # N: Revealed type is "cano_dsl.declare._outputs.PlainOutputHandler[guards.Till, Literal[guards.Till.CHARGE], [], Literal[guards.Till.SHIP], int, tuple[Literal[guards.Till.SHIP], int], tuple[Literal['{"errors": [["SORRY", ""]]}']]]"
Workflow.build(Till, charge_output, ship_well, sorry, start=Till.CHARGE, exits=ENDS)
Workflow.build(Till, charge_output_plain, ship_well, sorry, start=Till.CHARGE, exits=ENDS)


# What cannot be seen is left out, and leads anywhere.
def hidden(edges: Mapping[type[Exception], Till], retry: Retry, seconds: float, breaker: Breaker, limiter: Limiter, end: Till, ends: list[Till], sure: bool) -> None:
    @state(Till.CHARGE, on_error=edges, retry=retry, timeout=seconds, breaker=breaker, limiter=limiter, effects=sure)
    async def unseen() -> Literal[Till.SHIP]: ...
    reveal_type(unseen)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[guards.Till, Literal[guards.Till.CHARGE], [], Literal[guards.Till.SHIP], tuple[Literal['{"open": true, "policies": {"breaker": true, "limiter": true}}']]]"
    Workflow.build(Till, unseen, ship_well, sorry, start=Till.CHARGE, exits=ENDS, timeout=seconds, compensation_timeout=seconds, max_transitions=3)
    @split(Till.CHARGE, over=(1,), join=Join.all(), to=Till.SHIP, on_error=Till.SORRY, timeout=seconds, attempt_timeout=30, retry=Retry.fixed(*(3, 1)))
    async def later(number: int) -> int: ...
    Workflow.build(Till, later, ship_well, sorry, start=Till.CHARGE, exits=ENDS)
    @state(Till.CHARGE, effects=True, on_error=Till.SORRY, timeout=timedelta(seconds=90), retry=Retry.fixed(0, 1))
    async def pay() -> Literal[Till.SHIP]: ...
    Workflow.build(Till, pay, ship_well, sorry, start=Till.CHARGE, exits=ENDS, failed=ends, timeout=timedelta(seconds=3))


# A timeout that never ends anything.
@split(Till.SHIP, over=(1, 2, 3), join=Join.all(), to=Till.DONE, on_error=Till.SORRY, timeout=20, attempt_timeout=30, bulkhead=2, effects=True, retry=Retry.exponential(attempts=3, wait_jitter=0))
async def ship_each(number: int) -> int: ...
reveal_type(ship_each)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncSplit[guards.Till, Literal[guards.Till.SHIP], [], Literal[guards.Till.DONE], int, int, [], tuple[Literal['{"join": ["all", null], "count": 3, "timeout": 20.0, "bulkhead": 2, "errors": [["SORRY", ""]], "effects": true, "policies": {"attempts": 3, "wait_s": 0.30000000000000004, "timeout": 30.0}}'], int]]"
Workflow.build(Till, charge, ship_each, sorry, start=Till.CHARGE, exits=ENDS, timeout=9.5)  # E: Handler "charge" has timeout=10 s, above the workflow's timeout of 9.5 s, so it would never end anything  [cano-policy]  # N: fix: lower it, or raise build(timeout=…) (README.md#cano-policy)  # E: Split "ship_each" has attempt_timeout=30 s, above the workflow's timeout of 9.5 s, so it would never end anything  [cano-policy]
Workflow.build(Till, charge, ship_each, sorry, start=Till.CHARGE, exits=ENDS, timeout=100, waive=[Waive("policy", Till.SHIP, "why")])
@compensate(charge_output, timeout=40, retry=Retry.fixed(2, 1))
async def refund(amount: int) -> None: ...
Workflow.build(Till, charge_output, refund, ship_well, sorry, start=Till.CHARGE, exits=ENDS)  # E: Compensation "refund" has timeout=40 s, above the compensation_timeout of 30 s, so it would never end anything  [cano-policy]  # N: fix: lower it, or raise build(compensation_timeout=…) (README.md#cano-policy)
Workflow.build(Till, charge_output, refund, ship_well, sorry, start=Till.CHARGE, exits=ENDS, compensation_timeout=81)
Workflow.build(Till, charge_output, refund, ship_well, sorry, start=Till.CHARGE, exits=ENDS, compensation_timeout=60)  # N: By their timeouts and waits alone, undoing Till.CHARGE may take 81 s, more than the compensation_timeout of 60 s  # N: fix: raise build(compensation_timeout=…), or lower attempts, timeouts and waits on this way; what has no timeout, and further rounds of a cycle, would come on top (README.md#cano-policy)


# A way that may take longer than a run.
@split(Till.SHIP, over=(1, 2, 3), join=Join.all(), to=Till.DONE, on_error=Till.SORRY, attempt_timeout=5, bulkhead=2)
async def ship_in_turn(number: int) -> int: ...
Workflow.build(Till, charge, ship_in_turn, sorry, start=Till.CHARGE, exits=ENDS, timeout=41)
Workflow.build(Till, charge, ship_in_turn, sorry, start=Till.CHARGE, exits=ENDS, timeout=40)  # N: By their timeouts and waits alone, Till.CHARGE → Till.SHIP may take 41 s, more than the workflow's timeout of 40 s  # N: fix: raise build(timeout=…), or lower attempts, timeouts and waits on this way; what has no timeout, and further rounds of a cycle, would come on top (README.md#cano-policy)


# Effects.
@state(Till.CHARGE, effects=True, on_error=Till.SORRY)
async def pay() -> tuple[Literal[Till.SHIP], int]: ...
@compensate(pay)
async def pay_back(amount: int) -> None: ...
Workflow.build(Till, pay, ship_well, sorry, start=Till.CHARGE, exits=ENDS, failed=(Till.FAILED,))  # N: Nothing undoes the effects of Till.CHARGE where a run ends in an exit that means failure: Till.CHARGE → Till.SHIP → Till.FAILED  # N: fix: write a function that undoes it, @compensate(pay); if that is right, Waive("compensation", Till.CHARGE, "why") (README.md#cano-compensation)
Workflow.build(Till, pay, ship_well, sorry, start=Till.CHARGE, exits=ENDS)  # N: Nothing undoes the effects of Till.CHARGE where a run fails when Till.SHIP does: Till.CHARGE → Till.SHIP  # N: fix: write a function that undoes it, @compensate(pay); if that is right, Waive("compensation", Till.CHARGE, "why") (README.md#cano-compensation)
Workflow.build(Till, pay, pay_back, ship_well, sorry, start=Till.CHARGE, exits=ENDS, failed=(Till.FAILED,))
Workflow.build(Till, pay, ship_well, sorry, start=Till.CHARGE, exits=ENDS, waive=[Waive("compensation", Till.CHARGE, "why")])
Workflow.build(Till, pay, pay_back, ship_well, sorry, start=Till.CHARGE, exits=ENDS, failed=(Till.SORRY, Other.A))  # E: Till.SORRY is named in failed=, but is no exit  [cano-exit]  # N: fix: add Till.SORRY to exits=, or take it out of failed= (README.md#cano-exit)  # E: Argument "failed" to "build" of "Workflow" has incompatible type "tuple[Till, Other]"; expected "Collection[Till]"  [arg-type]


# A compensation is not entered from a split, nor by an error.
@compensate(pay)
async def pay_back_all(amount: int, prices: Joined[int], failure: Failure | None) -> None: ...
Workflow.build(Till, pay, pay_back_all, ship_well, sorry, start=Till.CHARGE, exits=ENDS)  # E: Compensation "pay_back_all" wants the outcomes of a split (prices), which only a state is entered with  [cano-compensation]  # N: fix: let "pay" put what is needed into its output (README.md#cano-compensation)  # E: Compensation "pay_back_all" wants a failure (failure), which only a state is entered with  [cano-compensation]


# What is refused without a plugin too.
state(Till.CHARGE, retry=3)  # type: ignore[call-overload]
state(Till.CHARGE, timeout="3 s")  # type: ignore[call-overload]
state(Till.CHARGE, thread=True, timeout=3)  # type: ignore[call-overload]
state(Till.CHARGE, breaker=object())  # type: ignore[call-overload]
state(Till.CHARGE, on_error={"error": Till.SORRY})  # type: ignore[dict-item]
router(Till.CHARGE, effects=True)  # type: ignore[call-overload]
compensate(pay, thread=True, timeout=3)  # type: ignore[call-overload]
