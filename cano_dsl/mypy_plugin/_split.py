"""`split`: what its call declares, and the function that it is applied to."""

from collections.abc import Sequence
from typing import Any

from mypy.nodes import ARG_NAMED, ARG_NAMED_OPT, ARG_STAR
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    Parameters,
    Type,
    get_proper_type,
)

from cano_dsl.graph import transitions_of
from cano_dsl.mypy_plugin._arguments import bulkhead_of, count_of, given_of, join_of, timeout_of
from cano_dsl.mypy_plugin._card import attach, facts_of
from cano_dsl.mypy_plugin._declare import check_member
from cano_dsl.mypy_plugin._decorate import NEXT, key_of, name_of
from cano_dsl.mypy_plugin._guards import KEPT, guards_of
from cano_dsl.mypy_plugin._joins import VALUE, packed
from cano_dsl.mypy_plugin._members import States, literals, union
from cano_dsl.mypy_plugin._names import GATHER, SPLIT_DECORATOR, WORKFLOW
from cano_dsl.mypy_plugin._resources import parameters_of
from cano_dsl.mypy_plugin._targets import awaited
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.spec import HandlerDef

PARAMETERS = 2  # their place among the type arguments of a handler
EXITS, RESOURCES = 1, 3  # places among those of a workflow


def signature(ctx: FunctionSigContext) -> FunctionLike:
    """Report a state that is not one literal member, and of a split with branches what is no target."""
    if not ctx.args or not ctx.args[0]:
        return ctx.default_signature
    at = check_member("split(…)", ctx.args[0][0], ctx.api)
    result = get_proper_type(ctx.default_signature.ret_type)
    named = {name: index for index, name in enumerate(ctx.default_signature.arg_names)}
    to = ctx.args[named["to"]] if "to" in named else []
    is_handler = isinstance(result, Instance) and result.type.fullname == GATHER and bool(ctx.args[1])
    if at is not None and at.fallback.type.is_enum and to and is_handler:
        states = States(at.fallback.type)
        foreign = _foreign(literals(ctx.api.get_expression_type(to[0])), states)
        handler = HandlerDef(None, "split", str(at.value).lower(), foreign=foreign)
        for finding in transitions_of(handler, states.name):
            tell(ctx.api, finding, to[0])
    return ctx.default_signature


def _foreign(found: Sequence[LiteralType] | None, states: States) -> tuple[str, ...]:
    return tuple(states.shown(literal) for literal in found or () if states.member(literal) is None)


def result(ctx: FunctionContext) -> Type:
    """Write into the type what the call declares; with branches it is the handler already."""
    made = get_proper_type(ctx.default_return_type)
    if not isinstance(made, Instance) or made.type.fullname not in (GATHER, SPLIT_DECORATOR):
        return ctx.default_return_type
    at = literals(ctx.arg_types[0][0]) if ctx.arg_types[0] else None
    if at is None or len(at) != 1 or not at[0].fallback.type.is_enum:
        return ctx.default_return_type
    states = States(at[0].fallback.type)
    facts, targets = _declared(ctx, states)
    if made.type.fullname == SPLIT_DECORATOR:
        _, _, item, to, over = made.args
        kept = [at[0].fallback, at[0], item, union(targets) if targets else to, over]
        return attach(made.copy_modified(args=kept), facts, ctx.api)
    return _gather(ctx, made, at[0], facts, targets)


def _declared(ctx: FunctionContext, states: States) -> tuple[dict[str, Any], list[LiteralType]]:
    """Read the arguments that every form takes; give them with the targets that are members."""
    given = given_of(ctx)
    to = literals(given["to"][1]) if "to" in given else None
    facts = {
        "join": join_of(given.get("join"), ctx.api),
        "count": count_of(given.get("over"), ctx.api),
        "timeout": timeout_of(given.get("timeout")),
        "bulkhead": bulkhead_of(given.get("bulkhead")),
        "thread": any(literal.value is True for literal in literals(given["thread"][1]) or ())
        if "thread" in given
        else False,
        "foreign": list(_foreign(to, states)),
        "hidden": to is None or len(to) != 1,
        **guards_of(given, states, ctx.api, timeout="attempt_timeout"),
    }
    return facts, [literal for literal in to or () if states.member(literal) is not None]


_JOINING = ("join", "count", "timeout", "bulkhead", *KEPT, "branches", "shown")


def _facts(facts: dict[str, Any], name: str) -> dict[str, Any]:
    """Give what the handler's type arguments do not say."""
    kept = {key: facts.get(key) for key in ("thread", "foreign", "hidden")}
    return {**kept, "kind": "split", "name": name, "broken": bool(facts.get("foreign"))}


def _gather(
    ctx: FunctionContext, made: Instance, at: LiteralType, facts: dict[str, Any], targets: list[LiteralType]
) -> Type:
    """Make the handler of a split whose branches are functions or workflows."""
    first = next((i for i, name in enumerate(ctx.callee_arg_names) if name == "join"), 1)
    branches = [typ for position in range(1, first) for typ in ctx.arg_types[position]]
    args = list(made.args)
    args[:2] = [at.fallback, at]
    args[NEXT] = union(targets) if targets else args[NEXT]
    values: list[Type] = [args[NEXT + 1]]
    kinds = [kind for position in range(1, first) for kind in ctx.arg_kinds[position]]
    if ARG_STAR not in kinds:
        read = [_branch(typ) for typ in branches]
        args[PARAMETERS] = _together([parameters for parameters, _, _ in read]) or args[PARAMETERS]
        if all(value is not None for _, value, _ in read):
            values = [value for _, value, _ in read if value is not None]
            facts["shown"] = {
                str(i): _enum_of(value)
                for i, (_, value, is_workflow) in enumerate(read)
                if is_workflow and value is not None
            }
        facts["count"] = len(branches)
        facts["branches"] = [_name(typ) for typ in branches]
    args[-1] = packed({key: facts.get(key) for key in _JOINING}, values, ctx.api)
    return attach(made.copy_modified(args=args), _facts(facts, str(at.value).lower()), ctx.api)


def _enum_of(exits: Type) -> str:
    """Name the Enum that a workflow's exits are members of."""
    found = literals(exits)
    proper = get_proper_type(exits)
    if found:
        return found[0].fallback.type.name
    return proper.type.name if isinstance(proper, Instance) else ""


def _branch(typ: Type) -> tuple[Parameters | None, Type | None, bool]:
    """Read the parameters and the value of one branch, and whether it is a workflow."""
    proper = get_proper_type(typ)
    if isinstance(proper, CallableType) and not proper.is_type_obj() and not proper.variables:
        return parameters_of(proper), awaited(proper.ret_type), False
    if isinstance(proper, Instance) and proper.type.fullname == WORKFLOW:
        found = get_proper_type(proper.args[RESOURCES])
        return found if isinstance(found, Parameters) else None, proper.args[EXITS], True
    return None, None, False


def _together(every: Sequence[Parameters | None]) -> Parameters | None:
    """Put the parameters of all branches in a row, by name; None where some are not known."""
    types, kinds, names = [], [], []
    for parameters in every:
        if parameters is None or parameters.is_ellipsis_args:
            return None
        for typ, kind, name in zip(
            parameters.arg_types, parameters.arg_kinds, parameters.arg_names, strict=True
        ):
            if kind.is_star() or name is None:
                return None
            types.append(typ)
            kinds.append(ARG_NAMED_OPT if kind.is_optional() else ARG_NAMED)
            names.append(name)
    return Parameters(types, kinds, names)


def _name(typ: Type) -> str:
    proper = get_proper_type(typ)
    if isinstance(proper, CallableType):
        return name_of(proper)
    if isinstance(proper, Instance) and proper.type.fullname == WORKFLOW:
        return _enum_of(proper.args[0])
    return proper.type.name if isinstance(proper, Instance) else "branch"


def applied_signature(ctx: MethodSigContext) -> FunctionLike:
    """Report what is no target, with the name of the function."""
    owner = get_proper_type(ctx.type)
    if isinstance(owner, Instance) and ctx.args and ctx.args[0]:
        foreign = tuple(facts_of(owner).get("foreign", ()))
        fn = get_proper_type(ctx.api.get_expression_type(ctx.args[0][0])) if foreign else None
        if isinstance(fn, CallableType):
            enum = _enum_of(owner.args[0])
            for finding in transitions_of(HandlerDef(None, "split", name_of(fn), foreign=foreign), enum):
                tell(ctx.api, finding, ctx.context)
    return ctx.default_signature


def applied(ctx: MethodContext) -> Type:
    """Write into the handler's type what the call of `split` declared, and the function's parameters."""
    made, owner = get_proper_type(ctx.default_return_type), get_proper_type(ctx.type)
    if not isinstance(made, Instance) or not isinstance(owner, Instance) or not ctx.args[0]:
        return ctx.default_return_type
    fn = get_proper_type(ctx.arg_types[0][0])
    facts = dict(facts_of(owner)) or {"hidden": True, "open": True}
    args = list(made.args)
    name = key = ""
    value = args[VALUE]
    if isinstance(fn, CallableType) and not fn.is_type_obj():
        name, key = name_of(fn), key_of(fn)
        if fn.arg_names and not fn.variables:
            args[PARAMETERS], value = parameters_of(fn, skip=1), awaited(fn.ret_type)
    args[-1] = packed({key: facts.get(key) for key in _JOINING}, [value], ctx.api)
    return attach(made.copy_modified(args=args), {**_facts(facts, name), "key": key}, ctx.api)
