"""Comparing the types of two parameters as `build` compares them, with all that a type checker knows."""

from mypy.meet import is_overlapping_types, meet_types
from mypy.subtypes import is_subtype
from mypy.types import (
    AnyType,
    Instance,
    ProperType,
    Type,
    TypeVarLikeType,
    UninhabitedType,
    UnionType,
    get_proper_type,
)


class CheckerTypes:
    """Answers about mypy's own types, which is what the plugin puts into definitions."""

    def compatible(self, one: object, other: object) -> bool:
        """Tell whether some object can be of both types: unions when any pair is, and protocols always."""
        if not isinstance(one, Type) or not isinstance(other, Type):
            return True
        return any(_overlap(a, b) for a in _members(one) for b in _members(other))

    def fits(self, given: object, wanted: object) -> bool:
        """Tell whether an object of one type can be passed as the other."""
        if not isinstance(given, Type) or not isinstance(wanted, Type):
            return True
        return is_subtype(given, wanted)


def narrowed(one: Type, other: Type) -> Type:
    """Give the type of an argument that has to serve as both.

    Where there is no word for it, as for two protocols, that is the first: necessary, if not enough.
    """
    if is_subtype(one, other):
        return one
    if is_subtype(other, one):
        return other
    both = meet_types(one, other)
    return one if isinstance(get_proper_type(both), UninhabitedType) else both


def _members(typ: Type) -> list[ProperType]:
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        return [leaf for item in proper.items for leaf in _members(item)]
    return [proper]


def _overlap(one: ProperType, other: ProperType) -> bool:
    if any(_is_open(typ) for typ in (one, other)):
        return True
    return is_overlapping_types(one, other)


def _is_open(typ: ProperType) -> bool:
    """Tell whether an object of some other class may be of this type too."""
    if isinstance(typ, Instance):
        return typ.type.is_protocol
    return isinstance(typ, (AnyType, TypeVarLikeType))
