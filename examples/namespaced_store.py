"""A store of one's own is a resource like any other: parts of one `MemoryStore`, each under its own prefix.

    cano run examples/namespaced_store.py

STOCK → PRICES → DONE: both handlers store under "tea", and neither sees the other's value.
"""

from enum import Enum, auto
from typing import Literal, TypeVar

from cano_dsl import MemoryStore, Workflow, state

T = TypeVar("T")


class Namespaced:
    """The part of a store whose keys start with `namespace:`, seen without that prefix."""

    def __init__(self, store: MemoryStore, namespace: str) -> None:
        if not namespace or ":" in namespace:
            raise ValueError(f"namespace {namespace!r} is not possible: give a word without ':'")
        self._store = store
        self._prefix = f"{namespace}:"

    def get(self, key: str, kind: type[T], /) -> T:
        """Give a copy of a value, which must be of this type."""
        return self._store.get(self._prefix + key, kind)

    def put(self, key: str, value: object, /) -> None:
        """Store a value."""
        self._store.put(self._prefix + key, value)

    def keys(self) -> tuple[str, ...]:
        """Give the keys in this namespace alone."""
        whole = self._store.keys()
        return tuple(key.removeprefix(self._prefix) for key in whole if key.startswith(self._prefix))


class Shop(Enum):
    """The states of the workflow."""

    STOCK = auto()
    PRICES = auto()
    DONE = auto()


@state(Shop.STOCK)
def take_stock(stock: Namespaced) -> Literal[Shop.PRICES]:
    """Count what is there."""
    stock.put("tea", 12)
    return Shop.PRICES


@state(Shop.PRICES)
def set_prices(prices: Namespaced) -> Literal[Shop.DONE]:
    """Say what it costs."""
    prices.put("tea", 4.5)
    return Shop.DONE


shop = Workflow.build(Shop, take_stock, set_prices, start=Shop.STOCK, exits=(Shop.DONE,))
store = MemoryStore()
runner = shop.bind(stock=Namespaced(store, "stock"), prices=Namespaced(store, "prices"))

if __name__ == "__main__":
    runner.run_sync()
    keys = store.keys()
    print(*(f"{key} = {store.get(key)}" for key in keys), sep="\n")
