"""What can be saved with a run and brought back: the protocols between a resource, its codec and the log."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from cano_dsl.errors import NotEncodable, ValueWrongType, told
from cano_dsl.spec._run import RunData


class DataCodec(Protocol):
    """Makes bytes of values, and values of bytes."""

    def encode(self, key: str, value: object, /) -> bytes:
        """Make bytes of a value.

        Raises:
            NotEncodable: It cannot be done; names the key and the type.
        """
        ...

    def decode(self, key: str, data: bytes, kind: Any = Any, /) -> Any:
        """Make a value of a type of bytes; plain lists, dicts and numbers where the type is Any.

        Raises:
            ValueWrongType: What is there does not fit the type.
            StoreCorrupt: The bytes are none that a codec wrote.
        """
        ...

    def why_not(self, kind: Any, /) -> str | None:
        """Say why no value of a type could be brought back; None where it can."""
        ...


@runtime_checkable
class Durable(Protocol):
    """A resource whose data is saved with the run.

    The engine attaches it to a run before the first handler, takes its changes with each row, and detaches
    it when the run ends. What it took it has written, or the run has stopped.
    """

    def attach(self, run_id: str, codec: DataCodec, saved: Mapping[str, bytes] | None, /) -> None:
        """Serve a run from now on.

        Args:
            run_id: The run's id.
            codec: Makes bytes of values.
            saved: What the run had when it was saved, in place of what is held now; None for a new run, which
                begins with what is held now.

        Raises:
            StoreError: It serves a run already.
            NotEncodable: Something that it holds cannot be saved.
        """
        ...

    def take(self) -> Mapping[str, bytes | None]:
        """Give what changed since it was last asked; None for what was removed.

        The first time in a new run that is everything.

        Raises:
            NotEncodable: Something that was changed in place cannot be saved; nothing was taken.
        """
        ...

    def detach(self) -> None:
        """Serve no run any more; what it holds stays."""
        ...


def fitting(codec: DataCodec, key: str, value: object, data: bytes, kind: Any) -> bytes:
    """Give the bytes of a value, which are sure to be read as its declared type when the run resumes.

    Raises:
        NotEncodable: They do not fit the type.
    """
    try:
        codec.decode(key, data, kind)
    except ValueWrongType as error:
        why = f"it would not be read back as what is declared: {told(error)}"
        raise NotEncodable(key=key, found=type(value).__name__, why=why) from error
    return data


class DurableData:
    """A run's data as something durable: one key, encoded whole at every row, written when it differs."""

    __slots__ = ("_codec", "_data", "_kind", "_written")

    def __init__(self, data: RunData[Any], kind: Any) -> None:
        self._data = data
        self._kind = kind
        self._codec: DataCodec | None = None
        self._written: bytes | None = None

    def attach(self, run_id: str, codec: DataCodec, saved: Mapping[str, bytes] | None) -> None:  # noqa: ARG002
        """Serve a run; brings back what was saved."""
        self._codec = codec
        self._written = saved.get(DATA_KEY) if saved is not None else None
        if self._written is not None:
            self._data.value = codec.decode(DATA_KEY, self._written, self._kind)

    def take(self) -> Mapping[str, bytes | None]:
        """Give the data where its bytes differ from those written last."""
        if self._codec is None:
            return {}
        value = self._data.value
        found = self._codec.encode(DATA_KEY, value)
        if found == self._written:
            return {}
        fitting(self._codec, DATA_KEY, value, found, self._kind)
        self._written = found
        return {DATA_KEY: found}

    def detach(self) -> None:
        """Serve no run any more."""
        self._codec = None


DATA_KEY = "data"  # of a run's own data; those of resources have their name and a slash before them
