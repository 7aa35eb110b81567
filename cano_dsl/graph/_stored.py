"""A graph out of the log of a run, for pictures of definitions that are gone."""

import re
from collections.abc import Mapping
from typing import Any, cast

from cano_dsl.graph._fingerprint import Canonical
from cano_dsl.graph._graph import Graph, Node
from cano_dsl.spec import (
    CompensationDef,
    Definition,
    ErrorDef,
    HandlerDef,
    Join,
    Kind,
    SplitDef,
    Strategy,
    Want,
)

_JOIN = re.compile(r"(?P<strategy>\w+)(?:\((?P<number>[\d.e+-]+)\))?")


def stored_graph(canonical: Canonical, name: str) -> Graph:
    """Make a graph of what a log keeps of it: handlers have no names, and a compensation that of its type.

    Example:
        >>> from cano_dsl.graph import stored_graph
        >>> end = {"kind": "exit"}
        >>> stored = {"start": "A", "states": {"A": {"kind": "state", "targets": ["B"]}, "B": end}}
        >>> stored_graph(stored, "jobs").states["A"].targets
        ('B',)
    """
    facts: Mapping[str, Mapping[str, Any]] = canonical["states"]
    nodes = {state: _node(state, found, canonical["start"]) for state, found in facts.items()}
    definition = Definition(
        name=name,
        enum=name,
        members=tuple(facts),
        start=canonical["start"],
        exits=tuple(state for state, found in facts.items() if found["kind"] == "exit"),
        handlers=tuple(node.handler for node in nodes.values() if node.handler is not None),
    )
    return Graph(definition=definition, start=canonical["start"], states=nodes, findings=())


def _node(state: str, facts: Mapping[str, Any], start: str) -> Node:
    is_exit = facts["kind"] == "exit"
    handled = not is_exit and facts["kind"] != "unhandled"
    handler = _handler(state, facts) if handled else None
    return Node(
        name=state,
        kind=handler.kind if handler is not None else None,
        handler=handler,
        is_start=state == start,
        is_exit=is_exit,
        targets=handler.targets if handler is not None else (),
        compensation=_compensation(state, facts.get("compensation")),
    )


def _handler(state: str, facts: Mapping[str, Any]) -> HandlerDef:
    split = facts.get("split")
    return HandlerDef(
        at=state,
        kind=cast("Kind", facts["kind"]),
        name="",
        targets=tuple(facts.get("targets", ())),
        errors=tuple(ErrorDef(target, error) for error, target in facts.get("errors", ())),
        rollbacks=tuple(facts.get("rollback", ())),
        split=None if split is None else _split(split),
    )


def _split(facts: Mapping[str, Any]) -> SplitDef:
    over = facts.get("over")
    branches = tuple(facts.get("branches", ()))
    count = len(branches) if branches else over if isinstance(over, int) else None
    return SplitDef(_join(facts["join"]), count, branches, (Want("value", None, facts["value"]),))


def _join(text: str) -> Join:
    found = _JOIN.fullmatch(text)
    strategy = cast("Strategy", found["strategy"] if found is not None else text)
    number = found["number"] if found is not None else None
    if number is None:
        return Join(strategy)
    return Join(strategy, p=float(number)) if strategy == "percentage" else Join(strategy, n=int(number))


def _compensation(state: str, takes: str | None) -> CompensationDef | None:
    if takes is None:
        return None
    return CompensationDef(at=state, step="", of=None, name=takes, takes=Want("output", None, takes))
