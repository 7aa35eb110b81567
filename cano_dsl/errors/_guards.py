"""Calls that were not made: a breaker was open, or a limiter had no room."""

from cano_dsl.errors._place import RunPlace
from cano_dsl.errors._run import RunError


class CircuitOpen(RunError):
    """A call was not made, as the circuit breaker before it is open.

    Attributes:
        breaker: The breaker's name.
        failures: The failures in a row that opened it.
        retry_after_s: After how many seconds it lets a trial through; 0 where trials are under way.
    """

    code = "circuit-open"

    def __init__(
        self, *, breaker: str, failures: int, retry_after_s: float, at: RunPlace | None = None
    ) -> None:
        when = f"it tries again in {retry_after_s:.3g} s" if retry_after_s > 0 else "its trials are under way"
        times = "1 failure" if failures == 1 else f"{failures} failures in a row"
        super().__init__(
            f"was not called, as circuit breaker {breaker!r} is open after {times}: {when}", at=at
        )
        self.breaker = breaker
        self.failures = failures
        self.retry_after_s = retry_after_s


class RateLimited(RunError):
    """A call was not made, as it would have had to wait longer than it may; nothing was taken.

    Attributes:
        limiter: The limiter's name; of several tiers the one that refused.
        wait_s: How long it would have had to wait, in seconds.
        max_wait_s: How long it may wait, in seconds.
    """

    code = "rate-limited"

    def __init__(
        self, *, limiter: str, wait_s: float, max_wait_s: float, at: RunPlace | None = None
    ) -> None:
        super().__init__(
            f"was not called, as limiter {limiter!r} has room in {wait_s:.3g} s, "
            f"and it may wait {max_wait_s:.3g} s",
            at=at,
        )
        self.limiter = limiter
        self.wait_s = wait_s
        self.max_wait_s = max_wait_s
