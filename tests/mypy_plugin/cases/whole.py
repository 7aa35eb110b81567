"""The rules about a whole workflow, reported at the call or at the handler in it."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Waive, Workflow, state
from order import Order, Other


@state(Order.START)
async def start() -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.START)
def only_pay() -> Literal[Order.PAY]: ...
@state(Order.START)
def straight() -> Literal[Order.DONE]: ...
@state(Order.PAY)
async def pay() -> Literal[Order.DONE]: ...
@state(Order.PAY)
async def again() -> Literal[Order.DONE]: ...
@state(Order.PAY)
def back() -> Literal[Order.START]: ...
@state(Order.FAILED)
def failed() -> Literal[Order.DONE]: ...
@state(Other.A)
def other() -> Literal[Other.A]: ...


ENDS = (Order.DONE, Order.FAILED)
Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, start, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow does not handle Order.PAY (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.PAY, or name it in exits= (README.md#cano-exhaustive)
Workflow.build(Order, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow does not handle Order.START (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.START, or name it in exits= (README.md#cano-exhaustive)  # E: Workflow does not handle Order.PAY (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.PAY, or name it in exits= (README.md#cano-exhaustive)
Workflow.build(Order, start, pay, again, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: State Order.PAY has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "pay" (whole.py:32) (README.md#cano-duplicate)
Workflow.build(Order, start, pay, failed, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: State Order.FAILED is an exit, so its handler would never run  [cano-exit]  # N: fix: remove the handler, or take the state out of exits= (README.md#cano-exit)
Workflow.build(Order, start, pay, start=Order.START, exits=())  # E: Workflow has no exit  [cano-exit]  # N: fix: name the states that end a run: exits=(Order.X,) (README.md#cano-exit)  # E: Workflow does not handle Order.DONE (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.DONE, or name it in exits= (README.md#cano-exhaustive)  # E: Workflow does not handle Order.FAILED (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.FAILED, or name it in exits= (README.md#cano-exhaustive)
Workflow.build(Order, straight, pay, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Exit Order.FAILED is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.FAILED as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: State Order.PAY is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.PAY as a target of a handler that runs, or remove it (README.md#cano-unreachable)
Workflow.build(Order, only_pay, back, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Exit Order.DONE is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.DONE as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: Exit Order.FAILED is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.FAILED as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: No exit can be reached from state Order.START: it only leads Order.START → Order.PAY → Order.START  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Order.START, "why") (README.md#cano-dead-end)
Workflow.build(Order, start, other, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Argument 3 to "build" of "Workflow" has incompatible type "PlainHandler[Other, Literal[Other.A], [], Literal[Other.A], None]"; expected "Handler[Order, Any, [VarArg(Any), KwArg(Any)], Any] | Compensation[Order, Any, [VarArg(Any), KwArg(Any)]]"  [arg-type]

# On many lines, a finding about a handler stands at that handler, and is silenced there or for the whole call.
Workflow.build(
    Order,
    start,
    pay,
    again,  # E: State Order.PAY has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "pay" (whole.py:43) (README.md#cano-duplicate)
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
)
Workflow.build(
    Order,
    start,
    pay,
    again,  # type: ignore[cano-duplicate]
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
)
Workflow.build(
    Order,
    start,
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
)  # type: ignore[cano-exhaustive]


class Cycle(Enum):
    """Members in an order that is not the alphabet's."""

    Z = auto()
    Y = auto()
    A = auto()
    B = auto()
    END = auto()
@state(Cycle.Z)
def zed() -> Literal[Cycle.Y, Cycle.END, Cycle.B]: ...
@state(Cycle.Y)
def why() -> Literal[Cycle.A]: ...
@state(Cycle.A)
def ay() -> Literal[Cycle.Y]: ...
@state(Cycle.B)
def bee() -> Literal[Cycle.B]: ...
Workflow.build(
    Cycle,
    zed,
    ay,
    why,  # E: No exit can be reached from state Cycle.Y: it only leads Cycle.Y → Cycle.A → Cycle.Y  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Cycle.Y, "why") (README.md#cano-dead-end)
    bee,  # E: No exit can be reached from state Cycle.B: it only leads Cycle.B → Cycle.B  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Cycle.B, "why") (README.md#cano-dead-end)
    start=Cycle.Z,
    exits=(Cycle.END,),
)

# Waivers are read where they are written in the call; made elsewhere, they may let anything pass.
Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[Waive("dead-end", Cycle.Y, "runs until it is stopped")])  # E: No exit can be reached from state Cycle.B: it only leads Cycle.B → Cycle.B  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Cycle.B, "why") (README.md#cano-dead-end)
Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=(Waive("dead-end", Cycle.Y, "x"), Waive(code="dead-end", reason="y", state=Cycle.B)))
Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=[Waive("exhaustive", Order.PAY, "later"), Waive("exit", None, "x")])  # N: Waiver of "exhaustive" for Order.PAY is not needed  # N: fix: remove it (README.md#cano-waive)  # N: Waiver of "exit" for the workflow is not needed
Workflow.build(Order, start, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=[Waive("exhaustive", Order.PAY, "later")])  # E: Workflow does not handle Order.PAY (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Order.PAY, or name it in exits=; it cannot be waived, as runs enter it (README.md#cano-exhaustive)
waivers = [Waive("dead-end", Cycle.Y, "x")]
Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=waivers)
Workflow.build(Cycle, zed, ay, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=waivers)  # E: State Cycle.A has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "ay" (whole.py:97) (README.md#cano-duplicate)
Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[Waive("duplicate", Cycle.Y, "x")])  # E: Argument 1 to "Waive" has incompatible type "Literal['duplicate']"; expected "Literal['exhaustive', 'exit', 'unreachable', 'dead-end', 'resource', 'policy', 'compensation']"  [arg-type]
WHY = "runs until it is stopped"
def more_waivers(some: Cycle) -> None:
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive={Waive("dead-end", Cycle.Y, WHY), Waive("dead-end", Cycle.B, reason=WHY)})
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[*waivers])
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[Waive("dead-end", some, WHY)])
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[Waive("dead-end", Cycle.Y, "")])
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=[Waive("dead-end", Cycle.Y)])  # E: Missing positional argument "reason" in call to "Waive"  [call-arg]
    Workflow.build(Cycle, zed, ay, why, bee, start=Cycle.Z, exits=(Cycle.END,), waive=None)  # E: No exit can be reached from state Cycle.Y: it only leads Cycle.Y → Cycle.A → Cycle.Y  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Cycle.Y, "why") (README.md#cano-dead-end)  # E: No exit can be reached from state Cycle.B: it only leads Cycle.B → Cycle.B  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Cycle.B, "why") (README.md#cano-dead-end)  # E: Argument "waive" to "build" of "Workflow" has incompatible type "None"; expected "Iterable[Waive]"  [arg-type]
