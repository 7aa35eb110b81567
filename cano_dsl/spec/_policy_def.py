"""What guards a call, by names and numbers: as rules, diagrams and every other reader have it."""

from dataclasses import dataclass

from cano_dsl.spec._retry import Retry

_LOOKED_AT = 10_000  # waits that are added up one by one; those after count as the longest


@dataclass(frozen=True, slots=True)
class SharedDef:
    """A circuit breaker or a limiter, which several handlers may share.

    Attributes:
        name: What it is called.
        key: Tells two of one name apart; the same wherever it is the same object.
    """

    name: str
    key: int


@dataclass(frozen=True, slots=True)
class PolicyDef:
    """How a call is guarded; what a reader cannot see is left out, as if it were not there.

    Attributes:
        attempts: How often it is made, the first time included.
        wait: The waits in between, in words; empty without any.
        wait_s: The most that all waits together may take, in seconds.
        timeout_s: How many seconds one attempt may take; None for any.
        breaker: The circuit breaker; None without.
        limiter: The limiter; None without.
    """

    attempts: int = 1
    wait: str = ""
    wait_s: float = 0.0
    timeout_s: float | None = None
    breaker: SharedDef | None = None
    limiter: SharedDef | None = None

    @property
    def longest_s(self) -> float:
        """How long the waits, and the attempts where each has a timeout, may take together, in seconds."""
        return self.attempts * (self.timeout_s or 0.0) + self.wait_s


def most_wait_s(retry: Retry) -> float:
    """Give the most that all waits of a retry may take together, in seconds.

    That is the sum of wait(n) of `Retry` for n = 1 … attempts - 1 with all of the jitter.

    Example:
        >>> from cano_dsl import Retry
        >>> most_wait_s(Retry.fixed(3, 0.5))
        1.0
        >>> most_wait_s(Retry.exponential(attempts=5, wait_initial=1, wait_max=5, wait_jitter=1))
        15.0
    """
    total, wait = 0.0, min(retry.wait_initial, retry.wait_max)
    waits = retry.attempts - 1
    for done in range(min(waits, _LOOKED_AT)):
        if wait + retry.wait_jitter >= retry.wait_max or (wait == 0 or retry.base == 1):
            return total + (waits - done) * min(retry.wait_max, wait + retry.wait_jitter)
        total += wait + retry.wait_jitter
        wait = min(retry.wait_max, wait * retry.base)
    return total + max(0, waits - _LOOKED_AT) * retry.wait_max


def waits_of(retry: Retry) -> str:
    """Say how long a retry waits.

    Example:
        >>> from cano_dsl import Retry
        >>> waits_of(Retry.fixed(3, 0.5))
        '0.5 s'
        >>> waits_of(Retry.exponential(attempts=5))
        '0.1 s, 2 times as long each time, up to 5 s, with up to 1 s of jitter'
        >>> waits_of(Retry.fixed(3, 0)), waits_of(Retry.fixed(1, 2))
        ('', '')
    """
    if retry.attempts == 1 or most_wait_s(retry) == 0:
        return ""
    words = f"{min(retry.wait_initial, retry.wait_max):g} s"
    if retry.base != 1 and retry.wait_initial < retry.wait_max:
        words += f", {retry.base:g} times as long each time, up to {retry.wait_max:g} s"
    return f"{words}, with up to {retry.wait_jitter:g} s of jitter" if retry.wait_jitter else words
