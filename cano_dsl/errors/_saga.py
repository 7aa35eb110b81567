"""Errors of a rollback: what is not undone, so that somebody can set it right."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cano_dsl.errors._place import RunPlace, Where
from cano_dsl.errors._run import RunError
from cano_dsl.errors._words import named, shown, told


@dataclass(frozen=True, slots=True)
class Owed:
    """One output that is not undone.

    Attributes:
        state: The state that gave it.
        compensation: The name of what should have undone it.
        output: What the state gave.
        where: The line of the compensation.
        error: What the compensation raised; None where it was not run.
        name: The state's name in the workflow, in a sub-workflow as `PAY/CHARGE`; the member's when left out.

    Example:
        >>> from enum import Enum
        >>> from cano_dsl.errors import Owed, Where
        >>> class Order(Enum):
        ...     CHARGE = 1
        >>> print(Owed(Order.CHARGE, "refund", 12, Where("shop.py", 7)))
        Order.CHARGE: refund(12) was not run (shop.py:7)
    """

    state: Enum
    compensation: str
    output: object
    where: Where
    error: BaseException | None = None
    name: str = ""

    def __str__(self) -> str:
        """Say on one line what is owed, and why."""
        why = "was not run" if self.error is None else f"failed: {told(self.error)}"
        state = self.name if "/" in self.name else named(self.state)
        return f"{state}: {self.compensation}({shown(self.output)}) {why} ({self.where})"


class CompensationFailed(RunError):
    """A run failed, and what it had done is not all undone: somebody has to set right what is listed.

    Everything else was undone. The original error is also the `__cause__`. A run that was cancelled, or
    ended by such as KeyboardInterrupt, raises that as it is, with this error as *its* `__cause__`; `at` then
    names the states that gave outputs, as no other is known.

    Attributes:
        original: What ended the run.
        failures: What the compensations that failed should have undone, in the order in which they ran.
        not_run: What was left when the time for compensations was over, in the order in which it would
            have been undone.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, compensate, state
        >>> from cano_dsl.errors import CompensationFailed
        >>> class Order(Enum):
        ...     CHARGE = 1
        ...     SHIP = 2
        ...     DONE = 3
        >>> @state(Order.CHARGE)
        ... def charge() -> tuple[Literal[Order.SHIP], int]:
        ...     return Order.SHIP, 12
        >>> @compensate(charge)
        ... def refund(amount: int) -> None:
        ...     raise OSError("the bank is closed")
        >>> @state(Order.SHIP)
        ... def ship() -> Literal[Order.DONE]:
        ...     raise ValueError("no lorry")
        >>> orders = Workflow.build(Order, charge, refund, ship, start=Order.CHARGE, exits=(Order.DONE,))
        >>> try:
        ...     orders.run_sync()
        ... except CompensationFailed as error:
        ...     for owed in error.failures:
        ...         print(owed.state, owed.compensation, owed.output, repr(owed.error))
        Order.CHARGE refund 12 OSError('the bank is closed')
    """

    code = "compensation-failed"

    def __init__(
        self, *, at: RunPlace, original: BaseException, failures: Sequence[Owed], not_run: Sequence[Owed]
    ) -> None:
        owed = [*failures, *not_run]
        count = "1 output is" if len(owed) == 1 else f"{len(owed)} outputs are"
        lines = "".join(f"\n  {one}" for one in owed)
        why = told(original).removesuffix(f" ({at})")
        super().__init__(
            f"workflow {at.workflow!r} failed and {count} not undone: set right by hand{lines}\n"
            f"the run ended with {why}",
            at=at,
        )
        self.original = original
        self.failures = tuple(failures)
        self.not_run = tuple(not_run)
