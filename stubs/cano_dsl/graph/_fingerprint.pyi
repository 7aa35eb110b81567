# Made by tools/stubs.py from the package; not for type checkers.
from typing import Any, TypeAlias

Canonical: TypeAlias = dict[str, Any]
