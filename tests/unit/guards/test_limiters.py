"""L5: the token bucket, the fixed window and several tiers, as the engine asks them and by hand."""

import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import anyio
import pytest

from cano_dsl import MultiLimiter, RateLimiter, WindowLimiter
from cano_dsl.errors import PolicyError, RateLimited
from cano_dsl.spec import Limiter

Made = RateLimiter | WindowLimiter | MultiLimiter


def bucket(clock: Any, **options: Any) -> RateLimiter:
    return RateLimiter("api", **{"rate": 1, "burst": 2, "clock": clock, **options})


def window(clock: Any, **options: Any) -> WindowLimiter:
    return WindowLimiter("api", **{"limit": 2, "window": 10, "clock": clock, **options})


def multi(clock: Any, **options: Any) -> MultiLimiter:
    tier = RateLimiter("tier", 1, burst=2, clock=clock)
    return MultiLimiter("api", tier, **{"clock": clock, **options})


@pytest.fixture(params=[bucket, window, multi], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Callable[..., Made]:
    """Give each maker of a limiter with room for two, and more in 1 s or in 10 s."""
    maker: Callable[..., Made] = request.param
    return maker


# The bucket


def test_a_bucket_starts_full_and_refills(clock: Any) -> None:
    """L5: a token bucket starts full, refills at its rate when asked, and holds no more than its burst."""
    api = RateLimiter("api", 2, per=10, burst=3, clock=clock)
    assert api.available == 3
    assert [api.try_acquire() for _ in range(4)] == [True, True, True, False]
    clock.time += 4.75
    assert (api.available, api.try_acquire()) == (0, False)
    clock.time += 0.25
    assert (api.available, api.try_acquire()) == (1, True)
    clock.time += 1000
    assert api.available == 3
    assert [api.try_acquire() for _ in range(4)] == [True, True, True, False]


def test_a_bucket_by_default_has_no_burst(clock: Any) -> None:
    """L5: without `burst` a bucket spaces its calls evenly, `rate` in a second."""
    api = RateLimiter("api", 4, clock=clock)
    assert api.reserve(100.0, math.inf) is None
    waits = [api.reserve(100.0, math.inf) for _ in range(3)]
    assert [room.wait_s for room in waits if room] == [0.25, 0.5, 0.75]


def test_who_waits_has_the_tokens_to_come(clock: Any) -> None:
    """L5: while others wait for all that comes in, there is nothing to shed from."""
    api = bucket(clock)
    waits = [api.reserve(100.0, math.inf, 2) for _ in range(3)]
    assert [room and room.wait_s for room in waits] == [None, 2.0, 4.0]
    clock.time += 1.5
    assert (api.available, api.try_acquire()) == (0, False)


def test_a_bucket_serves_slightly_older_moments(clock: Any) -> None:
    """L5: a thread that read the clock a little earlier than another finds the room that there is."""
    api = bucket(clock)
    assert api.reserve(100.001, 0.0) is None
    assert api.reserve(100.0, 0.0) is None


# The window


def test_a_window_counts(clock: Any) -> None:
    """L5: a fixed window says what is used, what remains and when it resets, on the wall clock."""
    quota = WindowLimiter("quota", 5, window=10, clock=clock)
    assert (quota.used, quota.remaining, quota.resets_at) == (0, 5, 1_000_110.0)
    assert quota.try_acquire(3)
    clock.time += 9.5
    assert (quota.used, quota.remaining, quota.resets_at) == (3, 2, 1_000_110.0)
    assert not quota.try_acquire(3)
    assert quota.try_acquire(2)
    clock.time += 0.5
    assert (quota.used, quota.remaining, quota.resets_at) == (0, 5, 1_000_120.0)
    assert quota.try_acquire(5)
    clock.time += 25
    assert (quota.used, quota.resets_at) == (0, 1_000_140.0)


def test_a_window_books_later_windows(clock: Any) -> None:
    """L5: who finds the window used up waits for the next one that has room; smaller costs fit in before."""
    quota = WindowLimiter("quota", 3, window=10, clock=clock)
    found = [quota.reserve(101.0, math.inf, cost) for cost in (2, 2, 2, 1, 1, 1)]
    assert [room and room.wait_s for room in found] == [None, 9.0, 19.0, None, 9.0, 19.0]
    assert quota.used == 3
    clock.time = 110.0
    assert quota.used == 3


# Several tiers


def test_tiers_all_or_nothing(clock: Any) -> None:
    """L5: where one tier refuses, the others have lost nothing, and the error names it and the time to wait."""
    second = RateLimiter("second", 1, burst=5, clock=clock)
    day = WindowLimiter("day", 2, window=50, clock=clock)
    api = MultiLimiter("api", second, day, max_wait=3, clock=clock)
    assert api.try_acquire(2)
    assert (second.available, day.remaining) == (3, 0)
    assert not api.try_acquire()
    with pytest.raises(RateLimited) as caught:
        api.reserve(100.0, math.inf)
    error = caught.value
    assert (error.limiter, error.wait_s, error.max_wait_s) == ("day", 50.0, 3.0)
    assert (second.available, day.remaining) == (3, 0)


def test_the_slowest_tier_is_named(clock: Any) -> None:
    """L5: of several tiers that have no room, the error names the one that has it last, wherever it stands."""
    slow = RateLimiter("slow", 1, per=8, clock=clock)
    fast = RateLimiter("fast", 1, clock=clock)
    for tiers in ((slow, fast), (fast, slow)):
        api = MultiLimiter("api", *tiers, clock=clock)
        api.try_acquire()
        with pytest.raises(RateLimited) as caught:
            api.reserve(100.0, 7.0)
        assert (caught.value.limiter, caught.value.wait_s) == ("slow", 8.0)


def test_a_tier_is_booked_for_the_moment_of_the_call(clock: Any) -> None:
    """L5: a call that waits for one tier keeps nobody else from another until its own moment."""
    total = RateLimiter("total", 1, burst=2, clock=clock)
    ours = MultiLimiter("ours", total, RateLimiter("we", 1, per=60, clock=clock), clock=clock)
    theirs = MultiLimiter("theirs", total, RateLimiter("they", 1, per=60, clock=clock), clock=clock)
    assert ours.try_acquire()
    room = ours.reserve(100.0, math.inf)
    assert room is not None and room.wait_s == 60.0
    assert theirs.try_acquire()
    assert not total.try_acquire()
    clock.time += 59.5
    assert [total.try_acquire(), total.try_acquire()] == [True, False]  # the other is for who waits


def test_tiers_agree_on_a_moment_between_bookings(clock: Any) -> None:
    """L5: where one tier has room before a booking and another only at its moment, the call comes behind it."""
    rate = RateLimiter("rate", 1, clock=clock)
    fixed = WindowLimiter("fixed", 2, window=2, clock=clock)
    api = MultiLimiter("api", rate, fixed, clock=clock)
    assert rate.try_acquire() and fixed.try_acquire(2)
    assert [room and room.wait_s for room in (api.reserve(100.0, math.inf) for _ in range(2))] == [2.0, 3.0]


def test_tiers_give_back_together(clock: Any) -> None:
    """L5: a wait for several tiers that is given back leaves room in all of them."""
    first, second = (RateLimiter(name, 1, per=10, clock=clock) for name in ("first", "second"))
    api = MultiLimiter("api", first, second, clock=clock)
    assert api.try_acquire()
    room = api.reserve(100.0, math.inf)
    assert room is not None
    room.give_back()
    for tier in (first, second):
        again = tier.reserve(100.0, math.inf)
        assert again is not None and again.wait_s == 10.0


def test_the_waits_of_tiers_hold(clock: Any) -> None:
    """L5: several tiers wait no longer than any of them may."""
    tier = RateLimiter("tier", 1, max_wait=2, clock=clock)
    api = MultiLimiter("api", tier, max_wait=5, clock=clock)
    assert api.try_acquire()
    assert [room and room.wait_s for room in (api.reserve(100.0, 9.0) for _ in range(2))] == [1.0, 2.0]
    with pytest.raises(RateLimited) as caught:
        api.reserve(100.0, 9.0)
    assert (caught.value.limiter, caught.value.max_wait_s) == ("tier", 2.0)


def test_tiers_nest(clock: Any) -> None:
    """L5: a MultiLimiter may be a tier, and its tiers are named."""
    inner = multi(clock)
    outer = MultiLimiter("outer", inner, WindowLimiter("day", 1, clock=clock), clock=clock)
    assert outer.tiers[0] is inner
    assert [outer.try_acquire(), outer.try_acquire()] == [True, False]
    assert inner.try_acquire()
    with pytest.raises(RateLimited) as caught:
        inner.reserve(100.0, 0.0)
    assert caught.value.limiter == "tier"


# What all of them do


def test_is_a_limiter(make: Callable[..., Made], clock: Any) -> None:
    """Every limiter, and a weighted one, is what the engine asks for, under its own name."""
    api: Limiter = make(clock)
    assert (api.name, make(clock).weighted(2).name) == ("api", "api")
    assert repr(api) == f"<{type(api).__name__} 'api'>"


def test_reserve_refuses_what_waits_too_long(make: Callable[..., Made], clock: Any) -> None:
    """L5: where the wait would exceed what is left of the time, it is refused at once and nothing is taken."""
    api = make(clock, max_wait=30)
    assert [api.reserve(100.0, 0.0) for _ in range(2)] == [None, None]
    with pytest.raises(RateLimited) as caught:
        api.reserve(100.0, 0.5)
    wait = caught.value.wait_s
    assert (wait, caught.value.max_wait_s) == (10.0 if isinstance(api, WindowLimiter) else 1.0, 0.5)
    room = api.reserve(100.0, wait)
    assert room is not None and room.wait_s == wait


def test_max_wait_of_its_own(make: Callable[..., Made], clock: Any) -> None:
    """L5: `max_wait` of the limiter holds beside what the caller allows; 0 never waits."""
    api = make(clock, max_wait=0)
    assert api.reserve(100.0, math.inf, 2) is None
    with pytest.raises(RateLimited) as caught:
        api.reserve(100.0, math.inf)
    assert caught.value.max_wait_s == 0.0
    late = make(clock, max_wait=timedelta(seconds=0.5))
    late.try_acquire(2)
    with pytest.raises(RateLimited) as caught:
        late.reserve(100.0, -3.0)
    assert caught.value.max_wait_s == 0.0
    with pytest.raises(RateLimited) as caught:
        late.reserve(100.0, math.inf)
    assert caught.value.max_wait_s == 0.5


def test_weighted(make: Callable[..., Made], clock: Any) -> None:
    """L5: a decorator's argument may have a cost and a longest wait of its own, on the shared room."""
    api = make(clock)
    heavy = api.weighted(2, max_wait=0.5)
    assert heavy.reserve(100.0, math.inf) is None
    assert not api.try_acquire()
    with pytest.raises(RateLimited) as caught:
        heavy.reserve(100.0, math.inf)
    assert caught.value.max_wait_s == 0.5
    with pytest.raises(RateLimited) as caught:
        heavy.reserve(100.0, 0.25)
    assert caught.value.max_wait_s == 0.25
    patient = api.weighted(2).reserve(100.0, math.inf)
    assert patient is not None and patient.wait_s == (10.0 if isinstance(api, WindowLimiter) else 2.0)


@pytest.mark.parametrize("cost", [0, -1, 3, 1.5, "1", None])
def test_costs_out_of_range(make: Callable[..., Made], clock: Any, cost: Any) -> None:
    """L5: a cost for which there is never room, or which is none, is refused, and nothing is taken."""
    api = make(clock)
    asked: list[Callable[[], Any]] = [
        lambda: api.try_acquire(cost),
        lambda: api.reserve(100.0, 1.0, cost),
        lambda: api.weighted(cost),
        lambda: anyio.run(api.acquire, cost),
    ]
    for ask in asked:
        with pytest.raises(PolicyError) as caught:
            ask()
        assert (caught.value.field, caught.value.allowed) == ("cost", "a whole number from 1 to 2")
    assert api.try_acquire(2)


@pytest.mark.parametrize(
    ("make_one", "field"),
    [
        (lambda: RateLimiter("", 1), "name"),
        (lambda: RateLimiter("api", 0), "rate"),
        (lambda: RateLimiter("api", -1), "rate"),
        (lambda: RateLimiter("api", math.nan), "rate"),
        (lambda: RateLimiter("api", math.inf), "rate"),
        (lambda: RateLimiter("api", True), "rate"),
        (lambda: RateLimiter("api", 1, per=0), "per"),
        (lambda: RateLimiter("api", 1e-300, per=1e300), "per"),
        (lambda: RateLimiter("api", 1, burst=0), "burst"),
        (lambda: RateLimiter("api", 1, burst=2.5), "burst"),  # type: ignore[arg-type]
        (lambda: RateLimiter("api", 1, max_wait=-1), "max_wait"),
        (lambda: RateLimiter("api", 1, max_wait=False), "max_wait"),
        (lambda: WindowLimiter(" ", 1), "name"),
        (lambda: WindowLimiter("api", 0), "limit"),
        (lambda: WindowLimiter("api", 1, window=0), "window"),
        (lambda: WindowLimiter("api", 1, max_wait=-1), "max_wait"),
        (lambda: MultiLimiter("", RateLimiter("a", 1)), "name"),
        (lambda: MultiLimiter("api"), "tiers"),
        (lambda: MultiLimiter("api", RateLimiter("a", 1), 5), "tiers"),  # type: ignore[arg-type]
        (lambda: MultiLimiter("api", *[RateLimiter("a", 1)] * 2), "tiers"),
        (lambda: MultiLimiter("api", RateLimiter("a", 1), max_wait=-1), "max_wait"),
    ],
)
def test_out_of_range(make_one: Callable[[], object], field: str) -> None:
    """Numbers out of their range are refused when a limiter is made, by the argument's name."""
    with pytest.raises(PolicyError) as caught:
        make_one()
    assert caught.value.field == field


def test_room_given_back(make: Callable[..., Made], clock: Any) -> None:
    """L5: room that is given back is the next one's, once only, and who waited behind goes when it was told."""
    api = make(clock)
    api.try_acquire(2)
    first, second = api.reserve(100.0, math.inf, 2), api.reserve(100.0, math.inf, 2)
    assert first is not None and second is not None
    first.give_back()
    first.give_back()
    third, fourth = api.reserve(100.0, math.inf, 2), api.reserve(100.0, math.inf, 2)
    assert third is not None and third.wait_s == first.wait_s
    assert fourth is not None and fourth.wait_s == second.wait_s + first.wait_s


def test_room_whose_moment_has_passed(make: Callable[..., Made], clock: Any) -> None:
    """L5: room given back too late, when others were told of what comes after it, is lost to all."""
    api = make(clock)
    api.try_acquire(2)
    first = api.reserve(100.0, math.inf, 2)
    assert first is not None
    clock.time += first.wait_s
    assert not api.try_acquire()
    first.give_back()
    assert not api.try_acquire()


def test_many_wait(make: Callable[..., Made], clock: Any) -> None:
    """L5: thousands that wait are told apart moments at once, also where some give up in between."""
    api = make(clock)
    began = time.process_time()
    rooms = [room for _ in range(5000) if (room := api.reserve(100.0, math.inf))]
    for room in random.Random(1).sample(rooms, 1000):
        room.give_back()
    again = [room for _ in range(100) if (room := api.reserve(100.0, math.inf))]
    assert time.process_time() - began < 10
    assert len(rooms) == 4998
    assert max(room.wait_s for room in again) < rooms[1200].wait_s


# By hand, in both backends


def test_acquire_in_the_order_of_arrival(
    make: Callable[..., Made], clock: Any, run_async: Callable[..., Any]
) -> None:
    """L5: `acquire` waits, and who came first goes first."""
    step = 10.0 if make is window else 1.0
    went: list[tuple[int, float]] = []

    async def main() -> None:
        api = make(clock)

        async def call(number: int) -> None:
            await api.acquire(2)
            went.append((number, clock.time))

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(call, number)
                await anyio.wait_all_tasks_blocked()
            for _ in range(8):
                await clock.advance(step)

    run_async(main)
    every = 10.0 if make is window else 2.0
    assert went == [(number, 100.0 + number * every) for number in range(4)]


def test_acquire_sheds_when_it_may_not_wait(
    make: Callable[..., Made], clock: Any, run_async: Callable[..., Any]
) -> None:
    """L5: `acquire` raises at once where the wait would exceed `max_wait`."""

    async def main() -> None:
        api = make(clock)
        await api.acquire(2)
        with pytest.raises(RateLimited) as caught:
            await api.acquire(max_wait=0.25)
        assert caught.value.max_wait_s == 0.25
        assert not caught.value.is_placed
        assert clock.asleep == []

    run_async(main)


def test_a_cancelled_wait_gives_its_room_back(
    make: Callable[..., Made], clock: Any, run_async: Callable[..., Any]
) -> None:
    """L5: a wait that is cancelled leaves its room to the next, and the cancel is not swallowed."""
    step = 10.0 if make is window else 2.0
    went: list[str] = []

    async def main() -> None:
        api = make(clock)
        await api.acquire(2)
        scope = anyio.CancelScope()

        async def call(name: str) -> None:
            await api.acquire(2)
            went.append(name)

        async def cancelled() -> None:
            with scope:
                await call("cancelled")

        async with anyio.create_task_group() as group:
            group.start_soon(cancelled)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(call, "behind")
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            assert scope.cancelled_caught
            group.start_soon(call, "next")
            await clock.advance(step)
            assert went == ["next"]
            await clock.advance(step)
            assert went == ["next", "behind"]

    run_async(main)


def test_acquire_on_the_machine_s_clock(run_async: Callable[..., Any]) -> None:
    """L5: without a clock of its own a limiter waits in real time."""

    async def main() -> float:
        api = RateLimiter("api", 50)
        began = time.monotonic()
        for _ in range(4):
            await api.acquire()
        return time.monotonic() - began

    assert 0.0599 <= run_async(main) < 5


def test_threads_and_loops_share_the_room(backend: str) -> None:
    """L5: two loops in two threads that share a limiter wait for each other's calls."""
    api = RateLimiter("api", 100)
    began = time.monotonic()

    async def main() -> None:
        for _ in range(4):
            await api.acquire()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: anyio.run(main, backend=backend), range(2)))
    assert time.monotonic() - began >= 0.0699


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
@pytest.mark.parametrize("kind", ["bucket", "window", "multi"])
def test_threads_take_no_more_than_there_is(kind: str, clock: Any) -> None:
    """L5: however many threads take at once, just as much goes as there is room for."""
    rate = RateLimiter("bucket", 1, burst=3000, clock=clock)
    fixed = WindowLimiter("window", 3000, window=10, clock=clock)
    api: Any = {"bucket": rate, "window": fixed, "multi": MultiLimiter("multi", rate, fixed, clock=clock)}[
        kind
    ]
    assert sum(together(lambda _: sum(api.try_acquire() for _ in range(500)))) == 3000


@pytest.mark.usefixtures("switching")
def test_threads_book_each_moment_once(clock: Any) -> None:
    """L5: threads that reserve and give back at once are never told the same moment twice."""
    api = RateLimiter("api", 1, clock=clock)

    def work(number: int) -> list[float]:
        kept = []
        for turn in range(60):
            room = api.reserve(100.0, math.inf)
            if room is not None and turn % 3 == 0:
                room.give_back()
            elif room is not None:
                kept.append(room.wait_s)
        return kept

    waits = [wait for kept in together(work) for wait in kept]
    assert len(waits) == len(set(waits)) >= 319
    assert all(wait == int(wait) for wait in waits)


@pytest.mark.usefixtures("switching")
def test_tiers_in_any_order_do_not_lock_each_other_out(clock: Any) -> None:
    """L5: limiters that share tiers in opposite orders work at once in threads, and all the room is used."""
    tiers = [RateLimiter(name, 1, burst=1500, clock=clock) for name in ("first", "second")]
    both = [MultiLimiter("there", *tiers, clock=clock), MultiLimiter("back", *tiers[::-1], clock=clock)]
    assert both[0]._locks == both[1]._locks
    done = together(lambda number: sum(both[number % 2].try_acquire() for _ in range(300)))
    assert sum(done) == 1500
    assert [tier.available for tier in tiers] == [0, 0]
