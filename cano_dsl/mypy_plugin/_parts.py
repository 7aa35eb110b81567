"""The handlers given to one call of `build`, read back from their types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mypy.maptype import map_instance_to_supertype
from mypy.nodes import ARG_STAR, Expression, RefExpr
from mypy.plugin import CheckerPluginInterface, MethodContext
from mypy.types import AnyType, Instance, ProperType, TupleType, Type, UnionType, get_proper_type

from cano_dsl.errors import Finding
from cano_dsl.mypy_plugin._card import facts_of
from cano_dsl.mypy_plugin._members import States, literals
from cano_dsl.mypy_plugin._names import HANDLER
from cano_dsl.mypy_plugin._resources import Wants, Words, wants_of
from cano_dsl.mypy_plugin._tell import Places, tell
from cano_dsl.spec import HandlerDef

UNSEEN = "targets that a type checker cannot see"  # leads anywhere; never said


class Part(NamedTuple):
    """A handler's type, as a `Handler`, with the facts that it carries and where it is given."""

    type: Instance
    facts: Mapping[str, Any]
    expr: Expression
    wants: Wants | None


def parts_of(ctx: MethodContext, position: int, enum: Instance, words: Words) -> list[Part] | None:
    """List the handlers; None where they cannot all be seen, which is reported unless mypy does so itself."""
    parts: list[Part] = []
    unpacked: list[Expression] = []
    given = zip(ctx.arg_types[position], ctx.arg_kinds[position], ctx.args[position], strict=True)
    for typ, kind, expr in given:
        items: Sequence[Type] = [typ]
        if kind == ARG_STAR:
            if any(expr is one for one in unpacked):
                continue  # mypy lists `*steps` once for every item in it
            unpacked.append(expr)
            proper = get_proper_type(typ)
            if not isinstance(proper, TupleType):
                if _is_of_handlers(proper):
                    _tell_unseen(ctx.api, expr)
                return None
            items = proper.items
        for item in items:
            part = _part(item, expr, enum, words, ctx.api)
            if part is None:
                return None
            parts.append(part)
    return parts


def _part(
    typ: Type, expr: Expression, enum: Instance, words: Words, api: CheckerPluginInterface
) -> Part | None:
    """Read one handler; None for one of several, and for what mypy has said is no handler of this Enum."""
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType) and all(map(_is_handler, proper.items)):
        _tell_unseen(api, expr)
    if not isinstance(proper, Instance):
        return None
    mapped = _as_handler(proper)
    if mapped is None or get_proper_type(mapped.args[0]) != enum:
        return None
    return Part(mapped, facts_of(proper), expr, wants_of(mapped.args[2], words))


def _as_handler(typ: Instance) -> Instance | None:
    info = next((info for info in typ.type.mro if info.fullname == HANDLER), None)
    return None if info is None else map_instance_to_supertype(typ, info)


def _is_of_handlers(typ: ProperType) -> bool:
    """Tell whether a collection is one of handlers; mypy complains of any other."""
    return isinstance(typ, Instance) and bool(typ.args) and _is_handler(typ.args[0])


def _is_handler(typ: Type) -> bool:
    proper = get_proper_type(typ)
    return isinstance(proper, Instance) and _as_handler(proper) is not None


def _tell_unseen(api: CheckerPluginInterface, expr: Expression) -> None:
    finding = Finding(
        code="dynamic",
        state=None,
        message="Workflow cannot be checked, as these handlers cannot be seen by a type checker",
        hint="give handlers one by one, or a tuple of them with a star",
    )
    tell(api, finding, expr)


def _tell_stateless(api: CheckerPluginInterface, part: Part) -> None:
    finding = Finding(
        code="dynamic",
        state=None,
        message="Workflow cannot be checked, as a type checker cannot see which state this handler is for",
        hint="decorate the function with state(Order.X) itself, and give the handler as it is",
    )
    tell(api, finding, part.expr)


def handlers_of(
    parts: Iterable[Part], states: States, places: Places, api: CheckerPluginInterface
) -> tuple[HandlerDef, ...] | None:
    """Make the definition's handlers; None where the state of one cannot be seen."""
    handlers = []
    for part in parts:
        source = get_proper_type(part.type.args[1])
        if isinstance(source, AnyType):
            return None  # reported where it is decorated
        at = literals(source)
        if at is None or len(at) != 1:
            _tell_stateless(api, part)
            return None
        handlers.append(_handler(part, states.member(at[0]), states, places))
    return tuple(handlers)


def _handler(part: Part, at: str | None, states: States, places: Places) -> HandlerDef:
    facts = part.facts
    wants = part.wants or Wants()
    declared = None if facts.get("hidden") else literals(part.type.args[3])
    members = [states.member(literal) for literal in declared or ()]
    targets = facts.get("targets", ()) if facts.get("broken") else [name for name in members if name]
    is_hidden = declared is None and not facts.get("broken")
    return HandlerDef(
        at=at,
        kind=facts.get("kind", "state"),
        name=facts.get("name") or _name(part.expr),
        where=places.spot(part.expr),
        targets=tuple(targets),
        foreign=tuple(facts.get("foreign", ())),
        got=UNSEEN if is_hidden else facts.get("got"),
        beyond=tuple(facts.get("beyond", ())),
        wants=wants.resources,
        data=wants.data,
        thread=bool(facts.get("thread")),
    )


def _name(expr: Expression) -> str:
    return expr.fullname.rpartition(".")[2] or "handler" if isinstance(expr, RefExpr) else "handler"
