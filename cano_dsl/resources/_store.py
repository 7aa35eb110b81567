"""The store that handlers share values in: a resource like any other."""

import copy
from collections.abc import Mapping
from threading import RLock
from typing import Any, Self, TypeVar, final, overload

from cano_dsl.errors import KeyMissing, StoreError, ValueWrongType, told
from cano_dsl.resources._journal import Journal, Serving, in_use
from cano_dsl.resources._matches import describe, describe_kind, matches
from cano_dsl.spec import DataCodec

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

    __slots__ = ("_lock", "_serving", "_values")

    def __init__(self, **values: object) -> None:
        self._values: dict[str, Any] = dict(values)
        self._serving = Serving()
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
            if self._serving.journal is not None:
                value, fresh = self._read(self._serving.journal, key, kind, shared=False)
                if fresh:
                    return value
            else:
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
            if self._serving.journal is not None:
                return self._read(self._serving.journal, key, kind, shared=True)[0]
            return self._find(key, kind)

    def put(self, key: str, value: object, /) -> None:
        """Store an object under a name, in place of what was there.

        Raises:
            NotEncodable: The store is saved with a run, and the object cannot be; nothing was changed.
        """
        with self._lock:
            if self._serving.journal is not None:
                self._serving.journal.put(key, value)
            self._values[key] = value

    def remove(self, key: str, /) -> None:
        """Forget a key; one that is not there is no error."""
        with self._lock:
            if self._serving.journal is not None:
                self._serving.journal.remove(key)
            self._values.pop(key, None)

    def append(self, key: str, value: object, /) -> None:
        """Add a value to the list under a name, which is made when there is none.

        Raises:
            ValueWrongType: The name holds something that is not a list; it stays as it is.
            NotEncodable: The store is saved with a run, and the value cannot be; nothing was changed.
        """
        with self._lock:
            if self._serving.journal is not None:
                self._append(self._serving.journal, key, value)
                return
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
            if self._serving.journal is not None:
                for key in self._values:
                    self._serving.journal.remove(key)
            self._values.clear()

    def attach(self, run_id: str, codec: DataCodec, saved: Mapping[str, bytes] | None, /) -> None:
        """Be saved with a run from now on; the engine calls this, see `Durable.attach`.

        Raises:
            StoreError: It is saved with a run already.
            NotEncodable: Something that it holds cannot be saved.
        """
        with self._lock:
            before = self._serving.journal
            if before is not None and before.run_id is not None:
                raise in_use(before.run_id, run_id)
            self._serving.journal = Journal(run_id, codec, self._values, saved, before)

    def take(self) -> Mapping[str, bytes | None]:
        """Give the bytes of what changed since it was last asked; the engine calls this with each row.

        Raises:
            NotEncodable: Something that `get_shared` gave was changed into what cannot be saved.
        """
        with self._lock:
            journal = self._serving.journal
            return journal.take() if journal is not None and journal.run_id is not None else {}

    def detach(self) -> None:
        """Be saved with no run any more; the engine calls this at the end of a run."""
        with self._lock:
            journal = self._serving.journal
            if journal is not None and journal.end():
                self._serving.journal = None

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
        twin._values, twin._lock, twin._serving = self._values, self._lock, self._serving
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __repr__(self) -> str:
        return f"<MemoryStore: {', '.join(self.keys()) or 'empty'}>"

    def _missing(self, key: str) -> KeyMissing:
        return KeyMissing(key=key, known=tuple(self._values))

    def _read(self, journal: Journal, key: str, kind: Any, *, shared: bool) -> tuple[Any, bool]:
        if key not in self._values:
            raise self._missing(key)
        value, fresh = journal.read(key, self._values[key], kind, shared=shared)
        if not fresh and not matches(value, kind):
            raise ValueWrongType(key=key, wanted=describe_kind(kind), found=describe(value))
        return value, fresh

    def _append(self, journal: Journal, key: str, value: object) -> None:
        if key not in self._values:
            self.put(key, [value])
            return
        held, fresh = journal.read(key, self._values[key], Any, shared=False)
        if not isinstance(held, list):
            raise ValueWrongType(key=key, wanted="list", found=describe(held))
        journal.append(key, value)
        held.append(value)
        if fresh:
            self._values[key] = held

    def _find(self, key: str, kind: Any) -> Any:
        try:
            value = self._values[key]
        except KeyError:
            raise self._missing(key) from None
        if not matches(value, kind):
            raise ValueWrongType(key=key, wanted=describe_kind(kind), found=describe(value))
        return value
