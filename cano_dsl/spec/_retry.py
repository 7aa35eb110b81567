"""When a failed call is made again, and after how long."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

from cano_dsl.errors import PolicyError
from cano_dsl.spec._time import Duration, seconds

RetryOn: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]


class Source(Protocol):
    """Where jitter comes from: `random`, or a `random.Random` of one's own."""

    def uniform(self, a: float, b: float, /) -> float:
        """Give a number between two."""
        ...


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a call is made before its failure counts, and how long to wait in between.

    Made by `Retry.fixed` or `Retry.exponential`. All times are seconds. The wait before retry n = 1, 2, … is

        wait(n) = min(wait_max, wait_initial · base^(n-1) + U(0, wait_jitter))

    Attributes:
        attempts: How often it is called, the first time included; at least 1.
        wait_initial: The wait before the first retry, without jitter.
        wait_max: The longest wait.
        wait_jitter: The most that chance adds to a wait.
        base: By what the wait grows with each retry.
        retry_on: The exceptions after which it is called again, or a function that says so; others fail at
            once.

    Example:
        >>> from random import Random
        >>> from cano_dsl import Retry
        >>> list(Retry.fixed(3, 0.5).delays(Random(0)))
        [0.5, 0.5]
        >>> list(Retry.exponential(attempts=5, wait_initial=1, wait_max=5, wait_jitter=0).delays(Random(0)))
        [1.0, 2.0, 4.0, 5.0]

    Source:
        Additive jitter as documented for `stamina.retry`, https://stamina.hynek.me.
    """

    attempts: int
    wait_initial: float
    wait_max: float
    wait_jitter: float
    base: float
    retry_on: RetryOn

    @classmethod
    def fixed(cls, attempts: int, wait: Duration, retry_on: RetryOn = Exception) -> Self:
        """Wait the same each time.

        Args:
            attempts: How often it is called, the first time included.
            wait: The wait before each retry; 0 for none.
            retry_on: The exceptions after which it is called again, or a function that says so.

        Raises:
            PolicyError: A number is out of its range.
        """
        wait_s = _wait("wait", wait)
        return cls(_attempts(attempts), wait_s, wait_s, 0.0, 1.0, exceptions("retry_on", retry_on))

    @classmethod
    def exponential(
        cls,
        *,
        attempts: int = 10,
        wait_initial: Duration = 0.1,
        wait_max: Duration = 5.0,
        wait_jitter: Duration = 1.0,
        base: float = 2.0,
        retry_on: RetryOn = Exception,
    ) -> Self:
        """Wait longer each time.

        Args:
            attempts: How often it is called, the first time included.
            wait_initial: The wait before the first retry, without jitter.
            wait_max: The longest wait.
            wait_jitter: The most that chance adds to a wait.
            base: By what the wait grows with each retry; at least 1.
            retry_on: The exceptions after which it is called again, or a function that says so.

        Raises:
            PolicyError: A number is out of its range.
        """
        return cls(
            _attempts(attempts),
            _wait("wait_initial", wait_initial),
            _wait("wait_max", wait_max),
            _wait("wait_jitter", wait_jitter),
            _base(base),
            exceptions("retry_on", retry_on),
        )

    def delays(self, source: Source) -> Iterator[float]:
        """Yield the wait before each retry, `attempts - 1` in all; no clock, no sleep.

        The power is capped before it is computed, so no policy can overflow.

        Args:
            source: Where jitter comes from; a seeded `random.Random` repeats it.
        """
        wait = min(self.wait_initial, self.wait_max)
        for _ in range(self.attempts - 1):
            jitter = source.uniform(0.0, self.wait_jitter) if self.wait_jitter else 0.0
            yield min(self.wait_max, wait + jitter)
            wait = min(self.wait_max, wait * self.base)

    def again(self, error: Exception) -> bool:
        """Tell whether an exception may be followed by another call."""
        on = self.retry_on
        return isinstance(error, on) if isinstance(on, (type, tuple)) else bool(on(error))


def _attempts(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PolicyError(field="attempts", value=value, allowed="a whole number, at least 1")
    return value


def _base(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value < math.inf:
        raise PolicyError(field="base", value=value, allowed="a number, at least 1")
    return float(value)


def _wait(field: str, value: object) -> float:
    return 0.0 if value == 0 and not isinstance(value, bool) else seconds(field, value)


def exceptions(field: str, value: Any) -> Any:
    """Check what says which exceptions are meant: a class, a tuple of them, or a function of one.

    Raises:
        PolicyError: It is something else.
    """
    kinds = value if isinstance(value, tuple) else (value,)
    classes = all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds)
    if not classes and (isinstance(value, type) or not callable(value)):
        allowed = "a class of exceptions, a tuple of them, or a function of one"
        raise PolicyError(field=field, value=value, allowed=allowed)
    return value
