"""S6 and S7: the store that handlers share values in, and stores of one's own on top of it."""

import copy
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import IO, Annotated, Any, Generic, Literal, Protocol, TextIO, TypeVar

import anyio
import anyio.lowlevel
import pytest

from cano_dsl import MemoryStore, Workflow, state
from cano_dsl.errors import KeyMissing, StoreError, ValueWrongType
from cano_dsl.resources._matches import describe, describe_kind, matches


@dataclass
class Quote:
    price: int


def test_get_gives_a_copy() -> None:
    """S6: `get` gives a deep copy that the caller may change freely."""
    store = MemoryStore(quotes=[Quote(1)])
    mine = store.get("quotes", list[Quote])
    mine[0].price = 9
    mine.append(Quote(2))
    assert store.get("quotes") == [Quote(1)]


def test_get_shared_gives_the_object_itself() -> None:
    """S6: `get_shared` gives the stored object itself."""
    value = [Quote(1)]
    store = MemoryStore()
    store.put("quotes", value)
    assert store.get_shared("quotes", list[Quote]) is value
    assert store.get_shared("quotes") is value


def test_put_remove_contains_keys_len_clear() -> None:
    """S6: put replaces, remove forgets and is silent for a missing key, the rest says what is there."""
    store = MemoryStore(a=1)
    store.put("b", 2)
    store.put("a", 3)
    assert store.keys() == ("a", "b")
    assert (len(store), store.contains("a"), "b" in store, "c" in store) == (2, True, True, False)
    store.remove("a")
    store.remove("a")
    assert store.keys() == ("b",)
    store.clear()
    assert (len(store), bool(store), store.keys()) == (0, True, ())
    assert repr(store) == "<MemoryStore: empty>"


def test_append() -> None:
    """S6: `append` makes a list or extends one, and errors on anything else, which stays."""
    store = MemoryStore(n=5)
    store.append("log", "a")
    store.append("log", "b")
    assert store.get("log", list[str]) == ["a", "b"]
    with pytest.raises(ValueWrongType) as caught:
        store.append("n", 1)
    assert (caught.value.key, caught.value.wanted, caught.value.found) == ("n", "list", "int")
    assert store.get("n") == 5


@pytest.mark.parametrize("method", ["get", "get_shared"])
def test_missing_key(method: str) -> None:
    """S6: a missing key is an error of its own with the key, and the keys that there are."""
    with pytest.raises(KeyMissing) as caught:
        getattr(MemoryStore(cart=1, user=2), method)("cat", int)
    assert caught.value.key == "cat"
    assert str(caught.value) == "the store has no key 'cat': it holds 'cart', 'user'"
    assert isinstance(caught.value, LookupError)
    assert not isinstance(caught.value, KeyError)
    with pytest.raises(KeyMissing, match="it is empty"):
        getattr(MemoryStore(), method)("cat")


@pytest.mark.parametrize("method", ["get", "get_shared"])
def test_wrong_type(method: str) -> None:
    """S6: a wrong type is an error of its own with key, wanted and found type."""
    with pytest.raises(ValueWrongType) as caught:
        getattr(MemoryStore(quotes=[Quote(1), 2]), method)("quotes", list[Quote])
    error = caught.value
    assert (error.key, error.wanted, error.found) == ("quotes", "list[Quote]", "list[Quote | int]")
    assert str(error) == "the store's 'quotes' is list[Quote | int], not list[Quote]"
    assert isinstance(error, TypeError)


def test_value_that_cannot_be_copied() -> None:
    """S6: a value that cannot be copied says so and names the way out."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    class Stuck:
        def __deepcopy__(self, memo: Any) -> Any:
            raise Odd

    store = MemoryStore(lock=threading.Lock(), stuck=Stuck())
    with pytest.raises(
        StoreError, match=r"the store's 'lock' \(lock\) cannot be copied \(TypeError: .*\): use get_shared"
    ):
        store.get("lock")
    with pytest.raises(StoreError, match="Odd"):
        store.get("stuck")
    assert store.get_shared("stuck") is not None


def test_copies_of_the_handle_share() -> None:
    """S6: copying the handle, deeply too, shares the data."""
    store = MemoryStore()
    for twin in (copy.copy(store), copy.deepcopy(store), copy.deepcopy([store])[0]):
        twin.put("a", object)
        assert store.contains("a")
        store.clear()
        assert len(twin) == 0


def test_store_within_a_store() -> None:
    """A store that holds itself can be read."""
    store = MemoryStore()
    store.put("me", store)
    assert store.get("me", MemoryStore).get("me", MemoryStore).keys() == ("me",)


def test_threads() -> None:
    """S6: the store is safe from threads: nothing that is appended or put is lost."""
    store = MemoryStore()

    def work(number: int) -> None:
        for index in range(200):
            store.append("all", (number, index))
            store.put(f"{number}-{index}", index)
            store.get("all", list)
            store.keys()
            store.remove(f"{number}-{index}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(store.get("all", list[tuple[int, int]])) == [(n, i) for n in range(4) for i in range(200)]
    assert store.keys() == ("all",)


def test_concurrent_tasks(run_async: Callable[..., Any]) -> None:
    """S6: the store is safe from concurrent handlers."""
    store = MemoryStore()

    async def work(number: int) -> None:
        await anyio.lowlevel.checkpoint()
        store.append("all", number)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(work, number)

    run_async(main)
    assert sorted(store.get("all", list[int])) == list(range(50))


T = TypeVar("T")


class Shape(Protocol):
    side: int


class Holder(Generic[T]): ...


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (1, int, True),
        (True, int, True),
        (1, float, True),
        (True, float, False),
        ("1", int, False),
        (None, None, True),
        (None, type(None), True),
        (0, None, False),
        (1, Any, True),
        (1, Annotated[int, "size"], True),
        ("1", Annotated[int, "size"], False),
        (1, object, True),
        ([1, 2], list[int], True),
        ([1, "2"], list[int], False),
        ([], list[int], True),
        ((1, 2), list[int], False),
        ({"a": 1}, dict[str, int], True),
        ({"a": "1"}, dict[str, int], False),
        ({1: 1}, Mapping[str, int], False),
        ((1, "a"), tuple[int, str], True),
        ((1, "a", 2), tuple[int, str], False),
        ((1, 2, 3), tuple[int, ...], True),
        ((1, "2"), tuple[int, ...], False),
        ((), tuple[()], True),
        ({1}, set[int], True),
        ({"1"}, set[int], False),
        (frozenset({1}), frozenset[int], True),
        (1, int | str, True),
        ([1], list[int] | None, True),
        ([None], list[int | None], True),
        (1.5, int | str, False),
        ("a", Literal["a", "b"], True),
        ("c", Literal["a", "b"], False),
        (True, Literal[1], False),
        (Quote(1), Quote, True),
        ([[Quote(1)], []], list[list[Quote]], True),
        (Quote(1), Shape, True),
        (Holder(), Holder[int], True),
        (1, T, True),
        (sys.stdout, TextIO, True),
        (sys.stdout, IO[str], True),
    ],
    ids=str,
)
def test_types_are_looked_at_to_the_items(value: object, kind: Any, fits: bool) -> None:
    """S6: `get(key, T)` checks the type, items of containers included."""
    assert matches(value, kind) is fits
    store = MemoryStore(key=value)
    if fits:
        assert store.get_shared("key", kind) is value
    else:
        with pytest.raises(ValueWrongType):
            store.get_shared("key", kind)


class Slow:
    """Something whose copying takes as long as the test wants."""

    def __init__(self) -> None:
        self.copying, self.go_on = threading.Event(), threading.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> str:
        self.copying.set()
        assert self.go_on.wait(10)
        return "copied"


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("other"),
        lambda store: store.get_shared("other"),
        lambda store: store.put("other", 1),
        lambda store: store.append("list", 1),
        lambda store: store.remove("other"),
        lambda store: store.contains("other"),
        lambda store: store.keys(),
        lambda store: store.clear(),
        len,
    ],
)
def test_handles_of_one_store_wait_for_each_other(use: Callable[[MemoryStore], object]) -> None:
    """S6: while one handle copies a value, in a thread, every use of another handle of that store waits."""
    slow = Slow()
    store = MemoryStore(slow=slow, other=0, list=[])
    done = threading.Event()
    copied: list[object] = []
    one = threading.Thread(target=lambda: copied.append(store.get("slow")))
    two = threading.Thread(target=lambda: (use(copy.copy(store)), done.set()))
    one.start()
    assert slow.copying.wait(10)
    two.start()
    waited = not done.wait(0.05)
    slow.go_on.set()
    one.join(10)
    two.join(10)
    assert (waited, copied, done.is_set()) == (True, ["copied"], True)


def test_types_in_words() -> None:
    """Types read in messages as their author writes them."""
    assert describe({"a": 1, "b": None}) == "dict[str, int | NoneType]"
    assert describe([]) == "list"
    assert describe_kind(tuple[int, ...]) == "tuple[int, ...]"
    assert describe_kind(list[Quote] | None) == "list[Quote] | NoneType"
    assert describe_kind(Any) == "Any"


class Namespaced:
    """A store of one's own: a prefix over a MemoryStore."""

    def __init__(self, store: MemoryStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def put(self, key: str, value: object) -> None:
        self._store.put(f"{self._prefix}:{key}", value)


def test_own_store_is_just_a_resource(run_async: Callable[..., Any]) -> None:
    """S7: a store of one's own is a resource like any other."""

    class Job(Enum):
        WORK = 1
        DONE = 2

    @state(Job.WORK)
    async def work(mine: Namespaced, theirs: Namespaced) -> Literal[Job.DONE]:
        mine.put("n", 1)
        theirs.put("n", 2)
        return Job.DONE

    built = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
    store = MemoryStore()
    run_async(built.bind(mine=Namespaced(store, "a"), theirs=Namespaced(store, "b")).run)
    assert store.keys() == ("a:n", "b:n")
