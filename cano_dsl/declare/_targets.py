"""Reading the edges off a return annotation."""

import collections.abc
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

from cano_dsl.declare._namespace import Forward, evaluate, literal_text, show
from cano_dsl.spec import EMPTY, Rollback, Scope

_AWAITABLE = (collections.abc.Coroutine, collections.abc.Awaitable)
_AWAITABLE_NAMES = ("Coroutine", "Awaitable")


@dataclass(slots=True)
class Targets:
    """What an annotation, or `to=`, declares.

    Attributes:
        members: The members of the workflow's Enum, in order, each once.
        foreign: Everything else in a Literal, in words.
        got: What stands where a Literal should; None when there is none such.
        outputs: The types of what comes with a state, in pairs.
        paired: The members in such pairs.
        unpaired: The members that come alone, where there are outputs.
        rollbacks: The members to go to once everything is undone.
    """

    members: tuple[Enum, ...] = ()
    foreign: tuple[str, ...] = ()
    got: str | None = None
    outputs: tuple[object, ...] = ()
    paired: tuple[Enum, ...] = ()
    unpaired: tuple[Enum, ...] = ()
    rollbacks: tuple[Enum, ...] = ()


def is_awaitable(annotation: object) -> bool:
    """Tell whether a result of this type is awaited."""
    head = annotation.head if isinstance(annotation, Forward) else ""
    return get_origin(annotation) in _AWAITABLE or head in _AWAITABLE_NAMES


def awaited(annotation: object) -> object:
    """Give what awaiting a result of this type gives; None when it cannot be awaited."""
    if is_awaitable(annotation):
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
    declared = _Declared(annotation)
    targets = of_values(declared.values, enum)
    if declared.rollbacks:
        found = of_values(declared.rollbacks, enum)
        targets.rollbacks = found.members
        targets.foreign += found.foreign
    if declared.wrong or not (declared.values or declared.rollbacks):
        targets.got = _describe(declared.wrong[0] if declared.wrong else annotation, enum)
    if declared.outputs:
        targets.outputs = tuple(declared.outputs)
        targets.paired = of_values(declared.paired, enum).members
        targets.unpaired = of_values(declared.unpaired, enum).members
    return targets


def with_outputs(raw: object, scope: Scope, given: Targets) -> Targets:
    """Add to the targets that `to=` gives the outputs and the rollbacks that the annotation declares.

    Where a pair, a rollback, or the part that is neither names no Literal, it stands for every target.
    """
    declared = _Declared(evaluate(raw, scope))
    every = given.members
    if declared.outputs:
        given.outputs = tuple(declared.outputs)
        given.paired = tuple(m for m in given.members if declared.any_paired or m in declared.paired)
        given.unpaired = tuple(m for m in given.members if declared.any_unpaired or m in declared.unpaired)
    if declared.rollbacks or declared.any_rollback:
        given.rollbacks = tuple(m for m in every if declared.any_rollback or m in declared.rollbacks)
        is_any = declared.any_paired or declared.any_unpaired
        given.members = tuple(m for m in every if is_any or m in declared.values)
    return given


def beyond_states_alone(raw: object, scope: Scope) -> tuple[bool, bool]:
    """Tell whether an annotation declares an output, and whether a rollback.

    Nearly always its first letters, or its kind, say that it declares neither.
    """
    if isinstance(raw, str) and raw.startswith("Literal[") and "|" not in raw:
        return False, False
    annotation = evaluate(raw, scope)
    if get_origin(annotation) is Literal:
        return False, False
    declared = _Declared(annotation)
    return bool(declared.outputs), bool(declared.rollbacks) or declared.any_rollback


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


Manner: TypeAlias = Literal["alone", "pair", "rollback"]


class _Declared:
    """The parts of a return annotation, collected through unions, aliases and `Annotated`."""

    def __init__(self, annotation: object) -> None:
        self.values: list[object] = []  # in the order written, without those after a rollback
        self.wrong: list[object] = []
        self.outputs: list[object] = []
        self.paired: list[object] = []
        self.unpaired: list[object] = []
        self.rollbacks: list[object] = []
        self.any_paired = self.any_unpaired = self.any_rollback = False
        inner = awaited(annotation)
        self._read(annotation if inner is None else inner, "alone")

    def _read(self, annotation: object, manner: Manner) -> None:
        origin = get_origin(annotation)
        head = annotation.head if isinstance(annotation, Forward) else ""
        args: tuple[Any, ...] = getattr(annotation, "__args__", ())
        if origin is Literal or head == "Literal":
            for value in args:
                if get_origin(value) is Literal:
                    self._read(value, manner)
                else:
                    self._add(value, manner)
        elif origin in (Union, UnionType) or head == "|":
            for part in args:
                self._read(part, manner)
        elif origin is Annotated:
            self._read(get_args(annotation)[0], manner)
        elif type(annotation).__name__ == "TypeAliasType":
            self._read(getattr(annotation, "__value__", None), manner)
        elif origin is tuple and len(args) == 2 and args[1] is not Ellipsis and manner == "alone":  # noqa: PLR2004
            self.outputs.append(args[1])
            self._read(args[0], "pair")
        elif (origin is Rollback or head == "Rollback") and len(args) == 1 and manner == "alone":
            self._read(args[0], "rollback")
        else:
            self.wrong.append(annotation)
            self.any_paired = self.any_paired or manner == "pair"
            self.any_unpaired = self.any_unpaired or manner == "alone"
            self.any_rollback = self.any_rollback or manner == "rollback"

    def _add(self, value: object, manner: Manner) -> None:
        if manner == "rollback":
            self.rollbacks.append(value)
            return
        self.values.append(value)
        (self.paired if manner == "pair" else self.unpaired).append(value)


def _describe(annotation: object, enum: type[Enum]) -> str:
    if annotation is enum:
        return f"the whole {enum.__name__}"
    if annotation is Any:
        return "Any"
    if isinstance(annotation, Forward):
        return f"{annotation}, a name that does not exist at run time"
    return show(annotation)
