"""L4: the circuit breaker, as the engine calls it and by hand."""

import asyncio
import gc
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import anyio
import pytest

from cano_dsl import CircuitBreaker
from cano_dsl.errors import CircuitOpen, PolicyError
from cano_dsl.spec import Breaker

REFUSED = ConnectionError("refused")


def fail(breaker: CircuitBreaker, now: float, error: Exception = REFUSED) -> None:
    """Let one call fail."""
    breaker.failed(breaker.admit(now), now, error)


def opened(**options: Any) -> CircuitBreaker:
    """Make a breaker that opened at 0 and may be tried again at 30."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=30, **options)
    fail(breaker, 0.0)
    assert breaker.state == "open"
    return breaker


def test_is_a_breaker() -> None:
    """A circuit breaker is what the engine asks for."""
    breaker: Breaker = CircuitBreaker("payments")
    assert breaker.name == "payments"
    assert repr(breaker) == "<CircuitBreaker 'payments': closed>"


def test_defaults() -> None:
    """Without arguments five failures in a row open it, and after 30 s one success closes it."""
    breaker = CircuitBreaker("payments")
    for _ in range(4):
        fail(breaker, 10.0)
    assert breaker.state == "closed"
    fail(breaker, 10.0)
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen):
        breaker.admit(39.5)
    breaker.succeeded(breaker.admit(40.0), 40.0)
    assert breaker.state == "closed"


def test_failures_count_only_in_a_row() -> None:
    """L4: a success in between sets the count of failures back."""
    breaker = CircuitBreaker("payments", failure_threshold=2)
    fail(breaker, 0.0)
    assert breaker.failures == 1
    breaker.succeeded(breaker.admit(0.0), 0.0)
    assert breaker.failures == 0
    fail(breaker, 0.0)
    assert breaker.state == "closed"
    fail(breaker, 0.0)
    assert (breaker.state, breaker.failures) == ("open", 2)


def test_open_rejects_and_says_until_when() -> None:
    """L4: open, a call is rejected with the breaker's name, the failures and the time to wait, and counted."""
    breaker = opened()
    with pytest.raises(CircuitOpen) as caught:
        breaker.admit(12.0)
    error = caught.value
    assert (error.breaker, error.failures, error.retry_after_s) == ("payments", 1, 18.0)
    assert not error.is_placed
    assert (breaker.admitted, breaker.rejected) == (1, 1)


def test_half_open_comes_with_the_next_caller() -> None:
    """L4: after the reset time it stays open until a caller comes, as nothing runs in the background."""
    breaker = opened()
    assert breaker.state == "open"
    breaker.admit(31.0)
    assert breaker.state == "half-open"


@pytest.mark.parametrize("moment", [0.1, 1e5 + 0.3, 1e9 / 7])
def test_retry_after_is_long_enough(moment: float) -> None:
    """L4: who waits just as long as the error says is let through, whatever the floats."""
    for step in range(50):
        breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=0.3 + step / 7)
        fail(breaker, moment)
        later = moment + step / 1000
        with pytest.raises(CircuitOpen) as caught:
            breaker.admit(later)
        assert caught.value.retry_after_s == pytest.approx(0.3 + step / 7 - step / 1000, abs=1e-6)
        breaker.admit(later + caught.value.retry_after_s)
        assert breaker.state == "half-open"


def test_half_open_admits_as_many_trials_as_close_it() -> None:
    """L4: half-open admits m trials and no more, and closes after m successes."""
    breaker = opened(success_threshold=2)
    first, second = breaker.admit(30.0), breaker.admit(30.0)
    with pytest.raises(CircuitOpen, match="its trials are under way") as caught:
        breaker.admit(30.0)
    assert (caught.value.retry_after_s, caught.value.failures) == (0.0, 1)
    breaker.succeeded(first, 30.0)
    assert breaker.state == "half-open"
    with pytest.raises(CircuitOpen):
        breaker.admit(30.0)
    breaker.succeeded(second, 30.0)
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_half_open_opens_again_on_one_failure() -> None:
    """L4: one failure of a trial opens it again, for the whole reset time from then on."""
    breaker = opened(success_threshold=3)
    first, second = breaker.admit(30.0), breaker.admit(30.0)
    breaker.succeeded(first, 30.0)
    breaker.failed(second, 35.0, REFUSED)
    assert (breaker.state, breaker.failures) == ("open", 1)
    with pytest.raises(CircuitOpen) as caught:
        breaker.admit(64.0)
    assert (caught.value.failures, caught.value.retry_after_s) == (1, 1.0)
    for _ in range(3):
        breaker.succeeded(breaker.admit(65.0), 65.0)
    assert breaker.state == "closed"


def test_failures_go_on_counting_through_trials() -> None:
    """L4: a trial that fails is one more failure in a row."""
    breaker = opened()
    fail(breaker, 30.0)
    with pytest.raises(CircuitOpen, match="after 2 failures in a row"):
        breaker.admit(30.0)


def test_a_cancelled_trial_is_given_back() -> None:
    """L4: a trial that is cancelled says nothing, and the next caller makes it."""
    breaker = opened()
    breaker.dropped(breaker.admit(30.0), 30.0)
    assert breaker.state == "half-open"
    breaker.succeeded(breaker.admit(30.0), 30.0)
    assert breaker.state == "closed"


def test_a_cancelled_call_counts_neither_way() -> None:
    """L4: a cancelled call neither adds to the failures in a row nor sets them back."""
    breaker = CircuitBreaker("payments", failure_threshold=2)
    fail(breaker, 0.0)
    breaker.dropped(breaker.admit(0.0), 0.0)
    assert breaker.failures == 1
    fail(breaker, 0.0)
    assert breaker.state == "open"


@pytest.mark.parametrize("late", ["succeeded", "failed", "dropped"])
def test_late_results_do_not_count(late: str) -> None:
    """L4: the result of a call that was admitted in an earlier state changes nothing."""
    breaker = CircuitBreaker("payments", failure_threshold=1, success_threshold=2, reset_timeout=30)
    old = breaker.admit(0.0)
    fail(breaker, 0.0)
    trial = breaker.admit(30.0)

    def come_late() -> None:
        arguments = (REFUSED,) if late == "failed" else ()
        getattr(breaker, late)(old, 30.0, *arguments)

    come_late()
    assert (breaker.state, breaker.failures) == ("half-open", 1)
    breaker.succeeded(trial, 30.0)
    assert breaker.state == "half-open"
    breaker.succeeded(breaker.admit(30.0), 30.0)
    assert breaker.state == "closed"
    come_late()
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_late_trials_do_not_count() -> None:
    """L4: a trial of an earlier half-open time neither closes the next one nor frees a trial of it."""
    breaker = opened(success_threshold=2)
    old, failing = breaker.admit(30.0), breaker.admit(30.0)
    breaker.failed(failing, 30.0, REFUSED)
    first, _ = breaker.admit(60.0), breaker.admit(60.0)
    breaker.dropped(old, 60.0)
    with pytest.raises(CircuitOpen):
        breaker.admit(60.0)
    breaker.succeeded(first, 60.0)
    breaker.succeeded(old, 60.0)
    assert breaker.state == "half-open"


@pytest.mark.parametrize(
    "on", [OSError, (OSError, KeyError), lambda error: isinstance(error, OSError)], ids=["class", "tuple", "function"]
)
def test_which_exceptions_are_failures(on: Any) -> None:
    """L4: exceptions that are no failures count as successes, however it is said which are."""
    breaker = CircuitBreaker("payments", failure_threshold=2, failure_on=on)
    fail(breaker, 0.0, ConnectionError())
    fail(breaker, 0.0, ValueError())
    assert breaker.failures == 0
    fail(breaker, 0.0, ConnectionError())
    fail(breaker, 0.0, TimeoutError())
    assert breaker.state == "open"


def test_a_question_that_raises_loses_no_trial() -> None:
    """L4: where `failure_on` itself raises, the call has failed, and the error comes out."""

    def ask(error: Exception) -> bool:
        if str(error) == "odd":
            raise LookupError("no answer")
        return True

    breaker = opened(failure_on=ask)
    with pytest.raises(LookupError, match="no answer"):
        fail(breaker, 30.0, ValueError("odd"))
    assert (breaker.state, breaker.failures) == ("open", 2)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"failure_threshold": 0}, "failure_threshold"),
        ({"failure_threshold": -1}, "failure_threshold"),
        ({"failure_threshold": True}, "failure_threshold"),
        ({"failure_threshold": 1.5}, "failure_threshold"),
        ({"success_threshold": 0}, "success_threshold"),
        ({"reset_timeout": 0}, "reset_timeout"),
        ({"reset_timeout": -1}, "reset_timeout"),
        ({"reset_timeout": math.inf}, "reset_timeout"),
        ({"failure_on": KeyboardInterrupt}, "failure_on"),
        ({"failure_on": (ValueError, 3)}, "failure_on"),
        ({"failure_on": None}, "failure_on"),
        ({"name": ""}, "name"),
        ({"name": 3}, "name"),
    ],
)
def test_out_of_range(options: dict[str, Any], field: str) -> None:
    """L4: zero thresholds and the like are refused when it is made, by the argument's name."""
    with pytest.raises(PolicyError) as caught:
        CircuitBreaker(**{"name": "payments", **options})
    assert caught.value.field == field


def test_least_values() -> None:
    """The least thresholds, a timedelta and no exception at all are possible."""
    breaker = CircuitBreaker(
        "payments", failure_threshold=1, reset_timeout=timedelta(seconds=2), failure_on=()
    )
    fail(breaker, 0.0)
    assert breaker.state == "closed"
    whole = opened(success_threshold=1)
    assert whole.admit(30.0) == 2


# By hand


def test_by_hand(clock: Any) -> None:
    """L4: by hand, a context counts a success, a failure, and refuses to be entered while it is open."""
    breaker = CircuitBreaker("payments", failure_threshold=2, reset_timeout=5, clock=clock)
    for _ in range(2):
        with pytest.raises(ConnectionError), breaker.call():
            raise REFUSED
    assert breaker.state == "open"
    clock.time += 2
    assert breaker.retry_after_s == 3.0
    ran = []
    with pytest.raises(CircuitOpen) as caught, breaker.call():
        ran.append(1)
    assert ran == [] and caught.value.retry_after_s == 3.0
    clock.time += 3
    with breaker.call():
        assert (breaker.state, breaker.retry_after_s) == ("half-open", 0.0)
    assert (breaker.state, breaker.admitted, breaker.rejected) == ("closed", 3, 1)


def test_the_time_opens_at_the_end_of_a_call(clock: Any) -> None:
    """L4: the reset time counts from the failure, not from the beginning of the call."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=5, clock=clock)
    with pytest.raises(ConnectionError), breaker.call():
        clock.time += 10
        raise REFUSED
    assert breaker.retry_after_s == 5.0


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_by_hand_what_ends_everything_is_dropped(clock: Any, kind: type[BaseException]) -> None:
    """L4: an interrupt or a cancel passes through, counts neither way and gives the trial back."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=5, clock=clock)
    with pytest.raises(kind), breaker.call():
        raise kind
    assert (breaker.state, breaker.failures) == ("closed", 0)
    with pytest.raises(ConnectionError), breaker.call():
        raise REFUSED
    clock.time += 5
    with pytest.raises(kind), breaker.call():
        raise kind
    assert (breaker.state, breaker.failures) == ("half-open", 1)
    with breaker.call():
        pass
    assert breaker.state == "closed"


def test_a_generator_that_is_closed_is_dropped(clock: Any) -> None:
    """L4: a trial inside a generator that nobody goes on with is given back."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=5, clock=clock)
    with pytest.raises(ConnectionError), breaker.call():
        raise REFUSED
    clock.time += 5

    def lines() -> Iterator[int]:
        with breaker.call():
            yield 1

    left = lines()
    next(left)
    with pytest.raises(CircuitOpen), breaker.call():
        pass
    del left
    gc.collect()
    with breaker.call():
        pass
    assert breaker.state == "closed"


def test_cancelled_by_the_backend(run_async: Callable[..., Any], clock: Any) -> None:
    """L4: a cancelled call inside a scope gives its trial back, on both backends, and the cancel goes on."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=5, clock=clock)

    async def main() -> None:
        with pytest.raises(ConnectionError), breaker.call():
            raise REFUSED
        clock.time += 5
        with anyio.CancelScope() as scope:
            scope.cancel()
            with breaker.call():
                await anyio.sleep(1)
        assert scope.cancelled_caught
        assert breaker.state == "half-open"
        with breaker.call():
            await anyio.sleep(0)
        assert breaker.state == "closed"

    run_async(main)


def test_calls_at_the_same_time_do_not_mix(run_async: Callable[..., Any], clock: Any) -> None:
    """L4: of calls in several tasks that overlap, each one's result counts for the state that it began in."""
    breaker = CircuitBreaker("payments", failure_threshold=1, reset_timeout=5, clock=clock)

    async def main() -> None:
        begun, go_on = anyio.Event(), anyio.Event()

        async def slow() -> None:
            with breaker.call():
                begun.set()
                await go_on.wait()

        async with anyio.create_task_group() as group:
            group.start_soon(slow)
            await begun.wait()
            with pytest.raises(ConnectionError), breaker.call():
                raise REFUSED
            clock.time += 5
            with breaker.call():
                go_on.set()
                await anyio.wait_all_tasks_blocked()
                assert breaker.state == "half-open"  # the slow one's success was of the time before
        assert breaker.state == "closed"

    run_async(main)


def test_nested_calls(clock: Any) -> None:
    """L4: a call inside a call of the same breaker counts by itself."""
    breaker = CircuitBreaker("payments", failure_threshold=2, clock=clock)
    with pytest.raises(ConnectionError), breaker.call(), breaker.call():
        raise REFUSED
    assert (breaker.state, breaker.admitted) == ("open", 2)


def test_a_context_is_for_one_call(clock: Any) -> None:
    """L4: a context that was entered once refuses a second time, and nothing is counted."""
    breaker = CircuitBreaker("payments", clock=clock)
    context = breaker.call()
    with context:
        pass
    with pytest.raises(RuntimeError, match="call\\(\\) makes one for each call"), context:
        pass
    assert breaker.admitted == 1


# Threads


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """Do work in threads that begin at once."""
    barrier = Barrier(threads)

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


@pytest.mark.usefixtures("switching")
def test_threads_share_the_trials() -> None:
    """L4: however many threads come at once, m trials are admitted and every call is counted."""
    for _ in range(30):
        breaker = opened(success_threshold=3)

        def ask(number: int, breaker: CircuitBreaker = breaker) -> int:
            admitted = 0
            for _ in range(20):
                try:
                    breaker.admit(30.0)
                except CircuitOpen:
                    continue
                admitted += 1
            return admitted

        assert sum(together(ask)) == 3
        assert (breaker.admitted, breaker.rejected) == (4, 157)


@pytest.mark.usefixtures("switching")
def test_threads_count_every_failure() -> None:
    """L4: failures of threads at once are all counted, and the last one opens it."""
    breaker = CircuitBreaker("payments", failure_threshold=8 * 500)

    def work(number: int) -> None:
        for _ in range(500 - (number == 0)):
            fail(breaker, 0.0)

    together(work)
    assert (breaker.state, breaker.failures) == ("closed", 3999)
    fail(breaker, 0.0)
    assert (breaker.state, breaker.admitted) == ("open", 4000)
