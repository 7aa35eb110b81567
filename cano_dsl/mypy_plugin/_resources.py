"""What handlers want, what `resources=` offers, and the parameters of `run` that follow."""

from collections.abc import Iterable
from typing import NamedTuple

from mypy.messages import format_type_bare
from mypy.nodes import ARG_NAMED, ARG_NAMED_OPT
from mypy.options import Options
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    NoneType,
    Parameters,
    Type,
    TypeOfAny,
    UnionType,
    get_proper_type,
)

from cano_dsl.mypy_plugin._names import INJECTED
from cano_dsl.mypy_plugin._types import narrowed
from cano_dsl.spec import Want


class Words:
    """Types in words: the handlers of one workflow want the same types, and writing one takes its time."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: dict[Type, str] = {}

    def of(self, typ: Type) -> str:
        """Write a type as mypy's messages do, without quotes."""
        words = self._known.get(typ)
        if words is None:
            words = self._known[typ] = format_type_bare(typ, self._options)
        return words


class Wants(NamedTuple):
    """The parameters of a handler: what a run fills by name, the data, and what it is entered with."""

    resources: tuple[Want, ...] = ()
    data: Want | None = None
    joined: Want | None = None
    failure: Want | None = None


def together(one: Wants, other: Wants) -> Wants:
    """Merge what two functions of a split want; of two outcomes or failures the one that must be there."""
    return Wants(
        (*one.resources, *other.resources),
        one.data or other.data,
        _strictest(one.joined, other.joined),
        _strictest(one.failure, other.failure),
    )


def _strictest(one: Want | None, other: Want | None) -> Want | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda want: want.optional)


def wants_of(parameters: Type, words: Words) -> Wants | None:
    """Read a handler's parameters; None where the types do not tell them all."""
    proper = get_proper_type(parameters)
    if not isinstance(proper, Parameters) or proper.is_ellipsis_args:
        return None
    resources: list[Want] = []
    others = Wants()
    for typ, kind, name in zip(proper.arg_types, proper.arg_kinds, proper.arg_names, strict=True):
        if kind.is_star() or name is None:
            return None  # refused where it is decorated
        injected = _injected(typ)
        if injected is None:
            resources.append(want(name, typ, words, optional=kind.is_optional()))
        else:
            others = together(others, _wanted(name, typ, injected, words, optional=kind.is_optional()))
    return others._replace(resources=tuple(resources)) if resources else others


def _wanted(name: str, typ: Type, injected: Instance, words: Words, *, optional: bool) -> Wants:
    """Read one parameter that is filled by its type."""
    role = INJECTED[injected.type.fullname]
    inner = injected.args[0] if injected.args else None
    if role == "data":
        return Wants(data=None if inner is None else want(name, inner, words, optional=optional))
    if role == "joined":
        any_value = AnyType(TypeOfAny.from_omitted_generics)
        return Wants(joined=want(name, inner or any_value, words, optional=_allows_none(typ)))
    if role == "failure":
        return Wants(failure=want(name, typ, words, optional=_allows_none(typ)))
    return Wants()


def _allows_none(typ: Type) -> bool:
    proper = get_proper_type(typ)
    items = proper.items if isinstance(proper, UnionType) else [proper]
    return any(isinstance(get_proper_type(item), NoneType) for item in items)


def parameters_of(function: CallableType, *, skip: int = 0) -> Parameters:
    """Give a function's parameters as a type argument, without the first ones."""
    return Parameters(
        function.arg_types[skip:],
        function.arg_kinds[skip:],
        function.arg_names[skip:],
        is_ellipsis_args=function.is_ellipsis_args,
    )


def want(name: str, typ: Type, words: Words, *, optional: bool = False) -> Want:
    """Put a type down with its words."""
    return Want(name, typ, words.of(typ), optional)


def _injected(typ: Type) -> Instance | None:
    """Find the type, also in a union, by which a parameter is filled."""
    proper = get_proper_type(typ)
    for item in proper.items if isinstance(proper, UnionType) else [proper]:
        leaf = get_proper_type(item)
        if isinstance(leaf, Instance) and leaf.type.fullname in INJECTED:
            return leaf
    return None


def offers_of(parameters: Type, words: Words) -> tuple[Want, ...] | None:
    """Read the parameters of what `resources=` names; None where they are not known."""
    found = wants_of(parameters, words)
    return None if found is None else found.resources


def parameters_of_run(handlers: Iterable[Wants | None]) -> Parameters | None:
    """Merge what all handlers want into keyword parameters; None where a handler's are not known.

    A parameter may be left out when every handler can do without.
    """
    merged: dict[str, tuple[Type, bool]] = {}
    for wants in handlers:
        if wants is None:
            return None
        for one in wants.resources:
            if not isinstance(one.type, Type):
                return None
            earlier = merged.get(one.name)
            typ = one.type if earlier is None else narrowed(earlier[0], one.type)
            merged[one.name] = (typ, one.optional and (earlier is None or earlier[1]))
    return Parameters(
        [typ for typ, _ in merged.values()],
        [ARG_NAMED_OPT if optional else ARG_NAMED for _, optional in merged.values()],
        list(merged),
    )
