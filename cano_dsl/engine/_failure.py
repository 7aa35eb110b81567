"""The one way out: every failure of a run gets its place here."""

from collections.abc import Sequence
from inspect import iscoroutine
from os import urandom

from cano_dsl.errors import (
    HandlerFailed,
    InternalError,
    RunError,
    RunPlace,
    UndeclaredTransition,
    named,
)
from cano_dsl.plan import Done, Last, Plan, RollbackAsked, Step, Unfit, Values
from cano_dsl.spec import Rollback, Run

Four = tuple[Step | None, Step | None, Step | None, Step | None]


def new_run_id() -> str:
    """Make up a run id, 128 bits of chance; only done when somebody sees it."""
    return urandom(16).hex()


def handler_failed(
    plan: Plan, values: Values, run_id: str | None, last: Four, error: Exception
) -> RunError | RollbackAsked:
    """Make the error for a handler that raised, with its cause; a wish for a rollback gets its place."""
    if isinstance(error, RollbackAsked):
        before = last[:3]  # the last is the step that asks, which is no state of its own
        return error.placed(_place(plan, values, run_id, before), before)
    at = _place(plan, values, run_id, last)
    if isinstance(error, RunError) and not error.is_placed:
        return error.placed(at)
    failure = HandlerFailed(at=at, error=error)
    failure.__cause__ = error
    return failure


def undeclared(
    plan: Plan, values: Values, run_id: str | None, last: Four, target: object
) -> UndeclaredTransition:
    """Make the error for a handler that returned what it does not declare."""
    step = last[-1]
    declared = step.targets if step is not None else ()
    if isinstance(target, Unfit):
        target = target.got
    if iscoroutine(target):
        target.close()  # else Python warns that nobody awaited it
    written = _as_written(plan, step) if step is not None else ()
    at = _place(plan, values, run_id, last)
    hint = ""
    if isinstance(target, Rollback) and type(target.to) is type(at.state):
        hint = f"return one of these, or add Rollback[Literal[{named(target.to)}]] to its return annotation"
    return UndeclaredTransition(at=at, target=target, declared=declared, as_written=written, hint=hint)


def _as_written(plan: Plan, step: Step) -> list[str]:
    """Write what a handler may return where that is more than states: pairs with an output, and rollbacks."""
    handler = plan.graph.node(step.name).handler
    if handler is None or (handler.output is None and not handler.rollbacks):
        return []
    written = []
    for target in step.targets:
        if handler.output is not None and target._name_ in handler.paired:
            written.append(f"({named(target)}, {handler.output.shown})")
        if handler.output is None or target._name_ in handler.unpaired:
            written.append(named(target))
    return written + [repr(Rollback(plan.states[name])) for name in handler.rollbacks]


def place_of(plan: Plan, values: Values, run_id: str | None, stack: Sequence[Done]) -> RunPlace:
    """Give the place of a run that was cancelled, as far as it is known: by the outputs on its stack."""
    run: Run | None = values[-2] if plan.uses_run else None
    state = run.state if run is not None else stack[-1][0].at
    name = run.state_name if run is not None else stack[-1][0].name
    handler = plan.graph.node(name).handler
    if handler is None or handler.where is None:
        raise InternalError(f"a run of {plan.name!r} was in {state}, which has no handler")
    return RunPlace(
        workflow=plan.name,
        run_id=run.run_id if run is not None else run_id if run_id is not None else new_run_id(),
        state=state,
        attempt=run.attempt if run is not None else 1,
        path=tuple(undo.at for undo, _, _ in stack[-4:]),
        handler=handler.where,
        name=name,
        names=tuple(undo.name for undo, _, _ in stack[-4:]),
    )


def _place(plan: Plan, values: Values, run_id: str | None, last: Last | Four) -> RunPlace:
    step = last[-1]
    if step is None or step.spec is None:
        raise InternalError(f"a run of {plan.name!r} failed at {step}, which has no handler")
    run: Run | None = values[-2] if plan.uses_run else None  # the run and its data come last
    if run is not None:
        run_id = run.run_id
    path = [one for one in last if one is not None and (one is step or not one.is_way_in)]
    return RunPlace(
        workflow=plan.name,
        run_id=run_id if run_id is not None else new_run_id(),
        state=step.at,
        attempt=step.attempt,
        path=tuple(entered.at for entered in path),
        handler=step.spec.where,
        name=step.name,
        names=tuple(entered.name for entered in path),
    )
