"""Rollbacks: states that are reached by them alone, what a handler that asks for one is, and mistakes."""

from enum import Enum, auto
from typing import Final, Literal, TypeAlias, reveal_type

from cano_dsl import Failure, Rollback, Workflow, compensate, router, state
from order import Other


class Order(Enum):
    PAY = auto()
    CHECK = auto()
    SORRY = auto()
    DONE = auto()
    REFUNDED = auto()


ENDS: Final = (Order.DONE, Order.REFUNDED)
Back: TypeAlias = Rollback[Literal[Order.REFUNDED]]


@state(Order.PAY)
async def pay(store: int) -> tuple[Literal[Order.CHECK], int] | Back: ...
reveal_type(pay)  # N: Revealed type is "cano_dsl.declare._outputs.AsyncOutputHandler[rollbacks.Order, Literal[rollbacks.Order.PAY], [store: int], Literal[rollbacks.Order.CHECK], int, tuple[Literal[rollbacks.Order.CHECK], int] | cano_dsl.spec._rollback.Rollback[Literal[rollbacks.Order.REFUNDED]], None]"
@state(Order.CHECK)
async def check(limit: str) -> Literal[Order.DONE, Order.SORRY] | Rollback[Literal[Order.REFUNDED]]:
    if limit:
        return Rollback(Order.DONE)  # type: ignore[arg-type]
    return Rollback(Order.REFUNDED)
reveal_type(check)  # N: Revealed type is "cano_dsl.declare._rollback.AsyncRollbackHandler[rollbacks.Order, Literal[rollbacks.Order.CHECK], [limit: str], Literal[rollbacks.Order.DONE] | Literal[rollbacks.Order.SORRY], Literal[rollbacks.Order.DONE] | Literal[rollbacks.Order.SORRY] | cano_dsl.spec._rollback.Rollback[Literal[rollbacks.Order.REFUNDED]], None]"
@state(Order.SORRY)
def sorry(failure: Failure | None) -> Rollback[Literal[Order.REFUNDED]]:
    return Rollback(Order.REFUNDED)
reveal_type(sorry)  # N: Revealed type is "cano_dsl.declare._rollback.PlainRollbackHandler[rollbacks.Order, Literal[rollbacks.Order.SORRY], [failure: cano_dsl.spec._outcomes.Failure | None], Never, cano_dsl.spec._rollback.Rollback[Literal[rollbacks.Order.REFUNDED]], None]"
@compensate(pay)
async def unpay(amount: int) -> None: ...
reveal_type(Workflow.build(Order, pay, check, sorry, unpay, start=Order.PAY, exits=ENDS))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[rollbacks.Order, Literal[rollbacks.Order.DONE] | Literal[rollbacks.Order.REFUNDED], None, [*, store: int, limit: str]]"


# In a thread, computed, and both at once.
@state(Order.CHECK, thread=True)
def check_slow() -> Literal[Order.DONE] | Back: ...
reveal_type(check_slow)  # N: Revealed type is "cano_dsl.declare._rollback.PlainRollbackHandler[rollbacks.Order, Literal[rollbacks.Order.CHECK], [], Literal[rollbacks.Order.DONE], Literal[rollbacks.Order.DONE] | cano_dsl.spec._rollback.Rollback[Literal[rollbacks.Order.REFUNDED]], None]"
@state(Order.CHECK, to=(Order.DONE, Order.REFUNDED))
def check_any() -> Order | Rollback[Literal[Order.REFUNDED]]: ...
@state(Order.CHECK, to=(Order.DONE, Order.REFUNDED))
def check_every() -> Literal[Order.DONE] | Rollback[Order]: ...
@state(Order.CHECK, to=(Order.DONE,))  # E: Handler "check_beyond" may return Order.REFUNDED by its annotation, but to= leaves it out  [cano-transition]  # N: fix: add Order.REFUNDED to to=, or take it out of the annotation (README.md#cano-transition)
def check_beyond() -> Order | Rollback[Literal[Order.REFUNDED]]: ...
Workflow.build(Order, pay, check_slow, unpay, start=Order.PAY, exits=(Order.DONE, Order.REFUNDED, Order.SORRY))  # E: Exit Order.SORRY is unreachable from Order.PAY  [cano-unreachable]  # N: fix: declare Order.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
Workflow.build(Order, pay, check_any, unpay, start=Order.PAY, exits=ENDS)  # E: Workflow does not handle Order.SORRY (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.SORRY, or name it in exits= (README.md#cano-exhaustive)
Workflow.build(Order, pay, check_every, sorry, start=Order.PAY, exits=ENDS)  # E: State Order.SORRY is unreachable from Order.PAY  [cano-unreachable]  # N: fix: declare Order.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
Workflow.build(Order, pay, check_beyond, sorry, start=Order.PAY, exits=ENDS)  # E: State Order.SORRY is unreachable from Order.PAY  [cano-unreachable]  # N: fix: declare Order.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)


# Mistakes.
@state(Order.CHECK)  # E: Handler "foreign" may go to Other.A, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)
async def foreign() -> Literal[Order.DONE] | Rollback[Literal[Other.A]]: ...
@state(Order.CHECK)  # E: Handler "whole" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def whole() -> Literal[Order.DONE] | Rollback[Order]: ...
@state(Order.CHECK)
def bare() -> Rollback: ...  # type: ignore[type-arg]
@state(Order.CHECK)  # E: Handler "inside" must declare its next states as Literal[Order.X, ...], got Rollback[Literal[Order.DONE]]  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def inside() -> tuple[Rollback[Literal[Order.DONE]], int]: ...
@router(Order.CHECK)  # E: Router "decides" asks for a rollback, but a router only decides  [cano-compensation]  # N: fix: make it a state, or go to a state that asks for it (README.md#cano-compensation)
async def decides() -> Literal[Order.DONE] | Rollback[Literal[Order.REFUNDED]]: ...
def unpay_nothing(output: int) -> None: ...
@state(Order.SORRY)
def wants(failure: Failure) -> Literal[Order.DONE]: ...
@state(Order.CHECK)
def leads() -> Literal[Order.DONE] | Rollback[Literal[Order.SORRY]]: ...
Workflow.build(Order, pay, decides, sorry, start=Order.PAY, exits=ENDS)  # E: State Order.SORRY is unreachable from Order.PAY  [cano-unreachable]  # N: fix: declare Order.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
Workflow.build(Order, pay, leads, wants, start=Order.PAY, exits=ENDS)  # E: Handler "wants" wants the failure of an error edge, but Order.CHECK leads there without one  [cano-resource]  # N: fix: annotate the parameter as Failure | None (README.md#cano-resource)
compensate(check)(unpay_nothing)  # E: Compensation "unpay_nothing" undoes "check", which gives no output  [cano-compensation]  # N: fix: return it with the next state: tuple[Literal[Order.X], Output] (README.md#cano-compensation)
