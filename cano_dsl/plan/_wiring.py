"""What handlers want, gathered by name: the order of the values and who wants what."""

from collections.abc import Iterable
from dataclasses import dataclass

from cano_dsl.declare import Read
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
        read: Each handler with its parameters, by the handler's identity.
        needs_run: Whether any handler asks for the `Run`, or for what it carries from state to state.
        data: Each handler that asks for the run's data, with its want.
    """

    resources: dict[str, Wanted]
    read: dict[int, Read]
    needs_run: bool
    data: tuple[tuple[HandlerSpec, Want], ...]


def wire(handlers: Iterable[Read]) -> Wiring:
    """Gather what handlers want."""
    by: dict[str, list[tuple[HandlerSpec, Want]]] = {}
    read = {}
    needs_run = False
    data = []
    for handler in handlers:
        spec = handler.spec
        read[id(spec)] = handler
        needs_run = needs_run or spec.split is not None or bool(spec.on_error)
        for injection in handler.injections:
            if injection.role == "resource":
                by.setdefault(injection.want.name, []).append((spec, injection.want))
            elif injection.role == "data":
                data.append((spec, injection.want))
            else:
                needs_run = True
    resources = {
        name: Wanted(name, tuple(wants), all(want.optional for _, want in wants))
        for name, wants in by.items()
    }
    return Wiring(resources, read, needs_run, tuple(data))


def who(spec: HandlerSpec) -> str:
    """Name a handler in a message."""
    return f"{spec.kind} {spec.name!r} at {spec.where}"
