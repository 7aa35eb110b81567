"""Checking a stored value against a type: classes, containers, unions and literals."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import UnionType
from typing import IO, Annotated, Any, BinaryIO, Literal, TextIO, Union, get_args, get_origin


def matches(value: object, kind: object) -> bool:
    """Tell whether a value is of a type, items of standard containers included.

    Costs one look at each item. What has no meaning at run time (a protocol, a callable's signature) is
    compared by its class, or let pass.
    """
    if kind is Any or kind is object:
        return True
    if kind is None or kind is type(None):
        return value is None
    origin = get_origin(kind)
    if origin is None:
        return _is_instance(value, kind)
    args = get_args(kind)
    if origin is Annotated:
        return matches(value, args[0])
    if origin in (Union, UnionType):
        return any(matches(value, arg) for arg in args)
    if origin is Literal:
        return any(value is arg or (type(value) is type(arg) and value == arg) for arg in args)
    return _is_instance(value, origin) and _items_match(value, args)


def _is_instance(value: object, kind: object) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(kind, type) or kind in (IO, TextIO, BinaryIO):  # which no open file derives from
        return True
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol without @runtime_checkable
        return True


def _items_match(value: object, args: tuple[Any, ...]) -> bool:
    if isinstance(value, tuple):
        if len(args) == 2 and args[1] is Ellipsis:  # noqa: PLR2004 - tuple[T, ...]
            return all(matches(item, args[0]) for item in value)
        return len(value) == len(args) and all(map(matches, value, args))
    if isinstance(value, Mapping) and len(args) == 2:  # noqa: PLR2004 - key and value
        return all(matches(key, args[0]) and matches(item, args[1]) for key, item in value.items())
    if isinstance(value, (list, AbstractSet)) and len(args) == 1:
        return all(matches(item, args[0]) for item in value)
    return True


def describe(value: object) -> str:
    """Name a value's type, with the types of a container's items."""
    name = type(value).__name__
    if isinstance(value, Mapping):
        keys, items = _kinds(value.keys()), _kinds(value.values())
        return f"{name}[{keys}, {items}]" if value else name
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"{name}[{_kinds(value)}]" if value else name
    return name


def _kinds(values: Any) -> str:
    return " | ".join(dict.fromkeys(type(value).__name__ for value in values))


def describe_kind(kind: object) -> str:
    """Name a type as its author writes it."""
    if isinstance(kind, type) and get_origin(kind) is None:
        return kind.__name__
    args = get_args(kind)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return " | ".join(map(describe_kind, args))
    if isinstance(origin, type) and args:
        return f"{origin.__name__}[{', '.join('...' if a is Ellipsis else describe_kind(a) for a in args)}]"
    return str(kind).replace("typing.", "")
