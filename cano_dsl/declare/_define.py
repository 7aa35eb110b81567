"""From decorated functions to a definition by names."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Union

from cano_dsl.declare._compensate import Compensation
from cano_dsl.declare._handlers import Handler
from cano_dsl.declare._injection import Cache, Injections, Read, ReadUndo, Role, injections, read
from cano_dsl.declare._namespace import evaluate, show
from cano_dsl.declare._nested import with_nested
from cano_dsl.declare._policies import by_names
from cano_dsl.declare._targets import (
    Targets,
    awaited,
    describe_value,
    member_name,
    of_values,
    read_targets,
    with_outputs,
)
from cano_dsl.declare._types import Hint
from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import (
    EMPTY,
    CompensationDef,
    CompensationSpec,
    Definition,
    ErrorDef,
    HandlerDef,
    HandlerSpec,
    Part,
    Scope,
    SplitDef,
    SplitSpec,
    Stray,
    Waive,
    Want,
)


def define(
    states: type[Enum],
    parts: Sequence[object],
    *,
    name: str | None,
    start: object,
    exits: object,
    data: type[Any] | None,
    resources: Callable[..., object] | None,
    waive: Iterable[Waive],
    where: Where,
    failed: object = (),
) -> tuple[Definition, tuple[Read, ...], tuple[ReadUndo, ...]]:
    """Read a workflow's parts; what breaks a rule is put down as a fact, for the rules to report.

    Gives the definition, then the handlers and the compensations as they were read.

    Raises:
        SignatureError: An argument is not of the kind that `build` takes.
    """
    _refuse_other_than_enum(states, where)
    every = tuple(_spec_of(part, where) for part in parts)
    specs = tuple(spec for spec in every if isinstance(spec, HandlerSpec))
    ends = _collection("exits", exits, states, where)
    failures = _collection("failed", failed, states, where)
    waivers = _waivers(waive, where)
    cache: Cache = {}
    parts_read = tuple(read(spec, cache) for spec in specs)
    undo = _undo(every, cache)
    shared: dict[int, int] = {}
    definition = Definition(
        name=name if name is not None else states.__name__,
        enum=states.__name__,
        members=tuple(states._member_names_),
        start=member_name(start, states),
        exits=_names(ends, states),
        handlers=tuple(_handler(found, states, shared) for found in parts_read),
        where=where,
        strays=_all_strays(states, start, ends, failures, waivers, specs),
        aliases=tuple((key, m._name_) for key, m in states.__members__.items() if key != m._name_),
        offers=None if resources is None else _offers(resources, where),
        data=None if data is None else Want("data", data, show(data)),
        waivers=waivers,
        compensations=_compensations(undo, specs, states, shared),
        failed=_names(failures, states),
    )
    return definition, parts_read, undo


def _undo(every: Iterable[HandlerSpec | CompensationSpec], cache: Cache) -> tuple[ReadUndo, ...]:
    undoes = (spec for spec in every if isinstance(spec, CompensationSpec))
    return tuple(ReadUndo(spec, injections(spec, cache)) for spec in undoes)


def _refuse_other_than_enum(states: object, where: Where) -> None:
    if not (isinstance(states, type) and issubclass(states, Enum)):
        raise SignatureError(
            what=f"build takes an Enum class first, got {states!r}",
            fix="Give the class whose members are the states",
            where=where,
        )


def _waivers(waive: object, where: Where) -> tuple[Waive, ...]:
    given: tuple[Any, ...] = tuple(waive) if isinstance(waive, Iterable) else (waive,)
    for item in given:
        if not isinstance(item, Waive):
            raise SignatureError(
                what=f"waive= takes waivers, got {item!r}",
                fix='Give a list: waive=[Waive("dead-end", state, "why")]',
                where=where,
                parameter="waive",
            )
    return given


def _all_strays(
    states: type[Enum],
    start: object,
    ends: Iterable[object],
    failures: Iterable[object],
    waivers: Iterable[Waive],
    specs: Iterable[HandlerSpec],
) -> tuple[Stray, ...]:
    waived = [waive.state for waive in waivers if waive.state is not None]
    found = [
        *_strays("start=", [start], states),
        *_strays("exits=", ends, states),
        *_strays("failed=", failures, states),
        *_strays("waive=", waived, states),
    ]
    for spec in specs:
        found += _strays(f'handler "{spec.name}"', [spec.at], states, spec.where)
        errors = [target for _, target in spec.on_error]
        found += _strays(f'on_error= of handler "{spec.name}"', errors, states, spec.where)
    return tuple(found)


def _strays(
    what: str, values: Iterable[object], states: type[Enum], where: Where | None = None
) -> list[Stray]:
    return [Stray(what, describe_value(v, states), where) for v in values if member_name(v, states) is None]


def _spec_of(part: object, where: Where) -> HandlerSpec | CompensationSpec:
    if isinstance(part, (Handler, Compensation)):
        return part.spec
    fix = "Give decorated functions one by one, or a tuple of them with a star"
    if isinstance(part, (tuple, list, set, frozenset)):
        what = f"build takes handlers one by one, got a {type(part).__name__} of {len(part)}"
        fix = "Put a star before it: *steps"
    elif callable(part):
        shown = getattr(part, "__name__", repr(part))
        what, fix = f"{shown} is not a handler", f"Decorate it: @state(…) above {shown}"
    else:
        what = f"build takes handlers, got {part!r}"
    raise SignatureError(what=what, fix=fix, where=where)


def _collection(name: str, given: object, states: type[Enum], where: Where) -> Collection[Any]:
    if isinstance(given, (Enum, str)) or not isinstance(given, Iterable):
        example = given if isinstance(given, Enum) else f"{states.__name__}.X"
        raise SignatureError(
            what=f"{name}={given} is not a collection of states",
            fix=f"Give a tuple: {name}=({example},)",
            where=where,
            parameter=name,
        )
    return tuple(given)


def _names(values: Iterable[Any], states: type[Enum]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value._name_ for value in values if member_name(value, states) is not None))


_USUAL = frozenset({"resource", "run", "data"})


def _handler(found: Read, states: type[Enum], shared: dict[int, int]) -> HandlerDef:
    spec, wants = found.spec, found.injections
    targets, beyond = _targets(spec, states)
    handler = HandlerDef(
        at=member_name(spec.at, states),
        kind=spec.kind,
        name=spec.name,
        where=spec.where,
        targets=tuple(member._name_ for member in targets.members),
        foreign=targets.foreign,
        got=targets.got,
        beyond=beyond,
        wants=tuple(w.want for w in wants if w.role == "resource"),
        data=next((w.want for w in wants if w.role == "data"), None),
        thread=spec.thread,
        doc=spec.doc,
        effects=spec.effects,
        at_most_once=spec.at_most_once,
        policies=by_names(spec.policies, shared),
    )
    if spec.split is not None or spec.on_error:
        split = None if spec.split is None else _split(spec.split)
        handler = replace(handler, split=split, errors=_errors(spec, states))
    if targets.rollbacks:
        handler = replace(handler, rollbacks=tuple(member._name_ for member in targets.rollbacks))
    if spec.nested is not None:
        return with_nested(handler, spec)
    if not _USUAL.issuperset([want.role for want in wants]):
        joined, failure = _strictest(wants, "joined"), _strictest(wants, "failure")
        handler = replace(handler, joined=joined, failure=failure)
    return _with_output(handler, spec, targets) if targets.outputs else handler


def _with_output(handler: HandlerDef, spec: HandlerSpec, targets: Targets) -> HandlerDef:
    one = targets.outputs[0]
    kind = one if len(targets.outputs) == 1 else Union[targets.outputs]  # noqa: UP007 - made, not written
    return replace(
        handler,
        output=Want("output", Hint(kind, spec.scope), show(kind)),
        paired=tuple(member._name_ for member in targets.paired),
        unpaired=tuple(member._name_ for member in targets.unpaired),
    )


def _compensations(
    undo: Iterable[ReadUndo], specs: Iterable[HandlerSpec], states: type[Enum], shared: dict[int, int]
) -> tuple[CompensationDef, ...]:
    index = {id(spec): number for number, spec in enumerate(specs)}
    return tuple(_compensation(one, index.get(id(one.spec.step)), states, shared) for one in undo)


def _compensation(
    found: ReadUndo, of: int | None, states: type[Enum], shared: dict[int, int]
) -> CompensationDef:
    spec, wants = found
    output = spec.output
    return CompensationDef(
        at=member_name(spec.step.at, states),
        step=spec.step.name,
        of=of,
        name=spec.name,
        takes=Want(output.name, Hint(output.annotation, spec.scope), show(output.annotation)),
        where=spec.where,
        wants=tuple(w.want for w in wants if w.role == "resource"),
        data=next((w.want for w in wants if w.role == "data"), None),
        thread=spec.thread,
        doc=spec.doc,
        policies=by_names(spec.policies, shared),
        joined=_strictest(wants, "joined"),
        failure=_strictest(wants, "failure"),
    )


def _strictest(wants: Injections, role: Role) -> Want | None:
    """Give what is asked for in this role: of several, as a split's functions may, one that must have it."""
    found = [injection.want for injection in wants if injection.role == role]
    return min(found, key=lambda want: want.optional, default=None)


def _split(split: SplitSpec) -> SplitDef:
    return SplitDef(
        join=split.join,
        count=split.count,
        branches=() if split.shared else tuple(part.name for part in split.branches),
        values=_values(split.branches),
        timeout_s=split.timeout_s,
        bulkhead=split.bulkhead,
    )


def _values(branches: tuple[Part, ...]) -> tuple[Want, ...]:
    """Give the types of what the branches return, each once."""
    found: dict[str, Want] = {}
    for part in branches:
        returned = evaluate(part.returns, part.scope)
        inner = awaited(returned)
        kind = returned if inner is None else inner
        found.setdefault(show(kind), Want(part.name, kind, show(kind)))
    return tuple(found.values())


def _errors(spec: HandlerSpec, states: type[Enum]) -> tuple[ErrorDef, ...]:
    errors = []
    for kind, target in spec.on_error:
        name = member_name(target, states)
        if name is not None:
            errors.append(ErrorDef(name, "" if kind is Exception else kind.__name__))
    return tuple(errors)


def _targets(spec: HandlerSpec, states: type[Enum]) -> tuple[Targets, tuple[str, ...]]:
    if spec.to is None:
        return read_targets(spec.returns, spec.scope, states), ()
    given = of_values(spec.to, states)
    if not spec.to and spec.nested is None:
        given.got = "an empty to="
    if spec.returns is EMPTY:
        return given, ()
    known = given.members
    given = with_outputs(spec.returns, spec.scope, given)
    annotated = read_targets(spec.returns, spec.scope, states)
    said = annotated.members if annotated.got is None else ()
    return given, tuple(m.name for m in dict.fromkeys((*said, *annotated.rollbacks)) if m not in known)


def _offers(resources: Callable[..., object], where: Where) -> tuple[Want, ...]:
    try:
        signature = inspect.signature(resources)
    except (TypeError, ValueError) as error:
        raise SignatureError(
            what=f"the parameters of resources={resources!r} cannot be read ({error})",
            fix="Give a class or function whose parameters name the resources",
            where=where,
            parameter="resources",
        ) from error
    module = sys.modules.get(getattr(resources, "__module__", None) or "")
    scope = Scope(vars(module) if module else {}, {})
    offers = []
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise SignatureError(
                what=f"resources= has a parameter {str(parameter)!r} that names no resource",
                fix="Name each resource as a parameter",
                where=where,
                parameter=parameter.name,
            )
        raw = EMPTY if parameter.annotation is parameter.empty else parameter.annotation
        optional = parameter.default is not parameter.empty
        offers.append(Want(parameter.name, Hint(raw, scope), show(raw), optional))
    return tuple(offers)
