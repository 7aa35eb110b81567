"""How each parameter is filled: with a resource, the run, its data, or what the state was entered with."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_origin

from cano_dsl.declare._namespace import Forward, evaluate, show
from cano_dsl.declare._types import Hint, members
from cano_dsl.spec import (
    EMPTY,
    CompensationSpec,
    Failure,
    HandlerSpec,
    Joined,
    Parameter,
    Part,
    Run,
    RunData,
    Scope,
    Want,
)

# The data of a sub-workflow is its stay's, not the run's.
Role: TypeAlias = Literal["resource", "run", "data", "stay", "joined", "failure"]
_ROLES: dict[type, Role] = {Run: "run", RunData: "data", Joined: "joined", Failure: "failure"}
_BY_NAME: dict[str, Role] = {cls.__name__: role for cls, role in _ROLES.items()}


@dataclass(frozen=True, slots=True)
class Injection:
    """One parameter and what fills it; `want.type` is a `Hint`, for data and outcomes of the type inside.

    The want of outcomes or a failure is optional where the annotation allows None.
    """

    parameter: Parameter
    role: Role
    want: Want


Injections: TypeAlias = tuple[Injection, ...]


class Read(NamedTuple):
    """A handler with its parameters.

    Attributes:
        spec: The handler.
        injections: Its parameters; of a split those of all its functions.
        parts: The parameters of each function of a split, in the order of `spec.split.parts`.
    """

    spec: HandlerSpec
    injections: Injections
    parts: tuple[Injections, ...] = ()


class ReadUndo(NamedTuple):
    """A compensation with its parameters besides the output."""

    spec: CompensationSpec
    injections: Injections


Cache: TypeAlias = dict[tuple[object, ...], Injection]


def read(spec: HandlerSpec, cache: Cache) -> Read:
    """Read the parameters of a handler, or of every function of a split."""
    if spec.split is None:
        return Read(spec, injections(spec, cache))
    parts = tuple(injections(part, cache) for part in spec.split.parts)
    return Read(spec, tuple(injection for part in parts for injection in part), parts)


def injections(spec: HandlerSpec | Part | CompensationSpec, cache: Cache) -> Injections:
    """Read the parameters of a function.

    Args:
        spec: What holds them.
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
    kinds = members(evaluate(raw, scope))
    for kind in kinds:
        role = _role(kind)
        if role is None:
            continue
        args = getattr(kind, "__args__", ())
        inner = raw if role in ("run", "failure") else args[0] if args else EMPTY
        optional = type(None) in kinds or None in kinds
        optional = optional if role in ("joined", "failure") else parameter.optional
        return Injection(parameter, role, Want(parameter.name, Hint(inner, scope), show(inner), optional))
    return Injection(parameter, "resource", _want(parameter, raw, scope))


def _role(kind: object) -> Role | None:
    if isinstance(kind, Forward):
        return _BY_NAME.get(kind.head)
    origin = get_origin(kind) or kind
    return _ROLES.get(origin) if isinstance(origin, type) else None


def _want(parameter: Parameter, raw: object, scope: Scope) -> Want:
    return Want(parameter.name, Hint(raw, scope), show(raw), parameter.optional)
