"""The order in which an Enum's members are written, and its aliases.

`build` reports in that order and begins a cycle with its first state, but mypy keeps the names of a class in
no order in its cache. So they are written into the class's metadata, which the cache keeps, when it is
analysed. An alias, `FINISHED = DONE`, is a member of its own to mypy, and not to `build`.
"""

from typing import Any, Final

from mypy.nodes import AssignmentStmt, BytesExpr, Expression, IntExpr, NameExpr, StrExpr, TypeInfo
from mypy.plugin import ClassDefContext

KEY: Final = "cano_dsl"


def record(ctx: ClassDefContext) -> None:
    """Write down what is lost later; the hook for every class derived from an Enum."""
    values: dict[object, str] = {}
    order: list[str] = []
    aliases: dict[str, str] = {}
    for statement in ctx.cls.defs.body:
        if not isinstance(statement, AssignmentStmt):
            continue
        for target in statement.lvalues:
            if not isinstance(target, NameExpr):
                continue
            value = _value(statement.rvalue)
            order.append(target.name)
            if isinstance(statement.rvalue, NameExpr) and statement.rvalue.name in order[:-1]:
                first = statement.rvalue.name
                aliases[target.name] = aliases.get(first, first)
            elif value is not None and values.setdefault(value, target.name) != target.name:
                aliases[target.name] = values[value]
    ctx.cls.info.metadata[KEY] = {"order": order, "aliases": aliases}


def _value(expr: Expression) -> object:
    if isinstance(expr, (IntExpr, StrExpr, BytesExpr)):
        return type(expr).__name__, expr.value
    return None


def recorded(info: TypeInfo) -> tuple[list[str], dict[str, str]]:
    """Give the order and the aliases; nothing for an Enum made by a call, `Enum("Order", "A B")`."""
    found: dict[str, Any] = info.metadata.get(KEY) or {}
    return found.get("order", []), found.get("aliases", {})
