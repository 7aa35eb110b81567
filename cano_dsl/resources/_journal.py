"""What a store that serves a run has to know besides its values: their bytes, and which of them changed."""

from collections.abc import Mapping
from typing import Any

from cano_dsl.errors import StoreError, ValueWrongType
from cano_dsl.resources._matches import describe, describe_kind, matches
from cano_dsl.spec import DataCodec


class Serving:
    """What all handles of a store share besides its values, which stay a plain dict, as that is faster.

    Attributes:
        journal: The journal of a store that serves a run, or was brought back for one; else None.
    """

    __slots__ = ("journal",)

    def __init__(self) -> None:
        self.journal: Journal | None = None


class Saved:
    """A value that was brought back and not yet asked for by its type."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Journal:
    """The bytes of a store's values.

    Attributes:
        run_id: The run that the store serves; None where it only reads what was brought back.
    """

    __slots__ = ("_back", "_codec", "_pending", "_shared", "_stale", "_values", "_written", "run_id")

    def __init__(
        self,
        run_id: str,
        codec: DataCodec,
        values: dict[str, Any],
        saved: Mapping[str, bytes] | None,
        before: "Journal | None",
    ) -> None:
        self.run_id: str | None = run_id
        self._codec = codec
        self._values = values
        self._pending: dict[str, bytes | None] = {}  # what put made of values, and what was removed
        self._written: dict[str, bytes] = {}  # what the log has
        self._shared: set[str] = set()  # handed out, so that anyone may change them in place
        self._stale: set[str] = set()  # changed without being encoded as a whole
        self._back: set[str] = set()  # brought back, so that the type is whoever asks's
        if saved is None:
            self._begin(before)
        else:
            self._written.update(saved)
            self._back.update(saved)
            values.clear()
            values.update((key, Saved(data)) for key, data in saved.items())

    def _begin(self, before: "Journal | None") -> None:
        """Encode everything; what was brought back for a run before stays what is typed when asked for."""
        for key, value in self._values.items():
            plain = value
            if isinstance(value, Saved) and before is not None:
                plain = before._codec.decode(key, value.data)  # noqa: SLF001 - of this class
            data = self._pending[key] = self._codec.encode(key, plain)
            if plain is not value:
                self._values[key] = Saved(data)
        if before is not None:
            self._back |= before._back  # noqa: SLF001 - of this class

    def put(self, key: str, value: object) -> None:
        """Encode what is about to be stored.

        Raises:
            NotEncodable: It cannot be done.
        """
        if self.run_id is not None:
            self._pending[key] = self._codec.encode(key, value)
        self._let_go(key)

    def append(self, key: str, value: object) -> None:
        """See that what is about to be appended can be encoded; the list is encoded with the next row.

        Raises:
            NotEncodable: It cannot be done.
        """
        if self.run_id is not None:
            self._codec.encode(key, value)
            self._stale.add(key)

    def remove(self, key: str) -> None:
        """Note that a key is about to be removed."""
        if self.run_id is not None and key in self._values:
            self._pending[key] = None
        self._let_go(key)

    def _let_go(self, key: str) -> None:
        self._shared.discard(key)
        self._stale.discard(key)
        self._back.discard(key)

    def read(self, key: str, value: Any, kind: Any, *, shared: bool) -> tuple[Any, bool]:
        """Give a value as it is asked for, and whether it is one that nobody else has.

        Raises:
            ValueWrongType: What was brought back does not fit the type.
        """
        fresh = False
        if isinstance(value, Saved):
            value, fresh = self._typed(key, value.data, kind), True
        elif not matches(value, kind) and key in self._back:
            value, fresh = self._typed(key, self._codec.encode(key, value), kind), True
        if shared:
            if fresh:
                self._values[key] = value
            if self.run_id is not None:
                self._shared.add(key)
        return value, fresh

    def _typed(self, key: str, data: bytes, kind: Any) -> Any:
        if kind is Any or kind is object or self._codec.why_not(kind) is not None:
            value = self._codec.decode(key, data)
            if not matches(value, kind):
                raise ValueWrongType(key=key, wanted=describe_kind(kind), found=describe(value))
            return value
        return self._codec.decode(key, data, kind)

    def take(self) -> dict[str, bytes | None]:
        """Give what differs from what the log has, and regard it as written."""
        found = dict(self._pending)
        for key in self._shared | self._stale:  # also where it was put before that, and is pending
            value = self._values[key]
            if not isinstance(value, Saved):
                found[key] = self._codec.encode(key, value)
        changes = {key: data for key, data in found.items() if self._written.get(key) != data}
        self._pending.clear()
        self._stale.clear()
        for key, data in changes.items():
            if data is None:
                del self._written[key]
            else:
                self._written[key] = data
        return changes

    def end(self) -> bool:
        """Serve no run any more; gives whether nothing is left to be read."""
        self.run_id = None
        self._pending.clear()
        self._written.clear()
        self._shared.clear()
        self._stale.clear()
        return not self._back


def in_use(serving: str, run_id: str) -> StoreError:
    """Give the error of a store that is to serve a second run."""
    return StoreError(
        f"this MemoryStore serves run {serving!r} and cannot be saved with {run_id!r} too: "
        "give each run a store of its own, such as per_run(MemoryStore)"
    )
