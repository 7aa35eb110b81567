"""States that give an output: unpacked, and put onto the run's stack where something undoes it.

The stack is one of the run's values, a list that each run begins empty. Only a state that has a compensation
writes to it, and runs in a task of its own, where no cancel can cut it before its output is on the stack. A
plain function never suspends, so it needs no task, and one in a thread is waited for and writes from there.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.plan._step import Call
from cano_dsl.scope import in_task
from cano_dsl.spec import CompensationSpec, Run


class Undo(NamedTuple):
    """A compensation as a rollback calls it.

    Attributes:
        at: The state that it undoes.
        spec: The compensation.
        call: Takes the run's values and the output.
        awaits: Whether it gives an awaitable.
    """

    at: Enum
    spec: CompensationSpec
    call: Call
    awaits: bool


class Done(NamedTuple):
    """What one state did: an entry of a run's stack.

    Attributes:
        undo: What undoes it.
        output: What the state gave.
        place: The place in the run; None in a run that nobody sees.
    """

    undo: Undo
    output: Any
    place: tuple[Enum, int, int] | None


class Pairing(NamedTuple):
    """Which targets come with an output, and which alone, by the members' ids."""

    paired: frozenset[int]
    unpaired: frozenset[int]


class Unfit:
    """What a handler returned where it declares something else; no member, so no step follows it."""

    __slots__ = ("got",)

    def __init__(self, got: object) -> None:
        self.got = got

    def __repr__(self) -> str:
        return repr(self.got)


Keep = Callable[[tuple[Any, ...], Any], None]


def unpacked(inner: Call, pairing: Pairing, keep: Keep, *, awaits: bool) -> Call:
    """Give the next state alone, and the output to `keep`, with the run's values.

    A pair is kept also where its state is not declared: the handler ended well, so what it did has to be
    undone when the run fails by that.
    """
    paired, unpaired = pairing

    def take(values: tuple[Any, ...], got: Any) -> Any:
        if type(got) is tuple and len(got) == 2:  # noqa: PLR2004 - a pair
            target, output = got
            if id(target) in paired:
                keep(values, output)
                return target
            if isinstance(target, Enum):
                keep(values, output)
        elif id(got) in unpaired:
            return got
        return Unfit(got)

    async def call_async(*values: Any) -> Any:
        return take(values, await inner(*values))

    def call_plain(*values: Any) -> Any:
        return take(values, inner(*values))

    return call_async if awaits else call_plain


def nothing(values: tuple[Any, ...], output: Any) -> None:
    """Keep nothing: nobody undoes it."""


def onto_stack(undo: Undo, stack_slot: int, run_slot: int | None) -> Keep:
    """Put each output onto the run's stack."""

    def keep(values: tuple[Any, ...], output: Any) -> None:
        run: Run | None = values[run_slot] if run_slot is not None else None
        place = run._place() if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
        values[stack_slot].append(Done(undo, output, place))

    return keep


def apart(inner: Call) -> Call:
    """Call in a task of its own that no cancel cuts."""

    def call(*values: Any) -> Any:
        return in_task(inner, *values)

    return call
