"""C4 and J8: what is saved with a run, how it is back, and what cannot be saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import Any, Literal

import pytest

from cano_dsl import (
    Failure,
    Join,
    Joined,
    MemoryCheckpoints,
    MemoryStore,
    RunData,
    Workflow,
    compensate,
    per_run,
    split,
    state,
)
from cano_dsl.errors import HandlerFailed, NotEncodable, SavedError, StoreError

Go = Callable[..., Any]


class Job(Enum):
    LOAD = 1
    SAVE = 2
    DONE = 3
    SORRY = 4


@dataclass
class Item:
    name: str
    price: int


@dataclass
class Cart:
    items: list[Item] = field(default_factory=list)
    lock: Any = None


class Trouble:
    """Something outside that fails as often as it is told to."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.seen: list[Any] = []

    def strike(self) -> None:
        if self.times:
            self.times -= 1
            raise OSError("down")


def build(*parts: Any, store: Any, data: Any = None, exits: tuple[Job, ...] = (Job.DONE, Job.SORRY)) -> Any:
    from cano_dsl import Waive

    waive = [Waive("unreachable", one, "not in this test") for one in exits if one is not Job.DONE]
    built = Workflow.build(Job, *parts, start=Job.LOAD, exits=exits, data=data, waive=waive)
    return built.configure(checkpoints=store)


def test_data_and_store_are_back_typed(run_clean: Go) -> None:
    """C4: on resume the run's data and what was put are back as the classes that they were."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD)
        async def load(cart: RunData[Cart], store: MemoryStore) -> Literal[Job.SAVE]:
            cart.value.items.append(Item("tea", 3))
            store.put("best", Item("cup", 5))
            store.get_shared(
                "best", Item
            ).price = 6  # changed in place after the put, and written all the same
            store.append("names", "tea")
            store.append("names", "cup")
            return Job.SAVE

        @state(Job.SAVE)
        async def save(cart: RunData[Cart], store: MemoryStore, trouble: Trouble) -> Literal[Job.DONE]:
            trouble.seen.append((cart.value, store.get("best", Item), store.get("names", list[str])))
            store.put("extra", 1)
            cart.value.items.clear()
            trouble.strike()
            return Job.DONE

        built, trouble = build(load, save, store=checkpoints, data=Cart), Trouble()
        with pytest.raises(HandlerFailed):
            await built.bind(store=per_run(MemoryStore), trouble=trouble).run("r")
        trouble.seen.clear()
        mine = MemoryStore(other="gone on resume")
        await built.bind(store=mine, trouble=trouble).resume("r")
        ((_, best, names),) = trouble.seen
        assert (best, names) == (Item("cup", 6), ["tea", "cup"])
        assert mine.keys() == ("best", "names", "extra")
        assert mine.get("extra", int) == 1
        loaded = await checkpoints.load("r", at=1)
        assert checkpoints.codec.decode("data", loaded.data["data"], Cart) == Cart([Item("tea", 3)])

    run_clean(main)


class Tape:
    """A durable resource of the user's own: lines, of which only new ones are written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls: list[str] = []
        self._written = 0

    def attach(self, run_id: str, codec: Any, saved: Mapping[str, bytes] | None, /) -> None:
        self.calls.append(f"attach {run_id} {None if saved is None else sorted(saved)}")
        if saved is not None:
            self.lines = [saved[key].decode() for key in sorted(saved)]
        self._written = len(self.lines) if saved is not None else 0

    def take(self) -> Mapping[str, bytes | None]:
        new = self.lines[self._written :]
        first, self._written = self._written, len(self.lines)
        return {f"{first + place:03}": line.encode() for place, line in enumerate(new)}

    def detach(self) -> None:
        self.calls.append("detach")


def test_a_durable_of_ones_own(run_clean: Go) -> None:
    """C4: any resource with attach, take and detach is saved under its name and brought back before a handler."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD)
        async def load(tape: Tape) -> Literal[Job.SAVE]:
            tape.lines.append("loaded")
            return Job.SAVE

        @state(Job.SAVE)
        async def save(tape: Tape, trouble: Trouble) -> Literal[Job.DONE]:
            trouble.strike()
            tape.lines.append("saved")
            return Job.DONE

        built, trouble, tape = build(load, save, store=checkpoints), Trouble(), Tape()
        with pytest.raises(HandlerFailed):
            await built.bind(tape=tape, trouble=trouble).run("r")
        assert tape.calls == ["attach r None", "detach"]
        again = Tape()
        await built.bind(tape=again, trouble=trouble).resume("r")
        assert again.calls == ["attach r ['000']", "detach"]
        assert again.lines == ["loaded", "saved"]
        keys = [(change.sequence, change.key) for change in await checkpoints.changes("r")]
        assert keys == [(1, "tape/000"), (4, "tape/001")]

    run_clean(main)


def test_what_cannot_be_saved_fails_where_it_is_put(run_clean: Go) -> None:
    """C4: `put` refuses what cannot be encoded by its key and type; nothing of that state is written."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD)
        async def load(store: MemoryStore) -> Literal[Job.DONE]:
            store.put("fine", 1)
            store.put("lock", Lock())
            return Job.DONE

        built = build(load, store=checkpoints, exits=(Job.DONE, Job.SORRY, Job.SAVE))
        with pytest.raises(HandlerFailed) as caught:
            await built.bind(store=MemoryStore()).run("r")
        cause = caught.value.__cause__
        assert isinstance(cause, NotEncodable)
        assert (cause.key, cause.found) == ("lock", "lock")
        assert (await checkpoints.load("r")).data == {}
        assert (await checkpoints.info("r")).status == "failed"

    run_clean(main)


@pytest.mark.parametrize(("value", "why"), [(Lock(), "cannot be saved"), (None, "declared")])
def test_data_that_does_not_fit_its_type(value: Any, why: str, run_clean: Go) -> None:
    """C4: run data that cannot be encoded, or would not be read as its declared type, is refused when written."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD)
        async def load(cart: RunData[Cart]) -> Literal[Job.SAVE]:
            cart.value.items.append(Item("tea", value))
            return Job.SAVE

        @state(Job.SAVE)
        async def save() -> Literal[Job.DONE]:
            raise AssertionError("the row before it could not be written")

        built = build(load, save, store=checkpoints, data=Cart)
        with pytest.raises(NotEncodable, match=why) as caught:
            await built.bind().run("r")
        assert (caught.value.key, caught.value.found) == ("data", "Cart")
        info = await checkpoints.info("r")
        assert (info.status, info.state, info.owner) == ("failed", "LOAD", None)

    run_clean(main)


def test_data_that_is_wrong_from_the_start(run_clean: Go) -> None:
    """C4: data given to `run` that could not be read back is refused before anything is written."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD)
        async def load(cart: RunData[Cart]) -> Literal[Job.DONE]:
            raise AssertionError

        exits = (Job.DONE, Job.SORRY, Job.SAVE)
        wrong: Any = Cart([Item("tea", "dear")])  # type: ignore[arg-type]
        runner = build(load, store=checkpoints, data=Cart, exits=exits).bind()
        with pytest.raises(NotEncodable, match="declared"):
            await runner.run("r", data=wrong)
        assert (await checkpoints.runs()).runs == ()

    run_clean(main)


@pytest.mark.parametrize("output", [Lock(), "not an item"])
def test_output_that_does_not_fit_its_type(output: Any, run_clean: Go) -> None:
    """C4, G3: an output that could not be brought back fails the run when it is written, and is undone itself."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()
        undone: list[Any] = []

        @state(Job.LOAD)
        async def load() -> tuple[Literal[Job.SAVE], Item]:
            return Job.SAVE, output

        @compensate(load)
        async def unload(item: Item) -> None:
            undone.append(item)

        @state(Job.SAVE)
        async def save() -> Literal[Job.DONE]:
            raise AssertionError

        with pytest.raises(NotEncodable) as caught:
            await build(load, unload, save, store=checkpoints).bind().run("r")
        assert caught.value.key == "the output of LOAD"
        assert undone == [output]
        assert (await checkpoints.info("r")).status == "rolled_back"

    run_clean(main)


def test_one_store_serves_one_run_at_a_time(run_clean: Go) -> None:
    """C4: a MemoryStore that serves a run is refused by a second one, which begins nothing."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()
        store = MemoryStore()
        refused: list[str] = []

        @state(Job.LOAD)
        async def load(store: MemoryStore) -> Literal[Job.DONE]:
            if not refused:
                refused.append("")
                with pytest.raises(StoreError, match="serves run 'one'"):
                    await runner.run("two")
            return Job.DONE

        exits = (Job.DONE, Job.SORRY, Job.SAVE)
        runner = build(load, store=checkpoints, exits=exits).bind(store=store)
        await runner.run("one")
        assert [info.run_id for info in (await checkpoints.runs()).runs] == ["one"]
        await runner.run("two")  # afterwards it may

    run_clean(main)


def test_outcomes_are_back(run_clean: Go) -> None:
    """J8: on resume the join state has the outcomes: values typed by their branch, errors in words, in order."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        async def priced() -> Item:
            return Item("tea", 3)

        async def counted() -> int:
            return 7

        async def broken() -> str:
            raise ValueError("no stock")

        work = split(Job.LOAD, broken, priced, counted, join=Join.partial_results(2), to=Job.SAVE)

        @state(Job.SAVE)
        async def save(found: Joined[Any], trouble: Trouble) -> Literal[Job.DONE]:
            trouble.seen.append(found)
            trouble.strike()
            return Job.DONE

        built, trouble = build(work, save, store=checkpoints), Trouble()
        with pytest.raises(HandlerFailed):
            await built.bind(trouble=trouble).run("r")
        await built.bind(trouble=trouble).resume("r")
        first, again = trouble.seen
        assert again is not first
        assert again.successes == first.successes
        assert list(again.values) == [Item("tea", 3), 7]
        assert (again.of(priced), again.of(counted)) == (Item("tea", 3), 7)
        assert [(one.name, str(one.error)) for one in again.errors] == [("broken", "ValueError: no stock")]
        assert again.of(broken) is None

    run_clean(main)


def test_a_failure_is_back(run_clean: Go) -> None:
    """J8: on resume a state that an error edge led to has the failure: the state, and the error in words."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()

        @state(Job.LOAD, on_error={KeyError: Job.SAVE})
        async def load() -> Literal[Job.DONE]:
            raise KeyError("tea")

        @state(Job.SAVE)
        async def save(failure: Failure, trouble: Trouble) -> Literal[Job.DONE]:
            trouble.seen.append(failure)
            trouble.strike()
            return Job.DONE

        built, trouble = build(load, save, store=checkpoints), Trouble()
        with pytest.raises(HandlerFailed):
            await built.bind(trouble=trouble).run("r")
        await built.bind(trouble=trouble).resume("r")
        first, again = trouble.seen
        assert isinstance(first.error, KeyError)
        assert isinstance(again.error, SavedError)
        assert (again.state, again.error.kind, again.error.text) == (Job.LOAD, "KeyError", "'tea'")

    run_clean(main)


@pytest.mark.parametrize("routes", [False, True])
@pytest.mark.parametrize(("value", "found"), [(Lock(), "lock"), ("seven", "str")])
def test_branch_value_that_cannot_be_saved(routes: bool, value: Any, found: str, run_clean: Go) -> None:
    """J8, J9: such a value fails the split by branch and type, and may take an error edge as any failure."""

    async def main() -> None:
        checkpoints = MemoryCheckpoints()
        options: dict[str, Any] = {"on_error": {NotEncodable: Job.SORRY}} if routes else {}

        @split(Job.LOAD, over=(1, 2), join=Join.all(), to=Job.SAVE, **options)
        async def work(number: int) -> int:
            return value if number == 2 else number  # type: ignore[no-any-return]

        @state(Job.SAVE)
        async def save(found: Joined[int]) -> Literal[Job.DONE]:
            raise AssertionError

        runner = build(work, save, store=checkpoints).bind() if not routes else None
        if runner is None:
            built = Workflow.build(Job, work, save, start=Job.LOAD, exits=(Job.DONE, Job.SORRY))
            assert await built.configure(checkpoints=checkpoints).bind().run("r") is Job.SORRY
            return
        with pytest.raises(HandlerFailed) as caught:
            await runner.run("r")
        cause = caught.value.__cause__
        assert isinstance(cause, NotEncodable)
        assert (cause.key, cause.found) == ("branch work(2) of LOAD", found)

    run_clean(main)
