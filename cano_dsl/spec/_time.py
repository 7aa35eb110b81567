"""Lengths of time as arguments take them."""

import math
from typing import TYPE_CHECKING, TypeAlias

from cano_dsl.errors import PolicyError

if TYPE_CHECKING:
    from datetime import timedelta  # costs a tenth of what importing this whole package does

Duration: TypeAlias = "float | timedelta"


def seconds(field: str, value: object) -> float:
    """Give a length of time in seconds.

    Raises:
        PolicyError: It is no number or timedelta above 0.
    """
    found = value
    if not isinstance(value, (int, float)):
        from datetime import timedelta

        found = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not found > 0 or math.isinf(found):
        raise PolicyError(field=field, value=value, allowed="seconds or a timedelta, above 0")
    return float(found)
