# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors import Where as Where
from cano_dsl.spec._handler import HandlerSpec as HandlerSpec, Parameter as Parameter, Scope as Scope
from cano_dsl.spec._policies import Policies as Policies
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

@dataclass(frozen=True, slots=True)
class CompensationSpec:
    step: HandlerSpec
    fn: Callable[..., Any]
    name: str
    where: Where
    doc: str
    output: Parameter
    parameters: tuple[Parameter, ...]
    scope: Scope
    awaits: bool
    thread: bool
    policies: Policies | None = ...
    kind: Literal['compensation'] = ...
