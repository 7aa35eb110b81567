"""Whether a run can go on under another definition than the one that it was begun with.

It can where its state, and all that can follow, means what it meant, and where what it did can still be
undone. What else was added, changed or removed does not matter to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cano_dsl.graph._fact_words import WORDS, told
from cano_dsl.graph._fingerprint import Canonical

LEADS = ("targets", "rollback")  # the facts that name states; besides "errors", which names exceptions too


class _Place(NamedTuple):
    """A state with its facts; `within` is the path of the state that its workflow is, if it is one."""

    facts: Mapping[str, Any]
    within: str | None

    def path_of(self, name: str) -> str:
        """Give the path of another state of the same workflow."""
        return name if self.within is None else f"{self.within}/{name}"

    def leads(self) -> Iterator[str]:
        """Give the paths of the states that may follow."""
        for fact in LEADS:
            yield from map(self.path_of, self.facts.get(fact, ()))
        for _, target in self.facts.get("errors", ()):
            yield self.path_of(target)


def differences(stored: Canonical, now: Canonical, state: str, outputs: Iterable[str] = ()) -> list[str]:
    """Say in words why a run that stands at a state cannot go on under another definition.

    Args:
        stored: The canonical graph that the run was begun with.
        now: The one that it is to go on with.
        state: The state that runs next; a path, such as "PAY/CHARGE", within a workflow as a state.
        outputs: The states whose outputs a rollback would still have to undo.

    Returns:
        What differs, in the order of the ways that lead there; nothing where the run can go on.

    Example:
        >>> from cano_dsl.graph import differences
        >>> end = {"kind": "exit"}
        >>> stored = {"start": "A", "states": {"A": {"kind": "state", "targets": ["B"]}, "B": end}}
        >>> now = {"start": "A", "states": {"A": {"kind": "state", "targets": ["C"]}, "C": end}}
        >>> differences(stored, now, "A")
        ['state A: targets were B, are C', 'state B is gone']
        >>> differences(now, stored, "B")
        ['state B is not in the definition that the run was begun with']
    """
    was, found = _places(stored), _places(now)
    told: list[str] = []
    reached = _reached(was, state)
    for path in reached:
        told += _changed(path, was.get(path), found.get(path))
    for path in sorted(set(outputs) - set(reached)):
        told += _undone(path, was.get(path), found.get(path))
    return told


def stranded(stored: Canonical, now: Canonical) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the states in which a run cannot go on, and those that can no longer be undone, by their paths.

    The first are those of which `differences` has something to say; here all of them are found in one walk.

    Example:
        >>> from cano_dsl.graph import stranded
        >>> end = {"kind": "exit"}
        >>> stored = {"start": "A", "states": {"A": {"kind": "state", "targets": ["B"]}, "B": end}}
        >>> now = {"start": "A", "states": {"A": {"kind": "router", "targets": ["B"]}, "B": end}}
        >>> stranded(stored, now)
        (('A',), ())
    """
    was, found = _places(stored), _places(now)
    todo = [(path, entered) for path in was for entered in (True, False) if _differs(path, was, found)]
    before: dict[tuple[str, bool], list[tuple[str, bool]]] = {}
    for path in was:
        for entered in (True, False):
            for after in _after(was, path, entered=entered):
                before.setdefault(after, []).append((path, entered))
    stuck = set(todo)
    for one in todo:
        new = [source for source in before.get(one, ()) if source not in stuck]
        stuck.update(new)
        todo += new
    stand = [path for path, place in was.items() if place.facts["kind"] not in ("exit", "workflow")]
    return (
        tuple(path for path in stand if (path, True) in stuck),
        tuple(path for path in was if any(_undone(path, was[path], found.get(path)))),
    )


def _differs(path: str, was: Mapping[str, _Place], now: Mapping[str, _Place]) -> bool:
    return path not in now or was[path].facts != now[path].facts


def _places(canonical: Canonical, within: str | None = None) -> dict[str, _Place]:
    """Give all states by path, those within a state after it."""
    places: dict[str, _Place] = {}
    for name, facts in canonical["states"].items():
        own = {key: fact for key, fact in facts.items() if key != "workflow"}
        place = _Place(own, within)
        path = place.path_of(name)
        places[path] = place
        nested = facts.get("workflow")
        if nested is not None:
            own["start"] = nested["start"]
            places |= _places(nested, path)
    return places


def _reached(places: Mapping[str, _Place], state: str) -> list[str]:
    """Give the states whose meaning matters to a run at a state: those that may follow, and those around.

    A state that is a workflow is entered at its start. What is around a state that runs is not entered anew,
    but says what follows its workflow's exits and errors.
    """
    todo, seen = [(state, True)], set()
    found: dict[str, None] = {}
    for path, entered in todo:
        if (path, entered) not in seen:
            seen.add((path, entered))
            found[path] = None
            todo += _after(places, path, entered=entered)
    return list(found)


def _after(places: Mapping[str, _Place], path: str, *, entered: bool) -> Iterator[tuple[str, bool]]:
    """Give the states that matter as soon as one does, each with whether it is entered anew."""
    place = places.get(path)
    if place is None:
        return
    if entered and "start" in place.facts:
        yield f"{path}/{place.facts['start']}", True
    yield from ((after, True) for after in place.leads())
    if place.within is not None:
        yield place.within, False


def _changed(path: str, was: _Place | None, now: _Place | None) -> Iterator[str]:
    if was is None:
        yield f"state {path} is not in the definition that the run was begun with"
    elif now is None:
        yield f"state {path} is gone"
    else:
        both = was.facts.keys() | now.facts.keys()
        for fact in [*(key for key in WORDS if key in both), *sorted(both - WORDS.keys())]:
            yield from _told(f"state {path}", fact, was.facts.get(fact), now.facts.get(fact))


def _undone(path: str, was: _Place | None, now: _Place | None) -> Iterator[str]:
    if was is not None and "compensation" not in was.facts:
        return  # nothing undid it then, so there is nothing that must be able to do it now
    head = f"state {path}, which may have to be undone"
    if was is None or now is None:
        yield f"{head}, is {'not in the definition that the run was begun with' if was is None else 'gone'}"
    else:
        yield from _told(head, "compensation", was.facts["compensation"], now.facts.get("compensation"))


def _told(head: str, fact: str, was: Any, now: Any) -> Iterator[str]:
    if was != now:
        yield f"{head}: {told(fact, was, now)}"
