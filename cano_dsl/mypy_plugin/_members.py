"""Literals: the members that a type is made of, the type made of members, and the states of an Enum."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from mypy.nodes import Expression, ListExpr, SetExpr, StarExpr, TupleExpr, TypeInfo
from mypy.plugin import CheckerPluginInterface
from mypy.types import Instance, LiteralType, TupleType, Type, UnionType, get_proper_type

from cano_dsl.mypy_plugin._order import recorded


class States:
    """The states of an Enum, in the order in which they are written."""

    def __init__(self, info: TypeInfo) -> None:
        self._order, self._aliases = recorded(info)
        self.info = info
        self.name: str = info.name

    @cached_property
    def _written(self) -> list[str]:
        """All names of members, in order."""
        place = {name: index for index, name in enumerate(self._order)}
        # mypy forgets the order of a class that it loads from its cache: without a record, the alphabet's
        return sorted(self.info.enum_members, key=lambda name: (place.get(name, len(place)), name))

    @property
    def members(self) -> tuple[str, ...]:
        """The members; as many as there are states, so not looked at for each handler."""
        return tuple(name for name in self._written if name not in self._aliases)

    @property
    def aliases(self) -> tuple[tuple[str, str], ...]:
        """Names of members that stand for another member, with that member."""
        return tuple((name, self._aliases[name]) for name in self._written if name in self._aliases)

    def member(self, literal: LiteralType) -> str | None:
        """Give the name of a member of this very Enum; None for anything else."""
        if literal.fallback.type is not self.info or not isinstance(literal.value, str):
            return None
        return self._aliases.get(literal.value, literal.value)

    def shown(self, literal: LiteralType) -> str:
        """Name something that should be a member, telling apart an Enum of the same name."""
        info = literal.fallback.type
        if not info.is_enum:
            return repr(literal.value)
        name = f"{info.name}.{literal.value}"
        if info is not self.info and info.name == self.name:
            return f"{name} of {info.module_name}, another Enum of the same name"
        return name


def literals(typ: Type) -> list[LiteralType] | None:
    """Give the literals that a type, or the value it was inferred from, is made of; None when it is wider."""
    typ = get_proper_type(typ)
    if isinstance(typ, Instance) and typ.last_known_value is not None:
        typ = typ.last_known_value
    if isinstance(typ, LiteralType):
        return [typ]
    if not isinstance(typ, UnionType):
        return None
    found: list[LiteralType] = []
    for item in typ.items:
        part = literals(item)
        if part is None:
            return None
        found += part
    return found


def union(members: Iterable[LiteralType]) -> Type:
    """Make a union by hand: mypy's own simplification turns all members of an Enum into the bare Enum."""
    return UnionType.make_union([*dict.fromkeys(members)])


def display(expr: Expression, typ: Type, api: CheckerPluginInterface) -> list[LiteralType] | None:
    """Read `(A, B)`, `[A, B]`, `{A, B}`, or a value whose type is a tuple of literals."""
    items = _items(expr, typ, api)
    if items is None:
        return None
    found: list[LiteralType] = []
    for item in items:
        part = literals(item)
        if part is None or len(part) != 1:
            return None
        found += part
    return found


def _items(expr: Expression, typ: Type | None, api: CheckerPluginInterface) -> Sequence[Type] | None:
    if isinstance(expr, (TupleExpr, ListExpr, SetExpr)):
        found: list[Type] = []
        for item in expr.items:
            inner = _items(item.expr, None, api) if isinstance(item, StarExpr) else None
            if isinstance(item, StarExpr) and inner is None:
                return None
            found += [api.get_expression_type(item)] if inner is None else inner
        return found
    proper = get_proper_type(api.get_expression_type(expr) if typ is None else typ)
    return proper.items if isinstance(proper, TupleType) else None
