"""A comparison in a few sentences."""

from collections.abc import Callable, Iterator

from cano_dsl.graph import Comparison, EdgeChange, How

Write = Callable[[str], str]  # how a name of the user's is written


def summary(found: Comparison) -> str:
    """Count what differs, in one line without any name.

    Example:
        >>> from cano_dsl.graph import compare, stored_graph
        >>> end = {"kind": "exit"}
        >>> one = {"start": "A", "states": {"A": {"kind": "state", "targets": ["B"]}, "B": end}}
        >>> two = {"start": "A", "states": {"A": {"kind": "state", "targets": ["C"]}, "C": end}}
        >>> summary(compare(stored_graph(one, "jobs"), stored_graph(two, "jobs")))
        '1 state added, 1 removed; 1 transition added, 1 removed'
    """
    if found.is_same:
        names = sum(len(one.changes) for one in found.all)
        return f"the same, but for {_count(names, 'name or text', 'names or texts')}" if names else "the same"
    parts = [
        _tally("state", "states", [one.how for one in found.states if one.weight != "words"]),
        _tally("transition", "transitions", [edge.how for edge in found.edges]),
        _tally("finding", "findings", [one.how for one in found.findings]),
    ]
    facts = sum(change.level != "words" for one in found.workflows for change in one.changes)
    if facts:
        parts.append(f"{_count(facts, 'fact', 'facts')} of the workflow changed")
    return "; ".join(filter(None, parts))


def verdict(found: Comparison, write: Write = str) -> str:
    """Say in one sentence or two whether runs that were begun before go on.

    Args:
        found: The comparison.
        write: How the name of a state or workflow is written.
    """
    if found.before.name != found.after.name:
        return (
            f"Runs are logged under the name of their workflow, which was {write(found.before.name)} and is "
            f"{write(found.after.name)}: none that was begun before goes on."
        )
    if found.same_fingerprint:
        return "The fingerprint is the same: runs that were begun before go on."
    said = []
    if found.stranded:
        said.append(f"stand in {_list(found.stranded, write)}")
    if found.owing:
        said.append(f"have passed {_list(found.owing, write)}, which may have to be undone")
    if not said:
        return "The fingerprint differs, but runs that were begun before go on wherever they are."
    return f"Runs that were begun before cannot go on where they {', or '.join(said)}; all others go on."


def way_of(edge: EdgeChange) -> str:
    """Say what takes a transition; nothing for an ordinary one."""
    if edge.rollback:
        return "after a rollback"
    return "" if edge.error is None else f"on {edge.error or 'any error'}"


def _list(names: tuple[str, ...], write: Write) -> str:
    *most, last = map(write, names)
    return f"{', '.join(most)} or {last}" if most else last


def _tally(one: str, many: str, hows: list[How]) -> str:
    parts = list(_parts(one, many, hows))
    return ", ".join(parts)


def _parts(one: str, many: str, hows: list[How]) -> Iterator[str]:
    names = (one, many)
    order: tuple[How, ...] = ("added", "removed", "changed")
    for how in order:
        number = hows.count(how)
        if number:
            what = f" {names[number != 1]}" if names[0] else ""
            yield f"{number}{what} {how}"
            names = ("", "")  # said once


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
