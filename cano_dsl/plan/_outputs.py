"""States that give an output: unpacked, and put onto the run's stack where something undoes it.

The stack is one of the run's values, a list that each run begins empty. Only a state that has a compensation
writes to it, and runs in a task of its own, where no cancel can cut it before its output is on the stack. A
plain function never suspends, so it needs no task, and one in a thread is waited for and writes from there.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from cano_dsl.plan._asked import Rollbacks
from cano_dsl.plan._step import Call, Values
from cano_dsl.scope import Clock, in_task
from cano_dsl.spec import CompensationSpec, Retry, Rollback, Run


class Undo(NamedTuple):
    """A compensation as a rollback calls it.

    Attributes:
        at: The state that it undoes.
        spec: The compensation.
        call: Takes the run's values and the output; one attempt, with its own timeout.
        awaits: Whether it gives an awaitable.
        retry: When an attempt that failed is made again; None for never.
    """

    at: Enum
    spec: CompensationSpec
    call: Call
    awaits: bool
    retry: Retry | None = None


# What one state did, an entry of a run's stack: what undoes it, its output, and its place in the run where
# somebody sees the run. A bare tuple, as a named one costs twice as much to make.
Done: TypeAlias = tuple[Undo, Any, tuple[Enum, int, int] | None]
Keep: TypeAlias = Callable[[Values, Any], None]
Take: TypeAlias = Callable[[Values, Any], Any]


class Unfit:
    """What a handler returned where it declares something else; no member, so no step follows it."""

    __slots__ = ("got",)

    def __init__(self, got: object) -> None:
        self.got = got

    def __repr__(self) -> str:
        return repr(self.got)


def keeping(undo: Undo, stack_slot: int, run_slot: int | None) -> Keep:
    """Put each output onto the run's stack, with its place where there is a `Run`."""

    def keep(values: Values, output: Any) -> None:
        values[stack_slot].append((undo, output, None))

    def keep_place(values: Values, output: Any) -> None:
        run: Run = values[run_slot or 0]
        values[stack_slot].append((undo, output, run._place()))  # noqa: SLF001 - kept off what handlers see

    return keep if run_slot is None else keep_place


def taking(paired: frozenset[int], unpaired: frozenset[int], keep: Keep | None, rollbacks: Rollbacks) -> Take:
    """Take the next state off what a handler returned, and keep the output where something undoes it.

    A pair is kept also where its state is not declared: the handler ended well, so what it did has to be
    undone when the run fails by that.

    Args:
        paired: The ids of the members that come with an output.
        unpaired: Those that come alone.
        keep: What is done with an output; None where nothing undoes it.
        rollbacks: What is given for each rollback; the state that asks for one has no output.
    """

    def take(values: Values, got: Any) -> Any:
        if type(got) is tuple and len(got) == 2:  # noqa: PLR2004 - a pair
            target, output = got
            if id(target) in paired:
                if keep is not None:
                    keep(values, output)
                return target
            if keep is not None and isinstance(target, Enum):
                keep(values, output)
        elif id(got) in unpaired:
            return got
        elif type(got) is Rollback and id(got.to) in rollbacks:
            return rollbacks[id(got.to)]
        return Unfit(got)

    return take


def unpacked(inner: Call, take: Take, *, awaits: bool) -> Call:
    """Give what `take` makes of what the handler returned."""

    async def call_async(*values: Any) -> Any:
        return take(values, await inner(*values))

    def call_plain(*values: Any) -> Any:
        return take(values, inner(*values))

    return call_async if awaits else call_plain


def apart(inner: Call, take: Take | None) -> Call:
    """Call in a task of its own that no cancel cuts; with `take` already in there."""

    def call(*values: Any) -> Any:
        return in_task(inner, values, take)

    return call


def overdue(inner: Call, take: Take | None, slot: int, clock: Clock, budget_s: float) -> Call:
    """Cut a call when the run's time has been over for so long, in the task that nothing else cuts."""

    async def call(*values: Any) -> Any:
        watch = values[slot]._watch
        if watch is None or watch.deadline is None:
            got = await inner(*values)
            return got if take is None else take(values, got)
        with clock.scope(watch.left() + budget_s):
            got = await inner(*values)
            return got if take is None else take(values, got)
        raise watch.cut()

    return call
