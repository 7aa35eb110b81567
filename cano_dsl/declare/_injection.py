"""How each parameter of a handler is filled: with a resource, the run, or the run's data."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_origin

from cano_dsl.declare._namespace import Forward, evaluate, show
from cano_dsl.declare._types import Hint, members
from cano_dsl.spec import EMPTY, CompensationSpec, HandlerSpec, Parameter, Run, RunData, Scope, Want


@dataclass(frozen=True, slots=True)
class Injection:
    """One parameter and what fills it; `want.type` is a `Hint`, of the data's type for the data."""

    parameter: Parameter
    role: Literal["resource", "run", "data"]
    want: Want


Read: TypeAlias = tuple[HandlerSpec, tuple[Injection, ...]]
ReadUndo: TypeAlias = tuple[CompensationSpec, tuple[Injection, ...]]
Cache: TypeAlias = dict[tuple[object, ...], Injection]


def injections(spec: HandlerSpec | CompensationSpec, cache: Cache) -> tuple[Injection, ...]:
    """Read the parameters of a handler, or of a compensation besides the output.

    Args:
        spec: The handler or compensation.
        cache: Parameters read already; the handlers of one workflow ask for the same resources in the same
            words, and reading the words costs the most.
    """
    if spec.scope.locals:
        return tuple(_injection(parameter, spec.scope) for parameter in spec.parameters)
    found = []
    for parameter in spec.parameters:
        raw = parameter.annotation
        written = raw if isinstance(raw, str) else id(raw)  # the spec keeps the object alive
        key = (
            parameter.name,
            written,
            id(spec.scope.globals),
            parameter.optional,
            parameter.keyword_only,
        )
        injection = cache.get(key)
        if injection is None:
            injection = cache[key] = _injection(parameter, spec.scope)
        found.append(injection)
    return tuple(found)


def _injection(parameter: Parameter, scope: Scope) -> Injection:
    raw = parameter.annotation
    for member in members(evaluate(raw, scope)):
        if member is Run or (isinstance(member, Forward) and member.head == "Run"):
            return Injection(parameter, "run", _want(parameter, raw, scope))
        is_data = member is RunData or get_origin(member) is RunData
        if is_data or (isinstance(member, Forward) and member.head == "RunData"):
            args = getattr(member, "__args__", ())
            return Injection(parameter, "data", _want(parameter, args[0] if args else EMPTY, scope))
    return Injection(parameter, "resource", _want(parameter, raw, scope))


def _want(parameter: Parameter, raw: object, scope: Scope) -> Want:
    return Want(parameter.name, Hint(raw, scope), show(raw), parameter.optional)
