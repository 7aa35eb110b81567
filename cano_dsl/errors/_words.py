"""Writing values of the user's own into a message, whatever their `__repr__` and `__str__` do."""

from enum import Enum

LONGEST = 200


def shown(value: object) -> str:
    """Give a value's `repr`, cut where it is long; the name of its class where it has none.

    Example:
        >>> from cano_dsl.errors import shown
        >>> shown("tea"), len(shown("tea" * 1000))
        ("'tea'", 201)
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - it must not take the place of the error that is being written
        text = f"<{type(value).__name__} that cannot be shown>"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def told(error: BaseException) -> str:
    """Give an exception's class and, where it has one, its text.

    Example:
        >>> from cano_dsl.errors import told
        >>> told(ValueError("no tea")), told(ValueError())
        ('ValueError: no tea', 'ValueError')
    """
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it must not take the place of the error that is being written
        text = "(its text cannot be read)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def named(state: Enum) -> str:
    """Name a member as code does, also one of an IntEnum or StrEnum, whose text is its value.

    Example:
        >>> from enum import IntEnum
        >>> from cano_dsl.errors import named
        >>> class Job(IntEnum):
        ...     DONE = 1
        >>> str(Job.DONE), named(Job.DONE)
        ('1', 'Job.DONE')
    """
    return f"{type(state).__name__}.{state._name_}"
