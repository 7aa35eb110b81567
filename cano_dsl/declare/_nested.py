"""A workflow as a state of another: what `Workflow.as_state` records, and its definition by names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from cano_dsl.declare._handlers import Handler, N_co, P, S, Src_co
from cano_dsl.declare._injection import Read
from cano_dsl.declare._on_error import error_targets
from cano_dsl.declare._targets import describe_value, member_name
from cano_dsl.errors import InternalError, SignatureError, Where, shown
from cano_dsl.spec import EMPTY, HandlerDef, HandlerSpec, NestedDef, NestedSpec, Scope, Want


class Nested(Handler[S, Src_co, P, N_co]):
    """A workflow that stands in a state of another; made by `Workflow.as_state`."""


def _not_called() -> None:
    raise InternalError("a workflow in a state of another was called as a function")


def nest(plan: Any, at: Any, exits: Any, *, resources: Any, on_error: Any, where: Where) -> HandlerSpec:
    """Record that a compiled workflow stands in a state.

    Raises:
        SignatureError: An argument is not of the kind that is taken here.
    """
    if not isinstance(exits, Mapping):
        raise SignatureError(
            what=f"exits={shown(exits)} does not say where each exit leads",
            fix="Give a dict: exits={Inner.DONE: Outer.NEXT, …}",
            where=where,
            parameter="exits",
        )
    return HandlerSpec(
        kind="workflow",
        at=at,
        fn=_not_called,
        name=str(getattr(at, "_name_", at)).lower(),
        where=where,
        doc="",
        parameters=(),
        returns=EMPTY,
        to=tuple(exits.values()),
        scope=Scope({}, {}),
        awaits=True,
        thread=False,
        on_error=error_targets(on_error, where),
        nested=NestedSpec(plan, tuple(exits.items()), _renames(plan, resources, where)),
    )


def _renames(plan: Any, resources: Any, where: Where) -> dict[str, str]:
    given = {} if resources is None else resources
    if not isinstance(given, Mapping):
        what, fix = f"resources={shown(given)} renames nothing", 'Give a dict: resources={"inner": "outer"}'
        raise SignatureError(what=what, fix=fix, where=where, parameter="resources")
    for name, outer in given.items():
        known = tuple(plan.wiring.resources)
        if name not in known:
            what = f"resources= renames {name!r}, which workflow {plan.name!r} does not want"
            fix = f"Name one of {', '.join(known)}" if known else "Leave it out: it wants no resources"
        elif not (isinstance(outer, str) and outer.isidentifier()):
            what, fix = f"resources= calls {name!r} {shown(outer)}", "Give a name that a parameter can have"
        else:
            continue
        raise SignatureError(what=what, fix=fix, where=where, parameter="resources")
    return dict(given)


def with_nested(handler: HandlerDef, spec: HandlerSpec) -> HandlerDef:
    """Add to a definition by names what is known of the workflow that stands in the state."""
    nested = spec.nested
    if nested is None:
        return handler
    inner, states = nested.plan.graph.definition, nested.plan.states
    pairs = []
    unknown = []
    for key, target in nested.exits:
        name = member_name(key, states)
        if name is None or name not in inner.exits:
            unknown.append(describe_value(key, states))
        elif isinstance(target, Enum) and target._name_ in handler.targets:
            pairs.append((name, target._name_))
    said = {key._name_ for key, _ in nested.exits if isinstance(key, Enum)}
    start = next((one for one in inner.handlers if one.at == inner.start), None)
    return replace(
        handler,
        got=None,
        wants=_wants(nested),
        joined=start.joined if start else None,
        failure=start.failure if start else None,
        nested=NestedDef(
            enum=inner.enum,
            exits=tuple(pairs),
            missing=tuple(name for name in inner.exits if name not in said),
            unknown=tuple(unknown),
            definition=inner,
        ),
    )


def graphs_within(handlers: Iterable[Read]) -> dict[str, Any]:
    """Give the graphs of the workflows that stand in states, by state; of two in one the first."""
    found: dict[str, Any] = {}
    for read in handlers:
        spec = read.spec
        if spec.nested is not None and isinstance(spec.at, Enum):
            found.setdefault(spec.at._name_, spec.nested.plan.graph)
    return found


def _wants(nested: NestedSpec) -> tuple[Want, ...]:
    """Give what the workflow wants, by the names that the other one has for it; each type once."""
    found: dict[tuple[str, str], Want] = {}
    for wanted in nested.plan.wiring.resources.values():
        name = nested.resources.get(wanted.name, wanted.name)
        for _, want in wanted.by:
            found.setdefault((name, want.shown), replace(want, name=name, optional=wanted.optional))
    return tuple(found.values())
