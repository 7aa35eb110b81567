"""Reading the edges off a return type, or off `to=`, in the words that `build` has for them."""

from collections.abc import Iterable
from typing import NamedTuple

from mypy.messages import format_type_bare
from mypy.options import Options
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    ProperType,
    Type,
    TypeOfAny,
    UnionType,
    get_proper_type,
)

from cano_dsl.mypy_plugin._members import States
from cano_dsl.mypy_plugin._names import AWAITABLE

# Mistakes that mypy has reported, and modules that it was told to do without: what is declared is not known.
_SILENT = (TypeOfAny.from_error, TypeOfAny.from_unimported_type)


class Targets(NamedTuple):
    """What is declared.

    Attributes:
        members: The members of the Enum, in order, each once.
        foreign: Everything else in a Literal, in words.
        got: What stands where a Literal should, in words; None when there is none such.
        hidden: Whether a type checker cannot see what is declared.
    """

    members: tuple[LiteralType, ...] = ()
    foreign: tuple[str, ...] = ()
    got: str | None = None
    hidden: bool = False

    @property
    def is_broken(self) -> bool:
        """Tell whether it is not a declaration of states alone."""
        return self.got is not None or bool(self.foreign)


def of_literals(found: Iterable[LiteralType], states: States) -> Targets:
    """Sort literals into members and others."""
    members: dict[str, LiteralType] = {}
    foreign: list[str] = []
    for literal in found:
        name = states.member(literal)
        if name is None:
            foreign.append(states.shown(literal))
        else:
            members[name] = LiteralType(name, literal.fallback)
    return Targets(tuple(members.values()), tuple(foreign))


def annotated(returns: Type, states: States, options: Options) -> Targets:
    """Read a return type, through unions and that of a coroutine."""
    items = _items(awaited(returns))
    found = [item for item in items if isinstance(item, LiteralType)]
    wrong = [item for item in items if not isinstance(item, LiteralType)]
    targets = of_literals(found, states)
    if any(isinstance(item, AnyType) and _root(item).type_of_any in _SILENT for item in wrong):
        return targets._replace(hidden=True)
    if wrong:
        return targets._replace(got=_described(wrong[0], states, options))
    return targets


def awaited(returns: Type) -> ProperType:
    """Give what awaiting a result gives; a type that cannot be awaited as it is."""
    proper = get_proper_type(returns)
    if isinstance(proper, Instance) and proper.type.fullname in AWAITABLE and proper.args:
        return get_proper_type(proper.args[-1])
    return proper


def _items(typ: ProperType) -> list[ProperType]:
    if isinstance(typ, UnionType):
        return [leaf for item in typ.items for leaf in _items(get_proper_type(item))]
    return [typ]


def _root(typ: AnyType) -> AnyType:
    return _root(typ.source_any) if typ.source_any is not None else typ


def _described(typ: ProperType, states: States, options: Options) -> str:
    if isinstance(typ, Instance) and typ.type is states.info:
        return f"the whole {states.name}"
    if isinstance(typ, AnyType):
        return "no annotation" if _root(typ).type_of_any == TypeOfAny.unannotated else "Any"
    return format_type_bare(typ, options)
