"""`compensate(step)`: which handler is undone, and whether the function takes its output."""

from collections.abc import Callable

from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    Type,
    TypeOfAny,
    UninhabitedType,
    get_proper_type,
)

from cano_dsl.graph import taken_of
from cano_dsl.mypy_plugin._arguments import given_of
from cano_dsl.mypy_plugin._card import attach, facts_of
from cano_dsl.mypy_plugin._decorate import is_awaited, name_of
from cano_dsl.mypy_plugin._guards import policies_of
from cano_dsl.mypy_plugin._names import ASYNC_COMPENSATION, HANDLER, OUTPUT_HANDLER, UNDOING
from cano_dsl.mypy_plugin._parts import as_base, output_of
from cano_dsl.mypy_plugin._resources import Words, parameters_of, want
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.mypy_plugin._types import CheckerTypes
from cano_dsl.spec import CompensationDef, HandlerDef

OUTPUT = 2  # its place among the type arguments of the decorator
PARAMETERS, TAKEN = 2, 3  # places among those of the compensation


def signature(ctx: FunctionSigContext) -> FunctionLike:
    """Accept a handler that cannot be undone, which is reported with the name of the function."""
    default = ctx.default_signature
    made = get_proper_type(default.ret_type)
    step = get_proper_type(ctx.api.get_expression_type(ctx.args[0][0])) if ctx.args and ctx.args[0] else None
    if not isinstance(step, Instance) or not isinstance(made, Instance) or as_base(OUTPUT_HANDLER, step):
        return default
    handler = as_base(HANDLER, step)
    if handler is None:
        return default
    anything = AnyType(TypeOfAny.from_error)
    kept = made.copy_modified(args=[*handler.args[:2], output_of(step) or anything])
    return default.copy_modified(arg_types=[anything, *default.arg_types[1:]], ret_type=kept, variables=[])


def result(ctx: FunctionContext) -> Type:
    """Keep in the decorator's type which handler it was given."""
    made = get_proper_type(ctx.default_return_type)
    step = get_proper_type(ctx.arg_types[0][0]) if ctx.arg_types[0] else None
    if not isinstance(made, Instance) or not isinstance(step, Instance) or "name" not in facts_of(step):
        return ctx.default_return_type
    facts = facts_of(step)
    kept = {
        "step": facts["name"],
        "key": facts.get("key"),
        "nothing": output_of(step) is None,
        "policies": policies_of(given_of(ctx), ctx.api),
    }
    return attach(made, kept, ctx.api)


def _function(typ: Type) -> CallableType | None:
    """Give a function that takes an output by position; None for anything else."""
    proper = get_proper_type(typ)
    if not isinstance(proper, CallableType) or proper.is_type_obj() or proper.variables:
        return None
    return proper if proper.arg_kinds and proper.arg_kinds[0].is_positional() else None


def applied_signature(ctx: MethodSigContext) -> FunctionLike:
    """Report a function that takes something else than the output, in place of mypy's own complaint."""
    default, owner = ctx.default_signature, get_proper_type(ctx.type)
    if not ctx.args or not ctx.args[0] or not isinstance(owner, Instance):
        return default
    fn = _function(ctx.api.get_expression_type(ctx.args[0][0]))
    step = facts_of(owner).get("step")
    enum, made = get_proper_type(owner.args[0]), get_proper_type(default.ret_type)
    if fn is None or step is None or not isinstance(enum, Instance) or not isinstance(made, Instance):
        return default
    words = Words(ctx.api.options)
    output = None if facts_of(owner).get("nothing") else want("output", owner.args[OUTPUT], words)
    takes = want(fn.arg_names[0] or "output", fn.arg_types[0], words)
    part = CompensationDef(at=None, step=step, of=0, name=name_of(fn), takes=takes)
    handler = HandlerDef(at=None, kind="state", name=step, output=output)
    findings = [*taken_of(part, handler, enum.type.name, CheckerTypes())]
    for finding in findings:
        tell(ctx.api, finding, ctx.context)
    if not findings:
        return default
    if is_awaited(fn) != (made.type.fullname == ASYNC_COMPENSATION):
        if UNDOING[owner.type.fullname]:
            return default  # mypy's own message says that an async function cannot run in a thread
        return default.copy_modified(arg_types=[UninhabitedType()])  # the other overload is the right one
    kept = made.copy_modified(args=[*owner.args[:2], parameters_of(fn, skip=1), fn.arg_types[0]])
    return default.copy_modified(arg_types=[fn], ret_type=kept, variables=[])


def applied_of(*, thread: bool) -> Callable[[MethodContext], Type]:
    """Make the hook that keeps the names, and the type of the output as the function takes it."""

    def hook(ctx: MethodContext) -> Type:
        made, owner = get_proper_type(ctx.default_return_type), get_proper_type(ctx.type)
        if not isinstance(made, Instance) or not isinstance(owner, Instance) or not ctx.args[0]:
            return ctx.default_return_type
        fn = _function(ctx.arg_types[0][0])
        if fn is None or len(made.args) <= TAKEN or "step" not in facts_of(owner):
            return ctx.default_return_type
        args = list(made.args)
        args[PARAMETERS], args[TAKEN] = parameters_of(fn, skip=1), fn.arg_types[0]
        names = {"name": name_of(fn), "takes": fn.arg_names[0] or "output", "thread": thread}
        return attach(made.copy_modified(args=args), {**facts_of(owner), **names}, ctx.api)

    return hook
