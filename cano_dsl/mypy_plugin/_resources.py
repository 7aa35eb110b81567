"""What handlers want, what `resources=` offers, and the parameters of `run` that follow."""

from collections.abc import Iterable
from typing import NamedTuple

from mypy.messages import format_type_bare
from mypy.nodes import ARG_NAMED, ARG_NAMED_OPT
from mypy.options import Options
from mypy.types import Instance, Parameters, Type, UnionType, get_proper_type

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
    """The parameters of a handler that a run fills by name, and the data that it expects."""

    resources: tuple[Want, ...] = ()
    data: Want | None = None


def wants_of(parameters: Type, words: Words) -> Wants | None:
    """Read a handler's parameters; None where the types do not tell them all."""
    proper = get_proper_type(parameters)
    if not isinstance(proper, Parameters) or proper.is_ellipsis_args:
        return None
    resources: list[Want] = []
    data: Want | None = None
    for typ, kind, name in zip(proper.arg_types, proper.arg_kinds, proper.arg_names, strict=True):
        if kind.is_star() or name is None:
            return None  # refused where it is decorated
        injected = _injected(typ)
        if injected is None:
            resources.append(want(name, typ, words, optional=kind.is_optional()))
        elif INJECTED[injected.type.fullname] == "data" and injected.args and data is None:
            data = want(name, injected.args[0], words, optional=kind.is_optional())
    return Wants(tuple(resources), data)


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
