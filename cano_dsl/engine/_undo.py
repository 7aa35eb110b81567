"""One compensation: its attempts, in a task that no cancel cuts, within what is left of the time for all."""

from collections.abc import Awaitable
from dataclasses import replace
from inspect import isawaitable
from typing import NamedTuple

from cano_dsl.errors import AttemptsExhausted, RunError, RunPlace, told
from cano_dsl.plan import Plan, Undo, Values, call_again
from cano_dsl.scope import settle
from cano_dsl.spec import Retry, Run


class Ended(NamedTuple):
    """How a compensation ended.

    Attributes:
        error: What it raised at last; None where the output is undone.
        cancel: The first native cancel that arrived meanwhile; None without one.
    """

    error: BaseException | None = None
    cancel: BaseException | None = None


class Undoing:
    """One compensation as it goes on.

    Attributes:
        undo: What is run.
        output: What it undoes.
    """

    def __init__(self, plan: Plan, run: Run | None, undo: Undo, output: object, until: float) -> None:
        self.undo = undo
        self.output = output
        self._plan = plan
        self._run = run
        self._until = until  # by the clock's monotonic time: then nothing more is run
        self._attempt = 1
        self._last: Exception | None = None  # what the attempt before raised

    async def run(self, values: Values, at: RunPlace) -> Ended:
        """Call until it succeeds, its attempts are exhausted, or the time is over.

        Args:
            values: The run's values.
            at: Where the run stood when the rollback began.
        """
        arguments = (*values, self.output)
        retry = self.undo.retry
        if self._run is not None:
            self._run.attempt = 1
        try:
            if retry is not None:
                call: Awaitable[None] | None = self._retried(retry, arguments)
            else:
                given = self.undo.call(*arguments)
                call = given if self.undo.awaits or isawaitable(given) else None
            if call is None:
                return Ended()
            settled = await settle(self._bounded, (call,))
        except BaseException as error:  # noqa: BLE001 - put down, and the rest still runs; on trio also Ctrl-C
            return Ended(error)
        error, settled.error = settled.error, None  # whose traceback holds the frame that holds `settled`
        return Ended(self._located(error, at), settled.cancel)

    async def _bounded(self, call: Awaitable[None]) -> None:
        clock, budget_s = self._plan.clock, self._plan.budget_s
        with clock.scope(self._until - clock.monotonic()):
            await call
            return
        where = "" if self._attempt == 1 else f" in attempt {self._attempt}"
        before = "" if self._last is None else f"; the attempt before raised {told(self._last)}"
        raise TimeoutError(
            f"cut{where}, as all compensations of a run may take {budget_s:g} s; "
            f"whether it took effect is not known{before}"
        ) from self._last

    async def _retried(self, retry: Retry, arguments: Values) -> None:
        """Make attempts; plain functions are called here too, as the waits between them must not be cut."""

        async def attempt(number: int) -> None:
            self._attempt = number
            if self._run is not None:
                self._run.attempt = number
            given = self.undo.call(*arguments)
            if isawaitable(given):
                await given

        try:
            await attempt(1)
        except Exception as error:  # noqa: BLE001 - judged by the policy
            self._last = error
        else:
            return
        began = self._plan.clock.monotonic()

        def waits(number: int, error: Exception, delay_s: float) -> None:
            self._last = error
            now = self._plan.clock.monotonic()
            if delay_s >= self._until - now:
                raise AttemptsExhausted(attempts=number, elapsed_s=now - began, error=error) from error
            events = self._plan.events
            if events is not None and events.retry_scheduled is not None:
                events.retry_scheduled(self._run, self.undo.at, number, error, delay_s, None)

        await call_again(self._last, retry, self._plan.clock, attempt, waits=waits)

    def _located(self, error: BaseException | None, at: RunPlace) -> BaseException | None:
        """Give an error of this run's own its place; its words stay short, as they are read in a list."""
        if not isinstance(error, RunError) or error.is_placed:
            return error
        state, where = self.undo.at, self.undo.spec.where
        return error.located(replace(at, state=state, attempt=self._attempt, path=(state,), handler=where))
