"""The one way out: every failure of a run gets its place here."""

from inspect import iscoroutine
from uuid import uuid4

from cano_dsl.errors import HandlerFailed, InternalError, JoinFailed, RunError, RunPlace, UndeclaredTransition
from cano_dsl.plan import Plan, Step, Values
from cano_dsl.spec import Run


def new_run_id() -> str:
    """Make up a run id; only done when somebody sees it."""
    return uuid4().hex


def handler_failed(
    plan: Plan, values: Values, run_id: str | None, last: tuple[Step | None, ...], error: Exception
) -> RunError:
    """Make the error for a handler that raised, with its cause."""
    at = _place(plan, values, run_id, last)
    if isinstance(error, JoinFailed) and error.at.run_id == at.run_id and error.at.state is at.state:
        return error.moved(at)  # a split's own
    failure = HandlerFailed(at=at, error=error)
    failure.__cause__ = error
    return failure


def undeclared(
    plan: Plan, values: Values, run_id: str | None, last: tuple[Step | None, ...], target: object
) -> UndeclaredTransition:
    """Make the error for a handler that returned what it does not declare."""
    step = last[-1]
    declared = step.targets if step is not None else ()
    if iscoroutine(target):
        target.close()  # else Python warns that nobody awaited it
    return UndeclaredTransition(at=_place(plan, values, run_id, last), target=target, declared=declared)


def _place(plan: Plan, values: Values, run_id: str | None, last: tuple[Step | None, ...]) -> RunPlace:
    step = last[-1]
    if step is None or step.spec is None:
        raise InternalError(f"a run of {plan.name!r} failed at {step}, which has no handler")
    run: Run | None = values[-2] if plan.uses_run else None  # the run and its data come last
    if run is not None:
        run_id = run.run_id
    return RunPlace(
        workflow=plan.name,
        run_id=run_id if run_id is not None else new_run_id(),
        state=step.at,
        attempt=run.attempt if run is not None else 1,
        path=tuple(entered.at for entered in last if entered is not None),
        handler=step.spec.where,
    )
