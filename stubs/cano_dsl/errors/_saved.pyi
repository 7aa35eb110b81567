# Made by tools/stubs.py from the package; not for type checkers.


class SavedError(Exception):
    kind: str
    text: str
    def __init__(self, kind: str, text: str) -> None: ...
    def __str__(self) -> str: ...
