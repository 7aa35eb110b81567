"""Runs of a workflow with a checkpoint store: begun, resumed, forked."""

import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

from cano_dsl.checkpoint import OPEN, CheckpointStore, Claim, Owner, Row, RunInfo, Status, Unit, refused_start
from cano_dsl.declare import show, taken_type, value_type
from cano_dsl.engine._keeper import kept, taken
from cano_dsl.engine._logged import Beginning, Resumed, attach, sources_of
from cano_dsl.engine._resume import Point, exit_of, find_point
from cano_dsl.engine._run import Order, execute
from cano_dsl.errors import PolicyError, RunNotFound, RunParked, SignatureError, Where
from cano_dsl.plan import Plan, check_resources
from cano_dsl.scope import SYSTEM_CLOCK, settle


async def execute_saved(plan: Plan, given: Mapping[str, Any], order: Order) -> Enum:
    """Run once, with a log in the workflow's store; give the exit at once where that run has finished.

    Raises:
        RunConflict: A run of that id has not finished, or is one of another workflow.
        FingerprintMismatch: A run of that id has finished at what is no exit any more.
        RunEnded: A run of that id has ended without an exit.
        RunError: As `execute` does.
        StoreError: The store cannot be written, or something cannot be saved.
    """
    store = store_of(plan)
    if order.run_id is not None:
        with suppress(RunNotFound):
            there = refused_start(await store.info(order.run_id), plan.name)
            return await exit_of(plan, store, there)
    async with kept(store) as owner:
        return await execute(plan, given, order._replace(beginning=Beginning(store, owner)))


async def resume(
    plan: Plan, given: Mapping[str, Any], order: Order, *, at: int | None, allow_changed: bool
) -> Enum:
    """Go on with a saved run, whose id the order has.

    Raises:
        StoreError: It cannot go on; see `find_point`.
        RunError: As `execute` does.
    """
    store = store_of(plan)
    steps = check_resources(plan, given).steps.by_name
    run_id = str(order.run_id)
    try:
        point = await find_point(plan, store, steps, run_id, at=at, allow_changed=allow_changed)
    except RunParked:
        await _park(store, run_id)
        raise
    if isinstance(point, Enum):
        await _bring_back(plan, store, given, run_id)
        return point
    async with kept(store) as owner:
        claim = await _claim(plan, store, owner, point, at)
        return await _go_on(
            plan, given, order, Beginning(store, owner, Resumed(point, claim, claim.next - 1))
        )


async def _park(store: CheckpointStore, run_id: str) -> None:
    """Write that a run waits for a person, where no process has written it yet.

    Raises:
        RunConflict: Somebody runs it, so that it has not stopped.
    """
    if (await store.info(run_id)).status != "parked":
        async with kept(store) as owner:
            unit = Unit(status="parked")
            await taken(store, lambda: store.claim(run_id, unit, owner=owner, now=SYSTEM_CLOCK.now()))


async def fork(plan: Plan, given: Mapping[str, Any], order: Order, *, at: int, new_id: str) -> Enum:
    """Copy a saved run up to a row into a new one, and go on with that.

    Raises:
        StoreError: As `resume`; or there is a run of the new id.
        RunError: As `execute` does.
    """
    store = store_of(plan)
    steps = check_resources(plan, given).steps.by_name
    point = await find_point(plan, store, steps, str(order.run_id), at=at, allow_changed=False)
    if isinstance(point, Enum):
        raise PolicyError(field="at", value=at, allowed="a row that enters a state")
    async with kept(store) as owner:
        run_id, now = str(order.run_id), SYSTEM_CLOCK.now()
        claim = await taken(store, lambda: store.fork(run_id, at=at, as_=new_id, owner=owner, now=now))
        beginning = Beginning(store, owner, Resumed(point, claim))
        return await _go_on(plan, given, order._replace(run_id=new_id), beginning)


async def _claim(plan: Plan, store: CheckpointStore, owner: Owner, point: Point, at: int | None) -> Claim:
    """Take the run over, and write that."""
    info = point.saved.info
    row = Row(info.next, "resumed", plan.clock.now(), point.row.state, about=at)
    unit = Unit((row,), point.changes, "unfinished")
    now = SYSTEM_CLOCK.now()
    return await taken(store, lambda: store.claim(info.run_id, unit, owner=owner, now=now))


async def _go_on(plan: Plan, given: Mapping[str, Any], order: Order, of: Beginning) -> Enum:
    try:
        return await execute(plan, given, order._replace(beginning=of))
    except BaseException:
        if of.resumed is not None:  # where a resource could not be set up; else it is released already
            await settle(of.store.release, (of.resumed.claim,))
        raise


async def _bring_back(plan: Plan, store: CheckpointStore, given: Mapping[str, Any], run_id: str) -> None:
    """Let durable resources have what a finished run left."""
    sources = sources_of(plan, given, None)
    attach(sources, run_id, store, (await store.load(run_id)).data)
    for _, durable in sources:
        durable.detach()


async def list_runs(plan: Plan, statuses: Collection[Status], limit: int) -> list[RunInfo]:
    """Give this workflow's runs, the one started last first."""
    store = store_of(plan)
    found: list[RunInfo] = []
    after: int | None = None
    while len(found) < limit:
        size = min(100, limit - len(found))
        page = await store.runs(workflow=plan.name, statuses=statuses, after=after, limit=size)
        found += page.runs
        after = page.next
        if after is None:
            break
    return found


async def list_free(plan: Plan) -> list[str]:
    """Give the ids of this workflow's unfinished runs that nobody runs."""
    found = await list_runs(plan, tuple(OPEN), sys.maxsize)
    now = SYSTEM_CLOCK.now()
    return [info.run_id for info in found if not info.is_held(now)]


def check_durable(plan: Plan, store: CheckpointStore) -> None:
    """See that every value that a log must bring back is of a type that can be read, in sub-workflows too.

    Raises:
        SignatureError: One is not.
    """
    wanted: list[tuple[str, object, Where | None]] = []
    for read in plan.handlers:
        if read.spec.nested is not None:
            check_durable(read.spec.nested.plan, store)
    if plan.data is not None:
        wanted.append((f"the data of a run of {plan.name!r}", plan.data, None))
    wanted += [
        (f"the output that {undo.spec.name!r} takes", taken_type(undo.spec), undo.spec.where)
        for undo in plan.compensations
    ]
    splits = [read.spec.split for read in plan.handlers if read.spec.split is not None]
    wanted += [
        (f"the value of branch {part.name!r}", value_type(part), part.where)
        for split in splits
        for part in split.branches
    ]
    for what, kind, where in wanted:
        why = store.codec.why_not(kind)
        if why is not None:
            raise SignatureError(
                what=f"{what} is of type {show(kind)}, which a log could not bring back ({why})",
                fix="Annotate a type that can be read, or give the store a Codec with decode= for it",
                where=where,
            )


def store_of(plan: Plan) -> CheckpointStore:
    """Give the workflow's store.

    Raises:
        PolicyError: It has none.
    """
    if plan.store is None:
        allowed = "a store first: workflow.configure(checkpoints=SqliteCheckpoints(path))"
        raise PolicyError(field="checkpoints", value=None, allowed=allowed)
    return plan.store
