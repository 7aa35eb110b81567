"""Times as users give them: seconds, or a timedelta."""

from datetime import timedelta

from cano_dsl.errors import PolicyError


def in_seconds(field: str, value: float | timedelta) -> float:
    """Give a time in seconds.

    Raises:
        PolicyError: It is not a time, or not more than 0.
    """
    given: object = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        raise PolicyError(field=field, value=value, allowed="seconds, or a timedelta, more than 0")
    return float(given)
