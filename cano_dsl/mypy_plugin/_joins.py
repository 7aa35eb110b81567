"""What a split, and what guards any handler, declares, carried by the handler's last type argument.

It is `tuple[Literal["…"], *values]`: what stands in the call of the decorator as text, then the types of a
split's branches' values one by one, which the union of them would merge. A type argument, unlike a card, is
followed by the daemon.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mypy.plugin import CheckerPluginInterface
from mypy.types import Instance, LiteralType, TupleType, Type, get_proper_type

from cano_dsl.mypy_plugin._card import NOTHING, facts_of, written
from cano_dsl.mypy_plugin._names import GATHER, MADE, SPLITS
from cano_dsl.mypy_plugin._resources import Wants, Words, wants_of
from cano_dsl.spec import ErrorDef, Join, PolicyDef, SharedDef, SplitDef, Want

ITEMS, VALUE, JOINED = (
    -2,
    -3,
    -1,
)  # places among the type arguments of a split; of the value in a Gather below
GATHERED = 4
UNSEEN = "unseen"  # given, but by something that a type checker cannot see
_ANYTHING = Join("all")  # satisfied by any number of branches
_NAMELESS = SharedDef("", 0)
_CARRIES = SPLITS | set(MADE.values())


class Splitting(NamedTuple):
    """What the last type argument tells: a split, what guards the call, and whether it may lead anywhere."""

    split: SplitDef | None = None
    errors: tuple[ErrorDef, ...] = ()
    open: bool = False
    effects: bool = False
    policies: PolicyDef | None = None


def packed(facts: Mapping[str, Any], values: Sequence[Type], api: CheckerPluginInterface) -> Type:
    """Make the type argument."""
    literal = LiteralType(written(facts), api.named_generic_type("builtins.str", []))
    anything = api.named_generic_type("builtins.object", [])
    return TupleType([literal, *values], api.named_generic_type("builtins.tuple", [anything]))


def _unpacked(handler: Instance) -> tuple[Mapping[str, Any], Sequence[Type]]:
    """Read the type argument; no facts for a type that was written by hand."""
    if handler.type.fullname not in _CARRIES:
        return NOTHING, ()
    found = get_proper_type(handler.args[JOINED])
    if isinstance(found, TupleType) and found.items:
        text = get_proper_type(found.items[0])
        if isinstance(text, LiteralType):
            facts: dict[str, Any] = json.loads(str(text.value))
            return facts, found.items[1:]
    if handler.type.fullname not in SPLITS:
        return NOTHING, ()
    return {"open": True}, [handler.args[GATHERED if handler.type.fullname == GATHER else VALUE]]


def splitting_of(handler: Instance, words: Words) -> Splitting:
    """Read a split and what guards a handler."""
    facts, values = _unpacked(handler)
    errors = tuple(ErrorDef(target, error) for target, error in facts.get("errors", ()))
    return Splitting(
        _split(facts, values, words) if handler.type.fullname in SPLITS else None,
        errors,
        open=bool(facts.get("open")),
        effects=bool(facts.get("effects")),
        policies=policy_of(facts.get("policies")),
    )


def policy_of(facts: Mapping[str, Any] | None) -> PolicyDef | None:
    """Read policies; a breaker and a limiter have no name here, as only the program knows it."""
    if not facts:
        return None
    return PolicyDef(
        attempts=facts.get("attempts", 1),
        wait_s=facts.get("wait_s", 0.0),
        timeout_s=facts.get("timeout"),
        breaker=_NAMELESS if facts.get("breaker") else None,
        limiter=_NAMELESS if facts.get("limiter") else None,
    )


def _split(facts: Mapping[str, Any], values: Sequence[Type], words: Words) -> SplitDef:
    shown = facts.get("shown", {})
    found: dict[str, Want] = {}
    for index, typ in enumerate(values):
        text = shown.get(str(index)) or words.of(typ)
        found.setdefault(text, Want("value", typ, text))
    timeout = facts.get("timeout")
    bulkhead = facts.get("bulkhead")
    return SplitDef(
        join=Join(*facts["join"]) if "join" in facts else _ANYTHING,
        count=facts.get("count"),
        branches=tuple(facts.get("branches", ())),
        values=tuple(found.values()),
        timeout_s=math.nan if timeout == UNSEEN else timeout,
        bulkhead=None if bulkhead == UNSEEN else bulkhead,
    )


def strays_of(handler: Instance) -> Sequence[str]:
    """Give the error targets that are no members, in words."""
    facts = _unpacked(handler)[0] if handler.type.fullname in _CARRIES else facts_of(handler)
    strays: Sequence[str] = facts.get("strays", ())
    return strays


def wants_of_items(handler: Instance, words: Words) -> Wants | None:
    """Read the parameters of the function that gives a split's items; none for any other handler."""
    if handler.type.fullname not in SPLITS or handler.type.fullname == GATHER:
        return Wants()
    return wants_of(handler.args[ITEMS], words)
