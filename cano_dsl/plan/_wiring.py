"""What handlers want, gathered by name: the order of the values and who wants what."""

from collections.abc import Iterable
from dataclasses import dataclass

from cano_dsl.declare import Injection, Read
from cano_dsl.spec import HandlerSpec, Want


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource as all handlers want it.

    Attributes:
        name: Its key.
        by: Each handler that wants it, with its own want.
        optional: Whether every one of them can do without.
    """

    name: str
    by: tuple[tuple[HandlerSpec, Want], ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the values of a run are laid out: resources in this order, then the run, then its data.

    Attributes:
        resources: By name, in the order in which handlers first want them.
        injections: Each handler's parameters, by the handler's identity.
        wants_run: Whether any handler asks for the `Run`.
        data: Each handler that asks for the run's data, with its want.
    """

    resources: dict[str, Wanted]
    injections: dict[int, tuple[Injection, ...]]
    wants_run: bool
    data: tuple[tuple[HandlerSpec, Want], ...]


def wire(handlers: Iterable[Read]) -> Wiring:
    """Gather what handlers want."""
    by: dict[str, list[tuple[HandlerSpec, Want]]] = {}
    read = {}
    wants_run = False
    data = []
    for spec, found in handlers:
        read[id(spec)] = found
        for injection in found:
            if injection.role == "resource":
                by.setdefault(injection.want.name, []).append((spec, injection.want))
            elif injection.role == "run":
                wants_run = True
            else:
                data.append((spec, injection.want))
    resources = {
        name: Wanted(name, tuple(wants), all(want.optional for _, want in wants))
        for name, wants in by.items()
    }
    return Wiring(resources, read, wants_run, tuple(data))


def who(spec: HandlerSpec) -> str:
    """Name a handler in a message."""
    return f"{spec.kind} {spec.name!r} at {spec.where}"
