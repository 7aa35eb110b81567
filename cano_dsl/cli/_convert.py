"""Text from the command line as a value of an annotation."""

import json
from dataclasses import is_dataclass
from enum import Enum
from pathlib import PurePath
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class NotConvertible(ValueError):
    """The text is no value of the type; the message names the type."""


def convert(text: str, annotation: object) -> Any:
    """Convert text to an annotation: numbers, truth, paths, Enums by name, dates, and JSON for the rest.

    Text for a `str` stays as it is; without an annotation it stays text too.

    Raises:
        NotConvertible: The text is no such value.
    """
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    if type(None) in members and text.lower() in ("none", "null", ""):
        return None
    kinds = [member for member in members if member is not type(None)]
    for kind in sorted(kinds, key=lambda member: member is str):  # text fits last
        try:
            return _single(text, kind)
        except NotConvertible:
            if len(kinds) == 1:
                raise
    raise NotConvertible(f"{text!r} is none of {' | '.join(map(show, members))}")


def _single(text: str, kind: Any) -> Any:
    if kind is str or not _is_known(kind):
        return text
    if kind is bool:
        if text.lower() not in TRUTH:
            raise NotConvertible(f"{text!r} is no bool: give true or false")
        return TRUTH[text.lower()]
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return kind(text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(text, kind)
    value: Any = text
    if _is_structured(kind):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise NotConvertible(f"{text!r} is no {show(kind)}: {error}; give JSON") from error
    return convert_value(value, kind)


def convert_value(value: Any, kind: Any) -> Any:
    """Convert a value as JSON has it.

    Raises:
        NotConvertible: It is no value of the type.
    """
    try:
        return msgspec.convert(value, kind, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, NotConvertible) as error:
        raise NotConvertible(f"{value!r} is no {show(kind)}: {error}") from error
    except TypeError as error:
        raise NotConvertible(f"a {show(kind)} cannot be given as text ({error})") from error


def _decode(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    validate = getattr(kind, "model_validate", None)
    if callable(validate):  # pydantic
        try:
            return validate(value)
        except ValueError as error:
            raise NotConvertible(str(error)) from error
    raise NotConvertible(f"a {show(kind)} cannot be made from {value!r}")


def _member(text: str, kind: type[Enum]) -> Enum:
    if text in kind.__members__:
        return kind.__members__[text]
    for member in kind:
        if str(member.value) == text:
            return member
    raise NotConvertible(f"{text!r} is no {kind.__name__}: give one of {', '.join(kind.__members__)}")


def _is_known(kind: Any) -> bool:
    return isinstance(kind, type) or get_origin(kind) is not None


def _is_structured(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if not isinstance(origin, type):
        return False
    structs = (dict, list, tuple, set, frozenset, msgspec.Struct)
    return issubclass(origin, structs) or is_dataclass(origin) or hasattr(origin, "model_validate")


def show(kind: Any) -> str:
    """Name a type as its author writes it."""
    if isinstance(kind, type) and get_origin(kind) is None:
        return "None" if kind is type(None) else kind.__name__
    return str(kind).replace("typing.", "")
