"""`Workflow.build`: the rules over the whole workflow, the exits as its result, the parameters of `run`."""

from mypy.expandtype import expand_type
from mypy.plugin import MethodContext, MethodSigContext
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    ProperType,
    Type,
    TypeType,
    TypeVarType,
    get_proper_type,
)

from cano_dsl.errors import Finding
from cano_dsl.graph import DictWalk, check, link, outputs_of, stray_of, taken_of, waivable
from cano_dsl.mypy_plugin._extract import EXITS, RESOURCES, Call, Extracted, argument, call_of, extract
from cano_dsl.mypy_plugin._members import union
from cano_dsl.mypy_plugin._resources import parameters_of_run
from cano_dsl.mypy_plugin._tell import tell
from cano_dsl.mypy_plugin._types import CheckerTypes
from cano_dsl.spec import Definition


def signature(ctx: MethodSigContext) -> FunctionLike:
    """Fix the Enum by the first argument, so that a handler of another Enum is reported at that handler.

    Left to inference, one such handler makes mypy say that it "cannot infer value of type parameter".
    """
    default = ctx.default_signature
    if not default.variables or not ctx.args or not ctx.args[0]:
        return default
    enum = _instance_of(get_proper_type(ctx.api.get_expression_type(ctx.args[0][0])))
    formal = get_proper_type(default.arg_types[0])
    variable = get_proper_type(formal.item) if isinstance(formal, TypeType) else None
    if enum is None or not enum.type.is_enum or not isinstance(variable, TypeVarType):
        return default
    fixed = expand_type(default, {variable.id: enum})
    return fixed.copy_modified(variables=[v for v in fixed.variables if v.id != variable.id])


def _instance_of(given: ProperType) -> Instance | None:
    """Give the type that a class expression makes instances of."""
    if isinstance(given, CallableType) and given.is_type_obj():
        made = get_proper_type(given.ret_type)
    elif isinstance(given, TypeType):
        made = given.item
    else:
        return None
    return made if isinstance(made, Instance) else None


def result(ctx: MethodContext) -> Type:
    """Check the workflow, and give its type: exits as a Literal, and `run` with the resources by name."""
    made = get_proper_type(ctx.default_return_type)
    if not isinstance(made, Instance) or len(made.args) != RESOURCES + 1:
        return ctx.default_return_type
    call = call_of(ctx, made)
    if call is None:
        return made
    extracted = extract(ctx, call, made)
    if extracted is not None:
        for finding in findings_of(extracted):
            tell(ctx.api, finding, extracted.places.context(finding.where))
    return made.copy_modified(args=_arguments(ctx, call, made))


def findings_of(extracted: Extracted) -> list[Finding]:
    """Run the rules; leave out what the decorators have said, and what is not known well enough to be said.

    A waiver that is not seen may let anything pass; and one may be for what is not seen of a handler.
    """
    definition = extracted.definition
    links = link(definition)
    walk = DictWalk(definition.members, links.forward)
    found = check(definition, links, walk, CheckerTypes())
    silent = {"transition"}
    if not extracted.knows_waivers:
        silent.add("waive")
        found = tuple(finding for finding in found if not waivable(finding))
    if not extracted.knows_handlers:
        silent.add("waive")
    said = _said(definition)
    return [
        finding
        for finding in found
        if finding.code not in silent and finding.waived is None and finding not in said
    ]


def _said(definition: Definition) -> list[Finding]:
    """Give what the decorators have said about compensations, and mypy itself about `failed=`."""
    found = [stray_of(stray, definition) for stray in definition.strays if stray.what == "failed="]
    found += [finding for handler in definition.handlers for finding in outputs_of(handler)]
    for part in definition.compensations:
        if part.of is not None:
            found += taken_of(part, definition.handlers[part.of], definition.enum, CheckerTypes())
    return found


def _arguments(ctx: MethodContext, call: Call, made: Instance) -> list[Type]:
    args = list(made.args)
    if call.exits and all(call.states.member(literal) is not None for literal in call.exits):
        args[EXITS] = union(call.exits)
    if call.parts is not None and argument(ctx, "resources") is None:
        args[RESOURCES] = parameters_of_run(part.wants for part in call.parts) or args[RESOURCES]
    return args
