"""L5: limiters against a model that keeps every call there was, and tries each moment until all of them fit.

Moments, intervals and lengths are eighths of a second, which floats hold to the last bit, and integers in the
model.
"""

import math
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cano_dsl import MultiLimiter, RateLimiter, WindowLimiter
from cano_dsl.errors import RateLimited


class Turned:
    """A clock that only tells the time."""

    def __init__(self) -> None:
        self.time = 0.0

    def steady(self) -> float:
        return self.time

    def now(self) -> float:
        return self.time


class Calls:
    """Every call that was let through or booked on one limiter, by its moment."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.calls: list[list[Any]] = []
        self.seen = -1  # up to where bookings are counted for good

    def ask(self, now: int) -> None:
        self.seen = max(self.seen, now)

    def fits(self, at: int, cost: int) -> bool:
        return self.holds(sorted([*self.calls, [at, cost]], key=lambda call: call[0]))

    def holds(self, calls: list[list[Any]]) -> bool:
        raise NotImplementedError


class BucketCalls(Calls):
    def __init__(self, most: int, interval: int) -> None:
        super().__init__(most)
        self.interval = interval

    def holds(self, calls: list[list[Any]]) -> bool:
        full = level = self.most * self.interval  # what a token takes to come back, times the tokens
        before = 0
        for at, cost in calls:
            level = min(full, level + at - before) - cost * self.interval
            before = at
            if level < 0:
                return False
        return True


class WindowCalls(Calls):
    def __init__(self, most: int, length: int) -> None:
        super().__init__(most)
        self.length = length

    def used(self, window: int, calls: list[list[Any]]) -> int:
        return sum(cost for at, cost in calls if at // self.length == window)

    def holds(self, calls: list[list[Any]]) -> bool:
        return all(self.used(at // self.length, calls) <= self.most for at, _ in calls)


class LimiterMachine(RuleBasedStateMachine):
    """Asks, gives back and lets time pass, on a bucket, a window, and both as tiers; a subclass says on which."""

    asked: tuple[str, ...] = ()
    booked = Bundle("booked")

    @initialize(
        interval=st.integers(1, 16),
        burst=st.integers(1, 5),
        length=st.integers(1, 40),
        limit=st.integers(1, 5),
    )
    def begin(self, interval: int, burst: int, length: int, limit: int) -> None:
        self.clock: Any = Turned()
        self.bucket = RateLimiter("bucket", 1, per=interval / 8, burst=burst, clock=self.clock)
        self.window = WindowLimiter("window", limit, window=length / 8, clock=self.clock)
        self.multi = MultiLimiter("multi", self.bucket, self.window, clock=self.clock)
        buckets = BucketCalls(burst, interval)
        windows = WindowCalls(limit, length)
        self.models: dict[str, list[Calls]] = {
            "bucket": [buckets], "window": [windows], "multi": [buckets, windows]
        }  # fmt: skip
        self.windows = windows

    def limiter(self, name: str) -> Any:
        return {"bucket": self.bucket, "window": self.window, "multi": self.multi}[name]

    def now(self) -> int:
        return int(self.clock.time * 8)

    @rule(eighths=st.integers(1, 30))
    def pass_time(self, eighths: int) -> None:
        self.clock.time += eighths / 8

    @rule(target=booked, data=st.data(), shortest=st.booleans() | st.just(False))
    def reserve(self, data: Any, shortest: bool) -> Any:
        name = data.draw(st.sampled_from(self.asked))
        models = self.models[name]
        cost = data.draw(st.integers(1, min(model.most for model in models)))
        most = data.draw(st.integers(0, 40)) if shortest else math.inf
        now = at = self.now()
        while not all(model.fits(at, cost) for model in models):
            at += 1
        for model in models:
            model.ask(now)
        try:
            room = self.limiter(name).reserve(self.clock.time, most / 8, cost)
        except RateLimited as error:
            refused = error
        else:
            return self.taken(room, models, at, cost, most)
        assert at - now > most
        assert (refused.wait_s * 8, refused.max_wait_s * 8) == (at - now, most)
        assert refused.limiter in ("bucket", "window") and name in (refused.limiter, "multi")
        return None

    def taken(self, room: Any, models: list[Calls], at: int, cost: int, most: float) -> Any:
        now = self.now()
        assert at - now <= most
        calls = [[at, cost] for _ in models]
        for model, call in zip(models, calls, strict=True):
            model.calls.append(call)
        if room is None:
            assert at == now
            return None
        assert room.wait_s * 8 == at - now > 0
        return room, list(zip(models, calls, strict=True))

    @rule(data=st.data())
    def shed(self, data: Any) -> None:
        name = data.draw(st.sampled_from(self.asked))
        models = self.models[name]
        cost = data.draw(st.integers(1, min(model.most for model in models)))
        now = self.now()
        fits = all(model.fits(now, cost) for model in models)
        assert self.limiter(name).try_acquire(cost) is fits
        for model in models:
            model.ask(now)
            if fits:
                model.calls.append([now, cost])

    @rule(booking=consumes(booked))
    def give_back(self, booking: Any) -> None:
        if booking is None:
            return
        room, taken = booking
        room.give_back()
        room.give_back()
        for model, call in taken:
            if call[0] > model.seen:
                model.calls = [other for other in model.calls if other is not call]

    @precondition(lambda self: hasattr(self, "models"))
    @invariant()
    def nothing_too_much(self) -> None:
        for models in self.models.values():
            assert all(model.holds(sorted(model.calls, key=lambda call: call[0])) for model in models)


class BucketMachine(LimiterMachine):
    asked = ("bucket",)

    @rule()
    def read(self) -> None:
        (model,) = self.models["bucket"]
        now = self.now()
        model.ask(now)
        room = [cost for cost in range(1, model.most + 1) if model.fits(now, cost)]
        assert self.bucket.available == max(room, default=0)


class WindowMachine(LimiterMachine):
    asked = ("window",)

    @rule()
    def read(self) -> None:
        model, now = self.windows, self.now()
        model.ask(now)
        number = now // model.length
        used = model.used(number, [call for call in model.calls if call[0] <= now])
        assert (self.window.used, self.window.remaining) == (used, model.most - used)
        assert self.window.resets_at * 8 == (number + 1) * model.length


class MultiMachine(LimiterMachine):
    asked = ("multi", "bucket", "window")


@pytest.mark.parametrize("machine", [BucketMachine, WindowMachine, MultiMachine])
def test_limiters_are_the_model(machine: type[LimiterMachine]) -> None:
    """L5: whatever is taken, waited for and given back in whatever order, each limiter is as its model is."""
    run_state_machine_as_test(
        machine, settings=settings(max_examples=120, stateful_step_count=40, deadline=None)
    )


rates = st.floats(0.01, 10_000)


@given(
    rates,
    st.floats(0.01, 100),
    st.integers(1, 20),
    st.floats(0, 1e7),
    st.lists(st.floats(0, 0.5), max_size=60),
)
@settings(deadline=None)
def test_a_bucket_never_exceeds_its_rate(
    rate: float, per: float, burst: int, start: float, pauses: list[float]
) -> None:
    """L5: in any stretch of t seconds there go at most burst + rate · t, whatever the floats."""
    bucket = RateLimiter("bucket", rate, per=per, burst=burst)
    now, moments = start, []
    for number, pause in enumerate(pauses):
        cost = 1 + number % burst
        room = bucket.reserve(now, math.inf, cost)
        now = now if room is None else now + room.wait_s
        moments.append((Fraction(now), cost))
        now += pause
    exact = Fraction(rate) / Fraction(per)
    slack = exact * Fraction(4 * math.ulp(now + 1)) + Fraction(1, 10**9)
    for first in range(len(moments)):
        total = 0
        for at, cost in moments[first:]:
            total += cost
            assert total <= burst + exact * (at - moments[first][0]) + slack


@given(
    st.floats(0.001, 1000), st.integers(1, 5), st.floats(-1e6, 1e7), st.lists(st.floats(0, 50), max_size=60)
)
@settings(deadline=None)
def test_a_window_never_exceeds_its_limit(
    length: float, limit: int, origin: float, pauses: list[float]
) -> None:
    """L5: no window has more than its limit, whatever the floats, and who waits comes in the window meant."""
    clock: Any = Turned()
    clock.time = origin
    window = WindowLimiter("window", limit, window=length, clock=clock)
    used: dict[float, int] = {}
    for pause in pauses:
        clock.time += pause
        room = window.reserve(clock.time, math.inf)
        if room is not None:
            clock.time += room.wait_s
        ends = window.resets_at
        assert clock.time <= ends <= clock.time + length * (1 + 1e-9) + 4 * math.ulp(clock.time + length)
        used[ends] = used.get(ends, 0) + 1
    assert all(count <= limit for count in used.values())


@pytest.mark.parametrize("start", [0.0, 1e7])
@pytest.mark.parametrize("rate", [700.1, 1000 / 3, 999.9])
def test_a_bucket_does_not_drift(rate: float, start: float) -> None:
    """L5: polled 200,000 times, it lets through just what the rate gives, neither more nor less."""
    bucket = RateLimiter("bucket", rate, burst=3)
    through = 0
    for step in range(200_000):
        with suppress(RateLimited):
            through += bucket.reserve(start + step / 1000, 0.0) is None
    assert through == math.floor(3 + rate * 199.999)
