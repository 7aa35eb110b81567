"""The handlers given to one call of `build`, read back from their types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mypy.maptype import map_instance_to_supertype
from mypy.nodes import ARG_STAR, Expression, RefExpr
from mypy.plugin import CheckerPluginInterface, MethodContext
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    ProperType,
    TupleType,
    Type,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from cano_dsl.errors import Finding
from cano_dsl.mypy_plugin import _card
from cano_dsl.mypy_plugin._card import facts_of
from cano_dsl.mypy_plugin._joins import policy_of, splitting_of, wants_of_items
from cano_dsl.mypy_plugin._members import States, literals
from cano_dsl.mypy_plugin._names import COMPENSATION, HANDLER, OUTPUT_HANDLER
from cano_dsl.mypy_plugin._nest import nested_of
from cano_dsl.mypy_plugin._resources import Wants, Words, together, want, wants_of
from cano_dsl.mypy_plugin._tell import Places, tell
from cano_dsl.spec import CompensationDef, ErrorDef, HandlerDef, Want

OUTPUT, TAKEN = 4, 3  # among the type arguments of an OutputHandler, and of what a compensation is made to
UNSEEN = "targets that a type checker cannot see"  # leads anywhere; never said


class Part(NamedTuple):
    """One part of a workflow: its type, also as a `Handler` or `Compensation`, and where it is given."""

    type: Instance
    own: Instance
    facts: Mapping[str, Any]
    expr: Expression
    wants: Wants | None

    @property
    def undoes(self) -> bool:
        """Whether it is a compensation."""
        return self.type.type.fullname == COMPENSATION


def parts_of(ctx: MethodContext, position: int, enum: Instance, words: Words) -> list[Part] | None:
    """List handlers, then compensations.

    None where they cannot all be seen, which is reported unless mypy does so itself.
    """
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
                if _is_of_parts(proper):
                    _tell_unseen(ctx.api, expr)
                return None
            items = proper.items
        for item in items:
            part = _part(item, expr, enum, words, ctx.api)
            if part is None:
                return None
            parts.append(part)
    return sorted(parts, key=lambda part: part.undoes)


def _part(
    typ: Type, expr: Expression, enum: Instance, words: Words, api: CheckerPluginInterface
) -> Part | None:
    """Read one part; None for one of several, and for what mypy has said is no part of this Enum."""
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType) and _is_part(proper):
        _tell_unseen(api, expr)
    if not isinstance(proper, Instance):
        return None
    mapped = as_base(HANDLER, proper) or as_base(COMPENSATION, proper)
    if mapped is None or get_proper_type(mapped.args[0]) != enum:
        return None
    wants = wants_of(mapped.args[2], words)
    items = wants_of_items(proper, words)
    every = together(wants, items) if wants is not None and items is not None else None
    return Part(mapped, proper, facts_of(proper), expr, every)


def as_base(name: str, typ: Instance) -> Instance | None:
    """See a type as one of its base classes."""
    info = next((info for info in typ.type.mro if info.fullname == name), None)
    return None if info is None else map_instance_to_supertype(typ, info)


def _is_of_parts(typ: ProperType) -> bool:
    """Tell whether a collection is one of handlers; mypy complains of any other."""
    return isinstance(typ, Instance) and bool(typ.args) and _is_part(typ.args[0])


def _is_part(typ: Type) -> bool:
    proper = get_proper_type(typ)
    if isinstance(proper, UnionType):
        return all(map(_is_part, proper.items))
    return isinstance(proper, Instance) and any(as_base(name, proper) for name in (HANDLER, COMPENSATION))


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
    parts: Iterable[Part], states: States, places: Places, words: Words, api: CheckerPluginInterface
) -> tuple[HandlerDef, ...] | None:
    """Make the definition's handlers; None where the state of one cannot be seen."""
    handlers = []
    for part in parts:
        if part.undoes:
            continue
        source = get_proper_type(part.type.args[1])
        if isinstance(source, AnyType):
            return None  # reported where it is decorated
        at = literals(source)
        if at is None or len(at) != 1:
            _tell_stateless(api, part)
            return None
        handlers.append(_handler(part, states.member(at[0]), states, places, words))
    return tuple(handlers)


def _handler(part: Part, at: str | None, states: States, places: Places, words: Words) -> HandlerDef:
    facts = part.facts
    wants = part.wants or Wants()
    declared = None if facts.get("hidden") else _declared(part.type.args[3], facts)
    members = [states.member(literal) for literal in declared or ()]
    targets = facts.get("targets", ()) if facts.get("broken") else [name for name in members if name]
    splitting = splitting_of(part.own, words)
    is_hidden = (declared is None and not facts.get("broken")) or splitting.open or bool(facts.get("open"))
    errors = tuple(ErrorDef(target, error) for target, error in facts.get("errors", ()))
    return HandlerDef(
        at=at,
        kind="split" if splitting.split else facts.get("kind", "state"),
        name=facts.get("name") or _name(part.expr),
        where=places.spot(part.expr),
        targets=tuple(targets),
        foreign=tuple(facts.get("foreign", ())),
        got=UNSEEN if is_hidden else facts.get("got"),
        beyond=tuple(facts.get("beyond", ())),
        wants=wants.resources,
        data=wants.data,
        thread=bool(facts.get("thread")),
        split=splitting.split,
        errors=splitting.errors or errors,
        effects=splitting.effects,
        policies=splitting.policies,
        joined=wants.joined,
        failure=wants.failure,
        output=_output(part, words),
        paired=tuple(facts.get("paired", ())),
        unpaired=tuple(facts.get("unpaired", ())),
        rollbacks=tuple(facts.get("rollbacks", ())),
        nested=nested_of(facts),
    )


def _declared(following: Type, facts: Mapping[str, Any]) -> list[LiteralType] | None:
    """Give the next states without a rollback; none of a handler that only asks for one."""
    is_none = isinstance(get_proper_type(following), UninhabitedType) and facts.get("rollbacks")
    return [] if is_none else literals(following)


def _output(part: Part, words: Words) -> Want | None:
    given = output_of(part.own)
    return None if given is None else want("output", given, words)


def output_of(handler: Instance) -> Type | None:
    """Give the type of a handler's output; of a router too, which is reported where it is decorated."""
    mapped = as_base(OUTPUT_HANDLER, handler)
    if mapped is not None:
        return mapped.args[OUTPUT]
    return handler.extra_attrs.attrs.get(_card.OUTPUT) if handler.extra_attrs else None


def compensations_of(
    parts: Sequence[Part], handlers: Sequence[HandlerDef], states: States, places: Places, words: Words
) -> tuple[CompensationDef, ...]:
    """Make the definition's compensations, without those whose type does not tell what they undo."""
    steps = [(part, handler.at) for part, handler in zip(parts, handlers, strict=False)]
    found = []
    for part in parts:
        sources = literals(part.type.args[1]) if part.undoes else None
        if sources is None or len(sources) != 1 or "step" not in part.facts:
            continue
        at = states.member(sources[0])
        key = part.facts.get("key")
        matching = [i for i, (step, of) in enumerate(steps) if of == at and step.facts.get("key") == key]
        wants = part.wants or Wants()
        compensation = CompensationDef(
            at=at,
            step=part.facts["step"],
            of=matching[0] if matching else None,
            name=part.facts["name"],
            takes=want(part.facts["takes"], part.own.args[TAKEN], words),
            where=places.spot(part.expr),
            wants=wants.resources,
            data=wants.data,
            thread=bool(part.facts.get("thread")),
            policies=policy_of(part.facts.get("policies")),
            joined=wants.joined,
            failure=wants.failure,
        )
        found.append(compensation)
    return tuple(found)


def _name(expr: Expression) -> str:
    return expr.fullname.rpartition(".")[2] or "handler" if isinstance(expr, RefExpr) else "handler"
