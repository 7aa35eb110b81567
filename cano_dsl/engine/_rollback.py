"""The rollback: what a run did before it failed is undone, the last first, whatever happens meanwhile.

Every way out of a run that has outputs leads through `roll_back`, which is told what ends the run and says
what to raise.
"""

import logging
import math
from inspect import isawaitable
from typing import Any

from cano_dsl.engine._driver import drive
from cano_dsl.engine._failure import place_of
from cano_dsl.engine._watch import drive_within
from cano_dsl.errors import CompensationFailed, Owed, RunError
from cano_dsl.plan import Done, Plan, Step, Undo, Values
from cano_dsl.scope import Clock, is_cancel, settle
from cano_dsl.spec import Place, Run

STACK = -3  # in a run's values: after the resources, before the run and its data

logger = logging.getLogger("cano_dsl")


async def drive_undoing(plan: Plan, step: Step, values: Values, run_id: str | None = None) -> Any:
    """Run from a step to the first exit, as `drive` does; where that fails, undo what was done.

    Raises:
        RunError: As `drive` and `drive_within` do; everything is undone.
        CompensationFailed: Not everything is undone.
        BaseException: A cancel, or what ends the process, as it came; see `roll_back`.
    """
    try:
        if plan.watched:
            return await drive_within(plan, step, values, run_id)
        return await drive(plan, step, values, run_id)
    except GeneratorExit:  # closed by hand or by the garbage collector: nothing can be awaited any more
        raise
    except BaseException as error:
        ended = await roll_back(plan, values, error, run_id)
        if ended is error:
            raise
        raise ended  # noqa: B904 - it has its cause


async def roll_back(plan: Plan, values: Values, error: BaseException, run_id: str | None) -> BaseException:
    """Undo everything on the run's stack, and give what to raise.

    That is the error itself where all is undone, else `CompensationFailed`. What is no `Exception`, a cancel
    or the end of the process, is never replaced: an incomplete rollback is its cause, its note, and logged.
    A native cancel that arrives meanwhile, or the end of the process raised by a compensation, goes before
    an error, which becomes its cause. The latter also ends the rollback: who insists does not want to wait.
    """
    stack: list[Done] = values[STACK]
    if not stack:
        return error
    at = error.at if isinstance(error, RunError) else place_of(plan, values, run_id, stack)
    run: Run | None = values[-2] if plan.uses_run else None
    place = run._place() if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
    rollback = _Rollback(plan, values, run)
    with plan.clock.guard() as shield:
        shield.protect(math.inf)
        await rollback.drain(stack)
    if run is not None and place is not None:
        run._return_to(place)  # noqa: SLF001 - as above
    report: CompensationFailed | None = None
    if rollback.failures or rollback.not_run:
        report = CompensationFailed(
            at=at, original=error, failures=rollback.failures, not_run=rollback.not_run
        )
    return _ended(error, report, rollback)


class _Rollback:
    """One rollback as it goes on."""

    def __init__(self, plan: Plan, values: Values, run: Run | None) -> None:
        self.failures: list[Owed] = []
        self.not_run: list[Owed] = []
        self.cancel: BaseException | None = None  # the first native one that arrived meanwhile
        self.exit: BaseException | None = None  # such as KeyboardInterrupt, raised by a compensation
        self._plan = plan
        self._values = values
        self._run = run

    async def drain(self, stack: list[Done]) -> None:
        """Run the compensations, the last first, as long as there is time."""
        clock = self._plan.clock
        until = clock.monotonic() + self._plan.budget_s
        while stack and self.exit is None:
            left = until - clock.monotonic()
            if left <= 0:
                break
            await self._undo(*stack.pop(), left)
        self.not_run = [_owed(undo, output, None) for undo, output, _ in reversed(stack)]
        stack.clear()

    async def _undo(self, undo: Undo, output: object, place: Place | None, left: float) -> None:
        events, run = self._plan.events, self._run
        if run is not None and place is not None:
            run._return_to(place)  # noqa: SLF001 - kept off the type that handlers see
        if events is not None and events.compensation_started is not None:
            events.compensation_started(run, undo.at, output)
        error = await self._call(undo, output, left)
        if error is None:
            if events is not None and events.compensation_done is not None:
                events.compensation_done(run, undo.at, output)
            return
        self.failures.append(_owed(undo, output, error))
        if events is not None and events.compensation_failed is not None:
            events.compensation_failed(run, undo.at, output, error)
        if not isinstance(error, Exception) and not is_cancel(error):
            self.exit = error

    async def _call(self, undo: Undo, output: object, left: float) -> BaseException | None:
        """Call one compensation; give what it raised."""
        arguments = (*self._values, output)
        call = undo.call
        if not undo.awaits:
            try:
                given = call(*arguments)
            except BaseException as error:  # noqa: BLE001 - put down, and the rest still runs
                return error
            if not isawaitable(given):
                return None
            arguments, call = (given,), _awaited
        bounded = (self._plan.clock, left, self._plan.budget_s, call, arguments)
        try:
            settled = await settle(_bounded, bounded)
        except BaseException as error:  # noqa: BLE001 - Ctrl-C on trio, which reaches whoever waits
            return error
        if self.cancel is None:
            self.cancel = settled.cancel
        return settled.error


async def _bounded(clock: Clock, left: float, budget: float, call: Any, arguments: Values) -> None:
    with clock.scope(left):
        await call(*arguments)
        return
    raise TimeoutError(
        f"cut, as all compensations of a run may take {budget:g} s; whether it took effect is not known"
    )


async def _awaited(given: Any) -> None:
    """Await what a plain function handed on, such as a coroutine of a lambda."""
    await given


def _owed(undo: Undo, output: object, error: BaseException | None) -> Owed:
    return Owed(undo.at, undo.spec.name, output, undo.spec.where, error, undo.name)


def _ended(error: BaseException, report: CompensationFailed | None, rollback: _Rollback) -> BaseException:
    """Choose what to raise; the rest is its cause."""
    known = report if report is not None else error
    if rollback.exit is not None:
        ended = rollback.exit
    elif not isinstance(error, Exception):
        ended = error
    elif rollback.cancel is not None:
        ended = rollback.cancel
    else:
        if report is not None:
            report.__cause__ = error
        return known
    if report is not None:
        logger.error("%s", report)
        ended.add_note(str(report))
    if ended is not known and ended.__cause__ is None:
        ended.__cause__ = known
    return ended
