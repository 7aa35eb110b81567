"""The part of the rule `compensation` that is about effects: nothing is left behind by a run that failed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from cano_dsl.errors import Finding
from cano_dsl.graph._facts import Facts, broken
from cano_dsl.spec import HandlerDef


def effects(facts: Facts) -> Iterator[Finding]:
    """`compensation`: where a run can fail after a state with effects, something undoes that state."""
    undone = {part.of for part in facts.definition.compensations}
    failed = set(facts.definition.failed)
    fragile = [name for name, handler in facts.links.first.items() if _can_fail(handler)]
    for index, handler in enumerate(facts.definition.handlers):
        if not handler.effects or index in undone or facts.links.first.get(handler.at or "") is not handler:
            continue
        way = _way(facts, handler, failed)
        if way is not None:
            yield _left_behind(facts, handler, way, "ends in an exit that means failure")
            continue
        way = _way(facts, handler, fragile)
        if way is not None:
            yield _left_behind(facts, handler, way, f"fails when {facts.member(way[-1])} does")


def _can_fail(handler: HandlerDef) -> bool:
    """Tell whether an error of a handler can end the run: it has no edge for any."""
    return all(edge.error for edge in handler.errors)


def _way(facts: Facts, handler: HandlerDef, ends: Collection[str]) -> Sequence[str] | None:
    """Give the shortest way from a handler that succeeded to one of some states; None where there is none."""
    found: list[Sequence[str]] = []
    for target in dict.fromkeys(handler.targets):
        if target in ends:
            return [str(handler.at), target]
    for target in dict.fromkeys(handler.targets):
        reached = facts.walk.reachable(target)
        found += [facts.walk.path(target, end) for end in ends if end in reached]
    return [str(handler.at), *min(found, key=len)] if found else None


def _left_behind(facts: Facts, handler: HandlerDef, way: Iterable[str], end: str) -> Finding:
    at = facts.member(str(handler.at))
    shown = " → ".join(map(facts.member, way))
    gives = "" if handler.output else f'give "{handler.name}" an output, and '
    undo = f"{gives}write a function that undoes it, @compensate({handler.name})"
    if handler.split is not None:
        undo = "let a state with an output follow, whose compensation undoes the branches"
    finding = broken(
        handler,
        "compensation",
        f"Nothing undoes the effects of {at} where a run {end}: {shown}",
        f'{undo}; if that is right, Waive("compensation", {at}, "why")',
    )
    return replace(finding, severity="warning")
