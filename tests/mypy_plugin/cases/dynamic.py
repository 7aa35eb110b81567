"""`dynamic`: what can be seen statically, in every way of writing it, and what cannot."""

import sys
from enum import Enum
from typing import Any, Final, Literal, TypeVar, reveal_type

import cano_dsl as lib
import exported
import order as lib_order
from cano_dsl import Handler, Waive, Workflow, state
from exported import Order, again


@state(Order.START)
async def start() -> Literal[Order.PAY, Order.FAILED]: ...
@lib.state(Order.PAY)
async def pay() -> Literal[Order.DONE]: ...


# A tuple with a star is seen, also a tuple of tuples, and one made of others.
steps = (start, pay)
more = (*steps,)
Workflow.build(Order, *steps, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, *more, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, *(start, pay), start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, *exported.STEPS, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, start, *(again,), start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, *steps, again, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: State Order.PAY has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "pay" (dynamic.py:28) (README.md#cano-duplicate)
Workflow.build(Order, *steps, *exported.STEPS, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: State Order.START has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "start" (dynamic.py:29) (README.md#cano-duplicate)  # E: State Order.PAY has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "pay" (dynamic.py:29) (README.md#cano-duplicate)

# So are exits in a list, a set, or a tuple that is Final.
EXITS: Final = (Order.DONE, Order.FAILED)
plain = (Order.DONE, Order.FAILED)
reveal_type(Workflow.build(Order, *steps, start=Order.START, exits=EXITS))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, []]"
reveal_type(Workflow.build(Order, *steps, start=Order.START, exits=[Order.DONE, Order.FAILED]))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, []]"
reveal_type(Workflow.build(Order, *steps, start=Order.START, exits={Order.DONE, Order.FAILED}))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, []]"
reveal_type(Workflow.build(Order, *steps, start=Order.START, exits=(*EXITS,)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, []]"
reveal_type(Workflow.build(Order, *steps, start=Order.START, exits=(*EXITS, Order.PAY)))  # E: Exit Order.DONE is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.DONE as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED] | Literal[order.Order.PAY], None, []]"  # E: State Order.PAY is an exit, so its handler would never run  [cano-exit]  # N: fix: remove the handler, or take the state out of exits= (README.md#cano-exit)
Workflow.build(Order, *steps, start=Order.START, exits=plain)  # E: Workflow cannot be checked, as its exits cannot be seen by a type checker  [cano-dynamic]  # N: fix: write them as a tuple, exits=(Order.X, Order.Y), or make the tuple Final (README.md#cano-dynamic)
Workflow.build(Order, *steps, start=Order.START, exits=(*plain,))  # E: Workflow cannot be checked, as its exits cannot be seen by a type checker  [cano-dynamic]  # N: fix: write them as a tuple, exits=(Order.X, Order.Y), or make the tuple Final (README.md#cano-dynamic)
Workflow.build(Order, *steps, start=Order.START, exits=frozenset(plain))  # E: Workflow cannot be checked, as its exits cannot be seen by a type checker  [cano-dynamic]  # N: fix: write them as a tuple, exits=(Order.X, Order.Y), or make the tuple Final (README.md#cano-dynamic)

# A list of handlers is not seen.
hidden = [start, start]
Workflow.build(Order, *hidden, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as these handlers cannot be seen by a type checker  [cano-dynamic]  # N: fix: give handlers one by one, or a tuple of them with a star (README.md#cano-dynamic)
Workflow.build(
    Order,
    *hidden,  # type: ignore[cano-dynamic]
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
)
def made(handler: Handler[Order, Order, ..., Order], anything: Any, steps: tuple[Any, ...]) -> None:
    Workflow.build(Order, start, handler, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as a type checker cannot see which state this handler is for  [cano-dynamic]  # N: fix: decorate the function with state(Order.X) itself, and give the handler as it is (README.md#cano-dynamic)
    Workflow.build(Order, start, anything, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, *anything, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, *steps, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, start, start=Order.START, exits=anything)
    Workflow.build(Order, start, start=anything, exits=(Order.DONE,))
    Workflow.build(anything, start, start=Order.START, exits=(Order.DONE, Order.FAILED))
other_name = state
@other_name(Order.PAY)
def decorated_otherwise() -> Literal[Order.DONE]: ...
Workflow.build(Order, start, decorated_otherwise, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as a type checker cannot see which state this handler is for  [cano-dynamic]  # N: fix: decorate the function with state(Order.X) itself, and give the handler as it is (README.md#cano-dynamic)
def choose(first: bool) -> None:
    Workflow.build(Order, start, pay if first else again, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as these handlers cannot be seen by a type checker  [cano-dynamic]  # N: fix: give handlers one by one, or a tuple of them with a star (README.md#cano-dynamic)
    Workflow.build(Order, start, pay if first else start, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow cannot be checked, as these handlers cannot be seen by a type checker  [cano-dynamic]  # N: fix: give handlers one by one, or a tuple of them with a star (README.md#cano-dynamic)
options: dict[str, Any] = {}
Workflow.build(Order, start, **options)  # E: Workflow cannot be checked, as its exits cannot be seen by a type checker  [cano-dynamic]  # N: fix: write them as a tuple, exits=(Order.X, Order.Y), or make the tuple Final (README.md#cano-dynamic)
Workflow.build(Order, start, start=Order.START)  # E: Missing named argument "exits" for "build" of "Workflow"  [call-arg]
Workflow.build(Order, start, 3, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Argument 3 to "build" of "Workflow" has incompatible type "int"; expected "Handler[Order, Any, [VarArg(Any), KwArg(Any)], Any] | Compensation[Order, Any, [VarArg(Any), KwArg(Any)]]"  [arg-type]
Workflow.build(start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Too few arguments for "build" of "Workflow"  [call-arg]
Workflow.build(int, start, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Cannot infer value of type parameter "BS" of "build" of "Workflow"  [misc]

# Types that are written by hand are believed.
def typed(
    first: Handler[Order, Literal[Order.START], [], Literal[Order.PAY]],
    rest: tuple[Handler[Order, Literal[Order.PAY], ..., Literal[Order.START]]],
) -> None:
    Workflow.build(Order, first, *rest, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Exit Order.DONE is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.DONE as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: Exit Order.FAILED is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.FAILED as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # E: No exit can be reached from state Order.START: it only leads Order.START → Order.PAY → Order.START  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Order.START, "why") (README.md#cano-dead-end)
    reveal_type(Workflow.build(Order, first, pay, start=Order.START, exits=(Order.DONE, Order.FAILED)))  # E: Exit Order.FAILED is unreachable from Order.START  [cano-unreachable]  # N: fix: declare Order.FAILED as a target of a handler that runs, or remove it (README.md#cano-unreachable)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, []]"

# Conditional definitions: those of this platform and version.
if sys.version_info >= (3, 8):
    @state(Order.PAY)
    def either() -> Literal[Order.DONE]: ...
else:
    @state(Order.PAY)
    def either() -> Literal[Order.PAY]: ...
Workflow.build(Order, start, either, start=Order.START, exits=(Order.DONE, Order.FAILED))
if sys.argv:
    @state(Order.PAY)
    def one_of() -> Literal[Order.DONE]: ...
else:
    @state(Order.PAY)
    def one_of() -> Literal[Order.DONE]: ...
Workflow.build(Order, start, one_of, start=Order.START, exits=(Order.DONE, Order.FAILED))

# A helper over any Enum is not a workflow yet.
S = TypeVar("S", bound=Enum)
def helper(states: type[S], handler: Handler[S, Any, ..., Any], first: S) -> None:
    Workflow.build(states, handler, start=first, exits=(first,))
build = Workflow.build
unchecked = build(Order, start, start=Order.START, exits=(Order.DONE, Order.FAILED))

# States in variables of other modules.
@state(exported.PAID)  # E: state(…) must be one member of Order, got a value of type Order  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)
def paid() -> Literal[Order.DONE]: ...
@state(exported.ALSO_PAID)
def also_paid() -> Literal[Order.DONE]: ...
Workflow.build(Order, start, also_paid, start=exported.Order.START, exits=(lib_order.Order.DONE, Order.FAILED))

# What cannot be seen of a handler may need a waiver.
def loosely(targets: list[Order], unknown: Handler[Order, Literal[Order.PAY], ..., Literal[Order.DONE]]) -> None:
    anywhere = state(Order.PAY, to=targets)(pay_somewhere)
    Workflow.build(Order, start, anywhere, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=[Waive("dead-end", Order.PAY, "x")])
    Workflow.build(Order, start, unknown, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=[Waive("resource", Order.PAY, "x")])
def pay_somewhere() -> Order: ...
