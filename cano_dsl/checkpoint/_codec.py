"""Values as bytes: msgpack, typed when it is read. The home of msgspec, which is loaded at the first use.

Nothing is ever imported or called by a name that stands in the bytes, as pickle does: the type to read is
always the caller's.
"""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, final

from cano_dsl.errors import NotEncodable, StoreCorrupt, StoreError, ValueWrongType, told

Encode = Callable[[Any], Any]
Decode = Callable[[Any, Any], Any]
Seal = Callable[[bytes], bytes]


@final
class Codec:
    """Makes bytes of values by msgpack, and values of bytes.

    Knows numbers, texts, bytes, None, lists, tuples, sets and dicts of such, dataclasses, msgspec structs,
    attrs classes, pydantic models, TypedDict and NamedTuple, members of Enums, dates, times and durations,
    Decimal, UUID and paths. Without a type, values come back as plain lists, dicts, texts and numbers.

    A member of an Enum is saved as its value: members made by `auto()` get other values when they are
    reordered, and what was saved before then means another member. Give members that are saved values of
    their own.

    Args:
        encode: Is given a value of any other type, and gives one of those above; raises NotImplementedError
            or TypeError for what it does not know.
        decode: Is given the type asked for and what `encode` gave, and gives the value back.
        seal: Is given all bytes before they are written, for encryption or compression.
        unseal: Gives back what `seal` was given.

    Example:
        >>> from dataclasses import dataclass
        >>> from cano_dsl import Codec
        >>> @dataclass
        ... class Cart:
        ...     lines: list[str]
        >>> codec = Codec()
        >>> data = codec.encode("cart", Cart(["tea"]))
        >>> codec.decode("cart", data, Cart), codec.decode("cart", data)
        (Cart(lines=['tea']), {'lines': ['tea']})
    """

    def __init__(
        self,
        *,
        encode: Encode | None = None,
        decode: Decode | None = None,
        seal: Seal | None = None,
        unseal: Seal | None = None,
    ) -> None:
        if (seal is None) is not (unseal is None):
            raise TypeError("seal= and unseal= belong together: give both, or none")
        self._encode_hook = encode
        self._decode_hook = decode
        self._seal = seal
        self._unseal = unseal
        self._encoder: Any = None
        self._decoders: dict[Any, Any] = {}

    def encode(self, key: str, value: object, /) -> bytes:
        """Make bytes of a value.

        Raises:
            NotEncodable: It cannot be done; names the key and the type.
        """
        if self._encoder is None:
            self._encoder = _msgspec().msgpack.Encoder(enc_hook=self._plain)
        try:
            data: bytes = self._encoder.encode(value)
        except (Exception, RecursionError) as error:
            raise NotEncodable(key=key, found=_kind(value), why=told(error)) from error
        return data if self._seal is None else self._seal(data)

    def decode(self, key: str, data: bytes, kind: Any = Any, /) -> Any:
        """Make a value of a type of bytes.

        Raises:
            ValueWrongType: What is there does not fit the type, or nothing can be read as that type.
            StoreCorrupt: The bytes are none that this codec wrote.
        """
        msgspec = _msgspec()
        data = self._opened(key, data)
        try:
            return self._decoder(kind).decode(data)
        except msgspec.ValidationError as error:
            raise ValueWrongType(
                key=key, wanted=_name(kind), found=f"{_kind(self._plainly(key, data))} ({error})"
            ) from error
        except msgspec.DecodeError as error:
            raise _unreadable(key, error) from error
        except Exception as error:  # a type that cannot be read, or what a hook raised
            raise ValueWrongType(
                key=key, wanted=_name(kind), found=f"{_kind(self._plainly(key, data))} ({told(error)})"
            ) from error

    def why_not(self, kind: Any, /) -> str | None:
        """Say why no value of a type could be brought back; None where it can.

        Example:
            >>> from cano_dsl import Codec
            >>> Codec().why_not(list[int]) is None, Codec().why_not(list["Nowhere"]) is None
            (True, False)
        """
        try:
            self._decoder(kind)
        except Exception as error:  # noqa: BLE001 - whatever the type does
            return told(error)
        return None

    def __repr__(self) -> str:
        return f"<Codec: msgpack{', sealed' if self._seal is not None else ''}>"

    def _decoder(self, kind: Any) -> Any:
        try:
            found = self._decoders.get(kind)
        except TypeError:  # unhashable, such as a Literal with a list
            return _msgspec().msgpack.Decoder(kind, dec_hook=self._typed)
        if found is None:
            found = self._decoders[kind] = _msgspec().msgpack.Decoder(kind, dec_hook=self._typed)
        return found

    def _opened(self, key: str, data: bytes) -> bytes:
        if self._unseal is None:
            return data
        try:
            return self._unseal(data)
        except Exception as error:
            raise _unreadable(key, error) from error

    def _plainly(self, key: str, data: bytes) -> Any:
        try:
            return self._decoder(Any).decode(data)
        except Exception as error:
            raise _unreadable(key, error) from error

    def _plain(self, value: Any) -> Any:
        """Give something that msgpack knows for a value that it does not."""
        if self._encode_hook is not None:
            try:
                return self._encode_hook(value)
            except NotImplementedError:
                pass
        if isinstance(value, PurePath):
            return str(value)
        if hasattr(type(value), "__pydantic_validator__"):
            return value.model_dump(mode="json", by_alias=True, round_trip=True)
        raise TypeError(f"there is no way to save {type(value).__name__}")

    def _typed(self, kind: Any, plain: Any) -> Any:
        """Give a value of a type that msgpack does not know."""
        if self._decode_hook is not None:
            try:
                return self._decode_hook(kind, plain)
            except NotImplementedError:
                pass
        if isinstance(kind, type) and issubclass(kind, PurePath):
            return kind(plain)
        if hasattr(kind, "__pydantic_validator__"):
            return kind.model_validate_json(_msgspec().json.encode(plain))
        raise TypeError(f"there is no way to read {_name(kind)}")


def _msgspec() -> Any:
    try:
        import msgspec
    except ImportError as error:
        raise StoreError(
            "saving runs needs msgspec: install the extra, pip install 'cano-dsl[durable]'"
        ) from error
    return msgspec


def _unreadable(key: str, error: Exception) -> StoreCorrupt:
    return StoreCorrupt(
        store=f"what is saved as {key!r}",
        what=f"it cannot be read ({told(error)})",
        fix="Read it with the codec that wrote it; if it did, the file is damaged",
    )


def _kind(value: object) -> str:
    return type(value).__name__


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
