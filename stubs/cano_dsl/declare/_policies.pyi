# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._on_error import ErrorTargets as ErrorTargets
from cano_dsl.spec import Policies as Policies
from typing import Any, NamedTuple

class Guards(NamedTuple):
    policies: Policies | None
    on_error: ErrorTargets
    effects: bool

def policies(
    *,
    retry: Any = None,
    timeout: Any = None,
    breaker: Any = None,
    limiter: Any = None,
    field: str = 'timeout',
) -> Policies | None: ...
