"""`MemoryStore` saved with a run: what changed is written, and it is back with its types."""

import copy
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from cano_dsl import Codec, MemoryStore, RunData
from cano_dsl.checkpoint import Durables
from cano_dsl.errors import KeyMissing, NotEncodable, StoreError, ValueWrongType
from cano_dsl.spec import DATA_KEY, Durable, DurableData


@dataclass
class Cart:
    lines: list[str] = field(default_factory=list)
    count: int = 0


CODEC = Codec()


def plain(changes: Any) -> dict[str, Any]:
    """Read the bytes of changes."""
    return {key: None if data is None else CODEC.decode(key, data) for key, data in changes.items()}


def attached(**values: object) -> MemoryStore:
    """Make a store that serves a run and whose start was written."""
    store = MemoryStore(**values)
    store.attach("one", CODEC, None)
    store.take()
    return store


def brought_back(**values: object) -> MemoryStore:
    """Make a store with what was saved, as after a crash."""
    store = MemoryStore(gone=1)
    store.attach("one", CODEC, {key: CODEC.encode(key, value) for key, value in values.items()})
    return store


def test_start_carries_everything() -> None:
    """C4: the first row has everything that the store holds, the next one only what changed."""
    store = MemoryStore(cart=Cart(["tea"]), n=1)
    assert isinstance(store, Durable)
    assert store.take() == {}
    store.attach("one", CODEC, None)
    assert plain(store.take()) == {"cart": {"lines": ["tea"], "count": 0}, "n": 1}
    assert store.take() == {}
    store.put("n", 2)
    assert plain(store.take()) == {"n": 2}


def test_equal_bytes_are_not_written_again() -> None:
    """C4: a value put anew is written where its bytes differ from those that the log has."""
    store = attached(n=1, cart=Cart())
    store.put("n", 1)
    store.put("cart", Cart())
    assert store.take() == {}
    store.put("n", 2)
    store.put("n", 1)
    assert store.take() == {}


def test_put_encodes_at_once() -> None:
    """C4: put refuses what cannot be encoded, by key and type, and leaves what was there."""
    store = attached(lock=1)
    with pytest.raises(NotEncodable) as caught:
        store.put("lock", threading.Lock())
    assert (caught.value.key, caught.value.found) == ("lock", "lock")
    assert store.get("lock") == 1
    cart = Cart(["tea"])
    store.put("cart", cart)
    cart.lines.append("after put")
    assert plain(store.take()) == {"cart": {"lines": ["tea"], "count": 0}}


def test_start_refuses_what_cannot_be_saved() -> None:
    """C4: a store that holds what cannot be encoded is refused at the start, and stays one in memory."""
    store = MemoryStore(lock=threading.Lock())
    with pytest.raises(NotEncodable, match="'lock' is lock"):
        store.attach("one", CODEC, None)
    store.put("other", threading.Lock())


def test_shared_values_are_looked_at_with_every_row() -> None:
    """C4: a key handed out by get_shared is encoded again at every row, until it is put again."""
    store = attached(cart=Cart())
    shared = store.get_shared("cart", Cart)
    assert store.take() == {}
    shared.count = 1
    assert plain(store.take())["cart"]["count"] == 1
    shared.count = 2
    assert plain(store.take())["cart"]["count"] == 2
    store.put("cart", Cart(count=9))
    shared.count = 3
    assert plain(store.take())["cart"]["count"] == 9
    shared.count = 4
    assert store.take() == {}


def test_get_hands_out_a_copy_that_is_not_looked_at() -> None:
    """C4: a key read by get alone is not encoded again."""
    store = attached(cart=Cart())
    store.get("cart", Cart).count = 5
    assert store.take() == {}
    assert store.get("cart", Cart).count == 0


def test_shared_value_that_cannot_be_saved_any_more() -> None:
    """C4: a shared value that was changed into what cannot be encoded is refused at the row, and nothing is lost."""
    store = attached(items=[1], n=1)
    store.get_shared("items", list).append(threading.Lock())
    store.put("n", 2)
    for _ in range(2):
        with pytest.raises(NotEncodable, match="'items' is list"):
            store.take()
    store.put("items", [2])
    assert plain(store.take()) == {"items": [2], "n": 2}


def test_removed_and_cleared_keys() -> None:
    """C4: what was removed is written as removed, and what the log never had is not."""
    store = attached(a=1, b=2)
    store.put("new", 1)
    store.remove("new")
    store.remove("a")
    store.remove("never")
    assert plain(store.take()) == {"a": None}
    store.get_shared("b")
    store.clear()
    store.put("c", 3)
    assert plain(store.take()) == {"b": None, "c": 3}
    store.put("a", 1)
    assert plain(store.take()) == {"a": 1}


def test_appended_values() -> None:
    """C4: append is written with the next row; it refuses what cannot be encoded and what is no list."""
    store = attached(n=1)
    store.append("log", "a")
    assert plain(store.take()) == {"log": ["a"]}
    store.append("log", Cart(["tea"]))
    with pytest.raises(NotEncodable, match="'log' is lock"):
        store.append("log", threading.Lock())
    with pytest.raises(ValueWrongType, match="'n' is int, not list"):
        store.append("n", 1)
    assert plain(store.take()) == {"log": ["a", {"lines": ["tea"], "count": 0}]}
    assert store.get("log") == ["a", Cart(["tea"])]
    assert store.take() == {}


def test_brought_back_typed() -> None:
    """C4: on resume what was saved is back in place of what was held, and has the type that it is asked for."""
    store = brought_back(cart=Cart(["tea"], 2), quotes=[Cart()], n=1)
    assert store.keys() == ("cart", "quotes", "n")
    assert "gone" not in store
    assert store.get("cart", Cart) == Cart(["tea"], 2)
    assert store.get("quotes", list[Cart]) == [Cart()]
    assert store.get("cart") == {"lines": ["tea"], "count": 2}
    assert store.get("n", int) == 1
    assert store.take() == {}


def test_brought_back_values_are_copies_unless_shared() -> None:
    """S6: of what was brought back get gives a copy, and get_shared the one object that every reader sees."""
    store = brought_back(cart=Cart())
    store.get("cart", Cart).count = 7
    shared = store.get_shared("cart", Cart)
    assert shared == Cart()
    assert store.get_shared("cart", Cart) is shared
    shared.count = 3
    assert store.get("cart", Cart) == Cart(count=3)
    assert plain(store.take()) == {"cart": {"lines": [], "count": 3}}
    assert store.take() == {}


def test_brought_back_and_asked_for_in_two_ways() -> None:
    """What was brought back can be asked for as another type later, with what was changed meanwhile."""
    store = brought_back(cart=Cart())
    store.get_shared("cart")["count"] = 4
    assert store.get("cart", Cart) == Cart(count=4)
    typed = store.get_shared("cart", Cart)
    typed.count = 5
    assert plain(store.take())["cart"]["count"] == 5
    assert store.get("cart", dict[str, Any])["count"] == 5


def test_brought_back_and_appended() -> None:
    """What was brought back takes what is appended, and is typed as a whole afterwards."""
    store = brought_back(carts=[Cart(count=1)])
    store.append("carts", Cart(count=2))
    assert [item["count"] for item in plain(store.take())["carts"]] == [1, 2]
    assert store.get("carts", list[Cart]) == [Cart(count=1), Cart(count=2)]


def test_brought_back_and_of_another_type() -> None:
    """S6: what does not fit the type asked for is told with key, wanted and found, and stays as it is."""
    store = brought_back(cart=Cart(), n="x")
    with pytest.raises(ValueWrongType) as caught:
        store.get("n", int)
    assert (caught.value.key, caught.value.wanted) == ("n", "int")
    assert "got `str`" in caught.value.found
    with pytest.raises(ValueWrongType):
        store.get_shared("cart", list[int])
    with pytest.raises(KeyMissing, match="it holds 'cart', 'n'"):
        store.get("none")
    assert store.get("n", str) == "x"
    with pytest.raises(ValueWrongType, match="'n' is str, not Thread"):
        store.get("n", threading.Thread | Cart)  # type: ignore[arg-type]


def test_put_values_keep_their_own_type() -> None:
    """S6: what was put in this process is not read as another type, as without a log."""
    store = brought_back(cart=Cart())
    store.put("cart", {"lines": [], "count": 1})
    with pytest.raises(ValueWrongType, match="not Cart"):
        store.get("cart", Cart)


@pytest.mark.parametrize("twin", [lambda store: store, copy.copy, copy.deepcopy])
def test_one_run_at_a_time(twin: Any) -> None:
    """C4: a store serves one run at a time, by whichever handle it is given, and another one afterwards."""
    store = attached(a=1)
    with pytest.raises(StoreError, match="serves run 'one' and cannot be saved with 'two' too"):
        twin(store).attach("two", CODEC, None)
    twin(store).put("b", 2)
    assert plain(store.take()) == {"b": 2}
    store.detach()
    twin(store).attach("two", CODEC, None)
    assert plain(store.take()) == {"a": 1, "b": 2}


def test_detached_store_is_one_in_memory() -> None:
    """A store that serves no run any more takes anything, and still types what was brought back."""
    store = attached(a=1)
    store.detach()
    store.put("lock", threading.Lock())
    assert store.take() == {}
    back = brought_back(cart=Cart(count=1), other=Cart())
    back.detach()
    back.put("lock", threading.Lock())
    back.append("locks", threading.Lock())
    back.remove("other")
    assert back.get("cart", Cart) == Cart(count=1)
    assert back.take() == {}
    assert back.get_shared("cart", Cart) is back.get_shared("cart", Cart)


def test_second_run_with_what_was_brought_back() -> None:
    """A run that begins with what an earlier one brought back has it, typed, and saves it."""
    store = brought_back(cart=Cart(count=1), n=1)
    store.detach()
    sealed = Codec(seal=lambda data: data[::-1], unseal=lambda data: data[::-1])
    store.attach("two", sealed, None)
    changes = store.take()
    assert sealed.decode("cart", changes["cart"] or b"", Cart) == Cart(count=1)
    assert store.get("cart", Cart) == Cart(count=1)
    assert store.take() == {}


def test_resumed_in_the_same_process() -> None:
    """C4: what a failed state put is gone when the run resumes with the same store."""
    store = attached(n=1)
    store.put("n", 2)
    store.put("m", 1)
    store.detach()
    store.attach("one", CODEC, {"n": CODEC.encode("n", 1)})
    assert store.keys() == ("n",)
    assert store.get("n", int) == 1


def test_run_data_is_one_key() -> None:
    """C4: a run's data is encoded whole at every row, written when it differs, and back by its type."""
    data = RunData(Cart())
    durable = DurableData(data, Cart)
    assert isinstance(durable, Durable)
    assert durable.take() == {}
    durable.attach("one", CODEC, None)
    assert plain(durable.take()) == {DATA_KEY: {"lines": [], "count": 0}}
    assert durable.take() == {}
    data.value.lines.append("tea")
    saved = durable.take()
    data.value = Cart(count=9)
    assert plain(durable.take()) == {DATA_KEY: {"lines": [], "count": 9}}
    durable.detach()
    assert durable.take() == {}
    back = RunData(Cart())
    again = DurableData(back, Cart)
    again.attach("one", CODEC, {DATA_KEY: saved[DATA_KEY] or b""})
    assert back.value == Cart(["tea"])
    assert again.take() == {}
    DurableData(back, Cart).attach("one", CODEC, {})
    assert back.value == Cart(["tea"])


def test_everything_of_a_run_together() -> None:
    """The keys of each resource have its name before them, the run's data is one key, and all come back."""
    one, two, data = MemoryStore(a=1), MemoryStore(a=2), RunData(Cart())
    everything = Durables({"one": one, "two": two}, DurableData(data, Cart))
    everything.attach("run", CODEC, None)
    saved = everything.take()
    assert plain(saved) == {"one/a": 1, "two/a": 2, "data": {"lines": [], "count": 0}}
    two.remove("a")
    assert everything.take() == {"two/a": None}
    everything.detach()
    one.clear()
    data.value.count = 5
    everything.attach("run", CODEC, {key: value for key, value in saved.items() if value is not None})
    assert (one.get("a", int), two.get("a", int), data.value) == (1, 2, Cart())
    assert everything.take() == {}


def test_attached_all_or_none() -> None:
    """Where one resource cannot be attached, none is."""
    one, two = MemoryStore(a=1), MemoryStore(lock=threading.Lock())
    everything = Durables({"one": one, "two": two})
    with pytest.raises(NotEncodable):
        everything.attach("run", CODEC, None)
    one.attach("other", CODEC, None)


def test_same_store_under_two_names() -> None:
    """One store given under two names is refused, as its keys would be saved twice."""
    store = MemoryStore(a=1)
    with pytest.raises(StoreError, match="cannot be saved with 'run' too"):
        Durables({"one": store, "two": copy.copy(store)}).attach("run", CODEC, None)
    store.attach("run", CODEC, None)


def test_what_was_taken_is_not_lost_with_another_ones_failure() -> None:
    """Where one resource cannot be saved at a row, what the others gave is written with the next."""
    one, two = MemoryStore(), MemoryStore(items=[])
    everything = Durables({"one": one, "two": two})
    everything.attach("run", CODEC, None)
    everything.take()
    one.put("a", 1)
    two.get_shared("items", list).append(threading.Lock())
    with pytest.raises(NotEncodable):
        everything.take()
    one.put("b", 2)
    two.put("items", [1])
    assert plain(everything.take()) == {"one/a": 1, "one/b": 2, "two/items": [1]}


def test_store_without_a_log_is_not_asked() -> None:
    """C8: a store that no run saves has no journal, so that nothing is encoded."""
    store = MemoryStore(lock=threading.Lock())
    assert store._serving.journal is None
    store.put("other", threading.Lock())
    store.append("locks", threading.Lock())
    attached_store = attached(a=1)
    attached_store.detach()
    assert attached_store._serving.journal is None


def test_threads_put_while_rows_are_taken() -> None:
    """S6: puts of other threads while rows are taken are each in one row, and none is lost."""
    store = attached()
    written: dict[str, Any] = {}

    def work(number: int) -> None:
        for index in range(300):
            store.put(f"{number}-{index}", index)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        written.update(plain(store.take()))
    written.update(plain(store.take()))
    assert written == {f"{number}-{index}": index for number in range(3) for index in range(300)}
