"""Reading the edges off a return type, or off `to=`, in the words that `build` has for them."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias, TypeGuard

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
from cano_dsl.mypy_plugin._names import AWAITABLE, ROLLBACK

Manner: TypeAlias = Literal["alone", "pair", "rollback"]
Found: TypeAlias = tuple[ProperType, Manner]

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
        any_unpaired: Whether something that is neither a pair nor a rollback names none.
        rollbacks: The members to go to once everything is undone.
        any_rollback: Whether a rollback names no Literal.
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
    rollbacks: tuple[str, ...] = ()
    any_rollback: bool = False

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
    found: list[Found] = []
    for item in _items(awaited(returns)):
        if _is_pair(item):
            outputs.append(item.items[1])
            found += _each(item.items[0], "pair")
        elif isinstance(item, Instance) and item.type.fullname == ROLLBACK and item.args:
            found += _each(item.args[0], "rollback")
        else:
            found.append((item, "alone"))
    wrong = [(item, manner) for item, manner in found if not isinstance(item, LiteralType)]
    targets = _of_manners(found, states)
    if outputs:
        targets = targets._replace(
            outputs=tuple(outputs),
            paired=_names(found, states, "pair"),
            unpaired=_names(found, states, "alone"),
            any_paired=any(manner == "pair" for _, manner in wrong),
        )
    manners = {manner for _, manner in wrong}
    targets = targets._replace(any_unpaired="alone" in manners, any_rollback="rollback" in manners)
    if any(isinstance(item, AnyType) and _root(item).type_of_any in _SILENT for item, _ in wrong):
        return targets._replace(hidden=True)
    if wrong:
        return targets._replace(got=_described(wrong[0][0], states, options))
    return targets


def _each(typ: Type, manner: Manner) -> list[Found]:
    return [(item, manner) for item in _items(get_proper_type(typ))]


def _of_manners(found: Iterable[Found], states: States) -> Targets:
    """Sort all literals, those of rollbacks apart."""
    literals = [(item, manner) for item, manner in found if isinstance(item, LiteralType)]
    after = of_literals((item for item, manner in literals if manner == "rollback"), states)
    targets = of_literals((item for item, manner in literals if manner != "rollback"), states)
    return targets._replace(
        foreign=(*targets.foreign, *after.foreign), rollbacks=tuple(str(m.value) for m in after.members)
    )


def with_outputs(given: Targets, said: Targets) -> Targets:
    """Add to the targets that `to=` gives the outputs and the rollbacks that the annotation declares.

    Where a pair, a rollback, or the part that is neither names no Literal, it stands for every target.
    """
    names = [str(member.value) for member in given.members]
    if said.outputs:
        given = given._replace(
            outputs=said.outputs,
            paired=tuple(name for name in names if said.any_paired or name in said.paired),
            unpaired=tuple(name for name in names if said.any_unpaired or name in said.unpaired),
        )
    if said.rollbacks or said.any_rollback:
        is_any = said.any_paired or said.any_unpaired
        ordinary = {str(member.value) for member in said.members}
        given = given._replace(
            rollbacks=tuple(name for name in names if said.any_rollback or name in said.rollbacks),
            members=tuple(m for m in given.members if is_any or m.value in ordinary),
        )
    return given


def _is_pair(typ: ProperType) -> TypeGuard[TupleType]:
    if not isinstance(typ, TupleType) or typ.partial_fallback.type.fullname != "builtins.tuple":
        return False
    return len(typ.items) == 2  # noqa: PLR2004


def _names(found: Iterable[Found], states: States, wanted: Manner) -> tuple[str, ...]:
    literals = [item for item, manner in found if manner == wanted and isinstance(item, LiteralType)]
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
