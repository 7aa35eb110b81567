"""What guards each branch of a split: the same as a state's handler, by the number of the branch."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from cano_dsl.errors import Branch, RunError, RunPlace, Where
from cano_dsl.observe import Events
from cano_dsl.plan._guarded import broken, limited, timed
from cano_dsl.plan._retry import call_again
from cano_dsl.scope import Clock
from cano_dsl.spec import Policies, Retry, Run

Start = Callable[[int], Awaitable[Any]]


class Branches(NamedTuple):
    """The branches of one split in one run.

    Attributes:
        run: The run.
        where: The line of the split.
        name: Names a branch by its number.
        clock: Where time comes from.
        events: What is observed; None when nothing is.
        attempts: At which attempt each branch is that is called again.
    """

    run: Run
    where: Where
    name: Callable[[int], str]
    clock: Clock
    events: Events | None
    attempts: dict[int, int]

    def place(self, index: int) -> RunPlace:
        """Say where a branch of the run is, as far as it is known here."""
        run = self.run
        return RunPlace(
            workflow=run.workflow,
            run_id=run.run_id,
            state=run.state,
            attempt=self.attempts.get(index, 1),
            path=(run.state,),
            handler=self.where,
            name=run.state_name,
            names=(run.state_name,),
        )

    def rejects(self, values: tuple[int], error: Exception) -> None:
        """Tell observers that a breaker or limiter let no call of a branch through."""
        (index,) = values
        emit = self.events.call_rejected if self.events is not None else None
        if emit is not None:
            emit(self.run, self.run.state, error, Branch(index, self.name(index)))

    def waits(self, index: int, attempt: int, error: Exception, delay_s: float) -> None:
        """Tell observers that a branch is called again."""
        emit = self.events.retry_scheduled if self.events is not None else None
        if emit is not None:
            emit(self.run, self.run.state, attempt, error, delay_s, Branch(index, self.name(index)))


def guarded(start: Start, policies: Policies, of: Branches) -> Start:
    """Put limiter, retry, breaker and timeout around what starts a branch."""
    call: Start = start
    if policies.timeout_s is not None:
        call = timed(call, policies.timeout_s, of.clock)
    if policies.breaker is not None:
        call = broken(call, policies.breaker, of.clock, awaits=True, reject=of.rejects)
    if policies.retry is not None:
        call = _retried(call, policies.retry, of)
    if policies.limiter is not None:
        left = _left(of.run)
        call = limited(call, policies.limiter, of.clock, left, awaits=True, reject=of.rejects)
    return _placed(call, of)


def _left(run: Run) -> Callable[[int], float]:
    return lambda _: run.time_left


def _retried(start: Start, retry: Retry, of: Branches) -> Start:
    async def call(index: int) -> Any:
        try:
            return await start(index)
        except Exception as error:  # noqa: BLE001 - judged by the policy
            first = error

        def again(attempt: int) -> Awaitable[Any]:
            of.attempts[index] = attempt
            return start(index)

        def waits(attempt: int, error: Exception, delay_s: float) -> None:
            of.waits(index, attempt, error, delay_s)

        try:
            return await call_again(first, retry, of.clock, again, waits=waits)
        finally:
            del first  # with its traceback it would be a cycle

    return call


def _placed(start: Start, of: Branches) -> Start:
    """Say in errors that policies raised which branch of which run it was."""

    async def call(index: int) -> Any:
        try:
            return await start(index)
        except RunError as raised:
            if raised.is_placed:
                raise
            error = raised.placed(of.place(index), branch=of.name(index))
        try:
            raise error
        finally:
            del error  # with its traceback it would be a cycle

    return call
