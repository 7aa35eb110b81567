"""The store that handlers share values in: a resource like any other."""

import copy
from threading import RLock
from typing import Any, Self, TypeVar, final, overload

from cano_dsl.errors import KeyMissing, StoreError, ValueWrongType, told
from cano_dsl.resources._matches import describe, describe_kind, matches

T = TypeVar("T")


@final
class MemoryStore:
    """Values by name, in memory, safe from threads and concurrent handlers.

    `get` gives a copy that the caller may change; `get_shared` gives the stored object itself. `put` stores
    the object that it is given, without a copy. Copying a store gives another handle on the same values.

    Example:
        >>> from cano_dsl import MemoryStore
        >>> store = MemoryStore(cart=["tea"])
        >>> store.get("cart", list[str]).append("cup")
        >>> store.get("cart", list[str])
        ['tea']
        >>> store.append("log", "opened")
        >>> store.keys()
        ('cart', 'log')
    """

    __slots__ = ("_lock", "_values")

    def __init__(self, **values: object) -> None:
        self._values: dict[str, Any] = dict(values)
        self._lock = RLock()

    @overload
    def get(self, key: str, kind: type[T], /) -> T: ...
    @overload
    def get(self, key: str, /) -> Any: ...
    def get(self, key: str, kind: Any = Any, /) -> Any:
        """Give a deep copy of a value.

        Args:
            key: Its name.
            kind: The type that it must be of; `list[Quote]` looks at each item.

        Raises:
            KeyMissing: There is no such key.
            ValueWrongType: The value is of another type.
            StoreError: The value cannot be copied; `get_shared` gives it as it is.
        """
        with self._lock:
            value = self._find(key, kind)
            try:
                return copy.deepcopy(value)
            except Exception as error:
                raise StoreError(
                    f"the store's {key!r} ({describe(value)}) cannot be copied "
                    f"({told(error)}): use get_shared"
                ) from error

    @overload
    def get_shared(self, key: str, kind: type[T], /) -> T: ...
    @overload
    def get_shared(self, key: str, /) -> Any: ...
    def get_shared(self, key: str, kind: Any = Any, /) -> Any:
        """Give the stored object itself, whose changes every reader sees.

        Args:
            key: Its name.
            kind: The type that it must be of.

        Raises:
            KeyMissing: There is no such key.
            ValueWrongType: The value is of another type.
        """
        with self._lock:
            return self._find(key, kind)

    def put(self, key: str, value: object, /) -> None:
        """Store an object under a name, in place of what was there."""
        with self._lock:
            self._values[key] = value

    def remove(self, key: str, /) -> None:
        """Forget a key; one that is not there is no error."""
        with self._lock:
            self._values.pop(key, None)

    def append(self, key: str, value: object, /) -> None:
        """Add a value to the list under a name, which is made when there is none.

        Raises:
            ValueWrongType: The name holds something that is not a list; it stays as it is.
        """
        with self._lock:
            held = self._values.setdefault(key, [])
            if not isinstance(held, list):
                raise ValueWrongType(key=key, wanted="list", found=describe(held))
            held.append(value)

    def contains(self, key: str, /) -> bool:
        """Tell whether a name holds a value; the same as `key in store`."""
        return key in self

    def keys(self) -> tuple[str, ...]:
        """Give the names, in the order first stored."""
        with self._lock:
            return tuple(self._values)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._values

    def __len__(self) -> int:
        with self._lock:
            return len(self._values)

    def __bool__(self) -> bool:
        """Be true even when empty, so `store or MemoryStore()` keeps an empty store."""
        return True

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin._values, twin._lock = self._values, self._lock
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __repr__(self) -> str:
        return f"<MemoryStore: {', '.join(self.keys()) or 'empty'}>"

    def _find(self, key: str, kind: Any) -> Any:
        try:
            value = self._values[key]
        except KeyError:
            raise KeyMissing(key=key, known=tuple(self._values)) from None
        if not matches(value, kind):
            raise ValueWrongType(key=key, wanted=describe_kind(kind), found=describe(value))
        return value
