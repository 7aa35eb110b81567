"""What can be a compensation, and what is refused with a clear message."""

import functools
from collections.abc import AsyncIterator, Coroutine
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest

from cano_dsl import Compensation, Workflow, compensate, state
from cano_dsl.declare import (
    AsyncOutputHandler,
    OutputHandler,
    PlainOutputHandler,
)
from cano_dsl.errors import HandlerFailed, SignatureError


class Order(Enum):
    CHARGE = 1
    SHIP = 2
    DONE = 3


def here(function: Any) -> str:
    """Write the place of a function as messages do."""
    code = function.__code__
    return f"{code.co_filename.removeprefix(str(Path.cwd()) + '/')}:{code.co_firstlineno}"


@state(Order.CHARGE)
def charge() -> tuple[Literal[Order.SHIP], int]:
    return Order.SHIP, 12


@state(Order.SHIP)
def ship() -> Literal[Order.DONE]:
    raise OSError("no lorry")


class Bank:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def refund(self, amount: int, factor: int = 1) -> None:
        self.seen.append(amount * factor)

    def plain(self, amount: int) -> None:
        self.seen.append(amount)

    async def __call__(self, amount: int) -> None:
        self.seen.append(amount)


def undone(compensation: Any, **resources: Any) -> None:
    """Run a workflow that fails after the charge."""
    built = Workflow.build(Order, charge, ship, compensation, start=Order.CHARGE, exits=(Order.DONE,))
    with pytest.raises(HandlerFailed, match="no lorry"):
        built.run_sync(**resources)


def test_callables() -> None:
    """Methods, partials, objects, builtins and wrapped functions can compensate, async or plain."""
    bank = Bank()

    async def of_three(amount: int, factor: int, note: str = "") -> None:
        bank.seen.append((amount, factor, note))

    @functools.wraps(of_three)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return of_three(*args, **kwargs)

    def hands_on(amount: int) -> Coroutine[Any, Any, None]:
        return bank.refund(amount)

    undone(compensate(charge)(bank.refund))
    undone(compensate(charge)(bank.plain))
    undone(compensate(charge)(bank))
    undone(compensate(charge)(bank.seen.append))
    undone(compensate(charge)(functools.partial(of_three, factor=3)))
    undone(compensate(charge)(wrapped), factor=2)
    undone(compensate(charge)(hands_on))
    undone(compensate(charge)(staticmethod(bank.plain)))  # type: ignore[arg-type]
    assert bank.seen == [12, 12, 12, 12, (12, 3, ""), (12, 2, ""), 12, 12]


def test_positional_only_output() -> None:
    """The output is given by position, so its parameter needs no name."""
    seen = []

    @compensate(charge)
    def undo(output: int, /, box: str) -> None:
        seen.append((output, box))

    undone(undo, box="b")
    assert seen == [(12, "b")]


def test_calls_like_the_function() -> None:
    """The decorated compensation is called as the function, for a unit test, and shows what it is."""
    seen = []

    @compensate(charge)
    def refund(amount: int, box: str = "b") -> None:
        """Give it back."""
        seen.append((amount, box))

    refund(3, box="c")
    assert seen == [(3, "c")]
    assert isinstance(refund, Compensation)
    assert (refund.__name__, refund.__doc__) == ("refund", "Give it back.")
    assert repr(refund) == f"<compensation 'refund' of 'charge', {here(refund.__wrapped__)}>"


def test_handlers_with_an_output_are_output_handlers() -> None:
    """What compensate takes in type checkers is what there is at run time."""

    async def later() -> tuple[Literal[Order.SHIP], int]: ...

    async def as_text() -> "Literal[Order.DONE] | tuple[Literal[Order.SHIP], int]": ...

    assert isinstance(charge, PlainOutputHandler)
    assert isinstance(state(Order.CHARGE)(later), AsyncOutputHandler)
    assert isinstance(state(Order.CHARGE)(as_text), AsyncOutputHandler)
    assert not isinstance(ship, OutputHandler)
    assert charge() == (Order.SHIP, 12)


async def _is_async(amount: int) -> None: ...


def _none() -> None: ...


def _keyword(*, amount: int) -> None: ...


def _gives(amount: int) -> int: ...


async def _gives_a_state(amount: int) -> Literal[Order.DONE]: ...


def _gives_later(amount: int) -> Coroutine[Any, Any, str]: ...


def _many(*amounts: int) -> None: ...


def _positional(amount: int, box: str, /) -> None: ...


async def _yields(amount: int) -> AsyncIterator[int]:
    yield amount


@pytest.mark.parametrize(
    ("fn", "thread", "text"),
    [
        (
            _is_async,
            True,
            "compensation '_is_async' is async, so it cannot run in a thread ({}). Make it plain, or leave thread=True away",
        ),
        (
            _none,
            False,
            (
                "compensation '_none' has no first parameter for the output ({}). "
                "Let it take what 'charge' gives: def _none(output, ...)"
            ),
        ),
        (
            _keyword,
            False,
            (
                "compensation '_keyword' has no first parameter for the output ({}). "
                "Let it take what 'charge' gives: def _keyword(output, ...)"
            ),
        ),
        (_gives, False, "compensation '_gives' declares that it returns int ({}). Return nothing: -> None"),
        (
            _gives_a_state,
            False,
            "compensation '_gives_a_state' declares that it returns Literal[Order.DONE] ({}). Return nothing: -> None",
        ),
        (
            _gives_later,
            False,
            "compensation '_gives_later' declares that it returns Coroutine[Any, Any, str] ({}). Return nothing: -> None",
        ),
        (
            _many,
            False,
            (
                "parameter '*amounts' of compensation '_many' takes any number of arguments, but each resource has a "
                "name ({}). Name each resource as a parameter; a decorator in between needs functools.wraps"
            ),
        ),
        (
            _positional,
            False,
            (
                "parameter 'box' of compensation '_positional' is positional-only, but resources are found by name "
                '({}). Remove the "/"'
            ),
        ),
        (_yields, False, "compensation '_yields' is a generator ({}). Do not yield"),
        (
            Bank.plain,
            False,
            (
                "parameter 'self' of compensation 'plain' has nothing to be filled with: the function is not bound to "
                "an object ({}). Decorate a function without self, or give the bound method: "
                "compensate(step)(obj.method)"
            ),
        ),
    ],
)
def test_refused(fn: Any, thread: bool, text: str) -> None:
    """A function that cannot compensate is refused with its line and what to do."""
    with pytest.raises(SignatureError) as caught:
        compensate(charge, thread=thread)(fn)  # type: ignore[call-overload]
    assert str(caught.value) == text.format(here(fn))
    assert caught.value.where is not None


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (charge, "'charge' is already the handler of Order.CHARGE"),
        (compensate(charge)(Bank().plain), "'plain' is already the compensation of 'charge'"),
        (5, "5 is not a handler"),
        (Bank, "class Bank is not a handler"),
    ],
)
def test_refused_things(given: Any, what: str) -> None:
    """What is no function, or has been decorated already, is refused by name."""
    with pytest.raises(SignatureError) as caught:
        compensate(charge)(given)
    assert str(caught.value).startswith(what)


def test_step_must_be_a_handler() -> None:
    """Compensate takes the decorated function, and says so at the line where it was given something else."""

    def bare() -> None: ...

    with pytest.raises(SignatureError) as caught:
        compensate(bare)  # type: ignore[call-overload]
    assert str(caught.value).startswith("compensate was given bare, which is not a handler (")
    assert str(caught.value).endswith("Give the decorated function of the state to undo: @compensate(charge)")


def test_result_that_is_no_type_is_taken() -> None:
    """A result annotation that says nothing of a value is fine."""

    def never(amount: int) -> NoReturn: ...

    def unknown(amount: int) -> Any: ...

    def forward(amount: int): ...

    forward.__annotations__["return"] = "Nowhere"
    for fn in (never, unknown, forward, lambda amount: None):
        assert isinstance(compensate(charge)(fn), Compensation)


def test_undecorated_part_is_refused() -> None:
    """Build takes a compensation only decorated."""

    def refund(amount: int) -> None: ...

    with pytest.raises(SignatureError, match="refund is not a handler"):
        Workflow.build(Order, charge, ship, refund, start=Order.CHARGE, exits=(Order.DONE,))  # type: ignore[arg-type]
