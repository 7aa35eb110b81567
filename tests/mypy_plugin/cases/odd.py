"""Programs that are wrong in ways of their own: mypy says what it says, and the plugin does not fall over."""
# mypy: disable-error-code="call-overload, call-arg, misc, arg-type, no-untyped-def, untyped-decorator, attr-defined, name-defined"

import functools
from enum import Enum, Flag, auto
from typing import Any, Callable, Generic, Literal, NewType, NoReturn, Optional, ParamSpec, TypeVar, overload

from cano_dsl import Handler, Run, RunData, Waive, Workflow, router, state
from order import Mailer, Order, Store

T = TypeVar("T")
P = ParamSpec("P")
arguments: list[Any] = []
named: dict[str, Any] = {}


class Empty(Enum): ...
class Bits(Flag):
    A = auto()
    B = auto()
    BOTH = A | B
class Mixed(str, Enum):
    A = "a"
    B = "b"
    def shown(self) -> str: ...


state()
state(1)
state(*arguments)
state(**named)
state(Order)
state(Order.PAY, Order.DONE)
state(Order.PAY, to=Order.DONE)
state(Order.PAY, to=None)
state(Order.PAY, to="DONE")
state(Order.PAY, to=())
state(Order.PAY, to=missing)
state(Order.PAY, to=[s for s in Order])
state(Order.PAY, to=(*arguments,))
state(Order.PAY, to=(Order.DONE if arguments else Order.FAILED,))
state(Order.PAY, thread=bool(arguments))
state(Order.NOTHING)
state(Order.PAY)()
state(Order.PAY)(1)
state(Order.PAY)(Order)
state(Order.PAY)(Store)
state(Order.PAY)(*arguments)
state(Order.PAY)(missing)
state(Order.PAY)(lambda *a, **k: Order.DONE)
state(Order.PAY, to=(Order.DONE,))(lambda store, limit=3: Order.DONE)
state(Order.PAY)(arguments[0])
state(Order.PAY)(state(Order.PAY))
state(Mixed.A)(lambda: Mixed.B)
state(Bits.BOTH)(lambda: Bits.A)


@state(Order.PAY)
class NotAFunction: ...
@state(Order.PAY)
def generic(one: T) -> Literal[Order.DONE]: ...
@state(Order.PAY)
def spread(*args: P.args, **kwargs: P.kwargs) -> Literal[Order.DONE]: ...
@state(Order.PAY)
def yields():
    yield Order.DONE
@state(Order.PAY)
async def yields_too():
    yield Order.DONE
@overload
def several(store: Store) -> Literal[Order.DONE]: ...
@overload
def several(store: Mailer) -> Literal[Order.FAILED]: ...
def several(store: Any) -> Any: ...
both = state(Order.PAY)(several)
@state(Order.START)
@state(Order.PAY)
def twice() -> Literal[Order.DONE]: ...
@state(Order.PAY)
@functools.cache
def cached() -> Literal[Order.DONE]: ...
def same(fn: Callable[P, T]) -> Callable[P, T]: ...
@state(Order.PAY)
@same
def wrapped(store: Store) -> Literal[Order.DONE]: ...
@same
@state(Order.PAY)
def wrapped_outside(store: Store) -> Literal[Order.DONE]: ...
class Steps(Generic[T]):
    @state(Order.START)
    def method(self, store: Store) -> Literal[Order.DONE]: ...
    @staticmethod
    @state(Order.START)
    def static(store: Store) -> Literal[Order.DONE]: ...
    @state(Order.START)
    @classmethod
    def of_class(cls) -> Literal[Order.DONE]: ...
    @property
    @state(Order.START)
    def prop(self) -> Literal[Order.DONE]: ...
    def of(self, value: T) -> Literal[Order.DONE]: ...
    flow = Workflow.build(Order, start=Order.START, exits=(Order.DONE,))  # type: ignore[cano-exhaustive]


@state(Order.START)
def start(store: Store) -> Literal[Order.PAY, Order.FAILED]: ...
ENDS = {"exits": (Order.DONE, Order.FAILED)}
Workflow.build()
Workflow.build(Order)
Workflow.build(*arguments)
Workflow.build(**named)
Workflow.build(Order, *arguments, **named)  # type: ignore[cano-dynamic]
Workflow.build(Order, start, start=Order.START, **ENDS)  # type: ignore[cano-dynamic]
Workflow.build(Empty, start=1, exits=())
Workflow.build(Enum, start, start=Order.START, exits=(Order.DONE,))
Workflow.build("Order", start, start=Order.START, exits=(Order.DONE,))
Workflow.build(Order.START, start, start=Order.START, exits=(Order.DONE,))
Workflow.build(missing, start, start=Order.START, exits=(Order.DONE,))
Workflow.build(Order, missing, start=missing, exits=missing, waive=missing, data=missing, resources=missing)
Workflow.build(Order, generic, spread, yields, both, twice, cached, wrapped, start=Order.START, exits=(Order.DONE, Order.FAILED))  # type: ignore[cano-exhaustive, cano-duplicate]
Workflow.build(Order, start, Steps[int].method, Steps.static, start=Order.START, exits=(Order.DONE, Order.FAILED))
Workflow.build(Order, state(Order.PAY)(Steps[int]().of), start=Order.PAY, exits=(Order.DONE, Order.FAILED))  # type: ignore[cano-exhaustive, cano-unreachable]
Workflow.build(Order, start, start="START", exits="DONE", name=3, waive=[1, None, Waive, Waive()], data=3, resources=3)
Workflow.build(Order, start, start=Order.START, exits=(Order.DONE, "DONE", 3, None, *Order), name=name)
Workflow.build(Order, start, start=Order.START, exits=Order)
Workflow.build(Mixed, state(Mixed.A)(lambda: Mixed.B), start=Mixed.A, exits=(Mixed.B,)).run_sync(3)
Workflow.build(Bits, state(Bits.A)(lambda: Bits.B), start=Bits.A, exits=(Bits.B,))
flows = [Workflow.build(Order, start, start=s, exits=(s,)) for s in Order]  # type: ignore[cano-dynamic]
late: "Workflow[Order, Order]" = Workflow.build(Order, start, later, start=Order.START, exits=(Order.DONE, Order.FAILED))
@state(Order.PAY)
def later(run: Optional[Run], data: RunData, store: "Unknown") -> Literal[Order.DONE]: ...
def untyped():
    Workflow.build(Order, start, start=Order.START, exits=(Order.DONE,))
class Sub(Workflow[Order, Order]): ...
# That all of this was survived shows in that the last line is still checked.
Workflow.build(Order, start, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Workflow does not handle Order.PAY (neither handled nor an exit)  [cano-exhaustive]
