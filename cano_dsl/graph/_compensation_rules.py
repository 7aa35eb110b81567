"""The rule about compensations."""

from collections.abc import Iterator

from cano_dsl.errors import Finding
from cano_dsl.graph._facts import Facts, broken
from cano_dsl.graph._walk import Types
from cano_dsl.spec import CompensationDef, HandlerDef


def compensations(facts: Facts) -> Iterator[Finding]:
    """`compensation`: each undoes a handler of this workflow, alone, and takes the output that it gives."""
    handlers = facts.definition.handlers
    first: dict[int, CompensationDef] = {}
    for handler in handlers:
        yield from outputs_of(handler)
    for part in facts.definition.compensations:
        if part.of is None:
            yield _not_here(facts, part)
        elif part.of in first:
            other = first[part.of]
            line = f" ({other.where})" if other.where else ""
            yield broken(
                part,
                "compensation",
                f'Handler "{part.step}" has more than one compensation',
                f'keep one; the first is "{other.name}"{line}',
            )
        else:
            first[part.of] = part
            yield from taken_of(part, handlers[part.of], facts.definition.enum, facts.types)
        yield from _asked_in_vain(part)


def _asked_in_vain(part: CompensationDef) -> Iterator[Finding]:
    """Find parameters of a compensation that only the target of a split or of an error edge is given."""
    for want, shown in ((part.joined, "the outcomes of a split"), (part.failure, "a failure")):
        if want is not None:
            yield broken(
                part,
                "compensation",
                f'Compensation "{part.name}" wants {shown} ({want.name}), which only a state is entered with',
                f'let "{part.step}" put what is needed into its output',
            )


def outputs_of(handler: HandlerDef) -> Iterator[Finding]:
    """Run the part of `compensation` that is about one handler alone: a router neither does nor undoes."""
    if handler.kind == "router" and handler.output is not None:
        yield broken(
            handler,
            "compensation",
            f'Router "{handler.name}" gives an output ({handler.output.shown}), but a router only decides',
            "make it a state, or return the next state alone",
        )
    if handler.kind == "router" and handler.rollbacks:
        yield broken(
            handler,
            "compensation",
            f'Router "{handler.name}" asks for a rollback, but a router only decides',
            "make it a state, or go to a state that asks for it",
        )


def _not_here(facts: Facts, part: CompensationDef) -> Finding:
    of = f" of {facts.member(part.at)}" if part.at else ""
    own = facts.links.first.get(part.at) if part.at else None
    fix = f'compensate "{own.name}", which handles that state here' if own else "give build that handler too"
    return broken(
        part,
        "compensation",
        f'Compensation "{part.name}" undoes "{part.step}"{of}, which is not in this workflow',
        f"{fix}, or leave the compensation out",
    )


def taken_of(part: CompensationDef, handler: HandlerDef, enum: str, types: Types) -> Iterator[Finding]:
    """Run the part of `compensation` that is about one compensation and its handler alone."""
    if handler.output is None:
        yield broken(
            part,
            "compensation",
            f'Compensation "{part.name}" undoes "{handler.name}", which gives no output',
            f"return it with the next state: tuple[Literal[{enum}.X], Output]",
        )
    elif not types.fits(handler.output.type, part.takes.type):
        yield broken(
            part,
            "compensation",
            f'Compensation "{part.name}" takes {part.takes.shown}, but "{handler.name}" gives '
            f"{handler.output.shown}",
            f"annotate {part.takes.name}: {handler.output.shown}",
        )
