"""What `compare` looks at: the facts of each state and of each workflow, as plain values.

A fact that has nothing to say is left out, so that one that is added to the library shows only where it is
used. Lines are no facts, as they move.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from cano_dsl.graph._fingerprint import canonical_facts
from cano_dsl.graph._graph import Graph, Node
from cano_dsl.graph._type_names import type_name
from cano_dsl.spec import CompensationDef, HandlerDef, PolicyDef, Want

Level: TypeAlias = Literal["meaning", "conduct", "words"]
_ELSEWHERE = ("targets", "rollback", "errors", "workflow")  # told by edges, and by what is in a sub-workflow


class Key(NamedTuple):
    """A fact, which of its kind it is where a state has several, and what it decides."""

    fact: str
    of: str
    level: Level


Facts: TypeAlias = dict[Key, Any]


def state_facts(node: Node) -> Facts:
    """Give the facts of a state, those that a run's meaning is made of first."""
    facts: Facts = {
        Key(fact, "", "meaning"): value
        for fact, value in canonical_facts(node).items()
        if fact not in _ELSEWHERE
    }
    if node.handler is not None:
        facts |= _of_handler(node.handler)
    if node.compensation is not None:
        facts |= _of_compensation(node.compensation)
    return facts


def workflow_facts(graph: Graph, *, is_outer: bool) -> Facts:
    """Give the facts of a workflow as a whole.

    Args:
        graph: The workflow.
        is_outer: Whether runs are its own, and are logged under its name.
    """
    found = graph.definition
    facts = _conduct(
        failed=sorted(found.failed) or None,
        data=_type(found.data),
        run_timeout_s=found.timeout_s,
        compensation_timeout_s=found.compensation_timeout_s,
        max_transitions=found.max_transitions,
    )
    facts |= _wanted("offer", found.offers or ())
    for waive in found.waivers:
        place = "" if waive.state_name is None else f" at {waive.state_name}"
        facts[Key("waiver", f"{waive.code}{place}", "conduct")] = waive.reason
    return {
        Key("name", "", "meaning" if is_outer else "words"): graph.name,
        Key("enum", "", "words"): graph.enum,
        Key("first", "", "meaning"): graph.start,
        **facts,
    }


def sharing(before: Graph, after: Graph) -> Iterator[tuple[Key, Any, Any]]:
    """Give the breakers and limiters that are shared otherwise by the states that had one of that name."""
    kinds: tuple[Literal["breaker", "limiter"], ...] = ("breaker", "limiter")
    for what in kinds:
        was, now = _groups(before, what), _groups(after, what)
        for name in was.keys() & now.keys():
            both = was[name].keys() & now[name].keys()
            one, other = _parted(was[name], both), _parted(now[name], both)
            if one != other:
                yield Key(f"shared_{what}", name, "conduct"), one, other


def _groups(graph: Graph, what: Literal["breaker", "limiter"]) -> dict[str, dict[str, int]]:
    """Give, by a breaker's name, the states that it guards, with the number of the one that they have."""
    groups: dict[str, dict[str, int]] = {}
    for node in graph.states.values():
        shared = None if node.policies is None else getattr(node.policies, what)
        if shared is not None:
            groups.setdefault(shared.name, {})[node.name] = shared.key
    return groups


def _parted(keys: Mapping[str, int], names: Iterable[str]) -> list[list[str]]:
    parts: dict[int, list[str]] = {}
    for name in sorted(names):
        parts.setdefault(keys[name], []).append(name)
    return sorted(parts.values())


def _of_handler(handler: HandlerDef) -> Facts:
    split = handler.split
    unpaired = sorted(handler.unpaired) if handler.paired else None
    return (
        _guards("", handler.policies)
        | _conduct(
            join_timeout_s=None if split is None else split.timeout_s,
            bulkhead=None if split is None else split.bulkhead,
            data=_type(handler.data),
            unpaired=unpaired or None,
            effects=handler.effects or None,
            thread=handler.thread or None,
        )
        | _wanted("resource", handler.wants)
        | _words(handler=handler.name, doc=handler.doc)
    )


def _of_compensation(undo: CompensationDef) -> Facts:
    return (
        _guards("undo_", undo.policies)
        | _conduct(undo_data=_type(undo.data), undo_thread=undo.thread or None)
        | _wanted("undo_resource", undo.wants)
        | _words(undo=undo.name, undo_doc=undo.doc)
    )


def _guards(prefix: str, policies: PolicyDef | None) -> Facts:
    if policies is None:
        return {}
    guards = {
        "attempts": policies.attempts if policies.attempts > 1 else None,
        "wait": policies.wait or None,
        "timeout_s": policies.timeout_s,
        "breaker": None if policies.breaker is None else policies.breaker.name,
        "limiter": None if policies.limiter is None else policies.limiter.name,
    }
    return _conduct(**{f"{prefix}{fact}": value for fact, value in guards.items()})


def _wanted(fact: str, wants: Iterable[Want]) -> Facts:
    """Give resources; one that the states of a sub-workflow want as several types is of all of them."""
    types: dict[str, set[str]] = {}
    needed: set[str] = set()
    for want in wants:
        types.setdefault(want.name, set()).add(type_name(want.shown))
        needed |= set() if want.optional else {want.name}
    return {
        Key(fact, name, "conduct"): {"type": " and ".join(sorted(kinds)), "optional": name not in needed}
        for name, kinds in types.items()
    }


def _type(want: Want | None) -> str | None:
    return None if want is None else type_name(want.shown)


def _conduct(**facts: Any) -> Facts:
    return {Key(fact, "", "conduct"): value for fact, value in facts.items() if value is not None}


def _words(**facts: str) -> Facts:
    return {Key(fact, "", "words"): value for fact, value in facts.items() if value}
