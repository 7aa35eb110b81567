"""What a decorator records about a function: frozen, and not yet read any further."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cano_dsl.errors import Where

Kind: TypeAlias = Literal["state", "router"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler, its annotation as written: a type, a string, or `EMPTY`."""

    name: str
    annotation: object
    optional: bool
    keyword_only: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the names in a handler's annotations are looked up: locals, then closure, then globals."""

    globals: Mapping[str, Any]
    locals: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """One handler as declared.

    Attributes:
        kind: Its processing model.
        at: The state it handles; whatever the decorator was given, as `build` says what is wrong with it.
        fn: What is called.
        name: Its name in messages and diagrams.
        where: Its line.
        doc: The first line of its docstring, or nothing.
        parameters: In order, without those that are bound already.
        returns: The return annotation as written.
        to: The targets given to the decorator; None when the annotation declares them.
        scope: Where names in annotations are looked up.
        awaits: Whether calling it gives an awaitable.
        thread: Whether it is called in a worker thread.
    """

    kind: Kind
    at: Any
    fn: Callable[..., Any]
    name: str
    where: Where
    doc: str
    parameters: tuple[Parameter, ...]
    returns: object
    to: tuple[Any, ...] | None
    scope: Scope
    awaits: bool
    thread: bool


class _Empty:
    """The mark of a missing annotation."""

    def __repr__(self) -> str:
        return "no annotation"


EMPTY = _Empty()
