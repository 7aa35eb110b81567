# Made by tools/stubs.py from the package; not for type checkers.
from typing import NamedTuple, Self

class Owner(NamedTuple):
    host: str
    boot: str
    pid: int
    started: str
    mark: str
    @classmethod
    def here(cls) -> Self: ...
    def is_gone(self) -> bool: ...
    def __str__(self) -> str: ...
