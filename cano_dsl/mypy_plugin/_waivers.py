"""Waivers written in the call: `waive=[Waive("dead-end", Order.X, "why")]`."""

from typing import NamedTuple

from mypy.nodes import CallExpr, Expression, ListExpr, NameExpr, RefExpr, SetExpr, StrExpr, TupleExpr
from mypy.plugin import CheckerPluginInterface

from cano_dsl.errors import PolicyError
from cano_dsl.mypy_plugin._members import States, literals
from cano_dsl.mypy_plugin._names import WAIVE
from cano_dsl.spec import Stray, Waive

_FIELDS = ("code", "state", "reason")


class Waivers(NamedTuple):
    """Waivers, and the states of theirs that are no members."""

    given: tuple[Waive, ...] = ()
    strays: tuple[Stray, ...] = ()


def waivers_of(expr: Expression, states: States, api: CheckerPluginInterface) -> Waivers | None:
    """Read the waivers; None where they are made elsewhere, so that any finding may be waived."""
    if not isinstance(expr, (ListExpr, TupleExpr, SetExpr)):
        return None
    given: list[Waive] = []
    strays: list[Stray] = []
    for item in expr.items:
        fields = _fields(item)
        if fields is None:
            return None
        state = _state(fields["state"], states, api, strays)
        reason = fields["reason"].value if isinstance(fields["reason"], StrExpr) else "not known here"
        code = fields["code"].value if isinstance(fields["code"], StrExpr) else ""
        try:
            given.append(Waive(code, state, reason))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        except PolicyError:
            return None  # raised in the program itself, too
        if state == "":
            return None
    return Waivers(tuple(given), tuple(strays))


def _fields(call: Expression) -> dict[str, Expression] | None:
    if not isinstance(call, CallExpr) or not isinstance(call.callee, RefExpr):
        return None
    if call.callee.fullname != WAIVE or len(call.args) != len(_FIELDS):
        return None
    names = [name or _FIELDS[index] for index, name in enumerate(call.arg_names)]
    fields = dict(zip(names, call.args, strict=True))
    return fields if set(fields) == set(_FIELDS) else None


def _state(expr: Expression, states: States, api: CheckerPluginInterface, strays: list[Stray]) -> str | None:
    """Give the name of the state; None for the workflow as a whole, nothing where it cannot be seen."""
    if isinstance(expr, NameExpr) and expr.fullname == "builtins.None":
        return None
    found = literals(api.get_expression_type(expr))
    if found is None or len(found) != 1:
        return ""
    member = states.member(found[0])
    if member is None:
        strays.append(Stray("waive=", states.shown(found[0])))
    return member or str(found[0].value)
