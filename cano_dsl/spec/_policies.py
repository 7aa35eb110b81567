"""What guards a handler's call, each thing only where it is asked for."""

from dataclasses import dataclass
from typing import Protocol

from cano_dsl.spec._retry import Retry


class Breaker(Protocol):
    """What the engine asks of a circuit breaker."""

    @property
    def name(self) -> str:
        """What it is called in graphs and messages; handlers that share it show the same."""
        ...

    def admit(self, now: float) -> int:
        """Let a call through and give its ticket, which is handed in again when it has ended.

        Raises:
            CircuitOpen: The call must not be made.
        """
        ...

    def succeeded(self, ticket: int, now: float) -> None:
        """Count a call that succeeded."""
        ...

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Count a call that raised."""
        ...

    def dropped(self, ticket: int, now: float) -> None:
        """Give back a ticket whose call was cancelled, which says nothing."""
        ...


class Limiter(Protocol):
    """What the engine asks of a limiter."""

    @property
    def name(self) -> str:
        """What it is called in graphs and messages."""
        ...

    def reserve(self, now: float, most_s: float) -> "Reservation | None":
        """Take room for one call, now or in the future; None where it may go on at once.

        Raises:
            RateLimited: It would have to wait longer than `most_s`, or than the limiter itself allows;
                nothing is taken.
        """
        ...


class Reservation(Protocol):
    """Room for one call in the future."""

    @property
    def wait_s(self) -> float:
        """How many seconds to wait before the call."""
        ...

    def give_back(self) -> None:
        """Give the room back, as the call will not be made."""
        ...


@dataclass(frozen=True, slots=True)
class Policies:
    """How a handler's call is guarded: limiter → retry( breaker → timeout → handler ).

    Attributes:
        retry: When a call that failed is made again; None for never.
        timeout_s: How many seconds one attempt may take; None for any.
        breaker: What stops calls that would fail anyway.
        limiter: What makes calls wait for room, once before all attempts.
    """

    retry: Retry | None = None
    timeout_s: float | None = None
    breaker: Breaker | None = None
    limiter: Limiter | None = None
