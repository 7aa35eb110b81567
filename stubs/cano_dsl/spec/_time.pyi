# Made by tools/stubs.py from the package; not for type checkers.
from datetime import timedelta
from typing import TypeAlias

Duration: TypeAlias = float | timedelta
