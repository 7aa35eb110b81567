"""Checks of checkpoint stores: who may write a run, and that whoever may not writes nothing."""

import anyio
import anyio.lowlevel

from cano_dsl.checkpoint import LEASE_S, OPEN, STATUSES, CheckpointStore, Claim, Owner, Row, Unit
from cano_dsl.errors import RunConflict, RunEnded, RunNotFound
from cano_dsl.testing._store_facts import NOW, Check, begun, entered, new_run, refused


async def start_is_idempotent(store: CheckpointStore) -> None:
    """C5: an id that is there gives the finished run, or is refused by how the run stands."""
    for status in STATUSES:
        claim = await begun(store, status)
        end = Unit([Row(1, "ended", NOW, "DONE")], {"a": b"1"}, status)
        await store.append(claim, end)
        again = store.start(new_run(status), Unit([entered(0)], {"a": b"9"}), owner=Owner.here(), now=NOW)
        if status == "finished":
            found = await again
            assert not isinstance(found, Claim) and found.exit == "DONE"
        elif status in ("rolled_back", "cancelled"):
            error = await refused(RunEnded, again)
            assert error.status == status
        else:
            error = await refused(RunConflict, again)
            assert error.reason == "exists"
        run = await store.load(status)
        assert (len(run.rows), run.data, run.info.status) == (2, {"a": b"1"}, status)


async def ids_are_the_stores(store: CheckpointStore) -> None:
    """C5: an id that a run of another workflow has is refused, however that run stands; it stays as it is."""
    for status in STATUSES:
        claim = await begun(store, status)
        await store.append(claim, Unit([Row(1, "ended", NOW, "DONE")], {"a": b"1"}, status))
        other = new_run(status)._replace(workflow="others")
        error = await refused(
            RunConflict,
            store.start(other, Unit([entered(0)], {"a": b"9"}), owner=Owner.here(), now=NOW),
        )
        assert (error.reason, error.workflow) == ("foreign", new_run(status).workflow)
        run = await store.load(status)
        assert (len(run.rows), run.data, run.info.status) == (2, {"a": b"1"}, status)


async def ended_runs_are_released(store: CheckpointStore) -> None:
    """Every status but that of an open run releases it, in the same unit."""
    for status in STATUSES:
        claim = await begun(store, status)
        await store.append(claim, Unit([entered(1)], status=status))
        assert ((await store.info(status)).owner is not None) is (status in OPEN), status


async def next_sequence_decides(store: CheckpointStore) -> None:
    """C5: of two units with one sequence the second is refused, with its data and status; so is a gap."""
    claim = await begun(store)
    await store.append(claim, Unit([entered(1)]))
    for sequence in (0, 1, 3):
        unit = Unit([entered(sequence, "LOST")], {"a": b"lost"}, "failed")
        error = await refused(RunConflict, store.append(claim, unit))
        assert (error.run_id, error.reason) == ("one", "overtaken")
    run = await store.load("one")
    assert (len(run.rows), run.data, run.info.status) == (2, {"a": b"0"}, "unfinished")
    await store.append(claim, Unit([entered(2)]))


async def token_fences(store: CheckpointStore) -> None:
    """C7a: whoever was overtaken writes nothing any more, also without a row, and cannot release the run."""
    first = await begun(store)
    owner = Owner.here()
    second = await store.claim("one", owner=owner, now=NOW + LEASE_S + 1)
    assert second.token > first.token
    assert second.next == 1
    for unit in (Unit([entered(1)]), Unit((), {"a": b"lost"}), Unit((), status="failed")):
        await refused(RunConflict, store.append(first, unit))
    await store.release(first)
    run = await store.load("one")
    assert (run.data, run.info.status, run.info.owner) == ({"a": b"0"}, "unfinished", owner)
    await store.append(second, Unit([entered(1)]))


async def claim_writes_its_row(store: CheckpointStore) -> None:
    """C7a: taking a run over writes its unit at once; a row that is not the next one takes nothing."""
    first = await begun(store)
    await store.release(first)
    stale = Unit([Row(0, "resumed", NOW, "A")], {"a": b"lost"})
    await refused(RunConflict, store.claim("one", stale, owner=Owner.here(), now=NOW))
    info = await store.info("one")
    assert info.owner is None and info.leased_until is None and not info.is_held(NOW)
    unit = Unit([Row(1, "resumed", NOW, "A", about=0)], {"a": b"back"}, "unfinished")
    claim = await store.claim("one", unit, owner=Owner.here(), now=NOW)
    assert claim.next == 2
    run = await store.load("one")
    assert (run.rows[1].kind, run.rows[1].about, run.data) == ("resumed", 0, {"a": b"back"})


async def leases_hold(store: CheckpointStore) -> None:
    """C7a: a claimed run cannot be taken until its lease is over, which renewing puts off."""
    me, another = Owner.here(), Owner.here()
    await store.start(new_run(), Unit([entered(0)]), owner=me, now=NOW)
    for owner in (me, another):
        error = await refused(RunConflict, store.claim("one", owner=owner, now=NOW + LEASE_S - 1))
        assert error.reason == "owned" and error.lease_s == 1.0 and str(me.pid) in error.owner
    info = await store.info("one")
    assert info.leased_until == NOW + LEASE_S
    assert info.is_held(NOW + LEASE_S - 1) and not info.is_held(NOW + LEASE_S)
    await store.renew(me, now=NOW + 20)
    assert (await store.runs()).runs[0].leased_until == NOW + 20 + LEASE_S
    await refused(RunConflict, store.claim("one", owner=another, now=NOW + 20 + LEASE_S - 1))
    await store.claim("one", owner=another, now=NOW + 20 + LEASE_S)


async def free_runs_are_taken_at_once(store: CheckpointStore) -> None:
    """C7a: a run that was released, or whose owner's process is gone, is taken at once."""
    claim = await begun(store, "released")
    await store.release(claim)
    await store.claim("released", owner=Owner.here(), now=NOW)
    gone = Owner.here()._replace(boot="before the last start")
    await store.start(new_run("gone"), Unit([entered(0)]), owner=gone, now=NOW)
    await store.claim("gone", owner=Owner.here(), now=NOW)
    elsewhere = gone._replace(host="elsewhere", mark="m")
    await store.start(new_run("elsewhere"), Unit([entered(0)]), owner=elsewhere, now=NOW)
    await refused(RunConflict, store.claim("elsewhere", owner=Owner.here(), now=NOW))


async def one_of_many_claims(store: CheckpointStore) -> None:
    """Of many that take one run at once, exactly one gets it."""
    claim = await begun(store)
    await store.release(claim)
    got: list[Claim] = []
    lost: list[RunConflict] = []

    async def take() -> None:
        try:
            got.append(await store.claim("one", owner=Owner.here(), now=NOW))
        except RunConflict as error:
            lost.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(take)
    assert (len(got), len(lost)) == (1, 19)


async def concurrent_units_fail_alone(store: CheckpointStore) -> None:
    """Of many units written at once, those that conflict are refused alone, and all others are there."""
    claims = [await begun(store, str(number)) for number in range(30)]
    outcomes: dict[int, bool] = {}

    async def write(number: int) -> None:
        wrong = number % 3 == 0
        try:
            await store.append(claims[number], Unit([entered(7 if wrong else 1)], {"a": b"1"}))
            outcomes[number] = True
        except RunConflict:
            outcomes[number] = False

    async with anyio.create_task_group() as group:
        for number in range(30):
            group.start_soon(write, number)
    for number in range(30):
        run = await store.load(str(number))
        assert outcomes[number] is (number % 3 != 0)
        assert len(run.rows) == (2 if outcomes[number] else 1)
        assert run.data == {"a": b"1" if outcomes[number] else b"0"}


async def cancel_means_written(store: CheckpointStore) -> None:
    """A cancel that comes while a unit is written is raised after it is there, never instead."""
    claim = await begun(store)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await store.append(claim, Unit([entered(1)]))
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert (await store.info("one")).next == 2


async def old_claims_are_not_new_ones(store: CheckpointStore) -> None:
    """A claim on a run that was pruned is none on another run that got its id."""
    old = await begun(store)
    await store.append(old, Unit([entered(1)], status="finished"))
    await store.prune(before=NOW + 100, now=NOW)
    await begun(store)
    try:
        await store.append(old, Unit([entered(1)], {"a": b"lost"}))
    except (RunNotFound, RunConflict):
        pass
    else:
        raise AssertionError("a claim on a pruned run was taken for one on its namesake")
    assert (await store.load("one")).data == {"a": b"0"}


CLAIM_CHECKS: tuple[Check, ...] = (
    start_is_idempotent,
    ids_are_the_stores,
    ended_runs_are_released,
    next_sequence_decides,
    token_fences,
    claim_writes_its_row,
    leases_hold,
    free_runs_are_taken_at_once,
    one_of_many_claims,
    concurrent_units_fail_alone,
    cancel_means_written,
    old_claims_are_not_new_ones,
)
