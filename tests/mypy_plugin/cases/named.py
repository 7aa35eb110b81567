"""`state`: what is named as a state is one literal member of the Enum."""

from enum import Enum, IntEnum, StrEnum, auto
from typing import Any, Literal, reveal_type

from cano_dsl import Waive, Workflow, router, state
from order import Order, Other


@state(Order.START)
def start() -> Literal[Order.DONE, Order.FAILED, Order.PAY]: ...
@state(Order.PAY)
def pay() -> Literal[Order.DONE]: ...


def variables(some: Order, two: Literal[Order.PAY, Order.DONE], one: Literal[Order.PAY], anything: Any) -> None:
    @state(some)  # E: state(…) must be one member of Order, got a value of type Order  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)
    def at_some() -> Literal[Order.DONE]: ...
    @router(two)  # E: router(…) must be one member of Order, got Order.PAY or Order.DONE  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)
    def at_two() -> Literal[Order.DONE]: ...
    @state(one)
    def at_one() -> Literal[Order.DONE]: ...
    @state(anything)
    def at_anything() -> Literal[Order.DONE]: ...
    Workflow.build(Order, start, at_some, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, start, at_one, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, start, at_anything, start=Order.START, exits=(Order.DONE, Order.FAILED))
    Workflow.build(Order, start, pay, start=some, exits=(Order.DONE, Order.FAILED))  # E: start= must be one member of Order, got a value of type Order  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)


@state("PAY")  # type: ignore
def text() -> Literal[Order.DONE]: ...
Workflow.build(Order, start, pay, start=Other.A, exits=(Order.DONE, Order.FAILED))  # E: Argument "start" to "build" of "Workflow" has incompatible type "Other"; expected "Order"  [arg-type]
Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED, Other.A))  # E: exits= must be one member of Order, got Other.A  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)
Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=[Waive("exit", Other.A, "x")])  # E: waive= must be one member of Order, got Other.A  [cano-state]  # N: fix: give a member of Order, such as Order.START (README.md#cano-state)  # N: Waiver of "exit" for Order.A is not needed  # N: fix: remove it (README.md#cano-waive)


class Job(Enum):
    WORK = auto()
    DONE = auto()
    FINISHED = DONE
@state(Job.WORK)
def work() -> Literal[Job.FINISHED]: ...
Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))  # E: Job.FINISHED is another name of Job.DONE  [cano-state]  # N: fix: give Job.FINISHED a value of its own, or remove it (README.md#cano-state)


class Num(IntEnum):
    WORK = 1
    DONE = 2
    ALSO = 2
@state(Num.WORK)
def number() -> Literal[Num.DONE]: ...
Workflow.build(Num, number, start=Num.WORK, exits=(Num.DONE,))  # E: Num.ALSO is another name of Num.DONE  [cano-state]  # N: fix: give Num.ALSO a value of its own, or remove it (README.md#cano-state)


class Text(StrEnum):
    WORK = auto()
    DONE = auto()
@state(Text.WORK)
def texts() -> Literal[Text.DONE]: ...
reveal_type(Workflow.build(Text, texts, start=Text.WORK, exits=(Text.DONE,)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[named.Text, Literal[named.Text.DONE], None, []]"


class Titled(Enum):
    def title(self) -> str: ...
class Book(Titled):
    Z = 1
    A = 2
    B = 3
@state(Book.Z)
def zed() -> Literal[Book.A]: ...
Workflow.build(Book, zed, start=Book.Z, exits=(Book.A, Order.DONE))  # E: Workflow does not handle Book.B (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Book.B, or name it in exits= (README.md#cano-exhaustive)  # E: exits= must be one member of Book, got Order.DONE  [cano-state]  # N: fix: give a member of Book, such as Book.Z (README.md#cano-state)


Called = Enum("Called", "WORK DONE LEFT")
@state(Called.WORK)
def called() -> Literal[Called.DONE]: ...
Workflow.build(Called, called, start=Called.WORK, exits=(Called.DONE,))  # E: Workflow does not handle Called.LEFT (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Called.LEFT, or name it in exits= (README.md#cano-exhaustive)


# The members of an Enum that is made of computed names are not known, so nothing is said about it.
Computed = Enum("Computed", [f"S{n}" for n in range(3)])  # type: ignore[misc]
first = Computed["S0"]
computed = state(first, to=(Computed["S1"],))(lambda: Computed["S1"])
Workflow.build(Computed, computed, start=first, exits=(Computed["S2"],))
