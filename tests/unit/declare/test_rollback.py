"""`Rollback[Literal[...]]` in a return annotation: how it is read, in every form and place."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import pytest

from cano_dsl import Rollback, Waive, Workflow, router, state
from cano_dsl.declare import (
    AsyncOutputHandler,
    AsyncRollbackHandler,
    PlainOutputHandler,
    PlainRollbackHandler,
)
from cano_dsl.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Order(Enum):
    CHECK = 1
    SHIP = 2
    DONE = 3
    REFUNDED = 4


class Other(Enum):
    A = 1


Back: TypeAlias = Rollback[Literal[Order.REFUNDED]]


async def after_bar() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]: ...
async def before_bar() -> Rollback[Literal[Order.REFUNDED]] | Literal[Order.SHIP]: ...
async def quoted() -> "Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]": ...
async def by_alias() -> Literal[Order.SHIP] | Back: ...
async def annotated() -> Annotated[Literal[Order.SHIP] | Back, "note"]: ...
def handed_on() -> "Coroutine[Any, Any, Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]]": ...


FORMS = [after_bar, before_bar, quoted, by_alias, annotated, handed_on]


def graph_of(*parts: Any) -> Any:
    """Build with these handlers, and exits for the other states."""
    handled = [part.spec.at for part in parts]
    exits = [member for member in Order if member not in handled]
    waive = [Waive("unreachable", at, "not in this test") for at in exits]
    return Workflow.build(Order, *parts, start=Order.CHECK, exits=exits, waive=waive).graph


@pytest.mark.parametrize("fn", FORMS, ids=lambda fn: fn.__name__)
def test_every_form_is_read(fn: Callable[..., Any]) -> None:
    """A rollback is read through unions, aliases, quotes, `Annotated` and a coroutine's type."""
    made: Any = state(Order.CHECK)(fn)
    assert type(made) is AsyncRollbackHandler
    handler = graph_of(made).states["CHECK"].handler
    assert (handler.targets, handler.rollbacks, handler.got) == (("SHIP",), ("REFUNDED",), None)


def test_rollback_alone() -> None:
    """A handler may declare nothing but a rollback, to several states."""

    @state(Order.CHECK)
    def check() -> Rollback[Literal[Order.DONE, Order.REFUNDED]]: ...

    assert type(check) is PlainRollbackHandler
    handler = graph_of(check).states["CHECK"].handler
    assert (handler.targets, handler.rollbacks) == ((), ("DONE", "REFUNDED"))


@pytest.mark.parametrize("thread", [False, True])
def test_beside_an_output(thread: bool) -> None:
    """Beside an output a rollback is neither paired nor unpaired, and the handler is one with an output."""

    def check() -> tuple[Literal[Order.SHIP], int] | Literal[Order.DONE] | Back: ...
    async def later() -> tuple[Literal[Order.SHIP], int] | Back: ...

    made: Any = state(Order.CHECK, thread=True)(check) if thread else state(Order.CHECK)(later)
    assert type(made) is (PlainOutputHandler if thread else AsyncOutputHandler)
    handler = graph_of(made).states["CHECK"].handler
    assert (handler.paired, handler.unpaired) == (("SHIP",), ("DONE",) if thread else ())
    assert handler.rollbacks == ("REFUNDED",)


def test_names_for_type_checkers_only() -> None:
    """Where `Rollback` does not exist at run time, its name and what stands in it are read all the same."""
    space: dict[str, Any] = {"Order": Order}
    code = "async def check() -> 'Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]': ..."
    exec(code, space)
    handler = graph_of(state(Order.CHECK)(space["check"])).states["CHECK"].handler
    assert (handler.targets, handler.rollbacks) == (("SHIP",), ("REFUNDED",))


TO = (Order.SHIP, Order.REFUNDED)


def named() -> Literal[Order.SHIP] | Rollback[Literal[Order.REFUNDED]]: ...
def every_ordinary() -> Order | Rollback[Literal[Order.REFUNDED]]: ...
def every_rollback() -> Literal[Order.SHIP] | Rollback[Order]: ...
def every_pair() -> tuple[Order, int] | Rollback[Literal[Order.REFUNDED]]: ...
def both() -> Order | Rollback[Order]: ...


@pytest.mark.parametrize(
    ("fn", "targets", "rollbacks"),
    [
        (named, ("SHIP",), ("REFUNDED",)),
        (every_ordinary, ("SHIP", "REFUNDED"), ("REFUNDED",)),
        (every_rollback, ("SHIP",), ("SHIP", "REFUNDED")),
        (every_pair, ("SHIP", "REFUNDED"), ("REFUNDED",)),
        (both, ("SHIP", "REFUNDED"), ("SHIP", "REFUNDED")),
    ],
    ids=lambda found: getattr(found, "__name__", None),
)
def test_with_to(fn: Any, targets: tuple[str, ...], rollbacks: tuple[str, ...]) -> None:
    """`to=` names every state; the annotation says which are after a rollback, all where it names no Literal."""
    handler = graph_of(state(Order.CHECK, to=TO)(fn)).states["CHECK"].handler
    assert (handler.targets, handler.rollbacks, handler.beyond) == (targets, rollbacks, ())


def findings(*parts: Any) -> list[str]:
    """Give the messages of what is wrong."""
    with pytest.raises(GraphError) as caught:
        graph_of(*parts)
    found = caught.value.findings
    return [one.message for one in found if one.severity == "error" and one.waived is None]


@pytest.mark.parametrize(
    "returns",
    ["Literal[Order.SHIP] | Rollback[Literal[Order.DONE]]", "Order | Rollback[Literal[Order.DONE]]"],
)
def test_rollback_that_to_leaves_out(returns: str) -> None:
    """`transition`: a rollback to a state that `to=` leaves out is reported, also beside what names no Literal."""

    def check() -> Any: ...

    check.__annotations__["return"] = returns
    assert findings(state(Order.CHECK, to=TO)(check)) == [
        'Handler "check" may return Order.DONE by its annotation, but to= leaves it out'
    ]


def foreign() -> Literal[Order.SHIP] | Rollback[Literal[Other.A]]: ...
def whole() -> Literal[Order.SHIP] | Rollback[Order]: ...
def bare() -> Literal[Order.SHIP] | Rollback: ...  # type: ignore[type-arg]
def in_pair() -> tuple[Rollback[Literal[Order.SHIP]], int]: ...
def twice() -> Rollback[Rollback[Literal[Order.SHIP]]]: ...  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (foreign, 'Handler "foreign" may go to Other.A, not a member of Order'),
        (whole, "got the whole Order"),
        (bare, "got Rollback"),
        (in_pair, "got Rollback[Literal[Order.SHIP]]"),
        (twice, "got Rollback[Literal[Order.SHIP]]"),
    ],
    ids=lambda found: getattr(found, "__name__", None),
)
def test_broken_declaration(fn: Any, message: str) -> None:
    """`transition`: a rollback names members of this Enum, and stands outside of pairs and other rollbacks."""
    (said,) = findings(state(Order.CHECK)(fn))
    assert said.endswith(message)


def test_router_asks_for_no_rollback() -> None:
    """`compensation`: a router only decides."""
    made: Any = router(Order.CHECK)(after_bar)  # type: ignore[type-var]
    assert findings(made) == ['Router "after_bar" asks for a rollback, but a router only decides']


def test_rollback_says_what_it_is() -> None:
    """A rollback shows itself as code does, and equals another to the same state."""
    assert repr(Rollback(Order.REFUNDED)) == "Rollback(Order.REFUNDED)"
    assert repr(Rollback("REFUNDED")) == "Rollback('REFUNDED')"  # type: ignore[type-var]
    assert Rollback(Order.SHIP) == Rollback(Order.SHIP) != Rollback(Order.DONE)
    assert Rollback(Order.SHIP) != Order.SHIP
    assert len({Rollback(Order.SHIP), Rollback(Order.SHIP), Rollback(Order.DONE)}) == 2
    assert Rollback(Order.SHIP).to is Order.SHIP
