"""Which states lead where, as far as the definition tells: the edges that all rules share."""

from dataclasses import dataclass

from cano_dsl.spec import Definition, HandlerDef


@dataclass(frozen=True, slots=True)
class Links:
    """The edges of a definition.

    Attributes:
        first: The handler of each state that runs: the first given, and none for an exit.
        forward: Targets of each handled state, in the order declared, those after a rollback
            next, those of error edges last.
        backward: Sources of each state, in the order of the handlers.
        anywhere: States whose targets are not known: handled by nobody, or by a handler with a broken
            declaration. Each is reported by a rule of its own, so the others let it lead anywhere.
    """

    first: dict[str, HandlerDef]
    forward: dict[str, tuple[str, ...]]
    backward: dict[str, list[str]]
    anywhere: frozenset[str]


def link(definition: Definition) -> Links:
    """Read the edges off a definition."""
    exits = set(definition.exits)
    first: dict[str, HandlerDef] = {}
    for handler in definition.handlers:
        if handler.at is not None and handler.at not in exits:
            first.setdefault(handler.at, handler)
    backward: dict[str, list[str]] = {}
    forward = {at: _targets(handler) for at, handler in first.items()}
    for source, targets in forward.items():
        for target in targets:
            backward.setdefault(target, []).append(source)
    broken = {at for at, handler in first.items() if _is_broken(handler)}
    missing = {name for name in definition.members if name not in first and name not in exits}
    return Links(
        first=first,
        forward=forward,
        backward=backward,
        anywhere=frozenset(broken | missing),
    )


def _is_broken(handler: HandlerDef) -> bool:
    mapping = handler.nested
    is_open = mapping is not None and bool(mapping.missing)
    return handler.got is not None or bool(handler.foreign) or is_open


def _targets(handler: HandlerDef) -> tuple[str, ...]:
    if not handler.errors and not handler.rollbacks:
        return handler.targets
    errors = (edge.target for edge in handler.errors)
    return tuple(dict.fromkeys([*handler.targets, *handler.rollbacks, *errors]))
