"""Reading `on_error=`: which exceptions lead where instead of ending a run."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from cano_dsl.errors import SignatureError, Where

S = TypeVar("S", bound=Enum)
OnError: TypeAlias = S | Mapping[type[Exception], S] | None
ErrorTargets: TypeAlias = tuple[tuple[type[BaseException], Any], ...]


def error_targets(on_error: Any, where: Where) -> ErrorTargets:
    """Give each exception with its state, in the order given; a state alone is for every `Exception`.

    Raises:
        SignatureError: A key is no class of exceptions that can be caught.
    """
    if on_error is None:
        return ()
    if not isinstance(on_error, Mapping):
        return ((Exception, on_error),)
    for kind in on_error:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise SignatureError(
                what=f"on_error= has the key {kind!r}, which is no class of exceptions",
                fix="Give a state for every error, or {ValueError: state, …}; KeyboardInterrupt, SystemExit "
                "and cancellation lead nowhere",
                where=where,
                parameter="on_error",
            )
    return tuple(on_error.items())
