"""What guards each branch of a split: the same as a state's handler, by the number of the branch."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from cano_dsl.errors import AttemptsExhausted, Branch, CircuitOpen, RateLimited, RunError, RunPlace, Where
from cano_dsl.observe import Events
from cano_dsl.plan._guarded import NoRoom, broken, limited, timed
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
    """

    run: Run
    where: Where
    name: Callable[[int], str]
    clock: Clock
    events: Events | None

    def place(self, attempt: int) -> RunPlace:
        """Say where the run is, as far as it is known here."""
        run = self.run
        return RunPlace(
            workflow=run.workflow,
            run_id=run.run_id,
            state=run.state,
            attempt=attempt,
            path=(run.state,),
            handler=self.where,
            name=run.state_name,
            names=(run.state_name,),
        )

    def rejected(self, index: int, error: Exception) -> None:
        """Tell observers that a breaker or limiter let no call of a branch through."""
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
        call = broken(call, policies.breaker, of.clock, awaits=True)
    if policies.retry is not None:
        call = _retried(call, policies.retry, of)
    if policies.limiter is not None:
        call = limited(call, policies.limiter, of.clock, lambda _: of.run.time_left, awaits=True)
    return _placed(call, of)


def _retried(start: Start, retry: Retry, of: Branches) -> Start:
    async def call(index: int) -> Any:
        try:
            return await start(index)
        except Exception as error:  # noqa: BLE001 - judged by the policy
            first = error
        try:
            return await call_again(
                first,
                retry,
                of.clock,
                lambda _: start(index),
                waits=lambda attempt, error, delay_s: of.waits(index, attempt, error, delay_s),
            )
        finally:
            del first  # with its traceback it would be a cycle

    return call


def _placed(start: Start, of: Branches) -> Start:
    """Say in errors that policies raised which branch of which run it was."""

    async def call(index: int) -> Any:
        try:
            return await start(index)
        except (RunError, NoRoom) as raised:
            error = raised.error if isinstance(raised, NoRoom) else raised
            if error.is_placed:
                raise
            if isinstance(error, (CircuitOpen, RateLimited)):
                of.rejected(index, error)
            attempt = error.attempts if isinstance(error, AttemptsExhausted) else 1
            raise error.placed(of.place(attempt), branch=of.name(index)) from error.__cause__

    return call
