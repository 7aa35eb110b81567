"""Errors of a rollback: what is not undone, so that somebody can set it right."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cano_dsl.errors._attempts import AttemptsExhausted, AttemptTimeout
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
        error: What the compensation raised at last, such as AttemptsExhausted or AttemptTimeout; a
            TimeoutError where it was cut, as the time for all was over; None where it was not run.
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
        call = f"{self.compensation}({shown(self.output)})"
        state = self.name if "/" in self.name else named(self.state)
        return f"{state}: {call} {self._why()} ({self.where})"

    def _why(self) -> str:
        """Say what became of the compensation; an error of its own policies is placed at its line."""
        error = self.error
        if error is None:
            return "was not run"
        if isinstance(error, (AttemptsExhausted, AttemptTimeout)) and error.is_placed:
            unknown = isinstance(error, AttemptTimeout)
            if error.at.handler == self.where:
                return f"{error}{'; whether it took effect is not known' * unknown}"
        return f"failed: {told(error)}"


class CompensationFailed(RunError):
    """A run failed, and what it had done is not all undone: somebody has to set right what is listed.

    Everything else was undone. The original error is also the `__cause__`. A run that was cancelled, or
    ended by such as KeyboardInterrupt, raises that as it is, with this error as *its* `__cause__`; `at` then
    names the states that gave outputs, as no other is known.

    Attributes:
        original: What ended the run; None where a handler had asked for the rollback.
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
        self,
        *,
        at: RunPlace,
        original: BaseException | None,
        failures: Sequence[Owed],
        not_run: Sequence[Owed],
    ) -> None:
        owed = [*failures, *not_run]
        count = "1 output is" if len(owed) == 1 else f"{len(owed)} outputs are"
        lines = "".join(f"\n  {one}" for one in owed)
        why = f"{named(at.state)} asked for a rollback"
        if original is not None:
            why = f"the run ended with {told(original)}".removesuffix(f" ({at})")
        super().__init__(
            f"workflow {at.workflow!r} failed and {count} not undone: set right by hand{lines}\n{why}", at=at
        )
        self.original = original
        self.failures = tuple(failures)
        self.not_run = tuple(not_run)
