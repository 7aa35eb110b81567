# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.spec._time import Duration as Duration
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

RetryOn: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]

class Source(Protocol):
    def uniform(self, a: float, b: float, /) -> float: ...

@dataclass(frozen=True, slots=True)
class Retry:
    attempts: int
    wait_initial: float
    wait_max: float
    wait_jitter: float
    base: float
    retry_on: RetryOn
    @classmethod
    def fixed(cls, attempts: int, wait: Duration, retry_on: RetryOn = ...) -> Self: ...
    @classmethod
    def exponential(
        cls,
        *,
        attempts: int = 10,
        wait_initial: Duration = 0.1,
        wait_max: Duration = 5.0,
        wait_jitter: Duration = 1.0,
        base: float = 2.0,
        retry_on: RetryOn = ...,
    ) -> Self: ...
    def delays(self, source: Source) -> Iterator[float]: ...
    def again(self, error: Exception) -> bool: ...
