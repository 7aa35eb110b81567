"""An exception as a log keeps it: its words."""


class SavedError(Exception):
    """An exception of an earlier process, as the log of its run kept it: its class by name, and its text.

    A resumed run gives it where the exception itself would have been: in `Failure`, and in `Joined.errors`.

    Attributes:
        kind: The name of the exception's class.
        text: What it said.

    Example:
        >>> from cano_dsl.errors import SavedError
        >>> SavedError("ValueError", "no tea")
        SavedError('ValueError', 'no tea')
        >>> print(SavedError("ValueError", "no tea"))
        ValueError: no tea
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        """Give both as a traceback's last line would."""
        return f"{self.kind}: {self.text}" if self.text else self.kind
