"""One call of `build` as a definition by names: the same that `build` itself makes of the functions."""

from dataclasses import replace
from typing import Any, NamedTuple

from mypy.nodes import Expression, StrExpr
from mypy.plugin import MethodContext
from mypy.types import AnyType, Instance, LiteralType, NoneType, Type, get_proper_type

from cano_dsl.errors import Finding
from cano_dsl.mypy_plugin._arguments import number_of, timeout_of
from cano_dsl.mypy_plugin._declare import check_member
from cano_dsl.mypy_plugin._joins import UNSEEN as UNKNOWN
from cano_dsl.mypy_plugin._joins import strays_of
from cano_dsl.mypy_plugin._members import States, display
from cano_dsl.mypy_plugin._parts import UNSEEN, Part, compensations_of, handlers_of, parts_of
from cano_dsl.mypy_plugin._resources import Words, offers_of, want
from cano_dsl.mypy_plugin._tell import Places, tell
from cano_dsl.mypy_plugin._waivers import Waivers, waivers_of
from cano_dsl.spec import COMPENSATION_TIMEOUT_S, Definition, Stray

# Places among the type arguments of `Workflow`.
STATES, EXITS, DATA, RESOURCES = range(4)


class Call(NamedTuple):
    """What the arguments of one call tell.

    Attributes:
        enum: The Enum's type.
        states: Its members.
        exits: The exits as literals; None where they cannot be seen.
        parts: The handlers; None where they cannot all be seen.
        words: Types in words.
    """

    enum: Instance
    states: States
    exits: list[LiteralType] | None
    parts: list[Part] | None
    words: Words


class Extracted(NamedTuple):
    """A definition, and where its findings are to be said.

    Attributes:
        definition: The definition.
        places: The places.
        knows_waivers: Whether all waivers are known.
        knows_handlers: Whether the targets and the parameters of all handlers are known.
    """

    definition: Definition
    places: Places
    knows_waivers: bool
    knows_handlers: bool


def call_of(ctx: MethodContext, result: Instance) -> Call | None:
    """Read exits and handlers; None where there is no Enum to read them by, or its members are computed."""
    enum = get_proper_type(result.args[STATES])
    if not isinstance(enum, Instance) or not enum.type.is_enum or not ctx.args[0]:
        return None
    states, words = States(enum.type), Words(ctx.api.options)
    if not states.members:
        return None
    return Call(enum, states, _exits(ctx, enum), parts_of(ctx, 1, enum, words), words)


def argument(ctx: MethodContext, name: str) -> tuple[Expression, Type] | None:
    """Find an argument; None for one that is left out, or given as None."""
    index = ctx.callee_arg_names.index(name) if name in ctx.callee_arg_names else -1
    if index < 0 or not ctx.args[index]:
        return None
    typ = ctx.arg_types[index][0]
    return None if isinstance(get_proper_type(typ), NoneType) else (ctx.args[index][0], typ)


def _exits(ctx: MethodContext, enum: Instance) -> list[LiteralType] | None:
    given = argument(ctx, "exits")
    if given is None:
        return None  # mypy says that it is missing
    exits = display(*given, ctx.api)
    if exits is None and not isinstance(get_proper_type(given[1]), AnyType):
        name = enum.type.name
        finding = Finding(
            code="dynamic",
            state=None,
            message="Workflow cannot be checked, as its exits cannot be seen by a type checker",
            hint=f"write them as a tuple, exits=({name}.X, {name}.Y), or make the tuple Final",
        )
        tell(ctx.api, finding, given[0])
    return exits


def extract(ctx: MethodContext, call: Call, result: Instance) -> Extracted | None:
    """Make the definition; None where something cannot be seen."""
    start = argument(ctx, "start")
    if call.exits is None or call.parts is None or start is None:
        return None
    states, places = call.states, Places(ctx.context, ctx.api.path)
    handlers = handlers_of(call.parts, states, places, call.words, ctx.api)
    first = check_member("start=", start[0], ctx.api)
    if handlers is None or first is None or states.member(first) is None:
        return None
    failed = _failed(ctx)
    if failed is None or any(handler.got == UNSEEN for handler in handlers):
        # The way on which effects are left behind cannot be seen.
        handlers = tuple(replace(handler, effects=False) for handler in handlers)
    waive = argument(ctx, "waive")
    waivers = waivers_of(waive[0], states, ctx.api) if waive else Waivers()
    where = places.spot(ctx.args[ctx.callee_arg_names.index("exits")][0])
    ends = [(exit_, states.member(exit_)) for exit_ in call.exits]
    strays = [Stray("exits=", states.shown(literal), where) for literal, name in ends if name is None]
    failures = [(literal, states.member(literal)) for literal in failed or ()]
    strays += [Stray("failed=", states.shown(literal)) for literal, name in failures if name is None]
    errors = [
        Stray(f'on_error= of handler "{handler.name}"', stray, handler.where)
        for part, handler in zip(call.parts, handlers, strict=False)
        for stray in strays_of(part.own)
    ]
    resources = argument(ctx, "resources")
    definition = Definition(
        name=_name(ctx) or states.name,
        enum=states.name,
        members=states.members,
        start=states.member(first),
        exits=tuple(dict.fromkeys(name for _, name in ends if name is not None)),
        handlers=handlers,
        strays=(*strays, *(waivers.strays if waivers else ()), *errors),
        aliases=states.aliases,
        offers=offers_of(result.args[RESOURCES], call.words) if resources else None,
        data=want("data", result.args[DATA], call.words) if argument(ctx, "data") else None,
        waivers=waivers.given if waivers else (),
        compensations=compensations_of(call.parts, handlers, states, places, call.words),
        failed=tuple(dict.fromkeys(name for _, name in failures if name is not None)),
        **_limits(ctx),
    )
    is_known = all(part.wants is not None for part in call.parts)
    is_seen = all(handler.got != UNSEEN for handler in handlers)
    return Extracted(
        definition, places, knows_waivers=waivers is not None, knows_handlers=is_known and is_seen
    )


def _failed(ctx: MethodContext) -> list[LiteralType] | None:
    """Read the exits that mean failure; None where they cannot be seen."""
    given = argument(ctx, "failed")
    return [] if given is None else display(*given, ctx.api)


def _limits(ctx: MethodContext) -> dict[str, Any]:
    """Read what a run is bounded by; what cannot be seen bounds nothing."""
    total_s, most = timeout_of(argument(ctx, "timeout")), argument(ctx, "max_transitions")
    budget = argument(ctx, "compensation_timeout")
    budget_s = COMPENSATION_TIMEOUT_S if budget is None else timeout_of(budget)
    return {
        "timeout_s": None if total_s == UNKNOWN else total_s,
        "compensation_timeout_s": None if budget_s == UNKNOWN else budget_s,
        "max_transitions": number_of(*most) if most else None,
    }


def _name(ctx: MethodContext) -> str | None:
    given = argument(ctx, "name")
    return given[0].value if given and isinstance(given[0], StrExpr) else None
