"""Values as bytes and back, by the type that is asked for."""

import math
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, auto
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, Protocol, TypedDict
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from cano_dsl import Codec
from cano_dsl.errors import NotEncodable, StoreCorrupt, StoreError, ValueWrongType


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = auto()


@dataclass
class Line:
    name: str
    price: Decimal
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Cart:
    lines: tuple[Line, ...]
    colour: Colour
    at: datetime
    where: Path | None = None


class Struct(msgspec.Struct, tag=True):
    number: int


class Other(msgspec.Struct, tag=True):
    text: str


@attrs.frozen
class Attrs:
    names: list[str]


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    at: datetime
    price: Decimal
    who: UUID
    parts: set[int] = set()
    alias: int = pydantic.Field(1, alias="other name")


@dataclass
class Holder:
    model: Model
    path: PurePosixPath


class Pair(NamedTuple):
    left: int
    right: str


class Typed(TypedDict):
    name: str


LINE = Line("tea", Decimal("1.10"), {"hot"})
CART = Cart((LINE,), Colour.RED, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), Path("a/b"))
NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001 - as users have them
MODEL = Model(at=NAIVE, price=Decimal("1.10"), who=UUID(int=7), parts={1}, **{"other name": 5})

CASES: list[tuple[Any, Any]] = [
    (1, int),
    (2**63, int),
    (1, float),
    (math.inf, float),
    (True, bool),
    (None, None),
    ("tea ☕", str),
    (b"\x00\xff", bytes),
    ([1, 2], list[int]),
    ((1, "a"), tuple[int, str]),
    ((), tuple[int, ...]),
    ({1, 2}, set[int]),
    (frozenset({"a"}), frozenset[str]),
    ({"a": [1]}, dict[str, list[int]]),
    ({1: "a"}, dict[int, str]),
    ({Colour.RED: 1}, dict[Colour, int]),
    ({"a": 1}, Mapping[str, int]),
    ([1], Sequence[int]),
    (Colour.RED, Colour),
    (Size.SMALL, Size),
    (NAIVE, datetime),
    (CART.at, datetime),
    (date(2026, 1, 2), date),
    (time(1, 2, 3), time),
    (timedelta(days=1, microseconds=5), timedelta),
    (Decimal("1.10"), Decimal),
    (UUID(int=5), UUID),
    (Path("a/b"), Path),
    (PurePosixPath("/x"), PurePosixPath),
    ([Path("a")], list[Path]),
    (LINE, Line),
    (CART, Cart),
    (Struct(5), Struct),
    ([Struct(5), Other("x")], list[Struct | Other]),
    (Attrs(["a"]), Attrs),
    (MODEL, Model),
    ([MODEL], list[Model]),
    (Holder(MODEL, PurePosixPath("x")), Holder),
    (Pair(1, "a"), Pair),
    ({"name": "x"}, Typed),
    ("a", Literal["a", "b"]),
    (None, Cart | None),
    (CART, Cart | None),
]


@pytest.mark.parametrize(("value", "kind"), CASES, ids=lambda case: str(case)[:40])
def test_values_come_back_typed(value: object, kind: Any) -> None:
    """C4: what was saved is back, of the type that it is asked for."""
    codec = Codec()
    back = codec.decode("key", codec.encode("key", value), kind)
    assert back == value
    assert codec.why_not(kind) is None
    if isinstance(kind, type) and not hasattr(kind, "__args__") and kind not in (float, Typed, Mapping):
        assert type(back) is type(value)


def test_without_a_type_values_are_plain() -> None:
    """Without a type, values come back as plain lists, dicts, texts and numbers."""
    codec = Codec()
    assert codec.decode("a", codec.encode("a", LINE)) == {"name": "tea", "price": "1.10", "tags": ["hot"]}
    assert codec.decode("a", codec.encode("a", MODEL)) == {
        "at": "2026-01-02T00:00:00",
        "price": "1.10",
        "who": str(UUID(int=7)),
        "parts": [1],
        "other name": 5,
    }


def test_equal_values_have_equal_bytes() -> None:
    """What did not change has the same bytes, so that it is not written again."""
    codec = Codec()
    assert codec.encode("a", CART) == codec.encode("a", Cart((LINE,), Colour.RED, CART.at, Path("a/b")))


def looped() -> list[Any]:
    """Make a list that holds itself."""
    loop: list[Any] = []
    loop.append(loop)
    return loop


class Odd:
    """Knows nothing of being saved."""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (Odd(), "Odd"),
        ([1, {"a": Odd()}], "list"),
        (threading.Lock(), "lock"),
        (2**64, "int"),
        ("\ud800", "str"),
        (looped(), "list"),
        (lambda: 1, "function"),
        (Model, "ModelMetaclass"),
    ],
    ids=lambda case: str(case)[:20],
)
def test_refused_with_key_and_type(value: object, found: str) -> None:
    """C4: what cannot be encoded is refused by key and type, whatever is in the way."""
    with pytest.raises(NotEncodable) as caught:
        Codec().encode("cart", value)
    assert (caught.value.key, caught.value.found) == ("cart", found)
    assert str(caught.value).startswith(f"'cart' is {found}, which cannot be saved (")
    assert caught.value.__cause__ is not None


def test_model_that_cannot_be_dumped() -> None:
    """A pydantic model whose fields cannot be written is refused as everything else is."""

    class Raw(pydantic.BaseModel):
        data: bytes

    with pytest.raises(NotEncodable, match="'raw' is Raw"):
        Codec().encode("raw", Raw(data=b"\xff"))


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        ({"name": 5}, Line, "dict (Expected `str`, got `int` - at `$.name`)"),
        ([1, "x"], list[int], "list (Expected `int`, got `str` - at `$[1]`)"),
        ("blue", Colour, "str (Invalid enum value 'blue')"),
        ({"at": 5}, Model, "dict (3 validation errors for Model"),
        (5, Path, "int ("),
        (5, Odd, "int (there is no way to read Odd)"),
        (5, Line | Attrs, "int (TypeError: "),
    ],
    ids=str,
)
def test_what_does_not_fit_says_what_and_where(value: object, kind: Any, found: str) -> None:
    """What was saved and does not fit the type asked for is told by key, wanted type, and what was found."""
    codec = Codec()
    with pytest.raises(ValueWrongType) as caught:
        codec.decode("cart", codec.encode("cart", value), kind)
    error = caught.value
    assert error.key == "cart"
    assert error.found.startswith(found)
    assert error.wanted in (getattr(kind, "__name__", None), str(kind))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\x01", b"\x01\x01"], ids=repr)
@pytest.mark.parametrize("kind", [Any, int, Path, Odd])
def test_bytes_of_another_kind(data: bytes, kind: Any) -> None:
    """Bytes that no codec wrote are StoreCorrupt, with the key."""
    with pytest.raises(StoreCorrupt, match="what is saved as 'cart'"):
        Codec().decode("cart", data, kind)


class Shape(Protocol):
    side: int


@pytest.mark.parametrize("kind", [list["Nowhere"], Line | Attrs, "Line"], ids=str)  # type: ignore[name-defined]  # noqa: F821
def test_types_that_cannot_be_read_are_known_before(kind: Any) -> None:
    """A type that nothing could be read as says why, before anything is saved."""
    assert Codec().why_not(kind)


def test_hooks_of_the_users_own() -> None:
    """C4: `encode=` and `decode=` save types that nobody else knows, and leave the others alone."""

    class Money:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    def encode(value: Any) -> Any:
        if isinstance(value, Money):
            return value.cents
        raise NotImplementedError

    def decode(kind: Any, plain: Any) -> Any:
        if kind is Money:
            return Money(plain)
        raise NotImplementedError

    codec = Codec(encode=encode, decode=decode)
    back = codec.decode("a", codec.encode("a", [Money(5)]), list[Money])
    assert back[0].cents == 5
    assert codec.decode("a", codec.encode("a", Path("x")), Path) == Path("x")
    with pytest.raises(NotEncodable, match="there is no way to save Odd"):
        codec.encode("a", Odd())


def test_sealed_bytes() -> None:
    """`seal=` is given all bytes and `unseal=` gives them back; what it cannot open is StoreCorrupt."""

    def turned(data: bytes) -> bytes:
        return bytes(byte ^ 0x55 for byte in data)

    def unseal(data: bytes) -> bytes:
        if not data:
            raise ValueError("nothing there")
        return turned(data)

    codec = Codec(seal=turned, unseal=unseal)
    data = codec.encode("a", "secret")
    assert b"secret" not in data
    assert codec.decode("a", data, str) == "secret"
    with pytest.raises(StoreCorrupt, match="nothing there"):
        codec.decode("a", b"")
    with pytest.raises(TypeError, match="belong together"):
        Codec(seal=turned)
    assert repr(codec) == "<Codec: msgpack, sealed>"


def test_nothing_is_run_by_name() -> None:
    """No bytes make the codec import or call anything: what looks like a pickle is not one."""
    import pickle

    class Bang:
        def __reduce__(self) -> Any:
            return pytest.fail, ("it was called",)

    with pytest.raises(StoreCorrupt):
        Codec().decode("a", pickle.dumps(Bang()))


def test_msgspec_comes_with_the_first_value() -> None:
    """Making a store loads neither msgspec nor sqlite3; without msgspec the error names the extra."""
    program = """
import sys
sys.modules["msgspec"] = None
from cano_dsl import Codec, MemoryCheckpoints
MemoryCheckpoints()
try:
    Codec().encode("a", 1)
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "StoreError saving runs needs msgspec: install the extra, pip install 'cano-dsl[durable]'"
    )
    assert issubclass(NotEncodable, StoreError)
