"""One run around the loop: its `Run`, its data, its resources, and who is told."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.engine._driver import drive
from cano_dsl.engine._failure import new_run_id
from cano_dsl.engine._leave import drive_careful
from cano_dsl.engine._logged import Beginning, drive_logged
from cano_dsl.engine._watch import Watch, drive_within
from cano_dsl.errors import Cancelled, CompensationFailed, PolicyError
from cano_dsl.plan import Bound, Plan, Step, check_resources, make_data, saved_data
from cano_dsl.resources import Opened, PerRun
from cano_dsl.scope import Guard, is_cancel
from cano_dsl.spec import Run, RunData


class Order(NamedTuple):
    """What a caller wants of one run.

    Attributes:
        data: The run's data; None for the declared class without arguments.
        run_id: Its id; None to make one up.
        start: Where to start; None for the workflow's own start.
        held: Whether the resources are set up already, apart from those made for each run.
        timeout_s: How long it may take; None for the workflow's own limit.
        told: Is given the run's `Run`, data and watch before it begins.
        beginning: What a run with a log begins with; None without one.
    """

    data: Any = None
    run_id: str | None = None
    start: Enum | None = None
    held: bool = False
    timeout_s: float | None = None
    told: "Callable[[Own], None] | None" = None
    beginning: Beginning | None = None


class Own(NamedTuple):
    """What belongs to one run alone."""

    held: bool
    run: Run | None
    data: RunData[Any] | None
    run_id: str | None
    watch: Watch | None = None
    beginning: Beginning | None = None


async def execute(plan: Plan, given: Mapping[str, Any], order: Order) -> Enum:
    """Run once, with everything that is configured.

    Raises:
        ResourceError: What is given is not what handlers want; nothing was set up.
        SetupFailed: A resource's setup raised; what was set up is torn down.
        PolicyError: Data, run id or start state are not possible.
        RunError: The run did not reach an exit.
    """
    bound = check_resources(plan, given)
    step = (
        start_step(plan, bound.steps.by_name, order.start) if order.start is not None else bound.steps.start
    )
    resumed = order.beginning.resumed if order.beginning is not None else None
    if resumed is not None:
        step = bound.steps.by_name[resumed.point.step.name]
    data = make_data(plan, order.data) if resumed is None else saved_data(plan)
    run_id = _checked_id(order.run_id)
    if not plan.uses_run:
        return await _with_resources(plan, given, bound, step, Own(order.held, None, data, run_id))
    watch = _watch(plan, order)
    run = Run(
        workflow=plan.name,
        run_id=run_id if run_id is not None else new_run_id(),
        state=step.at,
        name=step.name,
        progress=_progress(plan),
        watch=watch,
    )
    own = Own(order.held, run, data, run_id, watch, order.beginning)
    if order.told is not None:
        order.told(own)
    return await _told(plan, run, lambda: _around(plan, given, bound, step, own))


def _watch(plan: Plan, order: Order) -> Watch | None:
    if not plan.watched:
        return None
    limit_s = order.timeout_s if order.timeout_s is not None else plan.timeout_s
    return Watch(plan.clock, limit_s, plan.max_transitions)


async def _told(plan: Plan, run: Run, fn: Callable[[], Awaitable[Enum]]) -> Enum:
    """Tell observers how a run begins and ends."""
    events = plan.events
    if events is not None and events.run_started is not None:
        events.run_started(run)
    try:
        end = await fn()
    except BaseException as error:
        _tell_failure(plan, run, error)
        raise
    finally:
        run._leave()  # noqa: SLF001 - kept off the type that handlers see
    if events is not None and events.run_finished is not None:
        events.run_finished(run, end, None)
    return end


def check_order(plan: Plan, order: Order) -> None:
    """Check what a caller wants before anything begins.

    Raises:
        PolicyError: Data, run id or start state are not possible.
    """
    _checked_id(order.run_id)
    if order.start is not None:
        start_step(plan, plan.steps(()).by_name, order.start)
    if order.data is not None:
        make_data(plan, order.data)


def start_step(plan: Plan, steps: Mapping[str, Step], start: object) -> Step:
    """Find the step of a start state given by hand, which must be handled or an exit.

    Raises:
        PolicyError: It is neither.
    """
    name = start._name_ if isinstance(start, Enum) and type(start) is plan.states else ""
    step = steps.get(name)
    if step is None or not _can_start(plan, name):
        able = [
            f"{plan.states.__name__}.{name}" for name in plan.states._member_names_ if _can_start(plan, name)
        ]
        raise PolicyError(
            field="start", value=start, allowed=f"a state that is handled or an exit: {', '.join(able)}"
        )
    return step


def _can_start(plan: Plan, name: str) -> bool:
    handler = plan.graph.states[name].handler
    if handler is None:
        return name in plan.graph.exits
    return not any(want is not None and not want.optional for want in (handler.joined, handler.failure))


def _checked_id(run_id: object) -> str | None:
    if run_id is not None and (not isinstance(run_id, str) or not run_id.strip()):
        raise PolicyError(field="run_id", value=run_id, allowed="a text that is not empty")
    return run_id


def _progress(plan: Plan) -> Any:
    emit = plan.events.progress if plan.events is not None else None
    if emit is None:
        return None
    return lambda run, done, total: emit(run, run.state, done, total)


def _tell_failure(plan: Plan, run: Run, error: BaseException) -> None:
    events = plan.events
    if events is None:
        return
    ended = error.original if isinstance(error, CompensationFailed) else error
    if events.cancelled is not None and (is_cancel(error) or isinstance(ended, Cancelled)):
        events.cancelled(run)
    if events.run_finished is not None:
        events.run_finished(run, None, error)


async def _around(plan: Plan, given: Mapping[str, Any], bound: Bound, step: Step, own: Own) -> Enum:
    """Run within what its watch may cut: the setup of resources too, but not their teardown."""
    if own.watch is None or own.run is None or not bound.care:
        return await _with_resources(plan, given, bound, step, own)
    with plan.clock.guard() as guard:
        return await _with_resources(plan, given, bound, step, own, guard)
    raise own.watch.error(plan, own.run)


async def _with_resources(
    plan: Plan,
    given: Mapping[str, Any],
    bound: Bound,
    step: Step,
    own: Own,
    guard: Guard | None = None,
) -> Enum:
    if step.call is None:
        return step.at
    if not bound.care:
        return await _loop(plan, bound, given, step, own)
    opened = open_resources(plan)
    to_open = (
        {name: value for name, value in given.items() if isinstance(value, PerRun)} if own.held else given
    )
    if guard is None or own.watch is None:
        await opened.open(to_open, per_run=True)
    else:
        await own.watch.within(guard, lambda: opened.open(to_open, per_run=True))
    try:
        values = {**given, **opened.values}
        end = await _loop(plan, check_resources(plan, values), values, step, own)
    except BaseException as error:
        await opened.abort(error)
        raise
    await opened.close(None)
    return end


def _loop(
    plan: Plan, bound: Bound, values: Mapping[str, Any], step: Step, own: Own
) -> Coroutine[Any, Any, Enum]:
    """Lay out a run's values and give the loop, which begins when it is awaited."""
    laid = bound.arrange(values.values())
    if plan.stayed:
        laid = (*laid, *plan.stays())
    if plan.undoes:
        laid = (*laid, [])  # the stack of outputs
    if plan.extra:
        laid = (*laid, own.run, own.data)
    steps = bound.steps.by_name
    if own.beginning is not None:
        return drive_logged(plan, steps, steps[step.name], laid, values, own.beginning)
    drive_from = drive_careful if plan.undoes else drive_within if plan.watched else drive
    return drive_from(plan, steps[step.name], laid, own.run_id)


def open_resources(plan: Plan) -> Opened:
    """Make the record of what is set up, whose teardown tells the observers."""
    return Opened(plan.clock, plan.events.teardown_failed if plan.events is not None else None)
