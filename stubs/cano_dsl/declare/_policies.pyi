# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._on_error import ErrorTargets as ErrorTargets
from cano_dsl.errors import Where as Where
from cano_dsl.spec import Policies as Policies
from typing import Any, NamedTuple

class Guards(NamedTuple):
    policies: Policies | None
    on_error: ErrorTargets
    effects: bool
    at_most_once: bool

def guards(
    where: Where,
    on_error: Any,
    *,
    effects: object = False,
    semantics: object = 'at_least_once',
    field: str = 'timeout',
    **given: Any,
) -> Guards: ...

def policies(
    *,
    retry: Any = None,
    timeout: Any = None,
    breaker: Any = None,
    limiter: Any = None,
    field: str = 'timeout',
) -> Policies | None: ...
