"""The part of the rule `compensation` that is about effects, in its exact words."""

from enum import Enum
from typing import Any, Literal

import pytest

from cano_dsl import Join, Waive, Workflow, compensate, router, split, state


class Order(Enum):
    CHARGE = 1
    SHIP = 2
    SORRY = 3
    DONE = 4
    FAILED = 5


@state(Order.CHARGE, effects=True)
def charge() -> tuple[Literal[Order.SHIP], int]: ...


@compensate(charge)
def refund(amount: int) -> None: ...


@state(Order.SHIP)
def ship() -> Literal[Order.SORRY, Order.DONE]: ...


@router(Order.SORRY)
def sorry() -> Literal[Order.FAILED]: ...


def warned(*parts: Any, **given: Any) -> list[str]:
    """Build a workflow; give its warnings with their fixes."""
    flow = Workflow.build(Order, *parts, start=Order.CHARGE, exits=(Order.DONE, Order.FAILED), **given)
    found = [one for one in flow.graph.findings if one.waived is None]
    assert {one.severity for one in found} <= {"warning"}
    return [f"{one.state} [{one.code}] {one.message}; {one.hint}" for one in found]


def test_way_to_an_exit_that_means_failure() -> None:
    """`compensation`: effects that nothing undoes are a warning where a failed exit can be reached, with the way."""
    assert warned(charge, ship, sorry, failed=(Order.FAILED,)) == [
        (
            "CHARGE [compensation] Nothing undoes the effects of Order.CHARGE where a run ends in an exit that means "
            "failure: Order.CHARGE → Order.SHIP → Order.SORRY → Order.FAILED; write a function that undoes it, "
            '@compensate(charge); if that is right, Waive("compensation", Order.CHARGE, "why")'
        )
    ]


def test_way_to_a_state_that_can_fail() -> None:
    """`compensation`: every later handler can fail, so its failure is named where no exit means one."""

    @state(Order.CHARGE, effects=True)
    def pay() -> Literal[Order.DONE, Order.SHIP]: ...

    assert warned(pay, ship, sorry) == [
        (
            "CHARGE [compensation] Nothing undoes the effects of Order.CHARGE where a run fails when Order.SHIP does: "
            'Order.CHARGE → Order.SHIP; give "pay" an output, and write a function that undoes it, @compensate(pay); '
            'if that is right, Waive("compensation", Order.CHARGE, "why")'
        )
    ]


def test_effects_of_a_split() -> None:
    """`compensation`: a split gives no output to undo, so the fix is a state that follows it."""

    @split(Order.CHARGE, over=(1, 2), join=Join.all(), to=Order.SHIP, effects=True)
    async def each(item: int) -> None: ...

    (text,) = warned(each, ship, sorry)
    assert "; let a state with an output follow, whose compensation undoes the branches; if" in text


def test_silent_where_something_undoes_it() -> None:
    """`compensation`: a compensation, or no effects, is all that is needed."""
    assert warned(charge, refund, ship, sorry, failed=(Order.FAILED,)) == []

    @state(Order.CHARGE)
    def pay() -> Literal[Order.SHIP]: ...

    assert warned(pay, ship, sorry, failed=(Order.FAILED,)) == []


def test_silent_where_nothing_can_fail() -> None:
    """`compensation`: the last state may have effects, as may one after which every error has a way out."""

    @state(Order.CHARGE, effects=True, on_error=Order.FAILED)
    def pay() -> Literal[Order.DONE]: ...

    @state(Order.SHIP, on_error=Order.DONE)
    def ship_or_not() -> Literal[Order.DONE]: ...

    waive = [Waive("exhaustive", member, "test") for member in (Order.SHIP, Order.SORRY)]
    assert warned(pay, waive=waive, failed=(Order.FAILED,)) == []
    unreached = [Waive("exhaustive", Order.SORRY, "test"), Waive("unreachable", Order.FAILED, "test")]
    assert warned(charge, ship_or_not, waive=unreached, failed=(Order.FAILED,)) == []


def test_some_errors_without_a_way_out() -> None:
    """`compensation`: an error edge for one class of exceptions leaves the others."""

    @state(Order.SHIP, on_error={OSError: Order.DONE})
    def ship_or_not() -> Literal[Order.DONE]: ...

    unreached = [Waive("exhaustive", Order.SORRY, "test"), Waive("unreachable", Order.FAILED, "test")]
    (text,) = warned(charge, ship_or_not, waive=unreached)
    assert "where a run fails when Order.SHIP does" in text


@pytest.mark.parametrize("failed", [(), (Order.FAILED,)])
def test_effects_may_be_left_behind(failed: Any) -> None:
    """`compensation`: a waiver says why; one that lets nothing pass is said to be needless."""
    waive = [Waive("compensation", Order.CHARGE, "mail cannot be taken back")]
    assert warned(charge, ship, sorry, failed=failed, waive=waive) == []
    (text,) = warned(charge, refund, ship, sorry, failed=failed, waive=waive)
    assert text.startswith('CHARGE [waive] Waiver of "compensation" for Order.CHARGE is not needed')


def test_error_of_the_rule_cannot_be_waived() -> None:
    """`compensation`: what cannot be run at all stays an error, whatever a waiver says."""
    from cano_dsl.errors import GraphError

    @compensate(charge)
    def wrong(amount: str) -> None: ...

    with pytest.raises(GraphError, match="it cannot be waived"):
        warned(charge, wrong, ship, sorry, waive=[Waive("compensation", Order.CHARGE, "why")])
