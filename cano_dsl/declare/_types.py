"""Comparing run-time types without guessing: what cannot be known is taken to fit.

Two classes are compatible when one derives from the other, generics of one origin when their arguments are,
unions when any pair is. Protocols, type variables, `IO` and names that do not exist at run time are of
unknown type, and two classes that are told by their methods, such as `Sized` and `Iterable`, fit each other.
A TypedDict is a dict, an int is a float and a complex (PEP 484).
"""

from functools import lru_cache
from types import UnionType
from typing import IO, Annotated, Any, BinaryIO, TextIO, Union, get_args, get_origin

from typing_extensions import is_typeddict

from cano_dsl.declare._namespace import Forward, Unreadable, evaluate
from cano_dsl.spec import Scope

_FILES = (IO, TextIO, BinaryIO)  # for type checkers: an open file derives from none of them
_NUMBERS = {float: (float, int), complex: (complex, float, int)}


class Hint:
    """An annotation that is evaluated when it is asked for, and again while it stays unknown."""

    __slots__ = ("_known", "raw", "scope")

    def __init__(self, raw: object, scope: Scope) -> None:
        self.raw = raw
        self.scope = scope
        self._known: object = None

    def same_text(self, other: "Hint") -> bool:
        """Tell whether two were written alike in one module, which needs no evaluation."""
        if isinstance(self.raw, str):
            mine, theirs = self.scope, other.scope
            alike = mine.globals is theirs.globals and not mine.locals and not theirs.locals
            return alike and self.raw == other.raw
        return self.raw is other.raw

    def value(self) -> object:
        """Evaluate it."""
        if self._known is not None:
            return self._known
        value = evaluate(self.raw, self.scope)
        if not isinstance(value, (Forward, Unreadable)):
            self._known = value
        return value


class RuntimeTypes:
    """Answers about annotations and classes; `Hint` or the type itself."""

    def compatible(self, one: object, other: object) -> bool:
        """Tell whether some object can be of both types."""
        if isinstance(one, Hint) and isinstance(other, Hint) and one.same_text(other):
            return True
        return _overlap(evaluated(one), evaluated(other))

    def fits(self, given: object, wanted: object) -> bool:
        """Tell whether an object of one type can be passed as the other."""
        return self.compatible(given, wanted)


def evaluated(annotation: object) -> object:
    """Give the type that a `Hint` stands for; anything else is a type already."""
    return annotation.value() if isinstance(annotation, Hint) else annotation


def members(annotation: object) -> tuple[object, ...]:
    """Give the members of a union, else the type itself; without `Annotated` and `type` aliases."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if type(annotation).__name__ == "TypeAliasType":
        return members(getattr(annotation, "__value__", None))
    if hasattr(annotation, "__supertype__"):
        return members(getattr(annotation, "__supertype__", None))
    if origin in (Union, UnionType) or (isinstance(annotation, Forward) and annotation.head == "|"):
        parts = getattr(annotation, "__args__", ())
        return tuple(member for part in parts for member in members(part))
    return (annotation,)


def _overlap(one: object, other: object) -> bool:
    return any(_overlap_single(a, b) for a in members(one) for b in members(other))


def _overlap_single(one: object, other: object) -> bool:
    if one is other or one == other:
        return True
    mine, theirs = checkable(one), checkable(other)
    if mine is None or theirs is None:
        return True
    if not any(_related(a, b) for a in mine for b in theirs):
        return False
    if get_origin(one) is not get_origin(other) or get_origin(one) is None:
        return True
    pairs = zip(get_args(one), get_args(other), strict=False)
    return all(_overlap(a, b) for a, b in pairs)


def _related(one: type, other: type) -> bool:
    by_methods = "__subclasshook__" in vars(one) and "__subclasshook__" in vars(other)
    return by_methods or issubclass(one, other) or issubclass(other, one)


@lru_cache(maxsize=1024)
def _classes(cls: type) -> tuple[type, ...] | None:
    if getattr(cls, "_is_protocol", False) or cls in _FILES:
        return None
    if is_typeddict(cls):
        return (dict,)
    return _NUMBERS.get(cls, (cls,))


def checkable(annotation: object) -> tuple[type, ...] | None:
    """Give the classes of which an object must be an instance; None when that cannot be known."""
    if annotation is None or annotation is Any:
        return (type(None),) if annotation is None else None
    origin = get_origin(annotation)
    if origin is not None and origin not in (Union, UnionType, Annotated):
        annotation = origin
    if isinstance(annotation, type):
        return _classes(annotation) if annotation is not object else None
    return None


def accepted(annotation: object) -> tuple[type, ...] | None:
    """Give the classes that a union, or any other type, accepts; None when anything may fit."""
    classes: list[type] = []
    for member in members(evaluated(annotation)):
        some = checkable(member)
        if some is None:
            return None
        classes.extend(some)
    return tuple(classes)
