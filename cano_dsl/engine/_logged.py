"""Runs with a log: begun, gone on with, and let go of."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from cano_dsl.checkpoint import CheckpointStore, Claim, NewRun, Owner, Row, RunInfo, Unit
from cano_dsl.engine._keeper import taken
from cano_dsl.engine._leave import drive_careful, roll_on
from cano_dsl.engine._log import RunLog, Source
from cano_dsl.engine._resume import Point, exit_of
from cano_dsl.engine._rollback import STACK
from cano_dsl.errors import RunEnded
from cano_dsl.plan import Plan, Stay, StayData, Step, Values
from cano_dsl.scope import SYSTEM_CLOCK
from cano_dsl.spec import Durable, DurableData, Run, RunData


class Finished(BaseException):
    """A run of that id has finished already; never leaves the engine.

    Attributes:
        info: That run.
    """

    def __init__(self, info: RunInfo) -> None:
        super().__init__(info)
        self.info = info


class Resumed(NamedTuple):
    """A run that was claimed, to go on with."""

    point: Point
    claim: Claim
    written: int | None = None  # the sequence of the row that says so; none in a fork


class Beginning(NamedTuple):
    """What a run with a log begins with.

    Attributes:
        store: Where the log is.
        owner: Who runs it.
        resumed: What was saved; None for a new run.
    """

    store: CheckpointStore
    owner: Owner
    resumed: Resumed | None = None


def sources_of(plan: Plan, values: Mapping[str, Any], data: RunData[Any] | None) -> list[Source]:
    """Give what is durable: the run's data, and the resources that can be."""
    sources: list[Source] = []
    if data is not None:
        sources.append(("", DurableData(data, plan.data)))
    sources += [(f"{name}/", value) for name, value in values.items() if isinstance(value, Durable)]
    return sources


def attach(
    sources: list[Source], run_id: str, store: CheckpointStore, saved: Mapping[str, bytes] | None
) -> None:
    """Let everything durable serve a run; where one refuses, those before it are let go of.

    Raises:
        StoreError: One serves a run already, or holds what cannot be saved or read.
    """
    begun: list[Source] = []
    try:
        for prefix, durable in sources:
            mine = None if saved is None else _mine(saved, prefix, sources)
            durable.attach(run_id, store.codec, mine)
            begun.append((prefix, durable))
    except BaseException:
        for _, durable in begun:
            durable.detach()
        raise


def _mine(saved: Mapping[str, bytes], prefix: str, sources: list[Source]) -> dict[str, bytes]:
    if prefix:
        return {key.removeprefix(prefix): data for key, data in saved.items() if key.startswith(prefix)}
    named = tuple(name for name, _ in sources if name)
    return {key: data for key, data in saved.items() if not named or not key.startswith(named)}


async def drive_logged(
    plan: Plan,
    steps: Mapping[str, Step],
    step: Step,
    laid: Values,
    values: Mapping[str, Any],
    of: Beginning,
) -> Any:
    """Run from a step to the first exit with a log; give the exit at once where the run has finished before.

    Args:
        plan: The workflow.
        steps: Its steps by name.
        step: Where to begin.
        laid: The run's values.
        values: The resources by name.
        of: What it begins with.

    Raises:
        RunError: As `drive_careful` does.
        StoreError: The run cannot be begun, or the log not written.
    """
    run: Run = laid[-2]
    sources = sources_of(plan, values, laid[-1])
    sources += [("", StayData(stay)) for stay in laid if isinstance(stay, Stay) and stay.region.plan.data]
    saved = of.resumed.point.saved.data if of.resumed is not None else None
    attach(sources, run.run_id, of.store, saved)
    try:
        log = await begin(plan, of, step, steps, run, sources)
        run._log = log  # noqa: SLF001 - kept off the type that handlers see
        if of.resumed is not None:
            step = await take_up(plan, steps, step, laid, of.resumed.point)
        return await drive_careful(plan, step, laid, run.run_id)
    except Finished as finished:
        return await exit_of(plan, of.store, finished.info)
    finally:
        run._log = None  # noqa: SLF001 - as above
        for _, durable in sources:
            durable.detach()


async def take_up(plan: Plan, steps: Mapping[str, Step], step: Step, laid: Values, point: Point) -> Step:
    """Bring back what can be undone, go on with a rollback that was cut, and give the step to go on from.

    Raises:
        RunEnded: The rollback is complete, and the run had failed.
        CompensationFailed: It is not complete.
        BaseException: A cancel, or what ends the process.
    """
    if plan.undoes:
        laid[STACK].extend(point.stack)
    if not point.is_rolling_back:
        return step
    ended = await roll_on(plan, laid, point.text)
    if ended is not None:
        raise ended
    if point.target is None:
        raise RunEnded(run_id=point.saved.info.run_id, status="rolled_back")
    laid[-2]._log.go_on()  # noqa: SLF001 - kept off the type that handlers see
    return steps[point.target]


async def begin(
    plan: Plan, of: Beginning, step: Step, steps: Mapping[str, Step], run: Run, sources: list[Source]
) -> RunLog:
    """Write the start of a run, or take up its log.

    Raises:
        Finished: A run of that id has finished.
        StoreError: It cannot be begun, or something cannot be saved.
    """
    make = partial(
        RunLog,
        of.store,
        plan.clock,
        steps,
        run=run,
        sources=sources,
        emit=plan.events.checkpoint_written if plan.events is not None else None,
    )
    if of.resumed is not None:
        point = of.resumed.point
        run._sequence = point.row.sequence  # noqa: SLF001 - kept off the type that handlers see
        run._next = point.entry  # noqa: SLF001 - as above
        _tell_resumed(plan, run, steps[point.row.state], of.resumed.written)
        cut = point.saved.info.status == "unfinished"
        return make(claim=of.resumed.claim, at=point.row.state, skip=True, is_in_flight=cut)
    has_row = not step.is_way_in and step.spec is not None and step.spec.kind != "router"
    claim = await _start(plan, of, step, run, sources, has_row=has_row)
    return make(claim=claim, at=step.name, skip=has_row)


async def _start(
    plan: Plan, of: Beginning, step: Step, run: Run, sources: list[Source], *, has_row: bool
) -> Claim:
    """Write the start of a run with all its data; at a router it has no row."""
    rows = (Row(0, "entered", plan.clock.now(), step.name),) if has_row else ()
    changes = {prefix + key: data for prefix, source in sources for key, data in source.take().items()}
    graph = plan.graph
    new = NewRun(run.run_id, plan.name, plan.version, graph.fingerprint, graph.canonical_json, step.name)
    start = partial(of.store.start, new, Unit(rows, changes), owner=of.owner, now=SYSTEM_CLOCK.now())
    begun: Claim | RunInfo = await taken(of.store, start)
    if isinstance(begun, RunInfo):
        raise Finished(begun)
    run._sequence = len(rows) - 1  # noqa: SLF001 - kept off the type that handlers see
    emit = plan.events.checkpoint_written if plan.events is not None else None
    if emit is not None and rows:
        emit(run, 0, "entered")
    return begun


def _tell_resumed(plan: Plan, run: Run, step: Step, written: int | None) -> None:
    events = plan.events
    if events is not None and events.checkpoint_written is not None and written is not None:
        events.checkpoint_written(run, written, "resumed")
    if events is not None and events.run_resumed is not None:
        events.run_resumed(run, step.at)
