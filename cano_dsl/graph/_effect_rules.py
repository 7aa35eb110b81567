"""The part of the rule `compensation` that is about effects: nothing is left behind by a run that failed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cano_dsl.errors import Finding
from cano_dsl.graph._facts import Facts, broken
from cano_dsl.spec import HandlerDef


def effects(facts: Facts) -> Iterator[Finding]:
    """`compensation`: where a run can fail after a state with effects, something undoes that state."""
    undone = {part.of for part in facts.definition.compensations}
    failed = _Nearest(facts, facts.definition.failed)
    fragile = _Nearest(facts, (name for name, one in facts.links.first.items() if _can_fail(one)))
    for index, handler in enumerate(facts.definition.handlers):
        if not handler.effects or index in undone or facts.links.first.get(handler.at or "") is not handler:
            continue
        way = failed.way(handler)
        if way is not None:
            yield _left_behind(facts, handler, way, "ends in an exit that means failure")
            continue
        way = fragile.way(handler)
        if way is not None:
            yield _left_behind(facts, handler, way, f"fails when {facts.member(way[-1])} does")


def _can_fail(handler: HandlerDef) -> bool:
    """Tell whether an error of a handler can end the run: it has no edge for any."""
    return all(edge.error for edge in handler.errors)


class _Nearest:
    """Finds the shortest way to one of some states, by the edges that all rules share."""

    def __init__(self, facts: Facts, ends: Iterable[str]) -> None:
        self._forward = facts.links.forward
        self._ends = frozenset(ends)
        self._known: dict[str, Sequence[str]] = {}

    def way(self, handler: HandlerDef) -> Sequence[str] | None:
        """Give the way from a handler that succeeded; None where there is none."""
        if not self._ends:
            return None
        found = [way for target in handler.targets if (way := self._from(target))]
        return [str(handler.at), *min(found, key=len)] if found else None

    def _from(self, state: str) -> Sequence[str]:
        """Give the way from a state, searching breadth first; empty where there is none."""
        if state not in self._known:
            way = self._known[state] = self._search(state)
            for index, passed in enumerate(way):  # the rest of a shortest way is one, too
                self._known.setdefault(passed, way[index:])
        return self._known[state]

    def _search(self, state: str) -> Sequence[str]:
        before = {state: state}
        todo = [state]
        for here in todo:
            if here in self._ends:
                way = [here]
                while way[-1] != state:
                    way.append(before[way[-1]])
                return way[::-1]
            for target in self._forward.get(here, ()):
                if target not in before:
                    before[target] = here
                    todo.append(target)
        return ()


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
