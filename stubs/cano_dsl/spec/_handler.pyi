# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors import Where as Where
from cano_dsl.spec._join import Join as Join
from cano_dsl.spec._policies import Policies as Policies
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Semantics: TypeAlias = Literal['at_least_once', 'at_most_once']
Kind: TypeAlias = Literal['state', 'router', 'split', 'workflow']

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
class Part:
    fn: Callable[..., Any]
    key: object
    name: str
    where: Where
    parameters: tuple[Parameter, ...]
    returns: object
    scope: Scope
    awaits: bool

@dataclass(frozen=True, slots=True)
class SplitSpec:
    join: Join
    branches: tuple[Part, ...]
    items: Sequence[Any] | None
    over: Part | None
    timeout_s: float | None
    bulkhead: int | None
    @property
    def shared(self) -> bool: ...
    @property
    def parts(self) -> tuple[Part, ...]: ...
    @property
    def count(self) -> int | None: ...

@dataclass(frozen=True, slots=True)
class NestedSpec:
    plan: Any
    exits: tuple[tuple[Any, Any], ...]
    resources: Mapping[str, str]

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
    split: SplitSpec | None = ...
    on_error: tuple[tuple[type[BaseException], Any], ...] = ...
    policies: Policies | None = ...
    at_most_once: bool = ...
    effects: bool = ...
    nested: NestedSpec | None = ...
