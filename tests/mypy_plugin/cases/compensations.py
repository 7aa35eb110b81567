"""Outputs and what undoes them: what is right is silent, `compensation`, and the resources of both."""

from enum import Enum, auto
from typing import Literal, reveal_type

from cano_dsl import Run, RunData, Workflow, compensate, router, state
from order import Mailer, Order, Other, Store


class Receipt: ...
class Card(Receipt): ...


@state(Order.START)
async def start() -> Literal[Order.PAY]: ...
@state(Order.PAY)
async def pay(store: Store) -> tuple[Literal[Order.DONE], Receipt] | Literal[Order.FAILED]: ...
reveal_type(pay)  # N: Revealed type is "cano_dsl.declare._outputs.AsyncOutputHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE] | Literal[order.Order.FAILED], compensations.Receipt, tuple[Literal[order.Order.DONE], compensations.Receipt] | Literal[order.Order.FAILED], None]"
@state(Order.PAY)
def pay_plain() -> tuple[Literal[Order.DONE], Card] | tuple[Literal[Order.FAILED], str]: ...
reveal_type(pay_plain)  # N: Revealed type is "cano_dsl.declare._outputs.PlainOutputHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.DONE] | Literal[order.Order.FAILED], compensations.Card | str, tuple[Literal[order.Order.DONE], compensations.Card] | tuple[Literal[order.Order.FAILED], str], None]"
@state(Order.PAY, thread=True)
def pay_slow(store: Store) -> tuple[Literal[Order.DONE, Order.FAILED], int]: ...
reveal_type(pay_slow)  # N: Revealed type is "cano_dsl.declare._outputs.PlainOutputHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE] | Literal[order.Order.FAILED], int, tuple[Literal[order.Order.DONE] | Literal[order.Order.FAILED], int], None]"
@state(Order.PAY, to=(Order.DONE, Order.FAILED))
def pay_any() -> tuple[Order, Receipt]: ...
reveal_type(pay_any)  # N: Revealed type is "cano_dsl.declare._outputs.PlainOutputHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.DONE] | Literal[order.Order.FAILED], compensations.Receipt, tuple[order.Order, compensations.Receipt], None]"
@state(Order.PAY)
async def pay_nothing() -> Literal[Order.DONE, Order.FAILED]: ...
async def call() -> None:
    reveal_type(await pay(Store()))  # N: Revealed type is "tuple[Literal[order.Order.DONE], compensations.Receipt] | Literal[order.Order.FAILED]"


@compensate(pay)
async def unpay(receipt: Receipt, mailer: Mailer, run: Run, limit: int = 3) -> None: ...
reveal_type(unpay)  # N: Revealed type is "cano_dsl.declare._compensate.AsyncCompensation[order.Order, Literal[order.Order.PAY], [mailer: order.Mailer, run: cano_dsl.spec._run.Run, limit: int =], compensations.Receipt]"
@compensate(pay, thread=True)
def unpay_slow(receipt: object) -> None: ...
reveal_type(unpay_slow)  # N: Revealed type is "cano_dsl.declare._compensate.PlainCompensation[order.Order, Literal[order.Order.PAY], [], object]"
@compensate(pay_plain)
def unpay_plain(receipt: Receipt | str, data: RunData[int]) -> None: ...
@compensate(pay_any)
def unpay_any(receipt: Receipt, store: Mailer) -> None: ...
flow = Workflow.build(Order, start, pay, unpay, start=Order.START, exits=(Order.DONE, Order.FAILED))
reveal_type(flow)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store, mailer: order.Mailer, limit: int =]]"
STEPS = (start, unpay, pay)
reveal_type(Workflow.build(Order, *STEPS, start=Order.START, exits=(Order.DONE, Order.FAILED)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store, mailer: order.Mailer, limit: int =]]"
reveal_type(Workflow.build(Order, start, pay_plain, unpay_plain, start=Order.START, exits=(Order.DONE, Order.FAILED), data=int))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], int, []]"


# What the function takes is the output.
@compensate(pay)  # E: Compensation "wrong" takes str, but "pay" gives Receipt  [cano-compensation]  # N: fix: annotate receipt: Receipt (README.md#cano-compensation)
async def wrong(receipt: str, mailer: Mailer) -> None: ...
reveal_type(wrong)  # N: Revealed type is "cano_dsl.declare._compensate.AsyncCompensation[order.Order, Literal[order.Order.PAY], [mailer: order.Mailer], str]"
@compensate(pay)  # E: Compensation "wrong_too" takes Card, but "pay" gives Receipt  [cano-compensation]  # N: fix: annotate receipt: Receipt (README.md#cano-compensation)
def wrong_too(receipt: Card) -> None: ...
@compensate(pay, thread=True)  # E: Compensation "wrong_slow" takes int, but "pay" gives Receipt  [cano-compensation]  # N: fix: annotate receipt: Receipt (README.md#cano-compensation)
def wrong_slow(receipt: int) -> None: ...
@compensate(pay)  # type: ignore[cano-compensation]
def ignored(receipt: int) -> None: ...
Workflow.build(Order, start, pay, wrong, start=Order.START, exits=(Order.DONE, Order.FAILED))
@compensate(pay_nothing)  # E: Compensation "nothing" undoes "pay_nothing", which gives no output  [cano-compensation]  # N: fix: return it with the next state: tuple[Literal[Order.X], Output] (README.md#cano-compensation)
def nothing(receipt: Receipt) -> None: ...


# Each undoes a handler of the workflow, alone.
Workflow.build(
    Order,
    start,
    pay,
    unpay,
    unpay_slow,  # E: Handler "pay" has more than one compensation  [cano-compensation]  # N: fix: keep one; the first is "unpay" (compensations.py:71) (README.md#cano-compensation)
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
)
Workflow.build(Order, start, pay_nothing, unpay, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Compensation "unpay" undoes "pay" of Order.PAY, which is not in this workflow  [cano-compensation]  # N: fix: compensate "pay_nothing", which handles that state here, or leave the compensation out (README.md#cano-compensation)
Workflow.build(Order, start, pay_any, unpay_any, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, start, pay, unpay_any, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Resource "store" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]  # N: fix: give one of the two another name, or annotate both with one type; the earlier is "pay" (compensations.py:78) (README.md#cano-resource)  # E: Compensation "unpay_any" undoes "pay_any" of Order.PAY, which is not in this workflow  [cano-compensation]  # N: fix: compensate "pay", which handles that state here, or leave the compensation out (README.md#cano-compensation)
Workflow.build(Order, start, pay_any, unpay_plain, start=Order.START, exits=(Order.DONE, Order.FAILED), data=str)  # E: Compensation "unpay_plain" wants the run's data as int, but data= is str  [cano-resource]  # N: fix: annotate the parameter as RunData[str] (README.md#cano-resource)  # E: Compensation "unpay_plain" undoes "pay_plain" of Order.PAY, which is not in this workflow  [cano-compensation]  # N: fix: compensate "pay_any", which handles that state here, or leave the compensation out (README.md#cano-compensation)


# A router only decides, and what comes with an output is a state all the same.
@router(Order.PAY)  # E: Router "decides" gives an output (Receipt), but a router only decides  [cano-compensation]  # N: fix: make it a state, or return the next state alone (README.md#cano-compensation)
async def decides() -> tuple[Literal[Order.DONE, Order.FAILED], Receipt]: ...
reveal_type(decides)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
Workflow.build(Order, start, decides, start=Order.START, exits=(Order.DONE, Order.FAILED))
@state(Order.PAY)  # E: Handler "bare" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
async def bare() -> tuple[Order, Receipt]: ...
@state(Order.PAY)  # E: Handler "foreign" may go to Other.A, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)
def foreign() -> tuple[Literal[Order.DONE, Other.A], Receipt]: ...
reveal_type(foreign)  # N: Revealed type is "cano_dsl.declare._outputs.PlainOutputHandler[order.Order, Literal[order.Order.PAY], [], Any, compensations.Receipt, Any, None]"
@state(Order.PAY, to=(Order.DONE,))  # E: Handler "beyond" may return Order.FAILED by its annotation, but to= leaves it out  [cano-transition]  # N: fix: add Order.FAILED to to=, or take it out of the annotation (README.md#cano-transition)
def beyond() -> tuple[Literal[Order.DONE, Order.FAILED], Receipt]: ...
