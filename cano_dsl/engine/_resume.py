"""Where a saved run goes on: checked against the definition as it is now, before anything is set up."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.checkpoint import CheckpointStore, Row, RunInfo, SavedRun, difference, in_force
from cano_dsl.declare import taken_type
from cano_dsl.engine._entries import Entry, decode_entry
from cano_dsl.errors import (
    FingerprintMismatch,
    PolicyError,
    RunEnded,
    RunNotFound,
    RunParked,
    VersionMismatch,
)
from cano_dsl.graph import differences
from cano_dsl.plan import Done, Plan, Step
from cano_dsl.spec import Failure, Joined


class Point(NamedTuple):
    """Where a saved run goes on.

    Attributes:
        saved: The run, as of the row that it goes on from.
        row: The row of the state that runs again.
        step: That state.
        entry: What it was entered with.
        stack: What has been done and can be undone.
        is_rolling_back: Whether that is being undone, and nothing else is left to do.
        target: The state that follows once it is undone; None where the run has failed.
        text: The error that the rollback is because of, in words; None for none.
        changes: What turns the data as it is now into what it was then.
    """

    saved: SavedRun
    row: Row
    step: Step
    entry: Joined[Any] | Failure | None
    stack: list[Done]
    is_rolling_back: bool
    target: str | None
    text: str | None
    changes: Mapping[str, bytes | None]


async def find_point(
    plan: Plan,
    store: CheckpointStore,
    steps: Mapping[str, Step],
    run_id: str,
    *,
    at: int | None,
    allow_changed: bool,
) -> Point | Enum:
    """Find where a run goes on; the exit where it has finished.

    Args:
        plan: The workflow as it is now.
        store: Where the run is.
        steps: The workflow's steps.
        run_id: The run's id.
        at: The row to take it back to, one that enters a state; None for where it stands.
        allow_changed: Whether to go on under a changed definition, where that is not known to be safe.

    Raises:
        RunNotFound: There is no such run, or it is one of another workflow.
        RunEnded: It has ended for good.
        RunParked: It stopped within a state that must not run twice.
        VersionMismatch: It was begun with another declared version.
        FingerprintMismatch: It was begun under another definition, and cannot go on under this one.
        PolicyError: Row `at` enters no state.
        ValueWrongType: Something saved does not fit the type that is declared now.
    """
    saved = await store.load(run_id, at=at)
    info = saved.info
    _refuse_other(plan, store, saved, at)
    rows = in_force(saved.rows)
    if at is None and info.exit is not None:
        return await exit_of(plan, store, info)
    entered = [row for row in rows if row.kind == "entered"]
    row = entered[-1] if entered else Row(-1, "entered", info.started_at, info.start)
    outputs = _outputs(rows)
    _refuse_changed(plan, saved, row.state, tuple(outputs.values()), allow=allow_changed)
    undoing = _undoing(rows) if at is None else None
    step = steps[row.state]
    if at is None and undoing is None and info.status in ("unfinished", "parked"):
        _refuse_twice(run_id, step, row, info.status)
    codec = store.codec
    entry = None
    if row.entry is not None and row.entry_type is not None:
        entry = decode_entry(codec, Entry(row.entry, row.entry_type), steps)
    now = saved.data if at is None else (await store.load(run_id)).data
    return Point(
        saved=saved,
        row=row,
        step=step,
        entry=entry,
        stack=_stack(store, steps, rows),
        is_rolling_back=undoing is not None,
        target=undoing.entry.decode() if undoing is not None and undoing.entry is not None else None,
        text=undoing.text if undoing is not None else None,
        changes=difference(now, saved.data),
    )


async def exit_of(plan: Plan, store: CheckpointStore, info: RunInfo) -> Enum:
    """Give the exit that a finished run reached.

    Raises:
        FingerprintMismatch: It is no exit any more.
    """
    name = str(info.exit)
    if name in plan.graph.definition.exits:
        return plan.states[name]
    stored = json.loads((await store.load(info.run_id)).graph)
    found = differences(stored, plan.graph.canonical(), name)
    raise FingerprintMismatch(run_id=info.run_id, workflow=plan.name, differences=found)


def _refuse_other(plan: Plan, store: CheckpointStore, saved: SavedRun, at: int | None) -> None:
    """Refuse a run of another workflow or version, one that has ended, and a row that enters nothing."""
    info = saved.info
    if info.workflow != plan.name:
        raise RunNotFound(run_id=info.run_id, store=f"{store!r} of workflow {plan.name!r}")
    if at is None and info.status in ("rolled_back", "cancelled"):
        raise RunEnded(run_id=info.run_id, status=info.status)
    if info.version != plan.version:
        raise VersionMismatch(
            run_id=info.run_id, workflow=plan.name, stored=info.version, declared=plan.version
        )
    if at is not None and saved.rows[at].kind != "entered":
        raise PolicyError(field="at", value=at, allowed=f"a row that enters a state: {_sequences(saved)}")


def _refuse_changed(
    plan: Plan, saved: SavedRun, state: str, outputs: tuple[str, ...], *, allow: bool
) -> None:
    if allow or saved.info.fingerprint == plan.graph.fingerprint:
        return
    found = differences(json.loads(saved.graph), plan.graph.canonical(), state, outputs)
    if found:
        raise FingerprintMismatch(run_id=saved.info.run_id, workflow=plan.name, differences=found)


def _refuse_twice(run_id: str, step: Step, row: Row, status: str) -> None:
    at_most_once = step.spec is not None and step.spec.at_most_once
    if status == "parked" or (at_most_once and row.sequence >= 0):
        raise RunParked(run_id=run_id, state=row.state, at=row.sequence)


def _sequences(saved: SavedRun) -> str:
    found = [str(row.sequence) for row in saved.rows if row.kind == "entered"]
    return ", ".join(found[-8:]) if found else "there is none"


def _outputs(rows: list[Row]) -> dict[int, str]:
    """Give the states whose output is still there, by the sequence of their entry."""
    found: dict[int, str] = {}
    last: Row | None = None
    for row in rows:
        if row.output is not None and last is not None and row.kind in ("entered", "ended", "rollback"):
            found[last.sequence] = last.state
        if row.kind == "compensated" and row.about is not None:
            found.pop(row.about, None)
        if row.kind == "entered":
            last = row
    return found


def _stack(store: CheckpointStore, steps: Mapping[str, Step], rows: list[Row]) -> list[Done]:
    """Give what a rollback would undo, as an earlier process left it."""
    stack: list[Done] = []
    left = _outputs(rows)
    last: Row | None = None
    for row in rows:
        step = steps.get(last.state) if last is not None else None
        if row.output is not None and last is not None and step is not None and last.sequence in left:
            undo = step.undo
            if undo is not None:
                kind = taken_type(undo.spec)
                output = store.codec.decode(f"the output of {last.state}", row.output, kind)
                stack.append((undo, output, (step.at, step.name, row.attempts or 1, last.sequence)))
        if row.kind == "entered":
            last = row
    return stack


def _undoing(rows: list[Row]) -> Row | None:
    """Give the row of a rollback that is not over: no state was entered since."""
    for row in reversed(rows):
        if row.kind == "rollback":
            return row
        if row.kind == "entered":
            return None
    return None
