"""The decorator applied to a function: what it declares is checked there, and kept in the handler's type."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from mypy.nodes import Expression, LambdaExpr
from mypy.plugin import CheckerPluginInterface, MethodContext, MethodSigContext
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    Parameters,
    Type,
    TypeOfAny,
    UninhabitedType,
    UnionType,
    get_proper_type,
)

from cano_dsl.graph import outputs_of, transitions_of
from cano_dsl.mypy_plugin._card import OUTPUT, attach, facts_of
from cano_dsl.mypy_plugin._guards import KEPT
from cano_dsl.mypy_plugin._joins import packed
from cano_dsl.mypy_plugin._members import States, literals, union
from cano_dsl.mypy_plugin._names import APPLIED, MADE, Gives
from cano_dsl.mypy_plugin._resources import Words, parameters_of, want
from cano_dsl.mypy_plugin._targets import Targets, annotated, awaited, of_literals, with_outputs
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.spec import HandlerDef

NEXT = 3  # the place of the next states among the type arguments of a handler


class Reading(NamedTuple):
    """A function as its decorator reads it."""

    decorator: Instance
    function: CallableType
    handler: HandlerDef
    targets: Targets
    enum: str
    by_annotation: bool


def read(decorator: Type, expr: Expression, api: CheckerPluginInterface) -> Reading | None:
    """Read what a function, or `to=`, declares; None where the types do not tell."""
    function = get_proper_type(api.get_expression_type(expr))
    owner = get_proper_type(decorator)
    if not isinstance(owner, Instance) or not isinstance(function, CallableType) or function.is_type_obj():
        return None
    enum = get_proper_type(owner.args[0])
    if not isinstance(enum, Instance) or not enum.type.is_enum:
        return None
    states = States(enum.type)
    facts = facts_of(owner)
    manner = facts.get("to", "")
    is_lambda = isinstance(expr, LambdaExpr)  # its type is inferred, and it cannot declare anything
    returns = AnyType(TypeOfAny.unannotated) if is_lambda else function.ret_type
    targets = said = annotated(returns, states, api.options)
    beyond: tuple[str, ...] = ()
    if manner:
        given = _given(manner, owner.args[2], states)
        targets = with_outputs(given, said)
        if manner != "hidden":
            beyond = _beyond(given, said)
    handler = HandlerDef(
        at=None,
        kind=facts.get("kind", "state"),
        name=name_of(function),
        targets=tuple(str(member.value) for member in targets.members),
        foreign=targets.foreign,
        got=targets.got,
        beyond=beyond,
        output=want("output", union_of(targets.outputs), Words(api.options)) if targets.outputs else None,
        paired=targets.paired,
        unpaired=targets.unpaired,
        rollbacks=targets.rollbacks,
    )
    return Reading(owner, function, handler, targets, states.name, not manner)


def _beyond(given: Targets, said: Targets) -> tuple[str, ...]:
    """Name what the annotation declares, as far as it can be seen, and `to=` leaves out."""
    known = {str(member.value) for member in given.members}
    is_seen = said.got is None and not said.hidden
    names = [str(member.value) for member in said.members] if is_seen else []
    return tuple(name for name in dict.fromkeys([*names, *said.rollbacks]) if name not in known)


def name_of(function: CallableType) -> str:
    """Give the name of a function, as messages have it."""
    return (function.name or "<lambda>").partition(" ")[0]


def union_of(types: Iterable[Type]) -> Type:
    """Make a union by hand, as it is written; mypy's own simplification leaves subclasses out."""
    return UnionType.make_union([*dict.fromkeys(types)])


def _given(manner: str, to: Type, states: States) -> Targets:
    if manner == "empty":
        return Targets(got="an empty to=")
    found = literals(to) if manner == "seen" else None
    return Targets(hidden=True) if found is None else of_literals(found, states)


def signature(ctx: MethodSigContext) -> FunctionLike:
    """Report a broken declaration, once, in place of mypy's complaint that no overload matches.

    The call is then accepted, and leaves a handler whose next states are unknown, so that nothing is said
    twice.
    """
    default = ctx.default_signature
    if not ctx.args or not ctx.args[0] or _is_sound(ctx.type, ctx.args[0][0], ctx.api):
        return default
    reading = read(ctx.type, ctx.args[0][0], ctx.api)
    if reading is None:
        return default
    outputs = [*outputs_of(reading.handler)]
    for finding in (*transitions_of(reading.handler, reading.enum), *outputs):
        tell(ctx.api, finding, ctx.context)
    result = get_proper_type(default.ret_type)
    is_broken = reading.targets.is_broken and reading.by_annotation
    accepts = is_broken or bool(outputs)
    if not (accepts or _is_ambiguous(reading.function)) or not isinstance(result, Instance):
        return default
    is_async = is_awaited(reading.function)
    if result.type.fullname != MADE[is_async, _gives(reading)]:
        if is_async and APPLIED.get(reading.decorator.type.fullname):
            return default  # mypy's own message says that an async function cannot run in a thread
        return default.copy_modified(arg_types=[UninhabitedType()])  # another overload is the right one
    if not accepts:
        return default
    anything = AnyType(TypeOfAny.from_error)
    known = [*reading.decorator.args[:2], parameters_of(reading.function)]
    unknown = [anything] * (len(result.args) - NEXT - 1)
    made = result.copy_modified(args=[*known, *unknown, result.args[-1]])
    return default.copy_modified(arg_types=[anything], ret_type=made, variables=[])


def _gives(reading: Reading) -> Gives:
    """Say which overload is the right one; a router has only the one for states."""
    if reading.handler.kind == "router":
        return "state"
    if reading.handler.output is not None:
        return "output"
    is_rollback = bool(reading.targets.rollbacks) or reading.targets.any_rollback
    return "rollback" if is_rollback else "state"


def _is_ambiguous(function: CallableType) -> bool:
    """Tell whether mypy would give up, as more than one overload takes `Coroutine[Any, Any, …]`.

    That of an async function is mypy's own, with which it does not.
    """
    returns = get_proper_type(function.ret_type)
    for arg in returns.args if isinstance(returns, Instance) else ():
        if isinstance(arg, AnyType) and arg.type_of_any == TypeOfAny.explicit:
            return True
    return False


def is_awaited(function: CallableType) -> bool:
    """Tell whether a function's result is awaited."""
    return awaited(function.ret_type) is not get_proper_type(function.ret_type)


def _is_sound(decorator: Type, expr: Expression, api: CheckerPluginInterface) -> bool:
    """Tell at a glance, as this is asked once for each overload: only members of the Enum, and no `to=`."""
    function = get_proper_type(api.get_expression_type(expr))
    owner = get_proper_type(decorator)
    if not isinstance(function, CallableType) or not isinstance(owner, Instance) or facts_of(owner).get("to"):
        return False
    enum, returns = get_proper_type(owner.args[0]), get_proper_type(function.ret_type)
    if isinstance(returns, Instance):
        if _is_ambiguous(function):
            return False
        returns = awaited(returns)
    items = returns.items if isinstance(returns, UnionType) else (returns,)
    if not isinstance(enum, Instance):
        return False
    for item in items:
        if not isinstance(item, LiteralType) or item.fallback.type is not enum.type:
            return False
    return True


def result_of(*, thread: bool) -> Callable[[MethodContext], Type]:
    """Make the hook that keeps the next states as declared: mypy turns all members into the bare Enum."""

    def hook(ctx: MethodContext) -> Type:
        result = get_proper_type(ctx.default_return_type)
        if not isinstance(result, Instance) or len(result.args) <= NEXT or not ctx.args[0]:
            return ctx.default_return_type
        reading = read(ctx.type, ctx.args[0][0], ctx.api)
        owner = get_proper_type(ctx.type)
        facts = facts_of(owner) if isinstance(owner, Instance) else {}
        if reading is None:
            return attach(_guarded(result, facts, ctx.api), {**_only_kind(facts), "thread": thread}, ctx.api)
        made = _guarded(result.copy_modified(args=_arguments(reading, result)), facts, ctx.api)
        if reading.handler.kind == "router" and reading.targets.outputs:
            made = made.copy_with_extra_attr(OUTPUT, union_of(reading.targets.outputs))
        return attach(made, {**_facts(reading), "thread": thread}, ctx.api)

    return hook


def _guarded(made: Instance, facts: Mapping[str, Any], api: CheckerPluginInterface) -> Instance:
    """Keep in a handler's last type argument what guards it, where something does."""
    kept = {name: facts[name] for name in KEPT if facts.get(name)}
    return made.copy_modified(args=[*made.args[:-1], packed(kept, (), api)]) if kept else made


def _only_kind(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": facts.get("kind"), "hidden": facts.get("to") == "hidden"}


def _arguments(reading: Reading, result: Instance) -> list[Type]:
    """Give the handler's type arguments with the parameters and the next states as the function has them.

    Where the handler is made in the call of `build`, mypy infers its parameters from what is expected there.
    """
    enum, source, wants, following, *others = result.args
    if isinstance(get_proper_type(wants), Parameters) and not reading.function.variables:
        wants = parameters_of(reading.function)
    if not reading.targets.is_broken and not reading.targets.hidden:
        following = union(reading.targets.members)
    if len(others) > 1 and reading.targets.outputs:
        others[0] = union_of(reading.targets.outputs)
    return [enum, source, wants, following, *others]


def _facts(reading: Reading) -> dict[str, Any]:
    """Give what the type arguments do not say."""
    handler, targets = reading.handler, reading.targets
    facts: dict[str, Any] = {
        "name": handler.name,
        "kind": handler.kind,
        "beyond": handler.beyond,
        "key": key_of(reading.function),
        "paired": handler.paired,
        "unpaired": handler.unpaired,
        "rollbacks": handler.rollbacks,
    }
    if targets.is_broken:
        facts |= {
            "broken": True,
            "targets": handler.targets,
            "foreign": handler.foreign,
            "got": handler.got,
        }
    return facts | {"hidden": targets.hidden}


def key_of(function: CallableType) -> str:
    """Tell a handler from one of the same name that is another function, for what undoes it."""
    return str(getattr(function.definition, "fullname", "") or name_of(function))
