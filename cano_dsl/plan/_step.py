"""A state as the loop runs it: what to call, and which steps may follow."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Protocol, TypeAlias

from cano_dsl.spec import HandlerSpec

Values: TypeAlias = tuple[Any, ...]
Call: TypeAlias = Callable[..., Any]

NO_TARGET = object()


class Recovers(Protocol):
    """What goes on after a step's call has raised."""

    def after(self, step: "Step", error: Exception) -> "Step":
        """Give the step to call next."""
        ...


class Step:
    """One state, linked to the steps that may follow.

    The first two targets are compared by identity, the rest looked up by the member's `id`: members live as
    long as their Enum, and a member of another Enum has another id. So finding the next step *is* the check
    that the transition was declared, at less than the cost of one dict lookup by an Enum.

    Attributes:
        at: The member.
        name: The state's name in the workflow, such as in its log; in a sub-workflow `PAY/CHARGE`.
        call: Takes the run's values by position and gives the next member, or an awaitable of it; None for an
            exit. When nothing is configured it is `thunk` itself.
        awaits: Whether it gives an awaitable.
        thunk: The bare call: the user's function itself where it takes just these values in this order,
            else a generated function that picks them.
        spec: The handler; None for an exit.
        targets: The members that may follow, in the order declared.
        recovery: What follows when the call raises; None where the run fails then.
        undo: What undoes it; None where nothing does.
        attempt: The attempt at the state that this is; more than 1 only for a twin.
    """

    __slots__ = (
        "at",
        "attempt",
        "awaits",
        "call",
        "first",
        "first_step",
        "name",
        "recovery",
        "second",
        "second_step",
        "spec",
        "table",
        "targets",
        "thunk",
        "undo",
    )

    def __init__(
        self,
        at: Enum,
        *,
        call: Call | None,
        thunk: Call | None,
        awaits: bool,
        spec: HandlerSpec | None,
        name: str | None = None,
    ) -> None:
        self.at = at
        self.name: str = at._name_ if name is None else name
        self.call: Any = call  # known to be there unless the step is an exit, which the loop asks first
        self.thunk = thunk
        self.awaits = awaits
        self.spec = spec
        self.first: object = NO_TARGET
        self.second: object = NO_TARGET
        self.first_step: Step = self
        self.second_step: Step = self
        self.table: dict[int, Step] = {}
        self.targets: tuple[Enum, ...] = ()
        self.recovery: Recovers | None = None
        self.undo: Any = None  # an `Undo`
        self.attempt = 1

    @property
    def is_way_in(self) -> bool:
        """Whether it only leads into a sub-workflow, and is no state of its own."""
        return self.spec is not None and self.spec.nested is not None

    def twin(self) -> "Step":
        """Give the same state for one failure alone: links as they are, and nothing that follows another."""
        twin = Step(self.at, call=None, thunk=self.thunk, awaits=False, spec=self.spec, name=self.name)
        twin.first, twin.first_step = self.first, self.first_step
        twin.second, twin.second_step = self.second, self.second_step
        twin.table, twin.targets = self.table, self.targets
        return twin

    def link(self, targets: "list[tuple[Enum, Step]]", errors: "Iterable[tuple[object, Step]]" = ()) -> None:
        """Set the steps that may follow.

        Args:
            targets: The members that the handler declares, each with the step that it leads to.
            errors: Those of error edges and rollbacks, each with the token that the call gives in place of a
                member: no handler can take such an edge by returning its target.
        """
        self.targets = tuple(member for member, _ in targets)
        self.table = {id(member): target for member, target in targets}
        self.table.update((id(token), target) for token, target in errors)
        if targets:
            self.first, self.first_step = targets[0]
        if len(targets) > 1:
            self.second, self.second_step = targets[1]

    def __repr__(self) -> str:
        return f"<Step {self.at}>"
