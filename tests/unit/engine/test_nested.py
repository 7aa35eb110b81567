"""Workflows in states of others: their own data and limits, where errors stand and lead, what is undone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import (
    Failure,
    Join,
    Joined,
    Retry,
    Run,
    RunData,
    Waive,
    Workflow,
    compensate,
    router,
    split,
    state,
)
from cano_dsl.errors import (
    AttemptTimeout,
    Cancelled,
    CompensationFailed,
    HandlerFailed,
    PolicyError,
    ResourceMissing,
    ResourceWrongType,
    RunTimeout,
    TransitionsExhausted,
    UndeclaredTransition,
)
from cano_dsl.testing import Recorder


class Pay(Enum):
    CHARGE = 1
    CONFIRM = 2
    PAID = 3
    REFUSED = 4


class Order(Enum):
    CHECK = 1
    PAY = 2
    TOP_UP = 3
    SHIP = 4
    SORRY = 5
    DONE = 6


@dataclass
class Log:
    """What was seen."""

    seen: list[Any] = field(default_factory=list)


@dataclass
class Basket:
    """Data of a sub-workflow."""

    lines: list[str] = field(default_factory=list)


@state(Order.SHIP)
async def ship(log: Log) -> Literal[Order.DONE]:
    log.seen.append("ship")
    return Order.DONE


@state(Order.SORRY)
async def sorry(log: Log, failure: Failure | None) -> Literal[Order.DONE]:
    log.seen.append(("sorry", failure and failure.state, failure and type(failure.error)))
    return Order.DONE


ENDS = {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SORRY}


def paying(*parts: Any, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a payment that starts at CHARGE."""
    return Workflow.build(Pay, *parts, start=Pay.CHARGE, exits=(Pay.PAID, Pay.REFUSED), **options)


def ordering(*parts: Any, start: Order = Order.PAY, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build an order with these parts besides SHIP and SORRY."""
    given = {part.spec.at for part in parts if hasattr(part.spec, "at")}
    missing = [one for one in (Order.CHECK, Order.PAY, Order.TOP_UP) if one not in given]
    waive = [Waive("exhaustive", one, "not in this test") for one in missing]
    return Workflow.build(
        Order, *parts, ship, sorry, start=start, exits=(Order.DONE,), waive=waive, **options
    )


async def wait_long() -> None:
    await anyio.sleep(100)


def confirm_as(body: Callable[..., Any]) -> Any:
    """Make a handler of CONFIRM."""
    return state(Pay.CONFIRM, to=(Pay.PAID, Pay.REFUSED, Pay.CHARGE))(body)


@state(Pay.CHARGE)
async def charge(log: Log, run: Run) -> tuple[Literal[Pay.CONFIRM], str]:
    log.seen.append((run.state_name, run.idempotency_key))
    return Pay.CONFIRM, run.state_name


@compensate(charge)
async def refund(paid: str, log: Log, run: Run) -> None:
    log.seen.append(("refund", paid, run.state_name, run.state, run.idempotency_key))


@state(Pay.CONFIRM)
async def confirm(log: Log, run: Run) -> Literal[Pay.PAID, Pay.REFUSED]:
    log.seen.append((run.state_name, run.idempotency_key))
    return Pay.PAID


def test_states_are_those_of_the_outer_run(run_async: Callable[..., Any]) -> None:
    """R1: a sub-workflow's states are entered in the outer run, which numbers them on; the state itself is none."""
    log, recorder = Log(), Recorder()
    built = ordering(paying(charge, refund, confirm).as_state(Order.PAY, ENDS)).configure(
        observers=[recorder]
    )
    assert run_async(lambda: built.bind(log=log).run("r")) is Order.DONE
    assert log.seen == [("PAY/CHARGE", "r/0"), ("PAY/CONFIRM", "r/1"), "ship"]
    assert recorder.path() == (Pay.CHARGE, Pay.CONFIRM, Order.SHIP)
    assert recorder.names().count("run_started") == recorder.names().count("run_finished") == 1


def test_two_states_of_one_workflow(run_async: Callable[..., Any]) -> None:
    """R1: one workflow in two states is two regions, each with exits of its own."""
    inner = paying(charge, refund, confirm)
    first = inner.as_state(Order.PAY, {Pay.PAID: Order.TOP_UP, Pay.REFUSED: Order.SORRY})
    built = ordering(first, inner.as_state(Order.TOP_UP, ENDS))
    log = Log()
    assert run_async(lambda: built.bind(log=log).run("r")) is Order.DONE
    assert [name for name, _ in log.seen[:4]] == [
        "PAY/CHARGE",
        "PAY/CONFIRM",
        "TOP_UP/CHARGE",
        "TOP_UP/CONFIRM",
    ]
    steps = built._plan.steps(["log"]).by_name
    assert steps["PAY/CHARGE"] is not steps["TOP_UP/CHARGE"]
    assert steps["PAY"] is steps["PAY/CHARGE"]


def test_bare_sub_workflow_costs_nothing() -> None:
    """R6: where nothing is configured a state of a sub-workflow is called as any other: the function itself."""

    class Tiny(Enum):
        WORK = 1
        END = 2

    def work() -> Any: ...

    tiny = Workflow.build(Tiny, state(Tiny.WORK, to=(Tiny.END,))(work), start=Tiny.WORK, exits=(Tiny.END,))
    built = Workflow.build(
        Order,
        tiny.as_state(Order.PAY, {Tiny.END: Order.DONE}),
        start=Order.PAY,
        exits=(Order.DONE,),
        waive=waive_others(),
    )
    step = built._plan.steps(()).start
    assert step.call is work
    assert step.recovery is None
    assert not built._plan.extra


def waive_others() -> Any:
    """Waive the states that a small order leaves out."""
    unused = (Order.CHECK, Order.TOP_UP, Order.SHIP, Order.SORRY)
    return [Waive("exhaustive", one, "not in this test") for one in unused]


def test_failure_names_the_path(run_async: Callable[..., Any]) -> None:
    """R5: an error says where it happened, by the path of states; its fields have the members."""

    async def fails() -> Any:
        raise ValueError("no")

    built = ordering(paying(charge, refund, confirm_as(fails)).as_state(Order.PAY, ENDS))
    with pytest.raises(HandlerFailed) as failed:
        run_async(lambda: built.bind(log=Log()).run("r"))
    at = failed.value.at
    assert (at.state, at.name, at.path) == (Pay.CONFIRM, "PAY/CONFIRM", (Pay.CHARGE, Pay.CONFIRM))
    assert str(failed.value) == (
        "state PAY/CONFIRM of workflow 'Order' failed: ValueError: no "
        "(run r, attempt 1, path PAY/CHARGE → PAY/CONFIRM)"
    )


def test_undeclared_transition_names_the_path(run_async: Callable[..., Any]) -> None:
    """R2: a handler of a sub-workflow may go only where it declares, and not to a state of the outer one."""

    async def strays() -> Any:
        return Order.SHIP

    built = ordering(paying(charge, confirm_as(strays)).as_state(Order.PAY, ENDS))
    with pytest.raises(UndeclaredTransition) as failed:
        run_async(lambda: built.run(log=Log()))
    assert failed.value.declared == (Pay.PAID, Pay.REFUSED, Pay.CHARGE)
    assert str(failed.value).startswith(
        "state PAY/CONFIRM of workflow 'Order' returned Order.SHIP, but declares Pay"
    )


def test_undeclared_output_names_the_pairs(run_async: Callable[..., Any]) -> None:
    """R2: a handler with an output is told what it declares, in a sub-workflow too."""

    @state(Pay.CHARGE)
    async def bare() -> tuple[Literal[Pay.PAID, Pay.REFUSED], int]:
        return Pay.PAID  # type: ignore[return-value]

    built = ordering(two_exits(bare).as_state(Order.PAY, ENDS))
    with pytest.raises(UndeclaredTransition, match=r"declares \(Pay\.PAID, int\), \(Pay\.REFUSED, int\)"):
        run_async(lambda: built.run(log=Log()))


def unused() -> Any:
    """Waive CONFIRM."""
    return [Waive("exhaustive", Pay.CONFIRM, "not in this test")]


def two_exits(part: Any, **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a payment of one state."""
    return paying(part, waive=unused(), **options)


def test_compensations_of_a_finished_sub_workflow_run(run_async: Callable[..., Any]) -> None:
    """G1: what a sub-workflow did is undone when the outer workflow fails later, and sees its own place."""

    @state(Order.SHIP)
    async def breaks() -> Literal[Order.DONE]:
        raise OSError("no lorry")

    inner = paying(charge, refund, confirm).as_state(
        Order.PAY, {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SHIP}
    )
    waive = [Waive("exhaustive", one, "not here") for one in (Order.CHECK, Order.TOP_UP, Order.SORRY)]
    built = Workflow.build(Order, inner, breaks, start=Order.PAY, exits=(Order.DONE,), waive=waive)
    log = Log()
    with pytest.raises(HandlerFailed) as failed:
        run_async(lambda: built.bind(log=log).run("r"))
    assert failed.value.at.state is Order.SHIP
    assert log.seen[-1] == ("refund", "PAY/CHARGE", "PAY/CHARGE", Pay.CHARGE, "r/0")


def test_what_is_owed_is_named_by_its_path(run_async: Callable[..., Any]) -> None:
    """G2: a compensation of a sub-workflow that fails is listed by the path of its state."""

    async def fails() -> Any:
        raise ValueError("no")

    @compensate(charge)
    async def cannot(paid: str) -> None:
        raise OSError("closed")

    built = ordering(paying(charge, cannot, confirm_as(fails)).as_state(Order.PAY, ENDS))
    with pytest.raises(
        CompensationFailed, match=r"\n  PAY/CHARGE: cannot\('PAY/CHARGE'\) failed: OSError: closed"
    ):
        run_async(lambda: built.run(log=Log()))


@pytest.mark.parametrize("limited", [False, True], ids=["bare", "limited"])
def test_errors_lead_out(run_async: Callable[..., Any], limited: bool) -> None:
    """J9: an error that no inner edge takes goes to the edges of the state, with the inner state in `Failure`."""

    async def fails() -> Any:
        raise KeyError("no")

    options = {"timeout": 9.0} if limited else {}
    inner = paying(charge, refund, confirm_as(fails), **options)
    edges = {OSError: Order.SHIP, LookupError: Order.SORRY}
    log = Log()
    built = ordering(
        inner.as_state(Order.PAY, {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SHIP}, on_error=edges)
    )
    assert run_async(lambda: built.run(log=log)) is Order.DONE
    assert log.seen[-1] == ("sorry", Pay.CONFIRM, KeyError)


@pytest.mark.parametrize("limited", [False, True], ids=["bare", "limited"])
def test_inner_edges_go_first(run_async: Callable[..., Any], limited: bool) -> None:
    """J9: an inner error edge is tried before those of the state, after the inner retry."""
    tries: list[int] = []

    async def fails(run: Run) -> Any:
        tries.append(run.attempt)
        raise KeyError("no")

    options = {"max_transitions": 9} if limited else {}
    part = state(Pay.CONFIRM, to=(Pay.PAID,), on_error=Pay.REFUSED, retry=Retry.fixed(2, 0))(fails)
    ends = {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SORRY}
    built = ordering(paying(charge, part, **options).as_state(Order.PAY, ends, on_error=Order.SHIP))
    log = Log()
    assert run_async(lambda: built.run(log=log)) is Order.DONE
    assert (tries, log.seen[-1]) == ([1, 2], ("sorry", Pay.CONFIRM, KeyError))


def test_data_is_made_afresh(run_async: Callable[..., Any]) -> None:
    """R4: a sub-workflow's data is its own, made anew each time a run comes in; the run's is another."""
    seen: list[Any] = []

    @state(Pay.CHARGE)
    async def fill(data: RunData[Basket]) -> Literal[Pay.CONFIRM]:
        data.value.lines.append("tea")
        return Pay.CONFIRM

    @state(Pay.CONFIRM)
    def count(data: RunData[Basket]) -> Literal[Pay.PAID, Pay.REFUSED]:
        seen.append(list(data.value.lines))
        return Pay.REFUSED

    @state(Order.CHECK)
    def check(data: RunData[list[int]]) -> Literal[Order.PAY, Order.SHIP]:
        data.value.append(len(data.value))
        return Order.PAY if len(data.value) < 3 else Order.SHIP

    back = {Pay.PAID: Order.SORRY, Pay.REFUSED: Order.CHECK}
    inner = paying(fill, count, data=Basket).as_state(Order.PAY, back)
    built = ordering(check, inner, start=Order.CHECK, data=list)
    data: list[int] = []
    assert run_async(lambda: built.run(data, log=Log())) is Order.DONE
    assert (data, seen) == ([0, 1, 2], [["tea"], ["tea"]])


def test_data_that_cannot_be_made(run_async: Callable[..., Any]) -> None:
    """J9: data that cannot be made is a failure of the state, which its error edge may take."""

    class Picky:
        def __init__(self) -> None:
            raise ValueError("not today")

    @state(Pay.CHARGE)
    async def use(data: RunData[Picky]) -> Literal[Pay.PAID, Pay.REFUSED]:
        return Pay.PAID

    inner = two_exits(use, data=Picky)
    log = Log()
    assert run_async(lambda: ordering(inner.as_state(Order.PAY, ENDS, on_error=Order.SORRY)).run(log=log))
    assert log.seen == [("sorry", Order.PAY, ValueError)]
    with pytest.raises(
        HandlerFailed, match=r"state Order\.PAY of workflow 'Order' failed: ValueError: not today"
    ):
        run_async(lambda: ordering(inner.as_state(Order.PAY, ENDS)).run(log=log))


def test_own_timeout(run_virtual: Callable[..., Any]) -> None:
    """R7: a sub-workflow's own timeout cuts what is awaited, undoes, and says whose time was over."""

    async def slow() -> Any:
        await wait_long()

    log = Log()
    built = ordering(
        paying(charge, refund, confirm_as(slow), timeout=2.0, name="payment").as_state(Order.PAY, ENDS)
    )
    with pytest.raises(RunTimeout) as failed:
        run_virtual(lambda: built.bind(log=log).run("r"))
    error = failed.value
    assert (error.within, error.limit_s, error.elapsed_s, error.is_unknown) == ("PAY", 2.0, 2.0, False)
    assert str(error) == (
        "state PAY/CONFIRM of workflow 'Order' was ended, as workflow 'payment' in state PAY took 2 s, more than "
        "its timeout of 2 s (run r, attempt 1, path PAY/CHARGE → PAY/CONFIRM)"
    )
    assert log.seen[-1][0] == "refund"


def test_own_timeout_begins_anew(run_virtual: Callable[..., Any]) -> None:
    """R7: the time of a sub-workflow begins each time a run comes in."""
    rounds: list[int] = []

    async def slow() -> Any:
        await anyio.sleep(1.5)
        rounds.append(1)
        return Pay.PAID if len(rounds) > 3 else Pay.REFUSED

    ends = {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.PAY}
    part = state(Pay.CHARGE, to=(Pay.PAID, Pay.REFUSED))(slow)
    built = ordering(two_exits(part, timeout=2.0).as_state(Order.PAY, ends, on_error=Order.SORRY))
    assert run_virtual(lambda: built.run(log=Log())) is Order.DONE
    assert len(rounds) == 4


def test_timeout_of_the_outer_counts_over_all(run_virtual: Callable[..., Any]) -> None:
    """R7: the outer timeout goes on within a sub-workflow, and is no failure of the state."""

    async def slow() -> Any:
        await wait_long()

    inner = paying(charge, refund, confirm_as(slow), timeout=50.0).as_state(
        Order.PAY, ENDS, on_error=Order.SORRY
    )
    built = ordering(inner, timeout=3.0)
    log = Log()
    with pytest.raises(
        RunTimeout, match=r"workflow 'Order' took 3 s, .* was ended in state PAY/CONFIRM"
    ) as failed:
        run_virtual(lambda: built.bind(log=log).run("r"))
    assert failed.value.within == ""
    assert failed.value.at.steps == ("PAY/CHARGE", "PAY/CONFIRM")
    assert log.seen[-1][0] == "refund"


@pytest.mark.parametrize("where", ["handler", "wait before a retry", "limit at a boundary"])
def test_timeout_leads_out(run_virtual: Callable[..., Any], where: str) -> None:
    """J9, R7: the end of a sub-workflow's time goes to the edge of its state: no inner edge, no inner retry."""
    calls: list[int] = []

    async def slow() -> Any:
        calls.append(1)
        if where == "handler":
            await wait_long()
        if where == "limit at a boundary":
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)
            return Pay.CHARGE
        raise OSError("again")

    part = state(
        Pay.CONFIRM, to=(Pay.PAID, Pay.CHARGE), on_error={TimeoutError: Pay.REFUSED}, retry=Retry.fixed(9, 60)
    )(slow)
    ends = {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SHIP}
    log = Log()
    inner = paying(charge, part, timeout=2.0).as_state(Order.PAY, ends, on_error={RunTimeout: Order.SORRY})
    assert run_virtual(lambda: ordering(inner).run(log=log)) is Order.DONE
    assert log.seen[-1] in (("sorry", Pay.CONFIRM, RunTimeout), ("sorry", Pay.CHARGE, RunTimeout))
    assert len(calls) == 1


def test_timeout_takes_no_inner_edge(run_virtual: Callable[..., Any]) -> None:
    """J9, R7: the end of a sub-workflow's time is no error of the state in it, whatever its edges are for."""

    async def slow() -> Any:
        await wait_long()

    part = state(Pay.CHARGE, to=(Pay.PAID,), on_error={Exception: Pay.REFUSED})(slow)
    log = Log()
    inner = two_exits(part, timeout=2.0)
    ends = {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SHIP}
    assert run_virtual(lambda: ordering(inner.as_state(Order.PAY, ends, on_error=Order.SORRY)).run(log=log))
    assert log.seen == [("sorry", Pay.CHARGE, RunTimeout)]


def test_error_that_leads_out_says_which_attempt(run_virtual: Callable[..., Any]) -> None:
    """J8: the failure that the outer state is told of names place and attempt, in a bounded sub-workflow too."""
    seen: list[Any] = []

    async def slow() -> Any:
        await wait_long()

    @state(Order.SORRY)
    async def told(failure: Failure) -> Literal[Order.DONE]:
        assert isinstance(failure.error, AttemptTimeout)
        seen.append((failure.error.at.name, failure.error.at.attempt))
        return Order.DONE

    part = state(Pay.CHARGE, to=(Pay.PAID, Pay.REFUSED), timeout=1, retry=Retry.fixed(3, 1))(slow)
    ends = {Pay.PAID: Order.DONE, Pay.REFUSED: Order.DONE}
    step = two_exits(part, timeout=60.0).as_state(Order.PAY, ends, on_error=Order.SORRY)
    waive = [Waive("exhaustive", one, "no") for one in (Order.CHECK, Order.TOP_UP, Order.SHIP)]
    built = Workflow.build(Order, step, told, start=Order.PAY, exits=(Order.DONE,), waive=waive)
    assert run_virtual(built.run) is Order.DONE
    assert seen == [("PAY/CHARGE", 3)]


def test_nested_limits_lead_to_their_own_level(run_virtual: Callable[..., Any]) -> None:
    """J9, R7: of two limits, one within the other, each is a failure of its own state."""

    class Card(Enum):
        ASK = 1
        OK = 2

    async def slow() -> Any:
        await wait_long()

    def built(inner_s: float, outer_s: float) -> Any:
        ask = state(Card.ASK, to=(Card.OK,), on_error=Card.OK, retry=Retry.fixed(3, 1))(slow)
        card = Workflow.build(Card, ask, start=Card.ASK, exits=(Card.OK,), timeout=inner_s)
        step = card.as_state(Pay.CHARGE, {Card.OK: Pay.PAID}, on_error=Pay.REFUSED)
        pay = two_exits(step, timeout=outer_s)
        return ordering(
            pay.as_state(Order.PAY, {Pay.PAID: Order.SHIP, Pay.REFUSED: Order.SHIP}, on_error=Order.SORRY)
        )

    inner, outer = Log(), Log()
    run_virtual(lambda: built(1.0, 5.0).run(log=inner))
    run_virtual(lambda: built(5.0, 1.0).run(log=outer))
    assert (inner.seen, outer.seen) == (["ship"], [("sorry", Card.ASK, RunTimeout)])


def test_compensatable_state_is_not_cut(run_virtual: Callable[..., Any]) -> None:
    """R9: a sub-workflow's timeout waits for a state that can be undone, whose output is then undone."""
    log = Log()

    @state(Pay.CHARGE)
    async def slowly(log: Log) -> tuple[Literal[Pay.PAID, Pay.REFUSED], str]:
        await anyio.sleep(5)
        log.seen.append("charged")
        return Pay.PAID, "paid"

    @compensate(slowly)
    async def undo(paid: str, log: Log) -> None:
        log.seen.append(("undo", paid))

    built = ordering(paying(slowly, undo, timeout=2.0, waive=unused()).as_state(Order.PAY, ENDS))
    with pytest.raises(RunTimeout) as failed:
        run_virtual(lambda: built.run(log=log))
    assert (failed.value.elapsed_s, failed.value.is_unknown) == (5.0, False)
    assert log.seen == ["charged", ("undo", "paid")]


def test_compensatable_state_is_cut_after_the_budget(run_virtual: Callable[..., Any]) -> None:
    """R9: beyond the compensation budget it is cut all the same, and the error says that nobody knows."""

    @state(Pay.CHARGE)
    async def stuck() -> tuple[Literal[Pay.PAID, Pay.REFUSED], str]:
        await wait_long()
        return Pay.PAID, "paid"

    @compensate(stuck)
    async def undo(paid: str) -> None: ...

    inner = paying(stuck, undo, timeout=2.0, waive=unused()).as_state(Order.PAY, ENDS)
    built = ordering(inner, compensation_timeout=4.0)
    with pytest.raises(RunTimeout, match="whether it took effect is not known") as failed:
        run_virtual(lambda: built.run(log=Log()))
    assert (failed.value.elapsed_s, failed.value.is_unknown) == (6.0, True)


def test_own_number_of_transitions(run_async: Callable[..., Any]) -> None:
    """R8: `max_transitions` of a sub-workflow counts each time a run comes in, and is a failure of its state."""

    async def again() -> Any:
        return Pay.CHARGE

    inner = paying(charge, confirm_as(again), max_transitions=3)
    log = Log()
    assert run_async(lambda: ordering(inner.as_state(Order.PAY, ENDS, on_error=Order.SORRY)).run(log=log))
    assert log.seen[-1] == ("sorry", Pay.CONFIRM, TransitionsExhausted)
    with pytest.raises(
        TransitionsExhausted, match=r"workflow 'Pay' in state PAY reached no exit within 3"
    ) as failed:
        run_async(lambda: ordering(inner.as_state(Order.PAY, ENDS)).run(log=Log()))
    assert (failed.value.limit, failed.value.within, failed.value.at.name) == (3, "PAY", "PAY/CONFIRM")


def test_number_of_transitions_of_the_outer(run_async: Callable[..., Any]) -> None:
    """R8: `max_transitions` of the outer workflow counts the states within, not the way in."""
    built = ordering(paying(charge, confirm, data=Basket).as_state(Order.PAY, ENDS), max_transitions=3)
    assert run_async(lambda: built.run(log=Log())) is Order.DONE
    built = ordering(paying(charge, confirm, data=Basket).as_state(Order.PAY, ENDS), max_transitions=1)
    with pytest.raises(TransitionsExhausted, match="ended before state PAY/CONFIRM") as failed:
        run_async(lambda: built.run(log=Log()))
    assert failed.value.within == ""


def test_cancel_by_the_handle(run_virtual: Callable[..., Any]) -> None:
    """R10: the handle's cancel within a sub-workflow undoes, and names the place; no error edge takes it."""

    async def slow() -> Any:
        await wait_long()

    log = Log()
    inner = paying(charge, refund, confirm_as(slow), timeout=99.0)
    built = ordering(inner.as_state(Order.PAY, ENDS, on_error=Order.SORRY))

    async def main() -> None:
        async with built.bind(log=log) as runner:
            handle = runner.launch("r")
            await anyio.sleep(1)
            assert (handle.state, handle.path) == (Pay.CONFIRM, (Pay.CHARGE, Pay.CONFIRM))
            handle.cancel()
            with pytest.raises(Cancelled, match="in state PAY/CONFIRM") as failed:
                await handle.wait()
            assert failed.value.at.name == "PAY/CONFIRM"

    run_virtual(main)
    assert log.seen[-1] == ("refund", "PAY/CHARGE", "PAY/CHARGE", Pay.CHARGE, "r/0")


def test_native_cancel(run_virtual: Callable[..., Any]) -> None:
    """R10: a cancel from outside within a sub-workflow undoes, and stays what it was."""

    async def slow() -> Any:
        await wait_long()

    log = Log()
    built = ordering(paying(charge, refund, confirm_as(slow), timeout=99.0).as_state(Order.PAY, ENDS))

    async def main() -> bool:
        with anyio.move_on_after(1) as scope:
            await built.run(log=log)
        return scope.cancelled_caught

    assert run_virtual(main)
    assert log.seen[-1][0] == "refund"


def test_resources_by_other_names(run_async: Callable[..., Any]) -> None:
    """S1: a resource may have another name in the outer workflow, through several levels, also where it undoes."""
    seen: list[Any] = []

    class Card(Enum):
        ASK = 1
        OK = 2

    @state(Card.ASK)
    def ask(gateway: str, limit: int = 3) -> tuple[Literal[Card.OK], int]:
        seen.append((gateway, limit))
        return Card.OK, 1

    @compensate(ask)
    def unask(paid: int, gateway: str) -> None:
        seen.append(("undo", gateway))

    @state(Order.SHIP)
    def breaks(gateway: int) -> Literal[Order.DONE]:
        raise OSError(gateway)

    card = Workflow.build(Card, ask, unask, start=Card.ASK, exits=(Card.OK,))
    step = card.as_state(Pay.CHARGE, {Card.OK: Pay.PAID}, resources={"gateway": "bank"})
    waive = [Waive("exhaustive", Pay.CONFIRM, "no"), Waive("exhaustive", Pay.REFUSED, "no")]
    pay = Workflow.build(Pay, step, start=Pay.CHARGE, exits=(Pay.PAID,), waive=waive)
    part = pay.as_state(Order.PAY, {Pay.PAID: Order.SHIP}, resources={"bank": "visa"})
    others = [Waive("exhaustive", one, "no") for one in (Order.CHECK, Order.TOP_UP, Order.SORRY)]
    built = Workflow.build(Order, part, breaks, start=Order.PAY, exits=(Order.DONE,), waive=others)
    with pytest.raises(HandlerFailed):
        run_async(lambda: built.run(visa="v", gateway=7))
    assert seen == [("v", 3), ("undo", "v")]
    with pytest.raises(ResourceMissing, match="needs visa: str"):
        run_async(lambda: built.run(gateway=7))
    with pytest.raises(ResourceWrongType, match="'visa'"):
        run_async(lambda: built.run(visa=1, gateway=7))


def test_start_by_hand(run_async: Callable[..., Any]) -> None:
    """R3: a run may start at a state in which a workflow stands, not at a state within."""
    log = Log()
    built = ordering(paying(charge, confirm, timeout=9.0).as_state(Order.PAY, ENDS))
    runner = built.bind(log=log)
    assert run_async(lambda: runner.run(start=Order.PAY)) is Order.DONE
    assert log.seen[0][0] == "PAY/CHARGE"
    with pytest.raises(
        PolicyError, match=r"handled or an exit: Order\.PAY, Order\.SHIP, Order\.SORRY, Order\.DONE"
    ):
        run_async(lambda: runner.run(start=Pay.CHARGE))


def test_start_that_is_an_exit(run_async: Callable[..., Any]) -> None:
    """R1: a sub-workflow that starts at its exit leads straight on."""

    class Empty(Enum):
        END = 1

    empty = Workflow.build(Empty, start=Empty.END, exits=(Empty.END,))
    log = Log()
    assert run_async(
        lambda: ordering(empty.as_state(Order.PAY, {Empty.END: Order.SHIP}, on_error=Order.SORRY)).run(
            log=log
        )
    )
    assert log.seen == ["ship"]


def test_outcomes_pass_in_but_not_out(run_async: Callable[..., Any]) -> None:
    """J8: a split leads its outcomes into a sub-workflow's start; those of one within stay within."""
    seen: list[Any] = []

    @split(Order.CHECK, over=(1, 2), join=Join.all(), to=Order.PAY)
    async def ask(item: int) -> int:
        return item

    @state(Pay.CHARGE)
    async def take(outcomes: Joined[int] | None) -> Literal[Pay.CONFIRM]:
        seen.append(outcomes and tuple(outcomes.values))
        return Pay.CONFIRM

    @split(Pay.CONFIRM, over=("a",), join=Join.all(), to=Pay.PAID)
    async def inner(item: str) -> str:
        return item

    @state(Order.SORRY)
    async def after(outcomes: Joined[int] | None) -> Literal[Order.DONE]:
        seen.append(outcomes)
        return Order.DONE

    refused = [Waive("exhaustive", Pay.REFUSED, "no")]
    pay = Workflow.build(Pay, take, inner, start=Pay.CHARGE, exits=(Pay.PAID,), waive=refused, timeout=9.0)
    part = pay.as_state(Order.PAY, {Pay.PAID: Order.SORRY})
    waive = [Waive("exhaustive", one, "no") for one in (Order.TOP_UP, Order.SHIP)]
    built = Workflow.build(Order, ask, part, after, start=Order.CHECK, exits=(Order.DONE,), waive=waive)
    assert run_async(built.run) is Order.DONE
    assert seen == [(1, 2), None]


def test_router_within_is_not_counted(run_async: Callable[..., Any]) -> None:
    """R1: a router of a sub-workflow takes no number in the run's sequence, as any router."""

    @router(Pay.CHARGE)
    def choose(run: Run) -> Literal[Pay.CONFIRM]:
        return Pay.CONFIRM

    log = Log()
    built = ordering(paying(choose, confirm).as_state(Order.PAY, ENDS))
    run_async(lambda: built.bind(log=log).run("r"))
    assert log.seen[0] == ("PAY/CONFIRM", "r/0")


def test_runs_at_once_share_nothing(run_virtual: Callable[..., Any]) -> None:
    """R4: runs at once have each their own data and their own time in a sub-workflow."""
    seen: list[list[str]] = []

    @state(Pay.CHARGE)
    async def fill(data: RunData[Basket], run: Run) -> Literal[Pay.CONFIRM]:
        data.value.lines.append(run.run_id)
        await anyio.sleep(1)
        return Pay.CONFIRM

    @state(Pay.CONFIRM)
    async def count(data: RunData[Basket]) -> Literal[Pay.PAID, Pay.REFUSED]:
        seen.append(data.value.lines)
        return Pay.PAID

    built = ordering(paying(fill, count, data=Basket, timeout=1.5).as_state(Order.PAY, ENDS))

    async def main() -> None:
        async with built.bind(log=Log()) as runner:
            handles = []
            for number in range(3):
                handles.append(runner.launch(str(number)))
                await anyio.sleep(0.7)
            assert [await handle.wait() for handle in handles] == [Order.DONE] * 3

    run_virtual(main)
    assert seen == [["0"], ["1"], ["2"]]


def test_branches_have_stable_ids(run_virtual: Callable[..., Any]) -> None:
    """R5: a workflow as a branch is a run whose id is the branch's key, the same when it is tried again."""
    seen: list[tuple[str, str]] = []

    @state(Pay.CHARGE)
    async def work(run: Run) -> Literal[Pay.PAID, Pay.REFUSED]:
        seen.append((run.run_id, run.idempotency_key))
        if len(seen) < 2:
            raise OSError("again")
        return Pay.PAID

    part = split(Order.PAY, two_exits(work), join=Join.all(), to=Order.SHIP, retry=Retry.fixed(2, 1))
    waive = [Waive("exhaustive", one, "no") for one in (Order.CHECK, Order.TOP_UP, Order.SORRY)]
    built = Workflow.build(Order, part, ship, start=Order.PAY, exits=(Order.DONE,), waive=waive)
    run_virtual(lambda: built.bind(log=Log()).run("r"))
    assert seen == [("r/0/0", "r/0/0/0"), ("r/0/0", "r/0/0/0")]


@pytest.mark.parametrize("limits", [{}, {"max_transitions": 5}, {"timeout": 60}, {"data": list}])
def test_a_resource_named_as_the_state(run_async: Callable[..., Any], limits: dict[str, Any]) -> None:
    """A resource may have the name of the state that a workflow stands in, whatever that has for itself."""

    class Shop(Enum):
        pay = 1
        DONE = 2

    @state(Pay.CHARGE)
    async def charge(pay: list[str], run: Run) -> Literal[Pay.PAID]:
        pay.append(run.state_name)
        return Pay.PAID

    waive = [Waive("exhaustive", member, "-") for member in (Pay.CONFIRM, Pay.REFUSED)]
    inner = Workflow.build(Pay, charge, start=Pay.CHARGE, exits=(Pay.PAID,), waive=waive, **limits)
    nested = inner.as_state(Shop.pay, exits={Pay.PAID: Shop.DONE})
    shop = Workflow.build(Shop, nested, start=Shop.pay, exits=(Shop.DONE,))

    async def main() -> None:
        seen: list[str] = []
        assert await shop.run(pay=seen) is Shop.DONE
        assert seen == ["pay/CHARGE"]

    run_async(main)
