"""What follows a failed call of a state: further attempts, then an error edge, else the end of the run."""

from functools import partial
from typing import Any, NamedTuple

from cano_dsl.errors import AttemptsExhausted, RunError, RunPlace
from cano_dsl.observe import Events
from cano_dsl.plan._compose import ErrorEdge
from cano_dsl.plan._guarded import NoRoom
from cano_dsl.plan._retry import call_again
from cano_dsl.plan._step import Call, Step
from cano_dsl.scope import Clock
from cano_dsl.spec import Failure, Retry, Run


class Recovery(NamedTuple):
    """How a state goes on after its call has raised.

    Attributes:
        attempt: One more attempt, which takes the run's values.
        awaits: Whether it gives an awaitable.
        retry: The policy; None for no further attempt.
        edges: Where errors lead, in the order in which they are tried.
        run_slot: Where the `Run` is among the values; None where nobody sees it.
        clock: Where time comes from.
        events: What is observed; None when nothing is.
    """

    attempt: Call
    awaits: bool
    retry: Retry | None
    edges: tuple[ErrorEdge, ...]
    run_slot: int | None
    clock: Clock
    events: Events | None

    def after(self, step: Step, error: Exception) -> Step:
        """Give what the loop calls next: a twin of the step, which raises again where nothing follows."""
        twin = step.twin()
        twin.call = partial(self._go_on, twin, [error])
        twin.awaits = True
        return twin

    async def _go_on(self, twin: Step, held: list[Exception], *values: Any) -> Any:
        error, twin.call = held.pop(), None  # this very call, which would be a cycle
        run: Run | None = values[self.run_slot] if self.run_slot is not None else None
        try:
            if isinstance(error, NoRoom):
                error = error.error
            elif self.retry is not None:
                return await self._again(error, self.retry, twin, run, values)
        except Exception as raised:  # noqa: BLE001 - routed, or raised below
            error = raised
        try:
            edge = self._edge_for(error, twin, run)
            if edge is not None:
                return edge
            raise error
        finally:
            del error  # with its traceback it would be a cycle

    async def _again(
        self, error: Exception, retry: Retry, twin: Step, run: Run | None, values: tuple[Any, ...]
    ) -> Any:
        emit = self.events.retry_scheduled if self.events is not None else None

        async def call(attempt: int) -> Any:
            twin.attempt = attempt
            if run is not None:
                run.attempt = attempt
            target = self.attempt(*values)
            return await target if self.awaits else target

        def waits(attempt: int, failed: Exception, delay_s: float) -> None:
            if emit is not None:
                emit(run, twin.at, attempt, failed, delay_s, None)

        try:
            return await call_again(error, retry, self.clock, call, waits=waits)
        finally:
            del error  # with its traceback it would be a cycle

    def _edge_for(self, error: Exception, step: Step, run: Run | None) -> ErrorEdge | None:
        """Find the first edge that fits; what exhausted the attempts counts, not that it did."""
        cause = error.__cause__ if isinstance(error, AttemptsExhausted) and not error.is_placed else error
        for edge in self.edges:
            if isinstance(cause, edge.kind) and run is not None and isinstance(cause, Exception):
                run._next = Failure(error=_placed(cause, step, run), state=step.at)  # noqa: SLF001 - kept off what handlers see
                return edge
        return None


def _placed(error: Exception, step: Step, run: Run) -> Exception:
    """Give an error of this run's own its place, as far as it is known here."""
    if not isinstance(error, RunError) or error.is_placed or step.spec is None:
        return error
    at = RunPlace(
        workflow=run.workflow,
        run_id=run.run_id,
        state=step.at,
        attempt=step.attempt,
        path=(step.at,),
        handler=step.spec.where,
        name=step.name,
        names=(step.name,),
    )
    return error.placed(at)
