"""What the rule `join` needs of a split, carried by the last type argument of its handler.

It is `tuple[Literal["…"], *values]`: what stands in the call of `split` as text, then the types of the
branches' values one by one, which the union of them would merge. A type argument, unlike a card, is followed
by the daemon.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mypy.plugin import CheckerPluginInterface
from mypy.types import Instance, LiteralType, TupleType, Type, get_proper_type

from cano_dsl.mypy_plugin._card import facts_of, written
from cano_dsl.mypy_plugin._names import GATHER, SPLITS
from cano_dsl.mypy_plugin._resources import Wants, Words, wants_of
from cano_dsl.spec import ErrorDef, Join, SplitDef, Want

ITEMS, VALUE, JOINED = (
    -2,
    -3,
    -1,
)  # places among the type arguments of a split; of the value in a Gather below
GATHERED = 4
UNSEEN = "unseen"  # given, but by something that a type checker cannot see
_ANYTHING = Join("all")  # satisfied by any number of branches


class Splitting(NamedTuple):
    """The part of a handler that only a split has, and whether it may lead anywhere."""

    split: SplitDef | None = None
    errors: tuple[ErrorDef, ...] = ()
    open: bool = False


def packed(facts: Mapping[str, Any], values: Sequence[Type], api: CheckerPluginInterface) -> Type:
    """Make the type argument."""
    literal = LiteralType(written(facts), api.named_generic_type("builtins.str", []))
    anything = api.named_generic_type("builtins.object", [])
    return TupleType([literal, *values], api.named_generic_type("builtins.tuple", [anything]))


def _unpacked(split: Instance) -> tuple[Mapping[str, Any], Sequence[Type]]:
    """Read the type argument; no facts for a type that was written by hand."""
    found = get_proper_type(split.args[JOINED])
    if isinstance(found, TupleType) and found.items:
        text = get_proper_type(found.items[0])
        if isinstance(text, LiteralType):
            facts: dict[str, Any] = json.loads(str(text.value))
            return facts, found.items[1:]
    return {"open": True}, [split.args[GATHERED if split.type.fullname == GATHER else VALUE]]


def splitting_of(handler: Instance, words: Words) -> Splitting:
    """Read a split; nothing for a handler of another kind."""
    if handler.type.fullname not in SPLITS:
        return Splitting()
    facts, values = _unpacked(handler)
    shown = facts.get("shown", {})
    found: dict[str, Want] = {}
    for index, typ in enumerate(values):
        text = shown.get(str(index)) or words.of(typ)
        found.setdefault(text, Want("value", typ, text))
    timeout = facts.get("timeout")
    bulkhead = facts.get("bulkhead")
    split = SplitDef(
        join=Join(*facts["join"]) if "join" in facts else _ANYTHING,
        count=facts.get("count"),
        branches=tuple(facts.get("branches", ())),
        values=tuple(found.values()),
        timeout_s=1.0 if timeout == UNSEEN else timeout,
        bulkhead=None if bulkhead == UNSEEN else bulkhead,
    )
    errors = tuple(ErrorDef(target, error) for target, error in facts.get("errors", ()))
    return Splitting(split, errors, open=bool(facts.get("open")))


def strays_of(handler: Instance) -> Sequence[str]:
    """Give the error targets that are no members, in words."""
    facts = _unpacked(handler)[0] if handler.type.fullname in SPLITS else facts_of(handler)
    strays: Sequence[str] = facts.get("strays", ())
    return strays


def wants_of_items(handler: Instance, words: Words) -> Wants | None:
    """Read the parameters of the function that gives a split's items; none for any other handler."""
    if handler.type.fullname not in SPLITS or handler.type.fullname == GATHER:
        return Wants()
    return wants_of(handler.args[ITEMS], words)
