"""Looking at annotations: evaluated where they can be, kept as text where not.

`typing.get_type_hints` evaluates everything or nothing, and fails on names that are imported only for type
checkers. Here each annotation stands for itself, and an unknown name becomes a `Forward` that remembers how
it was used, so `Coroutine[Any, Any, Literal[Order.DONE]]` can be read without a `Coroutine` at run time.
"""

import builtins
import re
from enum import Enum, EnumType
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from cano_dsl.spec import EMPTY, Scope


class Forward:
    """A name that does not exist at run time, with what was done to it.

    Attributes:
        head: The name before a subscript, without its module; `|` for a union.
    """

    __slots__ = ("__args__", "_text", "head")

    def __init__(self, text: str, args: tuple[Any, ...] = (), head: str | None = None) -> None:
        self._text = text
        self.__args__ = args
        self.head = text.partition("[")[0].rpartition(".")[2] if head is None else head

    def __getattr__(self, name: str) -> "Forward":
        """Remember the attribute; dunder names are left to Python's own protocols."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Forward(f"{self._text}.{name}")

    def __getitem__(self, item: Any) -> "Forward":
        """Remember the subscript."""
        args = item if isinstance(item, tuple) else (item,)
        return Forward(f"{self._text}[{', '.join(map(show, args))}]", args)

    def __call__(self, *_: Any, **__: Any) -> "Forward":
        """Be callable, as `typing` asks of the members of a union."""
        return Forward(f"{self._text}(...)")

    def __or__(self, other: Any) -> "Forward":
        """Remember the union."""
        return Forward(f"{show(self)} | {show(other)}", (self, other), "|")

    def __ror__(self, other: Any) -> "Forward":
        """Remember the union."""
        return Forward(f"{show(other)} | {show(self)}", (other, self), "|")

    def __repr__(self) -> str:
        return self._text


class Unreadable:
    """An annotation whose evaluation raised."""

    __slots__ = ("error", "text")

    def __init__(self, text: str, error: Exception) -> None:
        self.text = text
        self.error = error

    def __repr__(self) -> str:
        return f"{self.text!r}, which cannot be read ({type(self.error).__name__}: {self.error})"


class _Names(dict[str, Any]):
    """Locals for `eval` that know every name."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.locals)
        self._scope = scope

    def __missing__(self, name: str) -> Any:
        if name in self._scope.globals:
            return self._scope.globals[name]
        try:
            return getattr(builtins, name)
        except AttributeError:
            return Forward(name)


def evaluate(annotation: object, scope: Scope) -> object:
    """Give what an annotation stands for: itself, or for a string what it says in its scope."""
    for _ in range(3):  # a quoted annotation under `from __future__ import annotations` is a string twice
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__forward_arg__", None)
        if not isinstance(text, str):
            break
        annotation = _evaluate_text(text, scope)
    return annotation


_DOTTED = r"[^\W\d]\w*\.[^\W\d]\w*"
_LITERAL = re.compile(rf"Literal\[({_DOTTED}(?:\s*,\s*{_DOTTED})*),?\]")


def literal_text(text: str, scope: Scope) -> list[object] | None:
    """Read text of the usual form, `Literal[Order.A, Order.B]`, with two lookups for each member.

    Compiling the text and making a `Literal` of it costs four times as much, which is most of the time to
    build a large workflow. None where the text has another form or its names mean something else.
    """
    match = _LITERAL.fullmatch(text)
    if match is None or _lookup("Literal", scope) is not Literal:
        return None
    values: list[object] = []
    for dotted in match[1].split(","):
        name, _, member = dotted.strip().partition(".")
        enum = _lookup(name, scope)
        if not isinstance(enum, EnumType) or member not in enum._member_map_:
            return None
        values.append(enum._member_map_[member])
    return values


def _lookup(name: str, scope: Scope) -> object:
    return scope.locals[name] if name in scope.locals else scope.globals.get(name)


def _evaluate_text(text: str, scope: Scope) -> object:
    if text.isidentifier():
        if text in scope.locals:
            return scope.locals[text]
        if text in scope.globals:
            return scope.globals[text]
    try:
        # The author's own annotation, as `typing.get_type_hints` would evaluate it. From Python 3.12 on the
        # subscript of a generic class imports `typing` by the builtins at hand.
        return eval(text, {"__builtins__": builtins}, _Names(scope))  # noqa: S307
    except Exception as error:  # noqa: BLE001 - an annotation may run anything, and is reported, not raised
        return Unreadable(text, error)


def show(annotation: object) -> str:
    """Write an annotation as its author would, without modules."""
    if annotation is EMPTY:
        return "no annotation"
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is Ellipsis:
        return "..."
    if isinstance(annotation, (str, Forward)):
        return str(annotation)
    if isinstance(annotation, (list, tuple)):
        return f"[{', '.join(map(show, annotation))}]"
    origin = get_origin(annotation)
    if origin is None:
        name = getattr(annotation, "__name__", None)
        return name if isinstance(name, str) else repr(annotation)
    args = get_args(annotation)
    if origin in (Union, UnionType):
        return " | ".join(map(show, args))
    inside = ", ".join(map(_show_value if origin is Literal else show, args))
    return f"{getattr(origin, '__name__', None) or getattr(origin, '_name', origin)}[{inside}]"


def _show_value(value: object) -> str:
    return str(value) if isinstance(value, Enum) else repr(value)
