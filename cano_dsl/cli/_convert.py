"""Text from the command line as a value of an annotation."""

import json
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from cano_dsl.cli._fields import Field, fields_of, is_pydantic
from cano_dsl.errors import shown

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
NOTHING = ("none", "null")
TEXTUAL = (str, bytes, bytearray, memoryview)  # collections that are written as text, not as JSON


class NotConvertible(ValueError):
    """The text is no value of the type; the message names the type."""


def convert(text: str, annotation: object) -> Any:
    """Convert text to an annotation: numbers, truth, paths, Enums by name, dates, and JSON for the rest.

    Text for a `str` stays as it is, and so does text for an annotation that is missing or cannot be read.

    Raises:
        NotConvertible: The text is no such value.
    """
    kinds = [kind for kind in alternatives(annotation) if kind is not type(None)]
    if len(kinds) < len(alternatives(annotation)) and text.lower() in NOTHING:
        return None
    for kind in sorted(kinds, key=lambda kind: bare(kind) is str):  # any text is a str, so that comes last
        try:
            return _single(text, kind)
        except NotConvertible:
            if len(kinds) == 1:
                raise
    raise NotConvertible(f"{shown(text)} is no {show(annotation)}")


def bare(kind: Any) -> Any:
    """Give the type behind `Annotated`, `NewType` and `type` aliases."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif hasattr(kind, "__supertype__"):
            kind = kind.__supertype__
        elif type(kind).__name__ == "TypeAliasType":
            kind = kind.__value__
        else:
            return kind


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Give the members of a union, else the annotation itself."""
    plain = bare(annotation)
    return get_args(plain) if get_origin(plain) in (Union, UnionType) else (annotation,)


def is_known(annotation: Any) -> bool:
    """Tell whether an annotation says of which type a value is to be."""
    plain = bare(annotation)
    return plain not in (Any, object) and (isinstance(plain, type) or get_origin(plain) is not None)


def _single(text: str, kind: Any) -> Any:
    plain = bare(kind)
    if not is_known(kind):
        return text
    if plain is bool:
        return _truth(text)
    if get_origin(plain) is Literal:
        return _literal(text, plain)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return _member(text, plain)
    return convert_value(_parsed(text, kind) if _is_structured(plain) else text, kind)


def _truth(text: str) -> bool:
    if text.lower() in (*TRUE, *FALSE):
        return text.lower() in TRUE
    raise NotConvertible(f"{shown(text)} is no bool: give true or false")


def _literal(text: str, kind: Any) -> Any:
    choices = {_as_text(choice): choice for choice in get_args(kind)}
    if text in choices:
        return choices[text]
    raise NotConvertible(f"{shown(text)} is not possible: give one of {', '.join(choices)}")


def _as_text(value: Any) -> str:
    return str(value._name_ if isinstance(value, Enum) else value)


def _member(text: str, kind: type[Enum]) -> Enum:
    if text in kind.__members__:
        return kind.__members__[text]
    for member in kind:
        if str(member.value) == text:
            return member
    raise NotConvertible(f"{shown(text)} is no {kind.__name__}: give one of {', '.join(kind.__members__)}")


def _parsed(text: str, kind: Any) -> Any:
    try:
        return parse(text)
    except NotConvertible as error:
        raise NotConvertible(f"{shown(text)} is no {show(kind)}: give it as JSON; {error}") from error


def parse(text: str) -> Any:
    """Parse JSON.

    Raises:
        NotConvertible: It is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotConvertible(f"this is no JSON ({error})") from error


def _is_structured(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if not isinstance(origin, type) or issubclass(origin, TEXTUAL):
        return False
    return issubclass(origin, Collection) or fields_of(origin) is not None


def convert_value(value: Any, kind: Any) -> Any:
    """Convert a value as JSON has it; Enums in it may be given by name.

    Raises:
        NotConvertible: It is no value of the type.
    """
    given = _with_members(value, kind)
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, NotConvertible) and " - at `" not in str(error):
            raise error.__cause__ from error
        why = str(error)
        obvious = ", got `" in why and " - at `" not in why and not isinstance(value, (dict, list))
        raise NotConvertible(f"{shown(value)} is no {show(kind)}{'' if obvious else f': {why}'}") from error
    except NameError as error:
        fix = "import it where it is not for type checkers alone"
        raise NotConvertible(f"the annotations of {show(kind)} cannot be read: {error}: {fix}") from error
    except Exception as error:  # the class's own checks may raise anything
        raise NotConvertible(f"{show(kind)} cannot be made from {shown(value)}: {error}") from error


def _with_members(value: Any, kind: Any) -> Any:
    """Put a member's value where its name stands: msgspec knows Enums by their values alone."""
    if isinstance(value, (str, int, float)):
        for plain in map(bare, alternatives(kind)):
            if isinstance(plain, type) and issubclass(plain, Enum) and value in plain.__members__:
                return plain.__members__[str(value)].value
        return value
    for plain in map(bare, alternatives(kind)):
        origin, inner = get_origin(plain) or plain, get_args(plain)
        if isinstance(value, list) and inner:
            each = inner if origin is tuple and len(inner) == len(value) else (inner[0],) * len(value)
            return [_with_members(item, item_kind) for item, item_kind in zip(value, each, strict=False)]
        if isinstance(value, dict) and len(inner) == 2:  # noqa: PLR2004 - keys and values
            return {_with_members(k, inner[0]): _with_members(v, inner[1]) for k, v in value.items()}
        fields = fields_of(origin)
        if isinstance(value, dict) and fields is not None:
            if len(set(alternatives(kind)) - {type(None)}) == 1:
                _refuse_unknown(value, origin, fields)
            kinds = {name: field.type for name, field in fields.items()}
            return {name: _with_members(item, kinds.get(name, Any)) for name, item in value.items()}
    return value


def _refuse_unknown(value: dict[str, Any], cls: Any, fields: Mapping[str, Field]) -> None:
    """Refuse what a class would leave aside without a word; models have rules of their own about that."""
    renamed = getattr(cls, "__struct_encode_fields__", ())
    for name in value:
        if name not in fields and name not in renamed and not is_pydantic(cls):
            raise NotConvertible(f"{cls.__name__} {lacks('field', name, fields)}")


def lacks(what: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no such resource or field, and what there is."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    there = f"it has {', '.join(names)}" if names else "it has none"
    return f"has no {what} {name!r}: {hint}{there}"


def _decode(kind: Any, value: Any) -> Any:
    if is_pydantic(kind):
        try:
            return kind.model_validate(value)
        except ValueError as error:
            raise NotConvertible(f"{shown(value)} is no {show(kind)}: {reason(error)}") from error
    if isinstance(kind, type) and issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    raise NotConvertible(f"{show(kind)} cannot be made from text: give it in code, to workflow.bind(...)")


def reason(error: Any) -> str:
    """Say on one line why a class refused a value."""
    if type(error).__module__.startswith("pydantic"):
        parts = [(".".join(map(str, part["loc"])), str(part["msg"])) for part in error.errors()]
        return "; ".join(f"{place}: {message}" if place else message for place, message in parts)
    return str(error) or type(error).__name__


def show(kind: Any) -> str:
    """Name a type as its author writes it."""
    plain = kind if type(kind).__name__ == "TypeAliasType" or hasattr(kind, "__supertype__") else bare(kind)
    if kind is type(None):
        return "None"
    if get_origin(plain) in (Union, UnionType):
        return " | ".join(map(show, get_args(plain)))
    named = get_origin(plain) is None and hasattr(plain, "__name__")
    return str(plain.__name__) if named else str(plain).replace("typing.", "")
