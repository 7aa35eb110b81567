"""What limiters and breakers are given, checked when they are made."""

import math

from cano_dsl.errors import PolicyError
from cano_dsl.spec import seconds


def label(value: object) -> str:
    """Check a name, which graphs and messages show.

    Raises:
        PolicyError: It is no text, or says nothing.
    """
    if not isinstance(value, str) or not value.strip():
        raise PolicyError(field="name", value=value, allowed="a name that graphs and messages can show")
    return value


def whole(field: str, value: object, most: float = math.inf) -> int:
    """Check a whole number, at least 1.

    Raises:
        PolicyError: It is none, or more than `most`.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        allowed = "a whole number, at least 1" if most == math.inf else f"a whole number from 1 to {most}"
        raise PolicyError(field=field, value=value, allowed=allowed)
    return value


def number(field: str, value: object) -> float:
    """Check a number above 0.

    Raises:
        PolicyError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise PolicyError(field=field, value=value, allowed="a number above 0")
    return float(value)


def longest(field: str, value: object) -> float:
    """Give the longest wait in seconds; infinite for None, and 0 is allowed.

    Raises:
        PolicyError: It is no length of time.
    """
    if value is None:
        return math.inf
    return 0.0 if value == 0 and not isinstance(value, bool) else seconds(field, value)


def seconds_until(now: float, moment: float) -> float:
    """Give how long to wait, rounded up: `now` and the result add up to no less than `moment`."""
    wait = max(0.0, moment - now)
    return wait if now + wait >= moment else wait + math.ulp(moment)
