"""Whether a run can go on under another definition than the one that it was begun with.

It can where its state, and all that can follow, means what it meant, and where what it did can still be
undone. What else was added, changed or removed does not matter to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cano_dsl.graph._fingerprint import Canonical

# The facts of a state in the order in which they are told; each with "was" and "is" in the right number.
WORDS = {
    "kind": ("kind", "was", "is"),
    "targets": ("targets", "were", "are"),
    "errors": ("error edges", "were", "are"),
    "rollback": ("rollback targets", "were", "are"),
    "exits": ("exits of its workflow", "led", "lead"),
    "start": ("start of its workflow", "was", "is"),
    "split": ("split", "was", "is"),
    "outcomes": ("outcomes that it takes", "were", "are"),
    "failure": ("failure that it must be given", "was", "is"),
    "output": ("output", "was", "is"),
    "cursor": ("cursor", "was", "is"),
    "answer": ("answer", "was", "is"),
    "compensation": ("what its compensation takes", "was", "is"),
    "at_most_once": ("at most once", "was", "is"),
}
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
        if (path, entered) in seen:
            continue
        seen.add((path, entered))
        found[path] = None
        place = places.get(path)
        if place is None:
            continue
        if entered and "start" in place.facts:
            todo.append((f"{path}/{place.facts['start']}", True))
        todo += [(after, True) for after in place.leads()]
        if place.within is not None:
            todo.append((place.within, False))
    return list(found)


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
        what, before, after = WORDS.get(fact, (fact, "was", "is"))
        yield f"{head}: {what} {before} {_shown(fact, was)}, {after} {_shown(fact, now)}"


def _shown(fact: str, value: Any) -> str:
    """Write a fact for a person."""
    if value is None or value is False:
        return "none" if value is None and fact not in ("at_most_once", "failure") else "no"
    if value is True:
        return "yes"
    if fact == "errors":
        return ", ".join(f"{error or 'any error'} → {target}" for error, target in value)
    if fact == "exits":
        return ", ".join(f"{end} → {target}" for end, target in value.items())
    if fact == "split":
        return _split(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _split(split: Mapping[str, Any]) -> str:
    over = split.get("over")
    if over is None:
        branches = ", ".join(split["branches"])
    else:
        branches = "what over= gives" if isinstance(over, str) else f"{over} branch{'es' * (over != 1)}"
    return f"{split['join']} of {branches}, each giving {split['value']}"
