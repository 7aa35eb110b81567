# Made by tools/stubs.py from the package; not for type checkers.
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias, TypeVar

S = TypeVar('S', bound=Enum)
OnError: TypeAlias = S | Mapping[type[Exception], S] | None
ErrorTargets: TypeAlias = tuple[tuple[type[BaseException], Any], ...]
