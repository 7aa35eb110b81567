"""Checks of checkpoint stores: what was written is given back, listed, copied and forgotten."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from cano_dsl.checkpoint import (
    LEASE_S,
    ROW_KINDS,
    STATUSES,
    CheckpointStore,
    Owner,
    Row,
    Unit,
)
from cano_dsl.errors import PolicyError, RunConflict, RunNotFound, StoreUnavailable
from cano_dsl.testing._store_facts import GRAPH, NOW, Check, begun, entered, new_run, refused


async def everything_is_given_back(store: CheckpointStore) -> None:
    """What was written is given back: each kind of row with each field, the data and the definition."""
    rows = [
        Row(n, kind, NOW + n / 1000, f"PAY/S{n}", n, b"\x00out", "Receipt", b"\xffin", "Joined", 0, "text…")
        for n, kind in enumerate(ROW_KINDS)
    ]
    rows.append(Row(len(rows), "entered", NOW, "A"))
    await begun(store, unit=Unit(rows, {"store/a": b"\x00\xff", "ключ": b""}))
    run = await store.load("one")
    assert list(run.rows) == rows
    assert run.data == {"store/a": b"\x00\xff", "ключ": b""}
    assert run.graph == GRAPH
    info = run.info
    assert info == await store.info("one")
    assert (info.run_id, info.workflow, info.version, info.fingerprint) == ("one", "jobs", 3, "f1")
    assert (info.start, info.state, info.next, info.status) == ("A", "A", len(rows), "unfinished")
    assert (info.started_at, info.updated_at, info.origin, info.exit) == (NOW, NOW, None, None)


async def start_may_have_no_row(store: CheckpointStore) -> None:
    """C1: a run that starts at a router is there with its data, and its first row is number 0."""
    claim = await begun(store, unit=Unit((), {"a": b"0"}))
    run = await store.load("one")
    assert (run.rows, run.data, run.info.next, run.info.state) == ((), {"a": b"0"}, 0, "A")
    await store.append(claim, Unit([entered(0, "B")], {"b": b"1"}))
    assert (await store.load("one", at=0)).data == {"a": b"0", "b": b"1"}


async def unit_may_have_no_row(store: CheckpointStore) -> None:
    """A unit of changes alone belongs to the row before it; one written twice is there once."""
    claim = await begun(store)
    await store.append(claim, Unit((), {"a": b"1"}))
    await store.append(claim, Unit((), {"a": b"2"}))
    assert (await store.load("one", at=0)).data == {"a": b"2"}
    assert [change[:3] for change in await store.changes("one")] == [(0, "a", 1)]


async def data_is_as_of_a_row(store: CheckpointStore) -> None:
    """Data is given as of any row: the last bytes of each key then, without those removed by then."""
    claim = await begun(store, unit=Unit([entered(0)], {"a": b"0", "b": b"0"}))
    await store.append(claim, Unit([entered(1)], {"a": b"1"}))
    await store.append(claim, Unit([entered(2), entered(3)], {"a": None, "c": b"3"}))
    await store.append(claim, Unit([entered(4)], {"a": b"4"}))
    wanted = [
        {"a": b"0", "b": b"0"},
        {"a": b"1", "b": b"0"},
        {"a": b"1", "b": b"0"},
        {"b": b"0", "c": b"3"},
        {"a": b"4", "b": b"0", "c": b"3"},
    ]
    for at, data in enumerate(wanted):
        run = await store.load("one", at=at)
        assert (len(run.rows), run.data) == (at + 1, data), at
        assert run.info.next == 5
    assert (await store.load("one")).data == wanted[-1]


async def changes_are_listed(store: CheckpointStore) -> None:
    """Changes are listed by row and key, with sizes, and with the bytes where these are asked for."""
    claim = await begun(store, unit=Unit([entered(0)], {"b": b"", "a": b"xyz"}))
    await store.append(claim, Unit([entered(1)], {"a": None}))
    assert [tuple(change) for change in await store.changes("one")] == [
        (0, "a", 3, None),
        (0, "b", 0, None),
        (1, "a", None, None),
    ]
    values = [change.value for change in await store.changes("one", values=True)]
    assert values == [b"xyz", b"", None]


async def missing_runs(store: CheckpointStore) -> None:
    """A run that is not there is RunNotFound, and a row that is not there PolicyError, whatever is asked."""
    me = Owner.here()
    calls: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: store.info("none"),
        lambda: store.load("none"),
        lambda: store.changes("none"),
        lambda: store.claim("none", owner=me, now=NOW),
        lambda: store.fork("none", at=0, as_="other", owner=me, now=NOW),
    )
    for call in calls:
        error = await refused(RunNotFound, call())
        assert error.run_id == "none"
    claim = await begun(store)
    for at in (-1, 1):
        for ask in (
            partial(store.load, "one", at=at),
            partial(store.fork, "one", at=at, as_="x", owner=me, now=NOW),
        ):
            try:
                await ask()
            except PolicyError as error:
                assert error.field == "at"
            else:
                raise AssertionError("a row that is not there was given")
    await store.append(claim, Unit([entered(1)], status="finished"))
    assert await store.prune(before=NOW + 100, now=NOW) == 1
    await refused(RunNotFound, store.append(claim, Unit([entered(2)])))
    await store.release(claim)


async def forks_are_independent(store: CheckpointStore) -> None:
    """A fork has the rows and data up to its row, goes on by itself, and says where it comes from."""
    claim = await begun(store)
    await store.append(claim, Unit([entered(1, "B")], {"a": b"1"}))
    await store.append(claim, Unit([Row(2, "ended", NOW, "DONE")], {"a": b"2"}, "finished"))
    fork = await store.fork("one", at=1, as_="two", owner=Owner.here(), now=NOW + 50)
    assert fork.next == 2
    await store.append(fork, Unit([entered(2, "C")], {"b": b"x"}))
    one, two = await store.load("one"), await store.load("two")
    assert [row.state for row in two.rows] == ["A", "B", "C"]
    assert (two.data, one.data) == ({"a": b"1", "b": b"x"}, {"a": b"2"})
    assert (await store.load("two", at=0)).data == {"a": b"0"}
    assert (two.info.status, two.info.origin, two.graph) == ("unfinished", "one@1", GRAPH)
    assert two.info.started_at == NOW + 50
    await refused(RunConflict, store.fork("one", at=0, as_="two", owner=Owner.here(), now=NOW))


async def runs_are_listed(store: CheckpointStore) -> None:
    """Runs are listed newest first, in pages, by workflow, status and age."""
    assert (await store.runs()).runs == ()
    for number in range(5):
        workflow = "odd" if number % 2 else "even"
        first = Unit([Row(0, "entered", NOW + number, "A")], status="waiting" if number == 4 else None)
        await store.start(new_run(str(number), workflow), first, owner=Owner.here(), now=NOW)

    async def ids(**wanted: Any) -> list[str]:
        return [run.run_id for run in (await store.runs(**wanted)).runs]

    assert await ids() == ["4", "3", "2", "1", "0"]
    assert await ids(workflow="odd") == ["3", "1"]
    assert await ids(workflow="none") == []
    assert await ids(statuses=("waiting",)) == ["4"]
    assert await ids(statuses=("waiting", "unfinished"), workflow="even") == ["4", "2", "0"]
    assert await ids(before=NOW + 2) == ["1", "0"]
    newest = await store.runs(limit=2)
    second = await store.runs(limit=2, after=newest.next)
    third = await store.runs(limit=2, after=second.next)
    pages = [[run.run_id for run in page.runs] for page in (newest, second, third)]
    assert (pages, third.next) == ([["4", "3"], ["2", "1"], ["0"]], None)
    full = await store.runs(limit=5)
    assert full.next is None
    assert full.runs[0] == await store.info("4")


async def pruning_keeps_what_is_wanted(store: CheckpointStore) -> None:
    """C7: runs are forgotten by age and status, never those that are run, and their ids are free again."""
    for status in STATUSES:
        claim = await begun(store, status)
        await store.append(claim, Unit([entered(1)], status=status))
    assert await store.prune(before=NOW + 1, now=NOW) == 0
    assert await store.prune(before=NOW + 100, now=NOW) == 3
    left = {run.run_id for run in (await store.runs()).runs}
    assert left == set(STATUSES) - {"finished", "rolled_back", "cancelled"}
    assert await store.prune(before=NOW + 100, now=NOW, statuses=()) == 0
    assert await store.prune(before=NOW + 100, now=NOW, statuses=("unfinished", "failed")) == 1
    later = NOW + LEASE_S + 1
    assert await store.prune(before=NOW + 100, now=later, statuses=STATUSES) == 4
    assert (await store.runs()).runs == ()
    await begun(store, "finished")
    run = await store.load("finished")
    assert (len(run.rows), run.data) == (1, {"a": b"0"})


async def large_values(store: CheckpointStore) -> None:
    """Values of a megabyte, and a thousand keys, are given back."""
    data = {f"key-{number}": b"x" for number in range(1000)}
    data["large"] = bytes(range(256)) * 4096
    await begun(store, unit=Unit([entered(0, output=data["large"])], data))
    run = await store.load("one")
    assert run.data == data
    assert run.rows[0].output == data["large"]


async def closed_stores_refuse(store: CheckpointStore) -> None:
    """A closed store refuses every call; closing it again is no error."""
    claim = await begun(store)
    await store.close()
    await store.close()
    me = Owner.here()
    calls: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: store.start(new_run("two"), Unit(), owner=me, now=NOW),
        lambda: store.append(claim, Unit([entered(1)])),
        lambda: store.claim("one", owner=me, now=NOW),
        lambda: store.renew(me, now=NOW),
        lambda: store.release(claim),
        lambda: store.fork("one", at=0, as_="two", owner=me, now=NOW),
        lambda: store.info("one"),
        lambda: store.load("one"),
        lambda: store.changes("one"),
        store.runs,
        lambda: store.prune(before=NOW, now=NOW),
    )
    for call in calls:
        await refused(StoreUnavailable, call())


async def context_closes(store: CheckpointStore) -> None:
    """A store closes when it is left as an async context manager."""
    async with store as entered_store:
        assert entered_store is store
        await begun(store)
    await refused(StoreUnavailable, store.info("one"))


async def codec_is_one(store: CheckpointStore) -> None:
    """A store has a codec, which makes bytes of values and values of bytes."""
    codec = store.codec
    assert codec.decode("a", codec.encode("a", [1, "x", None]), list) == [1, "x", None]
    assert codec.why_not(int) is None


LOG_CHECKS: tuple[Check, ...] = (
    everything_is_given_back,
    start_may_have_no_row,
    unit_may_have_no_row,
    data_is_as_of_a_row,
    changes_are_listed,
    missing_runs,
    forks_are_independent,
    runs_are_listed,
    pruning_keeps_what_is_wanted,
    large_values,
    closed_stores_refuse,
    context_closes,
    codec_is_one,
)
