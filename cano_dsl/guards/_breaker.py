"""The circuit breaker: calls that would fail anyway are not made for a while.

    closed ──n failures in a row──▶ open ──reset time, next caller──▶ half-open ──m successes──▶ closed
                                     ▲──────────────one failure───────────┘

Each change of state has a number, and that is the ticket of the calls admitted in it: a result that comes in
with an older number says nothing of the present state and counts nowhere.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from types import TracebackType
from typing import Literal, final

from cano_dsl.errors import CircuitOpen
from cano_dsl.guards._arguments import label, seconds_until, whole
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import Duration, exceptions, seconds

Circuit = Literal["closed", "open", "half-open"]


@final
class CircuitBreaker:
    """A circuit breaker, shared by reference between the handlers and callers that depend on the same thing.

    Closed, it lets all calls through; `failure_threshold` failures in a row open it. Open, it lets none
    through, and they fail at once with `CircuitOpen`. The first caller after `reset_timeout` makes it
    half-open: it lets `success_threshold` calls through as trials, and no more. If all of them succeed it
    closes, and if one fails it opens again. A call that is cancelled counts neither way, and its trial is
    another's. There is no background task, and any thread and loop may use it. A trial that never ends keeps
    it half-open: bound calls with a timeout.

    Args:
        name: What it is called in graphs and messages.
        failure_threshold: The failures in a row that open it.
        success_threshold: The successes that close it when it is half-open; as many are let through.
        reset_timeout: How long it stays open, in seconds.
        failure_on: The exceptions that count as failures, or a function that says so; others count as
            successes, as the thing called has answered.
        clock: Where `call` and `retry_after_s` have the time from.

    Raises:
        PolicyError: A number is out of its range.

    Attributes:
        name: What it is called.

    Example:
        >>> from cano_dsl import CircuitBreaker
        >>> from cano_dsl.errors import CircuitOpen
        >>> payments = CircuitBreaker("payments", failure_threshold=2, reset_timeout=30, failure_on=OSError)
        >>> def pay() -> None:
        ...     with payments.call():
        ...         raise ConnectionError("refused")
        >>> for _ in range(3):
        ...     try:
        ...         pay()
        ...     except (CircuitOpen, OSError) as error:
        ...         print(payments.state, type(error).__name__)
        closed ConnectionError
        open ConnectionError
        open CircuitOpen

    Source:
        Michael T. Nygard, Release It!, 2nd edition, Pragmatic Bookshelf 2018, section 5.2.
    """

    __slots__ = (
        "_admitted", "_clock", "_failure_on", "_failure_threshold", "_failures", "_left", "_lock",
        "_opened_by", "_rejected", "_reset_s", "_state", "_success_threshold", "_successes", "_ticket",
        "_until", "name",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        *,
        failure_threshold: int = 5,
        success_threshold: int = 1,
        reset_timeout: Duration = 30.0,
        failure_on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool] = Exception,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.name = label(name)
        self._failure_threshold = whole("failure_threshold", failure_threshold)
        self._success_threshold = whole("success_threshold", success_threshold)
        self._reset_s = seconds("reset_timeout", reset_timeout)
        self._failure_on = exceptions("failure_on", failure_on)
        self._clock = clock
        self._lock = RLock()  # reentrant, as a finaliser or a signal handler may come by in the middle
        self._state: Circuit = "closed"
        self._ticket = 0  # the number of changes of state
        self._failures = 0
        self._successes = 0  # since it is half-open
        self._left = 0  # trials that may still be made
        self._until = 0.0
        self._opened_by = 0
        self._admitted = 0
        self._rejected = 0

    @property
    def state(self) -> Circuit:
        """Closed, open or half-open; open until a caller comes after the reset time."""
        return self._state

    @property
    def failures(self) -> int:
        """The failures in a row, up to now."""
        return self._failures

    @property
    def admitted(self) -> int:
        """How many calls were let through in all."""
        return self._admitted

    @property
    def rejected(self) -> int:
        """How many calls were not let through in all."""
        return self._rejected

    @property
    def retry_after_s(self) -> float:
        """After how many seconds it lets a trial through; 0 unless it is open."""
        with self._lock:
            opened, until = self._state == "open", self._until
        return seconds_until(self._clock.steady(), until) if opened else 0.0

    def call(self) -> AbstractContextManager[None]:
        """Make a context for one call by hand, in plain and in async code alike.

        Entering it raises `CircuitOpen` where the call must not be made. An exception that leaves it counts
        as `failure_on` says; a cancel, `KeyboardInterrupt` and the like count neither way. Each context is
        for one call, so that calls at the same time do not mix.
        """
        return _Call(self, self._clock)

    def admit(self, now: float) -> int:
        """Let a call through and give its ticket; the engine's call, as the three below.

        Each ticket is handed in once, to `succeeded`, `failed` or `dropped`.

        Args:
            now: The moment, in seconds, as the clock's `steady()` gives it.

        Raises:
            CircuitOpen: The call must not be made.
        """
        # Without the lock, as nothing but a number changes while it is closed. The ticket is read first: if
        # the state changes in between it is of a time that is over, and how the call ends counts nowhere.
        ticket = self._ticket
        if self._state == "closed":
            self._admitted += 1
            return ticket
        return self._admit(now)

    def _admit(self, now: float) -> int:
        with self._lock:
            if self._state == "closed" or self._tries(now):
                self._admitted += 1
                return self._ticket
            self._rejected += 1
            failures = self._opened_by
            wait_s = seconds_until(now, self._until) if self._state == "open" else 0.0
        raise CircuitOpen(breaker=self.name, failures=failures, retry_after_s=wait_s)

    def succeeded(self, ticket: int, now: float) -> None:  # noqa: ARG002 - as the protocol has it
        """Count a call that succeeded."""
        if not self._failures and self._state == "closed":
            return  # it changes nothing
        with self._lock:
            if ticket != self._ticket:
                return
            self._failures = 0
            if self._state == "half-open":
                self._successes += 1
                if self._successes == self._success_threshold:
                    self._turn("closed")

    def failed(self, ticket: int, now: float, error: Exception) -> None:
        """Count a call that raised, as `failure_on` says."""
        on = self._failure_on
        try:
            counts = isinstance(error, on) if isinstance(on, (type, tuple)) else on(error)
        except BaseException:
            self._fail(ticket, now)  # the call has failed, whatever became of the question
            raise
        if counts:
            self._fail(ticket, now)
        else:
            self.succeeded(ticket, now)

    def dropped(self, ticket: int, now: float) -> None:  # noqa: ARG002 - as the protocol has it
        """Give back a ticket whose call was cancelled, so that its trial is another's."""
        with self._lock:
            if ticket == self._ticket and self._state == "half-open":
                self._left += 1

    def _tries(self, now: float) -> bool:
        if self._state == "open" and now >= self._until:
            self._turn("half-open")
            self._left, self._successes = self._success_threshold, 0
        if self._state == "open" or not self._left:
            return False
        self._left -= 1
        return True

    def _fail(self, ticket: int, now: float) -> None:
        with self._lock:
            if ticket != self._ticket:
                return
            self._failures += 1
            if self._state == "half-open" or self._failures == self._failure_threshold:
                self._turn("open")
                self._until, self._opened_by = now + self._reset_s, self._failures

    def _turn(self, state: Circuit) -> None:
        self._state = state
        self._ticket += 1

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r}: {self._state}>"


class _Call:
    """One call by hand; its ticket is nobody else's."""

    __slots__ = ("_breaker", "_clock", "_ticket")

    def __init__(self, breaker: CircuitBreaker, clock: Clock) -> None:
        self._breaker = breaker
        self._clock = clock
        self._ticket: int | None = None

    def __enter__(self) -> None:
        if self._ticket is not None:
            raise RuntimeError("this context was entered already: call() makes one for each call")
        self._ticket = self._breaker.admit(self._clock.steady())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        now, ticket = self._clock.steady(), self._ticket
        if ticket is None:
            return
        if error is None:
            self._breaker.succeeded(ticket, now)
        elif isinstance(error, Exception):
            self._breaker.failed(ticket, now, error)
        else:
            self._breaker.dropped(ticket, now)
