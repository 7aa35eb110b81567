"""A handler's wish for a rollback: what it returns, what the loop calls then, and how the wish leaves it.

The loop finds a step of its own behind each declared rollback. It raises, so that the loop's one error path
hands the wish to whoever undoes, and no loop without a rollback has anything to ask.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from cano_dsl.errors import InternalError, RunPlace
from cano_dsl.plan._step import Step, Values
from cano_dsl.spec import Rollback

Rollbacks = Mapping[int, Rollback[Enum]]  # by the id of the member that they lead to
Last = tuple[Step | None, Step | None, Step | None]


class RollbackAsked(Exception):
    """Carries the wish out of the loop; never leaves the engine.

    Attributes:
        step: Where the run goes on when all is undone.
        last: The last steps before, for the error of a later failure.
    """

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step
        self.last: Last = (None, None, None)
        self._at: RunPlace | None = None

    @property
    def at(self) -> RunPlace:
        """Where the run stood."""
        if self._at is None:
            raise InternalError(f"a rollback before {self.step} was asked for nowhere")
        return self._at

    def placed(self, at: RunPlace, last: Last) -> "RollbackAsked":
        """Put in where the run stands; the loop alone knows."""
        self._at, self.last = at, last
        return self


def rollbacks_to(members: Iterable[Enum]) -> Rollbacks:
    """Make the one object for each rollback of a handler by which its step is found."""
    return {id(member): Rollback(member) for member in members}


def rerouted(rollbacks: Rollbacks) -> Any:
    """Take the step's own object for a rollback that a handler returned; leave all else as it is."""

    def take(_: Values, got: Any) -> Any:
        return rollbacks.get(id(got.to), got) if type(got) is Rollback else got

    return take


def asking(step: Step, following: Step) -> Step:
    """Make the step behind a rollback."""

    def ask(*_: Any) -> Any:
        raise RollbackAsked(following)

    return Step(step.at, call=ask, thunk=None, awaits=False, spec=step.spec)
