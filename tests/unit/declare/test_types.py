"""Comparing types without guessing: what fits what, and when an annotation is evaluated."""

import io
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from contextlib import AbstractContextManager
from enum import Enum
from typing import (
    IO,
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    Protocol,
    TextIO,
    TypedDict,
    TypeVar,
)

import pytest
from typing_extensions import TypeAliasType

from cano_dsl import Workflow, state
from cano_dsl.declare import RuntimeTypes
from cano_dsl.errors import GraphError, ResourceWrongType

T = TypeVar("T")
Size = NewType("Size", int)
Alias = TypeAliasType("Alias", int | str)


class Base: ...


class Derived(Base): ...


class Other: ...


class Shape(Protocol):
    side: int


class Row(TypedDict):
    n: int


class Box(Generic[T]): ...


class Pair(NamedTuple):
    n: int


FIT = [
    (Base, Base),
    (Base, Derived),
    (int, float),
    (int, complex),
    (bool, int),
    (int, int | None),
    (int | str, str | bytes),
    (Annotated[int, "size"], int),
    (Size, int),
    (Alias, str),
    (list[int], list),
    (list[int], list[int]),
    (list[int], Sequence[int]),
    (list[int], list[Any]),
    (dict[str, int], Mapping[str, float]),
    (Box[int], Box[T]),
    (Row, dict),
    (Row, Row),
    (Pair, tuple),
    (Any, Base),
    (object, Base),
    (T, Base),
    (Shape, Base),
    (Literal["a"], str),
    (IO[str], io.TextIOWrapper),
    (TextIO, IO[str]),
    (Sized, Iterable[str]),  # a list is both
    (Awaitable[int], AbstractContextManager),
    (Callable[[int], int], Callable[..., int]),
]
CLASH = [
    (Base, Other),
    (int, str),
    (float, str),
    (int | None, str),
    (list[int], list[str]),
    (list[int], tuple[int, ...]),
    (dict[str, int], dict[str, str]),
    (Size, str),
    (Alias, bytes),
    (Row, int),
    (Row, list),
    (None, int),
    (Sized, int),
    (Callable[[int], int], str),
]


@pytest.mark.parametrize(
    ("one", "other", "fits"), [(*pair, True) for pair in FIT] + [(*pair, False) for pair in CLASH], ids=str
)
def test_compatible(one: Any, other: Any, fits: bool) -> None:
    """Two types of one name fit when some object can be of both, as far as that can be known, either way round."""
    types = RuntimeTypes()
    assert types.compatible(one, other) is fits
    assert types.compatible(other, one) is fits


class Job(Enum):
    WORK = 1
    DONE = 2


def test_unknown_names_are_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not there at `build`, as in an import cycle, counts from when it is there."""

    def work(box: "Late") -> Literal[Job.DONE]:  # noqa: F821
        return Job.DONE

    built = Workflow.build(Job, state(Job.WORK)(work), start=Job.WORK, exits=(Job.DONE,))
    assert built.run_sync(box=1) is Job.DONE
    monkeypatch.setitem(globals(), "Late", Base)
    assert built.run_sync(box=Derived()) is Job.DONE
    with pytest.raises(ResourceWrongType, match=r"'box' of workflow 'Job' is of class str, .* wants Late"):
        built.run_sync(box="x")


def wants_thing(cls: type) -> Any:
    """Make a handler in a module of its own, in which `Thing` is a class."""
    names: dict[str, Any] = {"Thing": cls}
    exec("def handler(box: 'Thing'): ...", names)
    return names["handler"]


def test_one_name_for_two_classes() -> None:
    """What is written alike in two modules is two types where it means two classes, and the messages tell them apart."""
    enum: Any = Enum("enum", ["A", "B", "C"])
    here, there = type("Thing", (), {}), type("Thing", (), {"__module__": "there"})
    parts = [
        state(at, to=(to,))(wants_thing(cls))
        for at, to, cls in ((enum.A, enum.B, here), (enum.B, enum.C, there))
    ]
    with pytest.raises(GraphError) as caught:
        Workflow.build(enum, *parts, start=enum.A, exits=(enum.C,))
    assert str(caught.value) == (
        "workflow 'enum' has 1 finding\n"
        '<string>:1: error [resource] Resource "box" is wanted as Thing here but as another Thing by an earlier handler\n'
        "    fix: give one of the two another name, or annotate both with one type; "
        'the earlier is "handler" (<string>:1)'
    )
    first = state(Job.WORK, to=(Job.DONE,))(wants_thing(here))
    with pytest.raises(
        ResourceWrongType, match=r"is of class there\.Thing, but state 'handler' .* wants Thing"
    ):
        Workflow.build(Job, first, start=Job.WORK, exits=(Job.DONE,)).bind(box=there())
