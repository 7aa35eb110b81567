"""Reading the edges off a return annotation."""

import collections.abc
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from cano_dsl.declare._namespace import Forward, evaluate, literal_text, show
from cano_dsl.spec import EMPTY, Scope

_AWAITABLE = (collections.abc.Coroutine, collections.abc.Awaitable)
_AWAITABLE_NAMES = ("Coroutine", "Awaitable")


@dataclass(slots=True)
class Targets:
    """What an annotation, or `to=`, declares.

    Attributes:
        members: The members of the workflow's Enum, in order, each once.
        foreign: Everything else in a Literal, in words.
        got: What stands where a Literal should; None when there is none such.
    """

    members: tuple[Enum, ...] = ()
    foreign: tuple[str, ...] = ()
    got: str | None = None


def awaited(annotation: object) -> object:
    """Give what awaiting a result of this type gives; None when it cannot be awaited."""
    origin = get_origin(annotation)
    if origin in _AWAITABLE or (isinstance(annotation, Forward) and annotation.head in _AWAITABLE_NAMES):
        args = getattr(annotation, "__args__", ())
        return args[-1] if args else EMPTY
    return None


def read_targets(raw: object, scope: Scope, enum: type[Enum]) -> Targets:
    """Read the declared next states, through aliases, unions, `Annotated` and a coroutine's type."""
    values = literal_text(raw, scope) if isinstance(raw, str) else None
    if values is not None:
        return of_values(values, enum)
    annotation = evaluate(raw, scope)
    if get_origin(annotation) is Literal:  # nearly always
        return of_values(get_args(annotation), enum)
    inner = awaited(annotation)
    found: list[object] = []
    wrong: list[object] = []
    _collect(annotation if inner is None else inner, found, wrong)
    targets = of_values(found, enum)
    if wrong or not found:
        targets.got = _describe(wrong[0] if wrong else annotation, enum)
    return targets


def of_values(values: collections.abc.Iterable[object], enum: type[Enum]) -> Targets:
    """Sort the values of a Literal into members and others."""
    members: dict[str, Enum] = {}
    foreign: list[str] = []
    for value in values:
        name = member_name(value, enum)
        if name is None:
            foreign.append(describe_value(value, enum))
        else:
            members[name] = cast("Enum", value)
    return Targets(tuple(members.values()), tuple(foreign))


def member_name(value: object, enum: type[Enum]) -> str | None:
    """Give the name of a member of this very Enum; None for anything else, a Flag's combination included."""
    if type(value) is enum and value._name_ in enum._member_map_:
        return value._name_
    return None


def describe_value(value: object, enum: type[Enum]) -> str:
    """Name something that should be a member, telling apart an Enum of the same name."""
    if isinstance(value, Enum):
        twin = type(value) is not enum and type(value).__name__ == enum.__name__
        return f"{value} of {type(value).__module__}, another Enum of the same name" if twin else str(value)
    return repr(value)


def _collect(annotation: object, values: list[object], wrong: list[object]) -> None:
    origin = get_origin(annotation)
    head = annotation.head if isinstance(annotation, Forward) else ""
    if origin is Literal or head == "Literal":
        for value in getattr(annotation, "__args__", ()):
            _collect(value, values, wrong) if get_origin(value) is Literal else values.append(value)
    elif origin in (Union, UnionType) or head == "|":
        for part in getattr(annotation, "__args__", ()):
            _collect(part, values, wrong)
    elif origin is Annotated:
        _collect(get_args(annotation)[0], values, wrong)
    elif type(annotation).__name__ == "TypeAliasType":
        _collect(getattr(annotation, "__value__", None), values, wrong)
    else:
        wrong.append(annotation)


def _describe(annotation: object, enum: type[Enum]) -> str:
    if annotation is enum:
        return f"the whole {enum.__name__}"
    if annotation is Any:
        return "Any"
    if isinstance(annotation, Forward):
        return f"{annotation}, a name that does not exist at run time"
    return show(annotation)
