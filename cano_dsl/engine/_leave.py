"""The way out of a run that has something to undo, or a log: that is undone, and how it ended is written."""

import logging
from typing import Any

from cano_dsl.engine._driver import drive
from cano_dsl.engine._log import LogFailed, RunLog
from cano_dsl.engine._rollback import STACK, roll_back
from cano_dsl.engine._watch import drive_within
from cano_dsl.errors import Cancelled, CompensationFailed, SavedError
from cano_dsl.plan import Last, Plan, RollbackAsked, Step, Values
from cano_dsl.scope import is_cancel, settle
from cano_dsl.spec import Run

logger = logging.getLogger("cano_dsl")


async def drive_careful(plan: Plan, step: Step, values: Values, run_id: str | None = None) -> Any:
    """Run from a step to the first exit, as `drive` does; where that fails, undo what was done.

    With a log, an exit and a failure are written; a cancel from outside leaves the run to be resumed, and
    undoes nothing.

    Raises:
        RunError: As `drive` and `drive_within` do; everything is undone.
        CompensationFailed: Not everything is undone.
        StoreError: The log could not be written, and the run stopped as it was; or a value cannot be saved.
        BaseException: A cancel, or what ends the process, as it came; see `roll_back`.
    """
    run: Run | None = values[-2] if plan.uses_run else None
    log: Any = run._log if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
    last: Last = (None, None, None)
    drive_on = drive_within if plan.watched else drive
    while True:
        try:
            end = await drive_on(plan, step, values, run_id, last)
            if log is not None and run is not None:
                await log.finish(end._name_, run.attempt)
        except GeneratorExit:  # closed by hand or by the garbage collector: nothing can be awaited any more
            raise
        except RollbackAsked as asked:
            raised = await _granted(plan, values, asked, run_id)
            if raised is not asked:
                raise raised  # noqa: B904 - it has its cause
            step, last = asked.step, asked.last
            del raised  # with its traceback it would be a cycle
        except BaseException as error:  # noqa: BLE001 - raised again, or what takes its place
            ended = await leave(plan, values, error, run_id)
            try:
                if ended is error:
                    raise
                raise ended
            finally:
                del ended  # with its traceback it would be a cycle
        else:
            return end


async def _granted(plan: Plan, values: Values, asked: RollbackAsked, run_id: str | None) -> BaseException:
    """Undo everything as a handler asked for; give back its wish where the run may go on."""
    run: Run | None = values[-2] if plan.uses_run else None
    log: Any = run._log if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
    if log is None or not values[STACK]:
        return await roll_back(plan, values, asked, run_id)
    settled = await settle(log.rolling_back, (None, asked.step.name))
    if settled.error is not None:
        return await leave(plan, values, settled.error, run_id)
    ended = await roll_back(plan, values, asked, run_id)
    if isinstance(ended, LogFailed):
        return ended.error
    if isinstance(ended, Exception) and ended is not asked:
        await _write(lambda: log.fail(ended, "dirty"), ended)
    if ended is asked and settled.cancel is not None:
        ended = settled.cancel
    if not isinstance(ended, Exception):  # over, or gone on with by whoever resumes
        await _write(log.suspend, ended)
    return ended


async def leave(plan: Plan, values: Values, error: BaseException, run_id: str | None) -> BaseException:
    """Undo what has to be undone, write how the run ended, and give what to raise."""
    run: Run | None = values[-2] if plan.uses_run else None
    log: Any = run._log if run is not None else None  # noqa: SLF001 - kept off the type that handlers see
    if isinstance(error, LogFailed):
        if error.is_lost:
            if log is not None:
                await settle(log.release, ())  # where that is refused too, the lease ends
            return error.error
        error = error.error
    if log is None:
        return await roll_back(plan, values, error, run_id) if plan.undoes else error
    if not isinstance(error, Exception):  # from outside: nothing is undone, and anybody may resume it
        await _write(log.suspend, error)
        return error
    return await _fail(plan, values, log, error, run_id)


async def _fail(
    plan: Plan, values: Values, log: RunLog, error: Exception, run_id: str | None
) -> BaseException:
    if not (plan.undoes and values[STACK]):
        await _write(
            lambda: log.fail(error, "cancelled" if isinstance(error, Cancelled) else "failed"), error
        )
        return error
    if not await _write(lambda: log.rolling_back(error, None), error):
        return error
    return await _roll_back(plan, values, log, error, run_id)


async def _roll_back(
    plan: Plan, values: Values, log: RunLog, error: Exception, run_id: str | None
) -> BaseException:
    """Undo everything, write how that went, and give what to raise."""
    ended = await roll_back(plan, values, error, run_id)
    if isinstance(ended, LogFailed):
        error.add_note(f"the run is not undone, as its log could not be written: {ended.error}")
        return error
    if not isinstance(ended, Exception) and not is_cancel(ended):
        await _write(log.suspend, ended)  # the process ends; the rollback goes on when the run is resumed
        return ended
    owed = _owed(ended)
    if owed is not None:
        await _write(lambda: log.fail(owed, "dirty"), ended)
    else:
        await _write(lambda: log.fail(error, "rolled_back"), ended)
    return ended


async def roll_on(plan: Plan, values: Values, text: str | None) -> BaseException | None:
    """Go on with a rollback that an earlier process began; give what to raise, None where all is undone."""
    run: Run = values[-2]
    log: Any = run._log  # noqa: SLF001 - kept off the type that handlers see
    error = SavedError("an earlier process", text or "")
    if text is None:
        ended = await roll_back(plan, values, error, run.run_id)
        if isinstance(ended, LogFailed):
            return ended.error
        if isinstance(ended, CompensationFailed):
            await _write(lambda: log.fail(ended, "dirty"), ended)
        return None if ended is error else ended
    ended = await _roll_back(plan, values, log, error, run.run_id)
    return None if ended is error else ended


def _owed(ended: BaseException) -> CompensationFailed | None:
    """Give what is owed; of a cancel it is the cause."""
    known = ended if isinstance(ended, CompensationFailed) else ended.__cause__
    return known if isinstance(known, CompensationFailed) else None


async def _write(fn: Any, error: BaseException) -> bool:
    """Write something about a run's end, whatever cancels it; where that fails, tell it with the error."""
    settled = await settle(fn, ())
    failed = settled.error
    if failed is None:
        return True
    why = failed.error if isinstance(failed, LogFailed) else failed
    logger.error("how a run ended could not be written to its log: %s", why)
    error.add_note(f"how the run ended could not be written to its log: {why}")
    return False
