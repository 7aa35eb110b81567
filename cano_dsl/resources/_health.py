"""How well a resource is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Self

from cano_dsl.errors import PolicyError

Status = Literal["healthy", "degraded", "unhealthy"]
_ORDER: tuple[Status, ...] = ("healthy", "degraded", "unhealthy")


@dataclass(frozen=True, slots=True)
class Health:
    """What a resource's `health` returns, and what `Runner.health` gives for all of them.

    Attributes:
        status: "healthy", "degraded" or "unhealthy".
        reason: Why it is not healthy; of an aggregate, the reason of the worst, after its name.
        parts: Of an aggregate, each resource's own; those that define no `health` are left out.

    Example:
        >>> from cano_dsl import Health
        >>> both = Health.worst({"db": Health.healthy(), "mail": Health.degraded("slow")})
        >>> both.status, both.reason
        ('degraded', 'mail: slow')
    """

    status: Status
    reason: str = ""
    parts: Mapping[str, "Health"] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Check the status.

        Raises:
            PolicyError: It is none of the three.
        """
        if self.status not in _ORDER:
            raise PolicyError(field="status", value=self.status, allowed=" or ".join(map(repr, _ORDER)))

    @classmethod
    def healthy(cls) -> Self:
        """All is well."""
        return cls("healthy")

    @classmethod
    def degraded(cls, reason: str) -> Self:
        """It works, but not as it should."""
        return cls("degraded", reason)

    @classmethod
    def unhealthy(cls, reason: str) -> Self:
        """It does not work."""
        return cls("unhealthy", reason)

    @classmethod
    def worst(cls, parts: Mapping[str, "Health"]) -> Self:
        """Aggregate: the status and reason of the worst, the first among equals; healthy when empty."""
        rank = _ORDER.index
        name = max(parts, key=lambda part: rank(parts[part].status), default=None)
        if name is None or parts[name].status == "healthy":
            return cls("healthy", parts=MappingProxyType(dict(parts)))
        reason = f"{name}: {parts[name].reason}" if parts[name].reason else name
        return cls(parts[name].status, reason, MappingProxyType(dict(parts)))
