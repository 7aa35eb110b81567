"""`state(X)`, `router(X)`: remember X, and `to=`, as literals in the type of the decorator."""

from collections.abc import Callable
from typing import Any

from mypy.messages import format_type_bare
from mypy.nodes import Expression, MemberExpr, RefExpr, TypeInfo, Var
from mypy.plugin import CheckerPluginInterface, FunctionContext, FunctionSigContext
from mypy.types import (
    AnyType,
    FunctionLike,
    Instance,
    LiteralType,
    NoneType,
    Type,
    TypeOfAny,
    get_proper_type,
)

from cano_dsl.graph import stray_of
from cano_dsl.mypy_plugin._arguments import given_of
from cano_dsl.mypy_plugin._card import attach
from cano_dsl.mypy_plugin._guards import GUARDS, guards_of
from cano_dsl.mypy_plugin._members import States, display, literals, union
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.spec import Definition, Kind, Stray

ARGUMENTS = 3  # of a decorator's type: the Enum, the state, the states of `to=`


def signature_of(kind: Kind) -> Callable[[FunctionSigContext], FunctionLike]:
    """Make the hook that reports a state that is not one literal member.

    Here and not in the hook below: the decorators are overloaded, and there an error only makes mypy drop the
    overload.
    """

    def hook(ctx: FunctionSigContext) -> FunctionLike:
        if ctx.args and ctx.args[0] and not _is_member(ctx.args[0][0]):
            check_member(f"{kind}(…)", ctx.args[0][0], ctx.api)
        return ctx.default_signature

    return hook


def _is_member(expr: Expression) -> bool:
    """Tell `Order.PAY` from what has to be looked at; this is asked once for each overload."""
    if not isinstance(expr, MemberExpr) or not isinstance(expr.expr, RefExpr):
        return False
    info = expr.expr.node
    found = info.names.get(expr.name) if isinstance(info, TypeInfo) and info.is_enum else None
    return found is not None and isinstance(found.node, Var)


def check_member(what: str, expr: Expression, api: CheckerPluginInterface) -> LiteralType | None:
    """Give the one member that an expression stands for; report one that is wider, or of several members."""
    typ = get_proper_type(api.get_expression_type(expr))
    found = literals(typ)
    if found is not None and len(found) == 1:
        return found[0]
    info = found[0].fallback.type if found else typ.type if isinstance(typ, Instance) else None
    if info is None or not info.is_enum:
        return None  # no Enum at all: mypy's own message says it
    states = States(info)
    if not states.members:
        return None  # an Enum made of computed names, or any Enum at all
    wide = f"a value of type {format_type_bare(typ, api.options)}"
    got = " or ".join(map(states.shown, found)) if found else wide
    tell(api, stray_of(Stray(what, got), nothing_of(states)), expr)
    return None


def nothing_of(states: States) -> Definition:
    """Give a definition without a handler, for rules about a single place."""
    return Definition(states.name, states.name, states.members, start=None, exits=(), handlers=())


def result_of(kind: Kind) -> Callable[[FunctionContext], Type]:
    """Make the hook that writes literals into the decorator's type: the state, and the states of `to=`."""

    def hook(ctx: FunctionContext) -> Type:
        result = get_proper_type(ctx.default_return_type)
        if not isinstance(result, Instance) or len(result.args) != ARGUMENTS or not ctx.arg_types[0]:
            return ctx.default_return_type
        enum, _, targets = result.args
        at = literals(ctx.arg_types[0][0])
        source: Type = at[0] if at and len(at) == 1 else AnyType(TypeOfAny.from_error)
        enum = at[0].fallback if at else enum  # of a variable that is annotated as a Literal, mypy takes that
        manner, given = _to(ctx)
        made = result.copy_modified(args=[enum, source, union(given) if given else targets])
        guards = _guards(ctx, enum)
        if kind == "state" and not manner and not guards:
            return made  # nearly always; no facts say the same
        return attach(made, {"kind": kind, "to": manner, **guards}, ctx.api)

    return hook


def _guards(ctx: FunctionContext, enum: Type) -> dict[str, Any]:
    """Read what guards the handler; nothing where nothing is given."""
    given = given_of(ctx)
    states = get_proper_type(enum)
    if given.keys().isdisjoint(GUARDS) or not isinstance(states, Instance):
        return {}
    return guards_of(given, States(states.type), ctx.api)


def _to(ctx: FunctionContext) -> tuple[str, list[LiteralType]]:
    """Tell how the targets are given: not at all, seen, as an empty collection, or hidden."""
    index = ctx.callee_arg_names.index("to") if "to" in ctx.callee_arg_names else -1
    if index < 0 or not ctx.args[index] or isinstance(get_proper_type(ctx.arg_types[index][0]), NoneType):
        return "", []
    given = display(ctx.args[index][0], ctx.arg_types[index][0], ctx.api)
    if given is None:
        return "hidden", []
    return ("seen" if given else "empty"), given
