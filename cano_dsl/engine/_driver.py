"""The one loop."""

from typing import Any

from cano_dsl.engine._failure import handler_failed, undeclared
from cano_dsl.plan import Last, Plan, Step, Values


async def drive(
    plan: Plan,
    step: Step,
    values: Values,
    run_id: str | None = None,
    last: Last = (None, None, None),
) -> Any:
    """Run from a step to the first exit.

    Finding the next step is the check of the transition. The last four steps are kept in locals, for the
    error; `last` are those before, of a run that goes on. What follows a failure is asked only when there is
    one. The loop adds no checkpoint of its own: a cycle of handlers that never suspend does not yield.

    Raises:
        RollbackAsked: A handler wants everything undone first.
        HandlerFailed: A handler raised an `Exception`, which is the cause.
        RunError: What a policy of the handler raised: AttemptsExhausted, AttemptTimeout, CircuitOpen,
            RateLimited; or JoinFailed, where a split could not be joined.
        UndeclaredTransition: A handler returned what it did not declare.
    """
    three, two, one = last
    target: Any = None
    while True:
        try:
            while True:
                if step.awaits:
                    target = await step.call(*values)
                elif step.call is None:
                    return step.at
                else:
                    target = step.call(*values)
                if target is step.first:
                    following = step.first_step
                elif target is step.second:
                    following = step.second_step
                else:
                    found = step.table.get(id(target))
                    if found is None:
                        break
                    following = found
                three = two
                two = one
                one = step
                step = following
            break
        except Exception as error:  # noqa: BLE001 - followed up, or raised with its place
            if step.recovery is None:
                raise handler_failed(plan, values, run_id, (three, two, one, step), error)  # noqa: B904 - it has a cause
            step = step.recovery.after(step, error)
    raise undeclared(plan, values, run_id, (three, two, one, step), target)
