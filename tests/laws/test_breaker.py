"""L4: any history of calls leaves a breaker in the state that a model says, which looks at all results at once."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cano_dsl import CircuitBreaker
from cano_dsl.errors import CircuitOpen

RESET = 2.0


class Era:
    """A stretch of time in one state: the results that count in it, and the calls still under way."""

    def __init__(self, state: str, since: float) -> None:
        self.state = state
        self.since = since
        self.results: list[bool] = []
        self.under_way = 0


class BreakerMachine(RuleBasedStateMachine):
    """Admits, ends and drops calls in any order, and lets time pass."""

    calls = Bundle("calls")

    @initialize(failures=st.integers(1, 4), successes=st.integers(1, 3))
    def begin(self, failures: int, successes: int) -> None:
        self.needed, self.trials = failures, successes
        self.breaker = CircuitBreaker(
            "b",
            failure_threshold=failures,
            success_threshold=successes,
            reset_timeout=RESET,
            failure_on=OSError,
        )
        self.now = 0.0
        self.era = Era("closed", 0.0)
        self.counted: list[bool] = []
        self.opened_by = 0
        self.admitted = self.rejected = 0

    def streak(self) -> int:
        """Count the failures at the end of all results."""
        return next((n for n, good in enumerate(reversed(self.counted)) if good), len(self.counted))

    def change(self, state: str) -> None:
        self.era = Era(state, self.now)
        if state == "open":
            self.opened_by = self.streak()

    @rule(eighths=st.integers(1, 20))
    def pass_time(self, eighths: int) -> None:
        self.now += eighths / 8

    @rule(target=calls)
    def admit(self) -> Any:
        if self.era.state == "open" and self.now - self.era.since >= RESET:
            self.change("half-open")
        era = self.era
        full = era.state == "half-open" and era.under_way + len(era.results) >= self.trials
        try:
            ticket = self.breaker.admit(self.now)
        except CircuitOpen as error:
            refused = error
        else:
            assert era.state == "closed" or (era.state == "half-open" and not full)
            self.admitted += 1
            era.under_way += 1
            return ticket, era
        assert era.state == "open" or full
        wait = era.since + RESET - self.now if era.state == "open" else 0.0
        assert (refused.retry_after_s, refused.failures) == (wait, self.opened_by)
        self.rejected += 1
        return None

    @rule(call=consumes(calls), good=st.booleans(), counts=st.booleans())
    def end(self, call: Any, good: bool, counts: bool) -> None:
        if call is None:
            return
        ticket, era = call
        if good:
            self.breaker.succeeded(ticket, self.now)
        else:
            self.breaker.failed(ticket, self.now, OSError() if counts else ValueError())
        era.under_way -= 1
        if era is not self.era:
            return
        success = good or not counts
        era.results.append(success)
        self.counted.append(success)
        if era.state == "half-open":
            if not success:
                self.change("open")
            elif len(era.results) == self.trials:
                self.change("closed")
        elif self.streak() >= self.needed:
            self.change("open")

    @rule(call=consumes(calls))
    def drop(self, call: Any) -> None:
        if call is not None:
            self.breaker.dropped(call[0], self.now)
            call[1].under_way -= 1

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "era"):
            return
        breaker = self.breaker
        assert breaker.state == self.era.state
        assert breaker.failures == self.streak()
        assert (breaker.admitted, breaker.rejected) == (self.admitted, self.rejected)


def test_breaker_is_the_model() -> None:
    """L4: whatever calls begin, end and are dropped in whatever order, the breaker is as the model is."""
    run_state_machine_as_test(
        BreakerMachine, settings=settings(max_examples=150, stateful_step_count=50, deadline=None)
    )
