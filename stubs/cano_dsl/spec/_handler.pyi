# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors import Where as Where
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal['state', 'router']

@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    annotation: object
    optional: bool
    keyword_only: bool

@dataclass(frozen=True, slots=True)
class Scope:
    globals: Mapping[str, Any]
    locals: Mapping[str, Any]

@dataclass(frozen=True, slots=True)
class HandlerSpec:
    kind: Kind
    at: Any
    fn: Callable[..., Any]
    name: str
    where: Where
    doc: str
    parameters: tuple[Parameter, ...]
    returns: object
    to: tuple[Any, ...] | None
    scope: Scope
    awaits: bool
    thread: bool
