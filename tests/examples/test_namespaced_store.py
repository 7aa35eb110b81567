"""The namespaced store: one store, parts that do not see each other."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cano_dsl import MemoryStore
from cano_dsl.errors import KeyMissing, ValueWrongType

Load = Callable[[str], ModuleType]


@pytest.fixture
def example(load_example: Load) -> ModuleType:
    """Load the example."""
    return load_example("namespaced_store")


def test_handlers_share_one_store_apart(example: ModuleType, run_async: Callable[..., object]) -> None:
    """Two handlers store under the same key, each in its own namespace of the one store."""
    assert run_async(example.runner.run) is example.Shop.DONE
    assert example.store.keys() == ("stock:tea", "prices:tea")
    assert (example.store.get("stock:tea", int), example.store.get("prices:tea", float)) == (12, 4.5)


def test_store_is_given_as_any_resource(example: ModuleType) -> None:
    """Another store can be bound: the workflow knows only the class of the resource."""
    store = MemoryStore()
    parts = {name: example.Namespaced(store, name) for name in ("stock", "prices")}
    assert example.shop.run_sync(**parts) is example.Shop.DONE
    assert parts["stock"].get("tea", int) == 12
    assert parts["prices"].keys() == ("tea",)
    assert example.store.keys() == ()


def test_keys_of_others_are_not_seen(example: ModuleType) -> None:
    """A namespace lists its own keys, without the prefix, and not those of one whose name starts alike."""
    store = MemoryStore()
    one, other = example.Namespaced(store, "a"), example.Namespaced(store, "ab")
    one.put("x:y", 1)
    other.put("z", 2)
    assert (one.keys(), other.keys()) == (("x:y",), ("z",))


def test_get_copies_and_checks(example: ModuleType) -> None:
    """What the store promises about `get` holds in a namespace too, and errors name the whole key."""
    part = example.Namespaced(MemoryStore(), "a")
    part.put("list", [1])
    part.get("list", list[int]).append(2)
    assert part.get("list", list[int]) == [1]
    with pytest.raises(ValueWrongType, match="'a:list'"):
        part.get("list", str)
    with pytest.raises(KeyMissing, match="'a:tea'"):
        part.get("tea", int)


@pytest.mark.parametrize("namespace", ["", "a:b"])
def test_namespace_is_one_word(example: ModuleType, namespace: str) -> None:
    """A namespace that could be taken for another one is refused."""
    with pytest.raises(ValueError, match="without ':'"):
        example.Namespaced(MemoryStore(), namespace)


def test_script_prints_both(example: ModuleType) -> None:
    """Run as a script, it shows what the store holds."""
    run = subprocess.run([sys.executable, Path(example.__file__)], capture_output=True, text=True, check=True)
    assert run.stdout == "stock:tea = 12\nprices:tea = 4.5\n"
