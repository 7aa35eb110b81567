"""Reading the edges off a return type, or off `to=`, in the words that `build` has for them."""

from collections.abc import Iterable
from typing import NamedTuple, TypeGuard

from mypy.messages import format_type_bare
from mypy.options import Options
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    ProperType,
    TupleType,
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
        outputs: The types of what comes with a state, in pairs.
        paired: The members in such pairs.
        unpaired: The members that come alone, where there are outputs.
        any_paired: Whether a pair names no Literal.
        any_unpaired: Whether something else than a pair names none.
    """

    members: tuple[LiteralType, ...] = ()
    foreign: tuple[str, ...] = ()
    got: str | None = None
    hidden: bool = False
    outputs: tuple[Type, ...] = ()
    paired: tuple[str, ...] = ()
    unpaired: tuple[str, ...] = ()
    any_paired: bool = False
    any_unpaired: bool = False

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
    """Read a return type, through unions, pairs with an output, and that of a coroutine."""
    outputs: list[Type] = []
    found: list[tuple[ProperType, bool]] = []  # with whether it is in a pair
    for item in _items(awaited(returns)):
        if _is_pair(item):
            outputs.append(item.items[1])
            found += [(inner, True) for inner in _items(get_proper_type(item.items[0]))]
        else:
            found.append((item, False))
    wrong = [(item, in_pair) for item, in_pair in found if not isinstance(item, LiteralType)]
    targets = of_literals((item for item, _ in found if isinstance(item, LiteralType)), states)
    if outputs:
        targets = targets._replace(
            outputs=tuple(outputs),
            paired=_names(found, states, in_pair=True),
            unpaired=_names(found, states, in_pair=False),
            any_paired=any(in_pair for _, in_pair in wrong),
            any_unpaired=any(not in_pair for _, in_pair in wrong),
        )
    if any(isinstance(item, AnyType) and _root(item).type_of_any in _SILENT for item, _ in wrong):
        return targets._replace(hidden=True)
    if wrong:
        return targets._replace(got=_described(wrong[0][0], states, options))
    return targets


def with_outputs(given: Targets, said: Targets) -> Targets:
    """Add to the targets that `to=` gives the outputs that the annotation declares.

    Where a pair, or the part without one, names no Literal, it stands for every target.
    """
    if not said.outputs:
        return given
    names = [str(member.value) for member in given.members]
    return given._replace(
        outputs=said.outputs,
        paired=tuple(name for name in names if said.any_paired or name in said.paired),
        unpaired=tuple(name for name in names if said.any_unpaired or name in said.unpaired),
    )


def _is_pair(typ: ProperType) -> TypeGuard[TupleType]:
    if not isinstance(typ, TupleType) or typ.partial_fallback.type.fullname != "builtins.tuple":
        return False
    return len(typ.items) == 2  # noqa: PLR2004


def _names(found: Iterable[tuple[ProperType, bool]], states: States, *, in_pair: bool) -> tuple[str, ...]:
    literals = [item for item, paired in found if paired is in_pair and isinstance(item, LiteralType)]
    return tuple(str(member.value) for member in of_literals(literals, states).members)


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
