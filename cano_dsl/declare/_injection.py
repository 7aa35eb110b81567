"""How each parameter of a handler is filled: with a resource, the run, or the run's data."""

from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from cano_dsl.declare._namespace import Forward, evaluate, show
from cano_dsl.declare._types import Hint, members
from cano_dsl.spec import EMPTY, HandlerSpec, Parameter, Run, RunData, Want

Cache = dict[tuple[str, int], object]


@dataclass(frozen=True, slots=True)
class Injection:
    """One parameter and what fills it; `want.type` is a `Hint`, of the data's type for the data."""

    parameter: Parameter
    role: Literal["resource", "run", "data"]
    want: Want


def injections(spec: HandlerSpec, cache: Cache | None = None) -> tuple[Injection, ...]:
    """Read the parameters of a handler.

    Args:
        spec: The handler.
        cache: Text already evaluated, by the text and its module's globals; shared by the handlers of one
            workflow, which ask for the same resources.
    """
    return tuple(_injection(parameter, spec, {} if cache is None else cache) for parameter in spec.parameters)


def _injection(parameter: Parameter, spec: HandlerSpec, cache: Cache) -> Injection:
    raw = parameter.annotation
    if isinstance(raw, str) and not spec.scope.locals:
        key = (raw, id(spec.scope.globals))
        value = cache[key] if key in cache else cache.setdefault(key, evaluate(raw, spec.scope))
    else:
        value = evaluate(raw, spec.scope)
    if isinstance(value, type) and value is not Run and value is not RunData:  # nearly always
        return Injection(parameter, "resource", _want(parameter, Hint(raw, spec.scope)))
    for member in members(value):
        if member is Run or (isinstance(member, Forward) and member.head == "Run"):
            return Injection(parameter, "run", _want(parameter, Hint(raw, spec.scope)))
        is_data = member is RunData or get_origin(member) is RunData
        if is_data or (isinstance(member, Forward) and member.head == "RunData"):
            args = get_args(member) or getattr(member, "__args__", ())
            inner = args[0] if args else EMPTY
            want = Want(parameter.name, Hint(inner, spec.scope), show(inner), parameter.optional)
            return Injection(parameter, "data", want)
    return Injection(parameter, "resource", _want(parameter, Hint(raw, spec.scope)))


def _want(parameter: Parameter, hint: Hint) -> Want:
    return Want(parameter.name, hint, show(parameter.annotation), parameter.optional)
