"""The rule `compensation`, in its exact words, and what the graph says of what undoes a state."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from cano_dsl import RunData, Waive, Workflow, compensate, router, state
from cano_dsl.errors import GraphError

if TYPE_CHECKING:
    pass  # type: ignore[import-not-found]


class Order(Enum):
    CHARGE = 1
    SHIP = 2
    DONE = 3


class Other(Enum):
    A = 1


class Receipt: ...


class Card(Receipt): ...


class Quote: ...


def at(part: Any) -> str:
    """Write the place of a handler or compensation as findings do."""
    where = part.spec.where
    return f"{where.file.removeprefix(str(Path.cwd()) + '/')}:{where.line}"


def build(*parts: Any, **more: Any) -> Workflow[Any, Any, Any, ...]:
    """Build the parts with the state that follows."""
    return Workflow.build(Order, *parts, ship, start=Order.CHARGE, exits=(Order.DONE,), **more)


def refused(*parts: Any, **more: Any) -> str:
    """Build what cannot be built; give the text of the error without its first line."""
    with pytest.raises(GraphError) as caught:
        build(*parts, **more)
    return str(caught.value).partition("\n")[2]


@state(Order.CHARGE)
async def charge() -> tuple[Literal[Order.SHIP], Receipt]: ...


@state(Order.SHIP)
def ship() -> Literal[Order.DONE]: ...


@compensate(charge)
async def refund(receipt: Receipt) -> None: ...


def test_sound_saga_has_no_finding() -> None:
    """A compensation of a state of the workflow that takes its output has no finding, nor has a state without one."""
    assert build(charge, refund).graph.findings == ()
    assert build(charge).graph.findings == ()


def test_step_is_not_here() -> None:
    """`compensation`: the handler that is undone must be given to build too."""

    @state(Order.SHIP)
    def other() -> tuple[Literal[Order.DONE], int]: ...

    @compensate(other)
    def undo(output: int) -> None: ...

    assert refused(charge, undo) == (
        f'{at(undo)}: error [compensation] Compensation "undo" undoes "other" of Order.SHIP, which is not in '
        "this workflow\n"
        '    fix: compensate "ship", which handles that state here, or leave the compensation out'
    )


def test_step_of_another_enum() -> None:
    """`compensation`: a step of another workflow's Enum is not here either."""

    @state(Other.A)
    def other() -> tuple[Literal[Other.A], int]: ...

    @compensate(other)
    def undo(output: int) -> None: ...

    assert refused(charge, undo) == (
        f'{at(undo)}: error [compensation] Compensation "undo" undoes "other", which is not in this workflow\n'
        "    fix: give build that handler too, or leave the compensation out"
    )


def test_step_of_a_state_that_nobody_handles() -> None:
    """`compensation`: where no handler of that state is given, the fix is to give it."""

    @state(Order.CHARGE)
    def other() -> tuple[Literal[Order.SHIP], int]: ...

    @compensate(other)
    def undo(output: int) -> None: ...

    waive = [Waive("unreachable", Order.DONE, "test"), Waive("unreachable", Order.SHIP, "test")]
    text = refused(undo, waive=waive)
    assert (
        '[compensation] Compensation "undo" undoes "other" of Order.CHARGE, which is not in this workflow\n'
        "    fix: give build that handler too, or leave the compensation out"
    ) in text


def test_two_of_one_step() -> None:
    """`compensation`: a step has one compensation."""

    @compensate(charge)
    def again(receipt: Receipt) -> None: ...

    assert refused(charge, refund, again) == (
        f'{at(again)}: error [compensation] Handler "charge" has more than one compensation\n'
        f'    fix: keep one; the first is "refund" ({at(refund)})'
    )


def test_output_of_another_type() -> None:
    """`compensation`: what the step gives must be what the compensation takes."""

    @compensate(charge)  # type: ignore[arg-type]
    def undo(quote: Quote) -> None: ...

    assert refused(charge, undo) == (
        f'{at(undo)}: error [compensation] Compensation "undo" takes Quote, but "charge" gives Receipt\n'
        "    fix: annotate quote: Receipt"
    )


@pytest.mark.parametrize(
    "annotation", [Receipt, Card, object, Any, "Unknown", Receipt | None, "Receipt", "nowhere.Unknown"]
)
def test_outputs_that_may_fit(annotation: Any) -> None:
    """`compensation`: what fits, may fit or cannot be known is no finding."""

    def undo(receipt): ...

    undo.__annotations__["receipt"] = annotation
    assert build(charge, compensate(charge)(undo)).graph.findings == ()


def test_output_without_annotation() -> None:
    """`compensation`: a parameter without an annotation takes anything."""
    assert build(charge, compensate(charge)(lambda receipt: None)).graph.findings == ()


def test_several_outputs() -> None:
    """`compensation`: where transitions give outputs of several types, the output is of any of them."""

    @state(Order.CHARGE)
    async def some() -> tuple[Literal[Order.SHIP], Receipt] | tuple[Literal[Order.DONE], int]: ...

    @compensate(some)
    def undo(output: Receipt | int) -> None: ...

    @compensate(some)  # type: ignore[arg-type]
    def wrong(output: Quote) -> None: ...

    assert build(some, undo).graph.findings == ()
    assert '"wrong" takes Quote, but "some" gives Receipt | int\n' in refused(some, wrong)


def test_step_without_output() -> None:
    """`compensation`: a step that gives no output cannot be undone."""

    @compensate(ship)  # type: ignore[call-overload]
    def undo(output: int) -> None: ...

    assert refused(charge, undo) == (
        f'{at(undo)}: error [compensation] Compensation "undo" undoes "ship", which gives no output\n'
        "    fix: return it with the next state: tuple[Literal[Order.X], Output]"
    )


def test_router_with_an_output() -> None:
    """`compensation`: a router only decides, so it gives no output."""

    @router(Order.CHARGE)  # type: ignore[call-overload]
    def choose() -> tuple[Literal[Order.SHIP], Receipt]: ...

    assert refused(choose) == (
        f'{at(choose)}: error [compensation] Router "choose" gives an output (Receipt), '
        "but a router only decides\n"
        "    fix: make it a state, or return the next state alone"
    )


def test_resource_of_a_compensation() -> None:
    """`resource`: a compensation wants a resource as one type with the handlers, and gets it from `resources=`."""

    @state(Order.CHARGE)
    def take(gate: str) -> tuple[Literal[Order.SHIP], int]: ...

    @compensate(take)
    def give(output: int, gate: int, more: str) -> None: ...

    def offer(gate: str) -> None: ...

    assert refused(take, give, resources=offer) == (
        f'{at(give)}: error [resource] Resource "gate" is wanted as int here but as str by an earlier handler\n'
        "    fix: give one of the two another name, or annotate both with one type; the earlier is "
        f'"take" ({at(take)})\n'
        f'{at(give)}: error [resource] Resource "gate" is wanted as int here but resources= gives str\n'
        "    fix: annotate both with one type\n"
        f'{at(give)}: error [resource] Resource "more" is wanted here but not provided by resources=\n'
        "    fix: add a parameter more: str to what resources= names, or give the handler's parameter a default"
    )


def test_data_of_a_compensation() -> None:
    """`resource`: a compensation that wants the run's data needs a workflow that has some."""

    @compensate(charge)
    def undo(receipt: Receipt, data: RunData[int]) -> None: ...

    assert refused(charge, undo) == (
        f'{at(undo)}: error [resource] Compensation "undo" wants the run\'s data as int, but the workflow has '
        "none\n    fix: give build data=int"
    )


def test_output_with_to() -> None:
    """With `to=` the targets are those given, and each comes with the output that the annotation declares."""

    def fn() -> tuple[Order, Receipt]: ...

    made = state(Order.CHARGE, to=(Order.SHIP, Order.DONE))(fn)
    (handler, _) = build(made, compensate(made)(lambda receipt: None)).graph.definition.handlers
    assert handler.output is not None
    assert (handler.output.shown, handler.targets) == ("Receipt", ("SHIP", "DONE"))
    assert (handler.paired, handler.unpaired) == (("SHIP", "DONE"), ())


def test_output_with_to_for_some() -> None:
    """With `to=` a Literal in the annotation says which targets come with the output, and which alone."""

    def some() -> tuple[Literal[Order.SHIP], Receipt] | Literal[Order.DONE]: ...

    def either() -> tuple[Order, Receipt] | Order: ...

    to = (Order.SHIP, Order.DONE)
    first = build(state(Order.CHARGE, to=to)(some)).graph.definition.handlers[0]
    assert (first.paired, first.unpaired) == (("SHIP",), ("DONE",))
    second = build(state(Order.CHARGE, to=to)(either)).graph.definition.handlers[0]
    assert second.paired == second.unpaired == ("SHIP", "DONE")


@pytest.mark.parametrize(
    ("annotation", "shown", "paired", "unpaired"),
    [
        (tuple[Literal[Order.SHIP], Receipt], "Receipt", ("SHIP",), ()),
        ("tuple[Literal[Order.SHIP], Receipt]", "Receipt", ("SHIP",), ()),
        ("tuple[Literal[Order.SHIP, Order.DONE], Unknown]", "Unknown", ("SHIP", "DONE"), ()),
        ("Literal[Order.DONE] | tuple[Literal[Order.SHIP], Receipt]", "Receipt", ("SHIP",), ("DONE",)),
        (tuple[Literal[Order.SHIP], "Receipt"], "Receipt", ("SHIP",), ()),
        (tuple[Literal[Order.SHIP], tuple[int, str]], "tuple[int, str]", ("SHIP",), ()),
        (
            tuple[Literal[Order.SHIP], int] | tuple[Literal[Order.SHIP], str] | Literal[Order.SHIP],
            "int | str",
            ("SHIP",),
            ("SHIP",),
        ),
    ],
)
def test_outputs_are_read(
    annotation: Any, shown: str, paired: tuple[str, ...], unpaired: tuple[str, ...]
) -> None:
    """The output, and which transitions come with it, are read off the return annotation in any spelling."""

    def fn(): ...

    fn.__annotations__["return"] = annotation
    part: Any = state(Order.CHARGE)(fn)
    waive = [Waive("unreachable", Order.SHIP, "a test")]
    handler = build(part, waive=waive).graph.definition.handlers[0]
    assert handler.output is not None
    assert (handler.output.shown, handler.paired, handler.unpaired) == (shown, paired, unpaired)


def test_pair_in_a_pair_is_no_state() -> None:
    """`transition`: a pair whose first part is a pair declares no state."""

    @state(Order.CHARGE)  # type: ignore[call-overload]
    def nested() -> tuple[tuple[Literal[Order.SHIP], int], str]: ...

    assert "got tuple[Literal[Order.SHIP], int]\n" in refused(nested)


def test_graph_tells_what_undoes_a_state() -> None:
    """The graph's nodes and its dict hold the compensation, with its facts."""

    @compensate(charge)
    def undo(receipt: Receipt, gate: int = 3) -> None:
        """Give the money back."""

    graph = build(charge, undo).graph
    node = graph.states["CHARGE"].compensation
    assert node is not None
    assert (node.name, node.step, node.at, node.of, node.takes.name) == (
        "undo",
        "charge",
        "CHARGE",
        0,
        "receipt",
    )
    assert graph.states["SHIP"].compensation is None
    states = {one["name"]: one for one in graph.to_dict()["states"]}
    assert states["CHARGE"]["output"] == "Receipt"
    assert states["CHARGE"]["compensation"] == {
        "name": "undo",
        "takes": "Receipt",
        "doc": "Give the money back.",
        "thread": False,
        "resources": [{"name": "gate", "type": "int", "optional": True}],
        "policies": None,
    }
    assert (states["SHIP"]["output"], states["SHIP"]["compensation"]) == (None, None)
