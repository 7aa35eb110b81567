# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._root import CanoError as CanoError
from collections.abc import Sequence

class ResourceError(CanoError):
    resource: str
    def __init__(self, message: str, *, resource: str) -> None: ...

class ResourceMissing(ResourceError):
    missing: tuple[str, ...]
    def __init__(self, *, workflow: str, missing: Sequence[tuple[str, str, str]]) -> None: ...

class ResourceUnknown(ResourceError):
    def __init__(self, *, workflow: str, resource: str, known: Sequence[str], meant: str | None) -> None: ...

class ResourceWrongType(ResourceError):
    wanted: str
    found: str
    def __init__(self, *, workflow: str, resource: str, wanted: str, found: str, handler: str) -> None: ...

class SetupFailed(ResourceError):
    def __init__(self, *, resource: str, error: BaseException) -> None: ...

class ResourceFailed(ResourceError):
    def __init__(self, *, resource: str, error: BaseException | None) -> None: ...

class RunnerState(ResourceError):
    def __init__(self, *, workflow: str, what: str) -> None: ...

class StoreError(CanoError): ...

class KeyMissing(StoreError, LookupError):
    key: str
    def __init__(self, *, key: str, known: Sequence[str]) -> None: ...

class ValueWrongType(StoreError, TypeError):
    key: str
    wanted: str
    found: str
    def __init__(self, *, key: str, wanted: str, found: str) -> None: ...
