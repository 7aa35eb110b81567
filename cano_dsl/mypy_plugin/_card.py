"""Facts that a type has no place for, carried by the type all the same.

A handler's name and kind, and what is wrong with its declaration, are kept as an attribute of the type's
instance, under a name that no program can write. mypy stores such attributes with the type and compares them.
Lines are left out: a handler that only moves must not make its users stale.
"""

import json
from typing import Any, Final

from mypy.plugin import CheckerPluginInterface
from mypy.types import Instance, LiteralType, get_proper_type

ATTRIBUTE: Final = "cano_dsl facts"


def attach(typ: Instance, facts: dict[str, Any], api: CheckerPluginInterface) -> Instance:
    """Give a copy of a type that carries the facts."""
    text = json.dumps({name: fact for name, fact in facts.items() if fact})
    return typ.copy_with_extra_attr(ATTRIBUTE, LiteralType(text, api.named_generic_type("builtins.str", [])))


def facts_of(typ: Instance) -> dict[str, Any]:
    """Give the facts that a type carries; none for one that was written by hand."""
    found = get_proper_type(typ.extra_attrs.attrs.get(ATTRIBUTE)) if typ.extra_attrs else None
    facts: dict[str, Any] = json.loads(str(found.value)) if isinstance(found, LiteralType) else {}
    return facts
