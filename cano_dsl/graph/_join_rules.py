"""The rule `join`: every split can be joined, and every state that asks for outcomes is entered with them."""

from collections.abc import Iterator

from cano_dsl.errors import Finding
from cano_dsl.graph._facts import Facts, broken
from cano_dsl.spec import HandlerDef, SplitDef, Want, why_not


def joins(facts: Facts) -> Iterator[Finding]:
    """`join`: a split can be satisfied, and outcomes are asked for where a split of that type leads."""
    for handler in facts.definition.handlers:
        if handler.split is not None:
            for message, hint in _unsatisfiable(handler.split):
                yield broken(handler, "join", f'Split "{handler.name}": {message}', hint)
        if facts.links.first.get(handler.at or "") is not handler:
            continue  # it never runs, which another rule says
        if handler.joined is not None:
            yield from _outcomes(facts, handler, handler.joined)
        if handler.failure is not None and not handler.failure.optional:
            yield from _failures(facts, handler)


def _unsatisfiable(split: SplitDef) -> Iterator[tuple[str, str]]:
    total = split.count if split.count is not None else max(1, split.join.n or 1)
    why = why_not(split.join, total)
    if why is not None:
        yield why, "give over= or branches" if total < 1 else "change the number, or the branches"
    if split.join.strategy == "partial_timeout" and split.timeout_s is None:
        yield "partial_timeout has no timeout", "give timeout=, in seconds"
    if split.bulkhead is not None and split.bulkhead < 1:
        yield f"bulkhead={split.bulkhead} would start no branch", "give at least 1, or leave it out for all"


def _outcomes(facts: Facts, handler: HandlerDef, joined: Want) -> Iterator[Finding]:
    name = str(handler.at)
    for source in facts.links.backward.get(name, ()):
        split = facts.links.first[source].split
        if split is None or name not in facts.links.first[source].targets:
            continue
        for value in split.values:
            if not facts.types.fits(value.type, joined.type):
                yield broken(
                    handler,
                    "join",
                    f'Handler "{handler.name}" wants outcomes as Joined[{joined.shown}], but branches of '
                    f"split {facts.member(source)} return {value.shown}",
                    f"annotate the parameter as Joined[{split.shown}]",
                )
    if joined.optional:
        return
    for where in _entered_without(facts, name):
        yield broken(
            handler,
            "join",
            f'Handler "{handler.name}" wants the outcomes of a split, but {where}',
            f"annotate the parameter as Joined[{joined.shown}] | None",
        )


def _entered_without(facts: Facts, name: str) -> Iterator[str]:
    """Say which ways lead into a state without a split."""
    if name == facts.definition.start:
        yield f"a run starts at {facts.member(name)}"
    for source in facts.links.backward.get(name, ()):
        handler = facts.links.first[source]
        if any(edge.target == name for edge in handler.errors):
            yield f"an error of {facts.member(source)} leads there"
        elif handler.split is None:
            yield f"{facts.member(source)}, which is no split, leads there"


def _failures(facts: Facts, handler: HandlerDef) -> Iterator[Finding]:
    name = str(handler.at)
    ways = [f"a run starts at {facts.member(name)}"] if name == facts.definition.start else []
    ways += [
        f"{facts.member(source)} leads there without one"
        for source in facts.links.backward.get(name, ())
        if name in (*facts.links.first[source].targets, *facts.links.first[source].rollbacks)
    ]
    for way in ways:
        yield broken(
            handler,
            "resource",
            f'Handler "{handler.name}" wants the failure of an error edge, but {way}',
            "annotate the parameter as Failure | None",
        )
