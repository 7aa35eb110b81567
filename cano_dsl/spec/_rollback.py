"""What a handler returns to have everything undone before the run goes on."""

from enum import Enum
from typing import Generic, TypeVar, final

from cano_dsl.errors import named, shown

B_co = TypeVar("B_co", bound=Enum, covariant=True)


@final
class Rollback(Generic[B_co]):
    """Undo all that the run has done, then go to a state; returned by a handler that declares it.

    The return annotation declares it beside the ordinary next states: `Literal[Order.SHIP] |
    Rollback[Literal[Order.REFUNDED]]`. Every output that the run has kept is compensated, the last first, as
    where a run fails; the state that returns it adds none. What is then not all undone is a failure of the
    run, `CompensationFailed`.

    Attributes:
        to: The state to go to when all is undone.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Rollback, Workflow, compensate, state
        >>> class Order(Enum):
        ...     CHARGE = 1
        ...     CHECK = 2
        ...     DONE = 3
        ...     REFUNDED = 4
        >>> @state(Order.CHARGE)
        ... async def charge() -> tuple[Literal[Order.CHECK], int]:
        ...     return Order.CHECK, 12
        >>> @compensate(charge)
        ... async def refund(amount: int) -> None:
        ...     print("refunded", amount)
        >>> @state(Order.CHECK)
        ... async def check(stock: int) -> Literal[Order.DONE] | Rollback[Literal[Order.REFUNDED]]:
        ...     return Order.DONE if stock else Rollback(Order.REFUNDED)
        >>> ends = (Order.DONE, Order.REFUNDED)
        >>> orders = Workflow.build(Order, charge, refund, check, start=Order.CHARGE, exits=ends)
        >>> orders.run_sync(stock=0)
        refunded 12
        <Order.REFUNDED: 4>
    """

    __slots__ = ("_to",)

    def __init__(self, to: B_co, /) -> None:
        self._to = to

    @property
    def to(self) -> B_co:
        """The state to go to when all is undone."""
        return self._to

    def __eq__(self, other: object) -> bool:
        """Two that lead to the same state are equal."""
        return self._to is other._to if isinstance(other, Rollback) else NotImplemented

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash((Rollback, self._to))

    def __repr__(self) -> str:
        """Show it as code does."""
        to: object = self._to  # whatever was given
        return f"Rollback({named(to) if isinstance(to, Enum) else shown(to)})"
