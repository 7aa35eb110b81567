# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._finding import Finding as Finding
from cano_dsl.errors._place import Where as Where
from collections.abc import Sequence
from typing import Any, ClassVar, Self

class CanoError(Exception):
    code: ClassVar[str] = ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __copy__(self) -> Self: ...

class InternalError(CanoError):
    what: str
    def __init__(self, what: str) -> None: ...

class DefinitionError(CanoError): ...

class SignatureError(DefinitionError, TypeError):
    where: Where | None
    parameter: str | None
    def __init__(
        self,
        *,
        what: str,
        fix: str,
        where: Where | None = None,
        parameter: str | None = None,
    ) -> None: ...

class PolicyError(DefinitionError, ValueError):
    field: str
    value: object
    allowed: str
    def __init__(self, *, field: str, value: object, allowed: str) -> None: ...

class GraphError(DefinitionError, ValueError):
    workflow: str
    findings: tuple[Finding, ...]
    def __init__(self, *, workflow: str, findings: Sequence[Finding]) -> None: ...
