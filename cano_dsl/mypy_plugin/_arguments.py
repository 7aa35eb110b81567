"""The arguments of `split`, as far as they can be seen where they are written."""

from typing import Any, NamedTuple, TypeAlias

from mypy.nodes import (
    CallExpr,
    DictExpr,
    Expression,
    FloatExpr,
    IntExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    RefExpr,
    StarExpr,
    TupleExpr,
    TypeInfo,
    UnaryExpr,
)
from mypy.plugin import CheckerPluginInterface, FunctionContext, MethodContext
from mypy.types import FunctionLike, NoneType, TupleType, Type, get_proper_type

from cano_dsl.mypy_plugin._joins import UNSEEN
from cano_dsl.mypy_plugin._members import States, literals
from cano_dsl.mypy_plugin._names import JOIN
from cano_dsl.spec import Join

Given: TypeAlias = tuple[Expression, Type] | None


class Errors(NamedTuple):
    """Error edges as pairs of target and error, targets that are no members, and whether some are hidden."""

    edges: list[tuple[str, str]]
    strays: list[str]
    hidden: bool = False


def join_of(given: Given, api: CheckerPluginInterface) -> list[Any] | None:
    """Read `Join.quorum(2)` as the fields of a `Join`; None where it cannot be seen."""
    call = given[0] if given else None
    if not isinstance(call, CallExpr) or not isinstance(call.callee, MemberExpr) or len(call.args) > 1:
        return None
    owner = call.callee.expr
    if not isinstance(owner, RefExpr) or not isinstance(owner.node, TypeInfo) or owner.node.fullname != JOIN:
        return None
    number = number_of(call.args[0], api.get_expression_type(call.args[0])) if call.args else None
    strategy = call.callee.name
    if not hasattr(Join, strategy) or (call.args and number is None):
        return None
    return [strategy, None, number] if strategy == "percentage" else [strategy, number]


def number_of(expr: Expression, typ: Type) -> int | float | None:
    """Give the number that an expression is, or its type says; None where neither does."""
    if isinstance(expr, (IntExpr, FloatExpr)):
        return expr.value
    if isinstance(expr, UnaryExpr) and expr.op == "-":
        number = number_of(expr.expr, typ)
        return None if number is None else -number
    found = literals(typ)
    value = found[0].value if found and len(found) == 1 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def given_of(ctx: FunctionContext | MethodContext) -> dict[str, tuple[Expression, Type]]:
    """List the arguments of a call by the names of their parameters."""
    return {
        name: (ctx.args[index][0], ctx.arg_types[index][0])
        for index, name in enumerate(ctx.callee_arg_names)
        if name and ctx.args[index]
    }


def timeout_of(given: Given) -> float | str | None:
    """Read a length of time; None for none."""
    if given is None or isinstance(get_proper_type(given[1]), NoneType):
        return None
    number = number_of(*given)
    return UNSEEN if number is None else float(number)


def bulkhead_of(given: Given) -> float | str | None:
    """Read how many branches run at once; None for all."""
    if given is None or isinstance(get_proper_type(given[1]), NoneType):
        return None
    number = number_of(*given)
    return UNSEEN if number is None else number


def count_of(given: Given, api: CheckerPluginInterface) -> int | None:
    """Count the items that `over=` lists; None where only a run knows."""
    if given is None:
        return None
    expr, typ = given
    if isinstance(expr, (TupleExpr, ListExpr)):
        return None if any(isinstance(item, StarExpr) for item in expr.items) else len(expr.items)
    if isinstance(expr, CallExpr) and isinstance(expr.callee, RefExpr):
        if expr.callee.fullname != "builtins.range":
            return None
        numbers = [number_of(arg, api.get_expression_type(arg)) for arg in expr.args]
        whole = [number for number in numbers if isinstance(number, int)]
        return len(range(*whole)) if 0 < len(whole) == len(numbers) <= 3 else None  # noqa: PLR2004
    proper = get_proper_type(typ)
    return len(proper.items) if isinstance(proper, TupleType) else None


def errors_of(given: Given, states: States, api: CheckerPluginInterface) -> Errors:
    """Read `on_error=`: a state, or a state for each class of exceptions."""
    errors = Errors([], [])
    if given is None or isinstance(get_proper_type(given[1]), NoneType):
        return errors
    expr, typ = given
    pairs: list[tuple[Expression | None, Type]] = [(None, typ)]
    if isinstance(expr, DictExpr):
        pairs = [(key, api.get_expression_type(value)) for key, value in expr.items]
    for key, target in pairs:
        found = literals(target)
        if found is None or len(found) != 1 or (isinstance(expr, DictExpr) and key is None):
            return errors._replace(hidden=True)
        name = states.member(found[0])
        if name is None:
            errors.strays.append(states.shown(found[0]))
        else:
            errors.edges.append((name, "" if key is None else _error(key, api)))
    return errors


def _error(key: Expression, api: CheckerPluginInterface) -> str:
    """Name a class of exceptions; nothing for `Exception`, which is any."""
    typ = get_proper_type(api.get_expression_type(key))
    if isinstance(typ, FunctionLike) and typ.is_type_obj():
        info = typ.type_object()
        return "" if info.fullname == "builtins.Exception" else info.name
    return key.name if isinstance(key, (NameExpr, MemberExpr)) else "an exception"
