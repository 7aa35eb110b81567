"""What handlers want, gathered by name: the order of the values and who wants what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cano_dsl.declare import Read, ReadUndo
from cano_dsl.spec import CompensationSpec, HandlerSpec, Want

Part: TypeAlias = HandlerSpec | CompensationSpec


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource as all handlers and compensations want it.

    Attributes:
        name: Its key.
        by: Each handler that wants it, with its own want.
        optional: Whether every one of them can do without.
    """

    name: str
    by: tuple[tuple[Part, Want], ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the values of a run are laid out: resources in this order, then a stack, the run and its data.

    Attributes:
        resources: By name, in the order in which handlers first want them.
        needs_run: Whether any handler asks for the `Run`, or for what it carries from state to state.
        data: Each handler that asks for the run's data, with its want.
    """

    resources: dict[str, Wanted]
    needs_run: bool
    data: tuple[tuple[Part, Want], ...]


def wire(parts: Iterable[Read | ReadUndo]) -> Wiring:
    """Gather what handlers and compensations want."""
    by: dict[str, list[tuple[Part, Want]]] = {}
    needs_run = False
    data = []
    for part in parts:
        spec = part.spec
        if isinstance(part, Read):
            needs_run = needs_run or part.spec.split is not None or bool(part.spec.on_error)
        for injection in part.injections:
            if injection.role == "resource":
                by.setdefault(injection.want.name, []).append((spec, injection.want))
            elif injection.role == "data":
                data.append((spec, injection.want))
            elif injection.role != "stay":
                needs_run = True
    resources = {
        name: Wanted(name, tuple(wants), all(want.optional for _, want in wants))
        for name, wants in by.items()
    }
    return Wiring(resources, needs_run, tuple(data))


def who(spec: Part) -> str:
    """Name a handler in a message."""
    return f"{spec.kind} {spec.name!r} at {spec.where}"
