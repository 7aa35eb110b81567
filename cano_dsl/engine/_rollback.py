"""The rollback: what a run did before it failed is undone, the last first, whatever happens meanwhile.

Every way out of a run that has outputs leads through `roll_back`, which is told what ends the run and says
what to raise; so does a handler's wish for a rollback, after which the run goes on.
"""

import logging
import math
from typing import Any

from cano_dsl.engine._failure import place_of
from cano_dsl.engine._log import RunLog
from cano_dsl.engine._undo import Undoing
from cano_dsl.errors import CompensationFailed, Owed, RunError, RunPlace
from cano_dsl.plan import Done, Plan, RollbackAsked, Undo, Values
from cano_dsl.scope import cancel_is_pending, is_cancel, settle
from cano_dsl.spec import Place, Run

STACK = -3  # in a run's values: after the resources, before the run and its data

logger = logging.getLogger("cano_dsl")


async def roll_back(plan: Plan, values: Values, error: BaseException, run_id: str | None) -> BaseException:
    """Undo everything on the run's stack, and give what to raise.

    That is the error itself where all is undone, else `CompensationFailed`. What is no `Exception`, a cancel
    or the end of the process, is never replaced: an incomplete rollback is its cause, its note, and logged.
    A native cancel that arrives meanwhile, or the end of the process raised by a compensation, goes before
    an error, which becomes its cause. The latter also ends the rollback: who insists does not want to wait.

    Args:
        plan: The workflow.
        values: The run's values.
        error: What ended the run, or the wish of a handler, which is given back where the run may go on.
        run_id: The run's id; None where nobody has asked for one.
    """
    stack: list[Done] = values[STACK]
    if not stack:
        return error
    known = error if isinstance(error, (RunError, RollbackAsked)) else None
    at = known.at if known is not None else place_of(plan, values, run_id, stack)
    run: Run | None = values[-2] if plan.uses_run else None
    place = run._place() if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
    rollback = _Rollback(plan, values, run, at)
    with plan.clock.guard() as shield:
        shield.protect(math.inf)
        await rollback.drain(stack)
    if run is not None and place is not None:
        run._return_to(place)  # noqa: SLF001 - as above
    if isinstance(error, RollbackAsked):
        return await _gone_on(error, rollback)
    return _ended(error, rollback.report(error), rollback)


class _Rollback:
    """One rollback as it goes on."""

    def __init__(self, plan: Plan, values: Values, run: Run | None, at: RunPlace) -> None:
        self.failures: list[Owed] = []
        self.not_run: list[Owed] = []
        self.cancel: BaseException | None = None  # the first native one that arrived meanwhile
        self.exit: BaseException | None = None  # such as KeyboardInterrupt, raised by a compensation
        self.clock = plan.clock
        self._plan = plan
        self._values = values
        self._run = run
        self._at = at
        log: Any = run._log if run is not None else None  # noqa: SLF001 - kept off what handlers see
        self._log: RunLog | None = log

    async def drain(self, stack: list[Done]) -> None:
        """Run the compensations, the last first, as long as there is time."""
        until = self.clock.monotonic() + self._plan.budget_s
        while stack and self.exit is None:
            left_s = until - self.clock.monotonic()
            if left_s <= 0:
                break
            await self._undo(*stack.pop(), left_s)
        self.not_run = [_owed(undo, output, None) for undo, output, _ in reversed(stack)]
        stack.clear()

    async def _undo(self, undo: Undo, output: object, place: Place | None, left_s: float) -> None:
        events, run = self._plan.events, self._run
        if run is not None and place is not None:
            run._return_to(place)  # noqa: SLF001 - kept off the type that handlers see
        if events is not None and events.compensation_started is not None:
            events.compensation_started(run, undo.at, output)
        error, cancel = await Undoing(self._plan, run, undo, output, left_s).run(self._values, self._at)
        if self.cancel is None:
            self.cancel = cancel
        if error is None:
            if events is not None and events.compensation_done is not None:
                events.compensation_done(run, undo.at, output)
            await self._written(undo, place)
            return
        self.failures.append(_owed(undo, output, error))
        if events is not None and events.compensation_failed is not None:
            events.compensation_failed(run, undo.at, output, error)
        if not isinstance(error, Exception) and not is_cancel(error):
            self.exit = error

    async def _written(self, undo: Undo, place: Place | None) -> None:
        """Let the log know that something is undone; where it refuses, the rollback ends as it is."""
        if self._log is None or place is None:
            return
        settled = await settle(self._log.compensated, (undo.name, place[-1]))
        if self.cancel is None:
            self.cancel = settled.cancel
        if settled.error is not None:
            self.exit = settled.error

    def report(self, original: BaseException | None) -> CompensationFailed | None:
        """Say what is owed; None where everything is undone."""
        if not self.failures and not self.not_run:
            return None
        return CompensationFailed(
            at=self._at, original=original, failures=self.failures, not_run=self.not_run
        )


async def _gone_on(asked: RollbackAsked, rollback: _Rollback) -> BaseException:
    """Give back the wish where the run may go on, else what ends it: a cancel, or what is owed."""
    report = rollback.report(None)
    ended = rollback.exit if rollback.exit is not None else rollback.cancel
    if ended is None and cancel_is_pending():
        try:
            await rollback.clock.sleep(0)  # where it is raised
        except BaseException as cancel:  # noqa: BLE001 - given back
            ended = cancel
    if ended is None:
        return report or asked
    return _instead(ended, report, report)


def _owed(undo: Undo, output: object, error: BaseException | None) -> Owed:
    return Owed(undo.at, undo.spec.name, output, undo.spec.where, error, undo.name)


def _ended(error: BaseException, report: CompensationFailed | None, rollback: _Rollback) -> BaseException:
    """Choose what to raise; the rest is its cause."""
    known = report if report is not None else error
    if rollback.exit is not None:
        return _instead(rollback.exit, known, report)
    if not isinstance(error, Exception):
        return _instead(error, known, report)
    if rollback.cancel is not None:
        return _instead(rollback.cancel, known, report)
    if report is not None:
        report.__cause__ = error
    return known


def _instead(
    ended: BaseException, known: BaseException | None, report: CompensationFailed | None
) -> BaseException:
    """Raise what nothing may replace, with all else as its cause; what is owed is also logged."""
    if report is not None:
        logger.error("%s", report)
        ended.add_note(str(report))
    if known is not None and ended is not known and ended.__cause__ is None:
        ended.__cause__ = known
    return ended
