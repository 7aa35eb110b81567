"""C5, C6 and C7a: which runs may go on, who may take them, and where a run is taken back to or copied from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import anyio
import pytest

from cano_dsl import (
    Join,
    Joined,
    MemoryCheckpoints,
    MemoryStore,
    Run,
    RunData,
    Waive,
    Workflow,
    per_run,
    split,
    state,
)
from cano_dsl.checkpoint import LEASE_S, RENEW_S, Owner
from cano_dsl.engine import _keeper  # type: ignore[attr-defined]
from cano_dsl.errors import (
    FingerprintMismatch,
    HandlerFailed,
    PolicyError,
    RunConflict,
    RunnerState,
    VersionMismatch,
)

Go = Callable[..., Any]


async def until(fn: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not fn():  # noqa: ASYNC110 - set by code that knows no events
        await anyio.sleep(0.001)


class Job(Enum):
    A = 1
    B = 2
    C = 3
    DONE = 4
    OTHER = 5


@dataclass
class Count:
    steps: int = 0


@dataclass
class World:
    done: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    fails_at: str = ""
    slow_s: float = 0.0
    opened: int = 0

    async def setup(self) -> None:
        self.opened += 1

    def at(self, run: Run) -> None:
        self.done.append(f"{run.run_id} {run.state.name}")
        self.keys.append(run.idempotency_key)
        if run.state.name == self.fails_at:
            raise OSError("down")


def build(store: Any, *, to_other: str = "", name: str = "jobs", version: int = 0, data: Any = Count) -> Any:
    """Build three states one after another; one of them may also lead to another exit."""

    async def a(world: World, data: RunData[Count], store: MemoryStore, run: Run) -> Any:
        world.at(run)
        data.value.steps += 1
        store.put("last", "A")
        return Job.B

    async def b(world: World, data: RunData[Count], store: MemoryStore, run: Run) -> Any:
        world.at(run)
        await anyio.sleep(world.slow_s)
        data.value.steps += 1
        store.put("last", "B")
        return Job.C

    async def c(world: World, data: RunData[Count], store: MemoryStore, run: Run) -> Any:
        world.at(run)
        data.value.steps += 1
        store.put("last", "C")
        return Job.DONE

    def to(letter: str, member: Job) -> tuple[Job, ...]:
        return (member, Job.OTHER) if to_other == letter else (member,)

    parts = [
        state(Job.A, to=to("a", Job.B))(a),
        state(Job.B, to=to("b", Job.C))(b),
        state(Job.C, to=to("c", Job.DONE))(c),
    ]
    waive = [] if to_other else [Waive("unreachable", Job.OTHER, "not in this test")]
    exits = (Job.DONE, Job.OTHER)
    built = Workflow.build(
        Job, *parts, start=Job.A, exits=exits, data=data, name=name, waive=waive, version=version
    )
    return built.configure(checkpoints=store)


async def stopped(store: Any, at: str, run_id: str = "r") -> World:
    """Leave a run that failed in a state."""
    world = World(fails_at=at)
    with pytest.raises(HandlerFailed):
        await build(store).bind(world=world, store=MemoryStore()).run(run_id)
    world.fails_at = ""
    world.done.clear()
    world.keys.clear()
    world.opened = 0
    return world


def test_changed_definition(run_clean: Go) -> None:
    """C6: what the parked state can still reach must be the same; else it is refused before any setup, by the facts."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "B")
        with pytest.raises(FingerprintMismatch) as caught:
            await build(store, to_other="c").bind(world=world, store=MemoryStore()).resume("r")
        assert caught.value.differences
        assert "OTHER" in str(caught.value)
        assert world.opened == 0
        behind = build(store, to_other="a").bind(world=world, store=MemoryStore())
        assert await behind.resume("r") is Job.DONE  # only what is behind it has changed
        assert world.done == ["r B", "r C"]

    run_clean(main)


def test_changed_definition_allowed(run_clean: Go) -> None:
    """C6: the user may go on under any definition."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "B")
        changed = build(store, to_other="c").bind(world=world, store=MemoryStore())
        assert await changed.resume("r", allow_changed=True) is Job.DONE

    run_clean(main)


def test_changed_version(run_clean: Go) -> None:
    """C6: a declared version that differs is refused before any setup, whatever is allowed."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "B")
        changed = build(store, version=2).bind(world=world, store=MemoryStore())
        with pytest.raises(VersionMismatch) as caught:
            await changed.resume("r", allow_changed=True)
        assert (caught.value.stored, caught.value.declared, world.opened) == (0, 2, 0)

    run_clean(main)


def test_start_is_idempotent(run_clean: Go) -> None:
    """C5: the id of a run that goes on is refused, and nothing of the second one is called."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(slow_s=0.05)
        async with build(store).bind(world=world, store=per_run(MemoryStore)) as runner:
            handle = runner.launch("r")
            await until(lambda: len(world.done) >= 2)
            with pytest.raises(RunConflict, match="resume"):
                await runner.run("r")
            with pytest.raises(RunConflict, match="process"):
                await runner.resume("r")
            assert await handle.wait() is Job.DONE
        assert world.done == ["r A", "r B", "r C"]

    run_clean(main)


def test_owner_that_is_gone_or_late(run_clean: Go) -> None:
    """C7a: a run may be taken when its owner's process has ended or its lease is over; before that it may not."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "B")
        runner = build(store).bind(world=world, store=MemoryStore())
        kept = store._runs["r"]
        kept.status = "unfinished"
        here = Owner.here()
        kept.owner = here._replace(boot="another boot")  # gone
        store._leases[kept.owner] = 1e12
        assert await runner.resume("r") is Job.DONE

        world = await stopped(store, "B", "s")
        kept = store._runs["s"]
        kept.status, kept.owner = "unfinished", here._replace(host="elsewhere")
        store._leases[kept.owner] = 1e12  # nobody knows whether it is gone, and its lease is not over
        runner = build(store).bind(world=world, store=MemoryStore())
        with pytest.raises(RunConflict, match="elsewhere"):
            await runner.resume("s")
        assert world.done == []
        store._leases[kept.owner] = 1.0  # long over
        assert await runner.resume("s") is Job.DONE

    run_clean(main)


def test_overtaken(run_clean: Go) -> None:
    """C5, C7a: whose run was taken over stops at its next row with a conflict, and calls no other handler."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(slow_s=0.05)
        runner = build(store).bind(world=world, store=MemoryStore())

        async def take() -> None:
            await until(lambda: len(world.done) >= 2)
            store._runs["r"].owner = None  # as if its lease had run out
            world.slow_s = 0.0
            assert await build(store).bind(world=world, store=MemoryStore()).resume("r") is Job.DONE

        async with anyio.create_task_group() as group:
            group.start_soon(take)
            with pytest.raises(RunConflict):
                await runner.run("r")
        assert world.done == ["r A", "r B", "r B", "r C"]
        assert (await store.info("r")).status == "finished"

    run_clean(main)


class Counting:
    """A store that counts renewals."""

    def __init__(self) -> None:
        self.inner = MemoryCheckpoints()
        self.renewed: list[Owner] = []
        self.fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def codec(self) -> Any:
        return self.inner.codec

    async def renew(self, owner: Owner, /, *, now: float) -> None:
        from cano_dsl.errors import StoreUnavailable

        self.renewed.append(owner)
        if self.fails:
            raise StoreUnavailable(store="it", what="busy", fix="wait")
        await self.inner.renew(owner, now=now)


@pytest.mark.parametrize("fails", [False, True])
def test_lease_is_renewed_while_a_run_goes_on(
    fails: bool, run_clean: Go, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """C7a: one renewal serves all runs of a loop, only while one goes on; one that fails is logged, tried again."""
    assert RENEW_S * 3 <= LEASE_S
    monkeypatch.setattr("cano_dsl.engine._keeper.RENEW_S", 0.01)

    async def main() -> None:
        store = Counting()
        store.fails = fails
        world = World(slow_s=0.08)
        async with build(store).bind(world=world, store=per_run(MemoryStore)) as runner:
            handles = [runner.launch(f"r{number}") for number in range(3)]
            for handle in handles:
                assert await handle.wait() is Job.DONE
            count = len(store.renewed)
            assert 2 <= count <= 9
            assert len(set(store.renewed)) == 1
            await anyio.sleep(0.05)
            assert len(store.renewed) == count

    run_clean(main)
    assert _keeper._keepers == {}
    assert ("could not be renewed" in caplog.text) is fails


def test_taken_back(run_clean: Go) -> None:
    """Rewind: a run taken back to a row goes on from there with the data as it was, and later rows count no more."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "C")
        mine = MemoryStore()
        runner = build(store).bind(world=world, store=mine)
        assert await runner.resume("r", at=1) is Job.DONE
        assert world.done == ["r B", "r C"]
        saved = await store.load("r")
        assert store.codec.decode("data", saved.data["data"], Count) == Count(3)
        assert [(row.kind, row.state, row.about) for row in saved.rows[3:]] == [
            ("ended", "C", None),
            ("resumed", "B", 1),
            ("entered", "C", None),
            ("ended", "DONE", None),
        ]
        assert world.keys == ["r/1", "r/5"]
        with pytest.raises(PolicyError, match="a row that enters a state"):
            await runner.resume("r", at=3)
        world.done.clear()
        assert await runner.resume("r", at=0) is Job.DONE  # also a finished one, for repair
        assert world.done == ["r A", "r B", "r C"]

    run_clean(main)


def test_fork(run_clean: Go) -> None:
    """Fork: a copy up to a row goes on by itself under the new id, and the run itself stays as it is."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = await stopped(store, "C")
        before = await store.load("r")
        runner = build(store).bind(world=world, store=MemoryStore())
        assert await runner.fork("r", at=1, as_="what-if") is Job.DONE
        assert world.done == ["what-if B", "what-if C"]
        assert world.keys == ["what-if/1", "what-if/2"]
        assert await store.load("r") == before
        info = await store.info("what-if")
        assert (info.status, info.origin) == ("finished", "r@1")
        with pytest.raises(RunConflict):
            await runner.fork("r", at=1, as_="what-if")

    run_clean(main)


def test_recover(run_clean: Go) -> None:
    """C7a: recover goes on with every unfinished run that nobody runs, and leaves failed and foreign ones alone."""

    async def main() -> None:
        store = MemoryCheckpoints()
        for number in range(5):
            await stopped(store, "B", f"r{number}")
        for number in (0, 1, 3):
            store._runs[f"r{number}"].status = "unfinished"
        store._runs["r3"].owner = Owner.here()  # of a process that lives
        store._leases[store._runs["r3"].owner] = 1e12
        other = World(fails_at="B")
        with pytest.raises(HandlerFailed):
            await build(store, name="others").bind(world=other, store=MemoryStore()).run("x")
        store._runs["x"].status = "unfinished"
        world = World()
        runner = build(store).bind(world=world, store=per_run(MemoryStore))
        with pytest.raises(RunnerState):
            await runner.recover()
        async with runner:
            handles = await runner.recover()
            ends = {handle.run_id: await handle.wait() for handle in handles}
        assert ends == {"r0": Job.DONE, "r1": Job.DONE}
        assert sorted(world.done) == ["r0 B", "r0 C", "r1 B", "r1 C"]

    run_clean(main)


def test_recover_when_a_lease_is_over(run_clean: Go) -> None:
    """C7a: recover takes a run whose owner's lease is over, though nobody knows whether that process lives."""

    async def main() -> None:
        store = MemoryCheckpoints()
        for name, until_s in (("over", 1.0), ("held", 1e12)):
            await stopped(store, "B", name)
            kept = store._runs[name]
            kept.status, kept.owner = "unfinished", Owner.here()._replace(host="elsewhere")
            store._leases[kept.owner] = until_s
        async with build(store).bind(world=World(), store=per_run(MemoryStore)) as runner:
            handles = await runner.recover()
            assert {handle.run_id: await handle.wait() for handle in handles} == {"over": Job.DONE}

    run_clean(main)


def test_an_id_of_another_workflow(run_clean: Go) -> None:
    """C5: an id that another workflow's run has is refused, also once that has finished; nothing runs."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World()
        await build(store).bind(world=world, store=MemoryStore()).run("r", data=Count())
        ran = list(world.done)
        with pytest.raises(RunConflict, match="another workflow, 'jobs'") as caught:
            await build(store, name="others").bind(world=world, store=MemoryStore()).run("r", data=Count())
        assert (caught.value.reason, caught.value.workflow) == ("foreign", "jobs")
        assert world.done == ran

    run_clean(main)


def test_finished_at_what_is_no_exit_any_more(run_clean: Go) -> None:
    """C5, C6: a run that has finished at an exit that is gone says so, by `run` and by `resume`."""

    async def to_other() -> Literal[Job.OTHER]:
        return Job.OTHER

    async def main() -> None:
        store = MemoryCheckpoints()
        await build(store).bind(world=World(), store=MemoryStore()).run("r", data=Count())
        waive = [Waive("exhaustive", member, "gone") for member in (Job.B, Job.C, Job.DONE)]
        changed = Workflow.build(
            Job, state(Job.A)(to_other), start=Job.A, exits=(Job.OTHER,), data=Count, name="jobs", waive=waive
        )
        runner = changed.configure(checkpoints=store).bind()
        with pytest.raises(FingerprintMismatch, match="DONE"):
            await runner.run("r", data=Count())
        for allow in (False, True):
            with pytest.raises(FingerprintMismatch, match="DONE"):
                await runner.resume("r", allow_changed=allow)

    run_clean(main)


def test_recover_twice_at_once(run_clean: Go) -> None:
    """C7a: two that recover at once share the runs: each goes on once, and the other is told of the conflict."""

    async def main() -> None:
        store = MemoryCheckpoints()
        for number in range(6):
            await stopped(store, "B", f"r{number}")
            store._runs[f"r{number}"].status = "unfinished"
        world = World(slow_s=0.02)
        ends: list[str] = []

        async def recover() -> None:
            async with build(store).bind(world=world, store=per_run(MemoryStore)) as runner:
                for handle in await runner.recover():
                    try:
                        ends.append((await handle.wait()).name)
                    except RunConflict:
                        ends.append("conflict")

        async with anyio.create_task_group() as group:
            group.start_soon(recover)
            group.start_soon(recover)
        assert ends.count("DONE") == 6
        assert sorted(world.done) == sorted(f"r{number} {name}" for number in range(6) for name in "BC")

    run_clean(main)


def test_many_runs_each_with_a_store(run_clean: Go) -> None:
    """R4, C4: runs at once in one runner each save a store of their own."""

    async def main() -> None:
        store = MemoryCheckpoints()
        world = World(slow_s=0.001)
        async with build(store).bind(world=world, store=per_run(MemoryStore)) as runner:
            handles = [runner.launch(f"r{number}", data=Count(number)) for number in range(20)]
            for handle in handles:
                await handle.wait()
        for number in range(20):
            data = (await store.load(f"r{number}")).data
            assert store.codec.decode("data", data["data"], Count) == Count(number + 3)
            assert store.codec.decode("last", data["store/last"]) == "C"

    run_clean(main)


def test_branches_have_stable_keys(run_clean: Go) -> None:
    """J1, C3: the branches of a split have keys below the split's row, the same when it runs again."""
    keys: list[str] = []
    fails = [True]

    class Fan(Enum):
        SPLIT = 1
        JOIN = 2
        DONE = 3

    async def main() -> None:
        store = MemoryCheckpoints()

        @split(Fan.SPLIT, over=(1, 2), join=Join.all(), to=Fan.JOIN)
        async def work(number: int, run: Run) -> int:
            keys.append(run.idempotency_key)
            if fails and number == 2:
                fails.clear()
                raise OSError("down")
            return number

        @state(Fan.JOIN)
        async def join(found: Joined[int], run: Run) -> Literal[Fan.DONE]:
            keys.append(run.idempotency_key)
            return Fan.DONE

        built = Workflow.build(Fan, work, join, start=Fan.SPLIT, exits=(Fan.DONE,))
        runner = built.configure(checkpoints=store).bind()
        fails[:] = [True]
        with pytest.raises(Exception, match="down"):
            await runner.run("r")
        await runner.resume("r")

    run_clean(main)
    assert keys == ["r/0/0", "r/0/1", "r/0/0", "r/0/1", "r/3"]
