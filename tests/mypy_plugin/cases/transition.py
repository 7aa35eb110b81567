"""`transition`: what a handler declares, reported at its decorator."""

import twin
from collections.abc import Coroutine
from functools import partial
from typing import Any, Literal, NoReturn, reveal_type

from cano_dsl import Workflow, router, state
from order import Mailer, Order, Other, Store


@state(Order.PAY)  # E: Handler "bare" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
async def bare() -> Order: ...
@router(Order.PAY)  # E: Handler "any_at_all" must declare its next states as Literal[Order.X, ...], got Any  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give router(…, to=(…)) (README.md#cano-transition)
def any_at_all() -> Any: ...
@state(Order.PAY)  # E: Handler "nothing" must declare its next states as Literal[Order.X, ...], got None  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def nothing() -> None: ...
@state(Order.PAY)  # E: Handler "number" must declare its next states as Literal[Order.X, ...], got int  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
async def number() -> int: ...
@state(Order.PAY)  # E: Handler "maybe" must declare its next states as Literal[Order.X, ...], got None  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
async def maybe() -> Literal[Order.DONE] | None: ...
@state(Order.PAY)  # E: Handler "never" must declare its next states as Literal[Order.X, ...], got Never  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def never() -> NoReturn: ...
@state(Order.PAY)  # E: Handler "unannotated" must declare its next states as Literal[Order.X, ...], got no annotation  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def unannotated(): ...  # type: ignore[no-untyped-def]
@state(Order.PAY)  # E: Handler "foreign" may go to Other.A, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)
async def foreign() -> Literal[Order.DONE, Other.A]: ...
@state(Order.PAY)  # E: Handler "two_foreign" may go to Other.A, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)  # E: Handler "two_foreign" may go to 'DONE', not a member of Order  [cano-transition]
def two_foreign() -> Literal[Order.DONE, Other.A, "DONE"]: ...
@state(Order.PAY)  # E: Handler "same_name" may go to Order.DONE of twin, another Enum of the same name, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)
def same_name() -> Literal[twin.Order.DONE]: ...
@state(Order.PAY, thread=True)  # E: Handler "in_a_thread" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
def in_a_thread(store: Store) -> Order: ...
@state(Order.PAY)  # type: ignore[cano-transition]
async def ignored() -> Order: ...
@state(Order.PAY)  # type: ignore[cano-transition]  # E: Unused "type: ignore" comment  [unused-ignore]
async def needless() -> Literal[Order.DONE]: ...
@state(  # E: Handler "on_many_lines" must declare its next states as Literal[Order.X, ...], got the whole Order  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
    Order.PAY,
    thread=True,
)
def on_many_lines() -> Order: ...
@state(Order.PAY, thread=True)  # E: No overload variant of "__call__" of "ThreadDecorator" matches argument type "Callable[[], Coroutine[Any, Any, Literal[Order.DONE]]]"  [call-overload]  # N: Possible overload variants:  # N: def [P, N: Enum] __call__(self, PlainFunction[Order, P, N], /) -> PlainHandler[Order, Literal[Order.PAY], P, N, None]  # N: def [P, N: Enum, G] __call__(self, PlainRollbackFunction[Order, P, N, G], /) -> PlainRollbackHandler[Order, Literal[Order.PAY], P, N, G, None]  # N: def [P, N: Enum, O, G] __call__(self, PlainOutputFunction[Order, P, N, O, G], /) -> PlainOutputHandler[Order, Literal[Order.PAY], P, N, O, G, None]
async def async_in_a_thread() -> Literal[Order.DONE]: ...

state(Order.PAY)(lambda: Order.DONE)  # E: Handler "<lambda>" must declare its next states as Literal[Order.X, ...], got no annotation  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)


# What is broken is said once, and the handler still stands for its state and its resources.
flow = Workflow.build(Order, state(Order.START, to=(Order.PAY,))(lambda: Order.PAY), in_a_thread, start=Order.START, exits=(Order.DONE, Order.FAILED))
reveal_type(flow)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store]]"


# Good ones, with the next states as declared.
Next = Literal[Order.DONE, Order.FAILED]
@state(Order.PAY)
async def everything() -> Literal[Order.START, Order.PAY, Order.DONE, Order.FAILED]: ...
reveal_type(everything)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.START] | Literal[order.Order.PAY] | Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
@state(Order.PAY)
async def alias() -> Next | Literal[Order.START]: ...
reveal_type(alias)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.DONE] | Literal[order.Order.FAILED] | Literal[order.Order.START], None]"
@state(Order.PAY)
def coroutine(store: Store) -> Coroutine[Any, Any, Next]: ...
reveal_type(coroutine)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
class Steps:
    async def pay(self, store: Store) -> Next: ...
    def __call__(self, mailer: Mailer) -> Literal[Order.DONE]: ...
reveal_type(state(Order.PAY)(Steps().pay))  # N: Revealed type is "cano_dsl.declare._handlers.AsyncHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
reveal_type(state(Order.PAY)(Steps()))  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [mailer: order.Mailer], Literal[order.Order.DONE], None]"
def two(store: Store, mailer: Mailer) -> Literal[Order.DONE]: ...
reveal_type(state(Order.PAY)(partial(two, mailer=Mailer())))  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [*args: Any, **kwargs: Any], Literal[order.Order.DONE], None]"
at_pay = state(Order.PAY)
@at_pay
def kept(store: Store) -> Literal[Order.DONE]: ...
reveal_type(kept)  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE], None]"
async def call() -> None:
    reveal_type(await alias())  # N: Revealed type is "Literal[order.Order.DONE] | Literal[order.Order.FAILED] | Literal[order.Order.START]"
    reveal_type(kept(Store()))  # N: Revealed type is "Literal[order.Order.DONE]"


# With `to=`.
def chosen(store: Store) -> Order: ...
reveal_type(state(Order.PAY, to=(Order.DONE, Order.FAILED))(chosen))  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
reveal_type(state(Order.PAY, to=[Order.DONE], thread=True)(chosen))  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], Literal[order.Order.DONE], None]"
reveal_type(router(Order.PAY, to={Order.DONE})(lambda: Order.DONE))  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [], Literal[order.Order.DONE], None]"
def both() -> Literal[Order.DONE, Order.FAILED]: ...
state(Order.PAY, to=(Order.DONE,))(both)  # E: Handler "both" may return Order.FAILED by its annotation, but to= leaves it out  [cano-transition]  # N: fix: add Order.FAILED to to=, or take it out of the annotation (README.md#cano-transition)
state(Order.PAY, to=())(chosen)  # E: Handler "chosen" must declare its next states as Literal[Order.X, ...], got an empty to=  [cano-transition]  # N: fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…)) (README.md#cano-transition)
state(Order.PAY, to=(Order.DONE, Other.A))(chosen)  # E: Handler "chosen" may go to Other.A, not a member of Order  [cano-transition]  # N: fix: name only members of Order (README.md#cano-transition)
def somewhere(states: list[Order]) -> None:
    hidden = state(Order.PAY, to=states)(chosen)
    reveal_type(hidden)  # N: Revealed type is "cano_dsl.declare._handlers.PlainHandler[order.Order, Literal[order.Order.PAY], [store: order.Store], order.Order, None]"
