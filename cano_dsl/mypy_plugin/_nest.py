"""`Workflow.as_state`: where the exits of a workflow lead, kept in the type of what stands in the state."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mypy.nodes import DictExpr, Expression, StrExpr
from mypy.plugin import MethodContext
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    NoneType,
    Parameters,
    ProperType,
    Type,
    TypeOfAny,
    get_proper_type,
)

from cano_dsl.graph import transitions_of
from cano_dsl.mypy_plugin._arguments import errors_of
from cano_dsl.mypy_plugin._card import attach
from cano_dsl.mypy_plugin._declare import check_member
from cano_dsl.mypy_plugin._members import States, literals, union
from cano_dsl.mypy_plugin._names import NESTED
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.spec import HandlerDef, NestedDef

STATES, EXITS, _, RESOURCES = range(4)  # places among the type arguments of a workflow


class Mapped(NamedTuple):
    """What `exits=` says.

    Attributes:
        keys: What is given in place of exits.
        targets: What is given in place of states.
    """

    keys: tuple[LiteralType, ...]
    targets: tuple[LiteralType, ...]


def result(ctx: MethodContext) -> Type:
    """Check what is said of the exits, and give the handler's type: its state, next states and resources."""
    made, inner = get_proper_type(ctx.default_return_type), get_proper_type(ctx.type)
    if not isinstance(made, Instance) or made.type.fullname != NESTED or not isinstance(inner, Instance):
        return ctx.default_return_type
    given = {
        name or "at": (ctx.args[index][0], ctx.arg_types[index][0])
        for index, name in enumerate(ctx.callee_arg_names)
        if ctx.args[index]
    }
    at = check_member("as_state(…)", ctx.args[0][0], ctx.api) if ctx.args[0] else None
    enum = get_proper_type(inner.args[STATES])
    if at is None or not at.fallback.type.is_enum or not isinstance(enum, Instance) or "exits" not in given:
        return ctx.default_return_type
    states = States(at.fallback.type)
    errors = errors_of(given.get("on_error"), states, ctx.api)
    facts: dict[str, Any] = {"kind": "workflow", "name": str(at.value).lower(), "inner": enum.type.name}
    facts |= {"errors": errors.edges, "strays": errors.strays, "open": errors.hidden}
    args: list[Type] = [at.fallback, at, _renamed(inner.args[RESOURCES], given.get("resources")), at.fallback]
    mapped = _mapped(given["exits"][0], ctx)
    if mapped is None:
        return attach(made.copy_modified(args=args), {**facts, "hidden": True}, ctx.api)
    handler = _handler(mapped, facts["name"], literals(inner.args[EXITS]), States(enum.type), states)
    for finding in transitions_of(handler, states.name):
        tell(ctx.api, finding, ctx.context)
    members = [one for one in mapped.targets if states.member(one) is not None]
    if members:
        args[3] = union(members)
    return attach(made.copy_modified(args=args), facts | _facts(handler), ctx.api)


def _mapped(expr: Expression, ctx: MethodContext) -> Mapped | None:
    """Read the dict as it is written; None where it cannot be seen."""
    if not isinstance(expr, DictExpr):
        return None
    keys, targets = [], []
    for key, value in expr.items:
        exit_ = literals(ctx.api.get_expression_type(key)) if key is not None else None
        target = literals(ctx.api.get_expression_type(value))
        if exit_ is None or target is None or len(exit_) != 1 or len(target) != 1:
            return None
        keys.append(exit_[0])
        targets.append(target[0])
    return Mapped(tuple(keys), tuple(targets))


def _handler(
    mapped: Mapped, name: str, exits: list[LiteralType] | None, inner: States, states: States
) -> HandlerDef:
    """Make the handler by names; a key that is no exit is left to mypy, which knows the types of the keys."""
    pairs = [
        (found, there)
        for key, target in zip(mapped.keys, mapped.targets, strict=True)
        if (found := inner.member(key)) is not None and (there := states.member(target)) is not None
    ]
    said = {inner.member(key) for key in mapped.keys}
    missing = [found for one in exits or () if (found := inner.member(one)) is not None and found not in said]
    shown = tuple(dict.fromkeys(states.shown(one) for one in mapped.targets if states.member(one) is None))
    targets = tuple(dict.fromkeys(str(states.member(one)) for one in mapped.targets if states.member(one)))
    nested = NestedDef(inner.name, tuple(pairs), missing=tuple(missing))
    return HandlerDef(None, "workflow", name, targets=targets, foreign=shown, nested=nested)


def _facts(handler: HandlerDef) -> dict[str, Any]:
    """Give what the type arguments do not say."""
    nested = handler.nested
    return {
        "foreign": handler.foreign,
        "targets": handler.targets,
        "broken": bool(handler.foreign) or not handler.targets,
        "exits": nested.exits if nested else (),
        "missing": nested.missing if nested else (),
    }


def nested_of(facts: Mapping[str, Any]) -> NestedDef | None:
    """Read back what is known of the workflow in a state; None for any other handler."""
    if facts.get("kind") != "workflow":
        return None
    exits = tuple((exit_, target) for exit_, target in facts.get("exits", ()))
    return NestedDef(facts.get("inner", ""), exits, missing=tuple(facts.get("missing", ())))


def _renamed(resources: Type, given: tuple[Expression, Type] | None) -> Type:
    """Name the parameters as the other workflow does; anything where that cannot be seen."""
    found: ProperType = get_proper_type(resources)
    if given is None or isinstance(get_proper_type(given[1]), NoneType) or not isinstance(found, Parameters):
        return resources
    names = {}
    for key, value in given[0].items if isinstance(given[0], DictExpr) else [(None, given[0])]:
        if not isinstance(key, StrExpr) or not isinstance(value, StrExpr):
            return _anything()
        names[key.value] = value.value
    return Parameters(
        found.arg_types,
        found.arg_kinds,
        [names.get(name, name) if name else name for name in found.arg_names],
        is_ellipsis_args=found.is_ellipsis_args,
    )


def _anything() -> Type:
    return AnyType(TypeOfAny.special_form)
