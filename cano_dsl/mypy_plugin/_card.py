"""Facts that a type has no place for, carried by the type all the same.

A handler's name and kind, and what is wrong with its declaration, are kept as an attribute of the type's
instance, under a name that no program can write. mypy stores such attributes with the type and compares them.
Lines are left out: a handler that only moves must not make its users stale.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from mypy.plugin import CheckerPluginInterface
from mypy.types import Instance, LiteralType

ATTRIBUTE: Final = "cano_dsl facts"
OUTPUT: Final = "cano_dsl output"  # of a router, whose type has no place for one
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def attach(typ: Instance, facts: dict[str, Any], api: CheckerPluginInterface) -> Instance:
    """Give a copy of a type that carries the facts."""
    text = written(facts)
    return typ.copy_with_extra_attr(ATTRIBUTE, LiteralType(text, api.named_generic_type("builtins.str", [])))


def written(facts: Mapping[str, Any]) -> str:
    """Write facts as text, without those that say nothing; the number 0 says something."""
    return json.dumps({name: fact for name, fact in facts.items() if fact or type(fact) is int})


def facts_of(typ: Instance) -> Mapping[str, Any]:
    """Give the facts that a type carries; none for one that was written by hand."""
    found = typ.extra_attrs.attrs.get(ATTRIBUTE) if typ.extra_attrs else None
    return _decoded(str(found.value)) if isinstance(found, LiteralType) else NOTHING


@lru_cache(maxsize=256)
def _decoded(text: str) -> Mapping[str, Any]:
    facts: dict[str, Any] = json.loads(text)
    return MappingProxyType(facts)
