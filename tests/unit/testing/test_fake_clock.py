"""The fake clock by itself: when its time goes on, in which order things happen, and what it leaves behind."""

import asyncio
import math
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from cano_dsl.scope import Clock, in_thread, run_to_end, work_of_threads
from cano_dsl.testing import FakeClock, _turns

HOUR = 3600.0
Trace = list[tuple[float, Any]]


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that starts at 0 and jumps by itself."""
    return FakeClock()


@contextmanager
def within_a_second() -> Iterator[None]:
    """See that what is inside takes less than a real second."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < 1


def test_it_is_a_clock(clock: FakeClock) -> None:
    """It offers all that the engine asks of a clock, and its times need no loop."""
    seam: Clock = clock
    assert isinstance(clock, Clock)
    assert (seam.monotonic(), seam.steady(), seam.now()) == (0, 0, 946_684_800)
    later = FakeClock(5, now=1e9)
    assert (later.monotonic(), later.steady(), later.now()) == (5, 5, 1e9)


@pytest.mark.parametrize("given", [{"start": math.inf}, {"now": math.nan}], ids=repr)
def test_what_it_cannot_begin_with(given: dict[str, float]) -> None:
    """A clock does not begin at a time that is no number."""
    with pytest.raises(ValueError, match="give a finite number of seconds"):
        FakeClock(**given)


def test_hours_pass_at_once(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A sleep of hours ends at its moment by every time of the clock, and takes no real time."""

    async def main() -> None:
        for _ in range(100):
            await clock.sleep(1000 * HOUR)

    with within_a_second():
        run_clean(main)
    assert clock.monotonic() == clock.steady() == clock.now() - 946_684_800 == 100_000 * HOUR


def test_no_wait_still_yields(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A sleep of 0, or less, lets others run, and time stands still."""
    seen: list[str] = []

    async def other() -> None:
        seen.append("other")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            for _ in range(3):
                await clock.sleep(0)
                await clock.sleep(-1)
            seen.append("main")

    run_clean(main)
    assert seen == ["other", "main"]
    assert clock.monotonic() == 0


def test_nan_is_no_time(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A wait or a scope of nan seconds is refused."""

    async def main() -> None:
        with pytest.raises(ValueError, match="not nan"):
            await clock.sleep(math.nan)
        with pytest.raises(ValueError, match="not nan"):
            clock.scope(math.nan)

    run_clean(main)


def test_one_at_a_time_in_the_order_of_making(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """Where moments are equal the first made is first, and all that it sets off comes before the next."""
    seen: Trace = []

    async def sleeper(name: str, turn: anyio.Event, done: anyio.Event) -> None:
        turn.set()
        await clock.sleep(60)
        seen.append((clock.monotonic(), name))
        done.set()

    async def follower(name: str, done: anyio.Event) -> None:
        await done.wait()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        seen.append((clock.monotonic(), f"after {name}"))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for name in "abc":
                turn, done = anyio.Event(), anyio.Event()
                group.start_soon(follower, name, done)
                group.start_soon(sleeper, name, turn, done)
                await turn.wait()

    run_clean(main)
    assert seen == [(60, what) for name in "abc" for what in (name, f"after {name}")]


def test_time_stands_still_while_anybody_can_run(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A task that only hands on its turn keeps time still, however long."""
    seen: Trace = []

    async def busy() -> None:
        for _ in range(3000):
            await anyio.lowlevel.checkpoint()
        seen.append((clock.monotonic(), "busy"))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(busy)
            await clock.sleep(HOUR)
            seen.append((clock.monotonic(), "slept"))

    run_clean(main)
    assert seen == [(0, "busy"), (HOUR, "slept")]


def test_what_is_there_to_read_comes_first(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """Bytes that wait in a socket are read before time jumps."""
    seen: Trace = []

    async def main() -> None:
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            async with anyio.create_task_group() as group:

                async def read() -> None:
                    for _ in range(5):
                        await anyio.wait_readable(near)
                        near.recv(1)
                        seen.append((clock.monotonic(), "read"))
                        far.send(b"x")

                far.send(b"x")
                group.start_soon(read)
                await clock.sleep(HOUR)
                seen.append((clock.monotonic(), "slept"))

    run_clean(main)
    assert seen == [*[(0, "read")] * 5, (HOUR, "slept")]


def test_scope_cuts(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A scope ends what is inside at its moment, and one whose time is over at once."""

    async def main() -> None:
        with clock.scope(HOUR) as scope:
            await clock.sleep(2 * HOUR)
        assert scope.cut
        assert clock.monotonic() == HOUR
        with clock.scope(0) as scope:
            await anyio.sleep_forever()
        assert scope.cut
        with clock.scope(math.inf) as scope:
            await clock.sleep(1)
        assert not scope.cut

    run_clean(main)
    assert clock.monotonic() == HOUR + 1


def test_scope_that_is_left_in_time(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A scope that is left before its moment is forgotten: nothing waits for it, and time does not go there."""

    async def main() -> None:
        with clock.scope(HOUR):
            await clock.sleep(1)
        assert clock._agenda._due == []
        await clock.sleep(1)

    run_clean(main)
    assert clock.monotonic() == 2


def test_nested_scopes(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """The scope that ends first cuts; at the same moment it is the outer one, which was made first."""
    seen: Trace = []

    async def main() -> None:
        for outer_s, inner_s in ((10, 5), (5, 10), (5, 5)):
            with clock.scope(outer_s) as outer:
                with clock.scope(inner_s) as inner:
                    await anyio.sleep_forever()
                seen.append((clock.monotonic(), "inner"))
                await clock.sleep(1)
            seen.append((clock.monotonic(), (outer.cut, inner.cut)))

    run_clean(main)
    assert seen == [(5, "inner"), (6, (False, True)), (11, (True, False)), (16, (True, False))]


def test_shielded_scope(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A shield holds off an outer scope that ends; its own time cuts nevertheless."""
    seen: Trace = []

    async def main() -> None:
        with clock.scope(1) as outer:
            with clock.scope(10, shield=True) as inner:
                await clock.sleep(5)
                seen.append((clock.monotonic(), outer.cut))
                await clock.sleep(50)
            seen.append((clock.monotonic(), inner.cut))
            await anyio.sleep_forever()
        seen.append((clock.monotonic(), "out"))

    run_clean(main)
    assert seen == [(5, True), (10, True), (10, "out")]


def test_guard(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A guard lets cancels through until it protects, cuts when its time is over, and can be bounded anew."""
    seen: Trace = []

    async def main() -> None:
        with clock.scope(1), clock.guard() as guard:
            try:
                await anyio.sleep_forever()
            finally:
                guard.protect(30)
                try:
                    await clock.sleep(HOUR)
                finally:
                    seen.append((clock.monotonic(), guard.cut))
        with clock.guard() as guard:
            guard.bound(5)
            guard.bound(math.inf)
            await clock.sleep(10)
            guard.bound(7)
            await anyio.sleep_forever()
        seen.append((clock.monotonic(), guard.cut))
        with clock.guard() as guard:
            guard.cancel()
            await anyio.sleep_forever()
        seen.append((clock.monotonic(), guard.cut))

    run_clean(main)
    assert seen == [(31, True), (48, True), (48, True)]


def test_guard_protects_in_another_task(clock: FakeClock) -> None:
    """A guard that was entered in one task protects in the one that closes, as fixtures of tests do it."""
    seen = []

    async def closing(guard: Any) -> None:
        with anyio.CancelScope() as scope:
            guard.protect(5)
            scope.cancel()
            try:
                await anyio.sleep_forever()
            finally:
                seen.append((clock.monotonic(), guard.cut))
                guard.__exit__(None, None, None)

    async def main() -> None:
        guard = clock.guard()
        await asyncio.create_task(closing(guard))

    asyncio.run(main())
    assert seen == [(5, True)]


def test_cancel_from_outside(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A cancel that arrives during a sleep ends it where time is, and nothing of it is left."""
    seen: Trace = []

    async def main() -> None:
        async with anyio.create_task_group() as group:

            async def sleeper() -> None:
                try:
                    await clock.sleep(HOUR)
                finally:
                    seen.append((clock.monotonic(), "cancelled"))

            group.start_soon(sleeper)
            await clock.sleep(60)
            group.cancel_scope.cancel()
        assert clock._agenda._due == []
        await clock.sleep(1)

    run_clean(main)
    assert seen == [(60, "cancelled")]
    assert clock.monotonic() == 61


def test_task_cancel_of_asyncio(clock: FakeClock) -> None:
    """A native cancel during a sleep ends it, and nothing of it is left."""

    async def main() -> None:
        task = asyncio.create_task(clock.sleep(HOUR))
        await clock.sleep(60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert clock._agenda._due == []

    asyncio.run(main())
    assert clock.monotonic() == 60


def test_thread_keeps_time_still(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """While a thread of the engine works time does not jump; it does as soon as the thread has ended."""
    seen: Trace = []

    async def threaded() -> None:
        await in_thread(time.sleep, 0.05)
        seen.append((clock.monotonic(), "thread"))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(threaded)
            group.start_soon(threaded)
            await clock.sleep(HOUR)
            seen.append((clock.monotonic(), "slept"))

    run_clean(main)
    assert seen == [(0, "thread"), (0, "thread"), (HOUR, "slept")]
    assert work_of_threads().calls == 0
    assert work_of_threads().watchers == ()


class CountingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Counts how often the loop looks for I/O."""

    turns = 0

    def select(self, timeout: float | None = None) -> Any:
        """Count."""
        self.turns += 1
        return super().select(timeout)


class CountingInstrument(trio.abc.Instrument):
    """Counts how often the loop looks for I/O."""

    turns = 0

    def before_io_wait(self, timeout: float) -> None:
        """Count."""
        self.turns += 1


@pytest.mark.parametrize("still", ["thread", "paused", "by hand", "forever"])
def test_no_busy_loop(still: str, backend: str) -> None:
    """Where time stands still the loop sleeps: while a thread works, when paused, and with nothing to jump to."""
    clock = FakeClock(auto=still != "by hand")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.sleep, math.inf if still == "forever" else HOUR)
            await anyio.lowlevel.checkpoint()
            if still == "thread":
                await in_thread(time.sleep, 0.1)
            elif still == "paused":
                with clock.paused():
                    await anyio.sleep(0.1)
            else:
                await anyio.sleep(0.1)
            assert clock.monotonic() == 0
            group.cancel_scope.cancel()

    counter: Any
    if backend == "trio":
        counter = CountingInstrument()
        trio.run(main, instruments=[counter])
    else:
        counter = CountingSelector()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(counter)) as runner:
            runner.run(main())
    assert 0 < counter.turns < 60


def test_sleep_in_a_thread(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A thread that sleeps by the clock lets time go on, and is woken at its moment in the order of all."""
    seen: Trace = []

    def work() -> None:
        for _ in range(3):
            clock.sleep_in_thread(100)
            seen.append((clock.monotonic(), "thread"))
            time.sleep(0.005)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread, work)
            for _ in range(3):
                await clock.sleep(90)
                seen.append((clock.monotonic(), "task"))

    run_clean(main)
    assert seen == [
        (90, "task"),
        (100, "thread"),
        (180, "task"),
        (200, "thread"),
        (270, "task"),
        (300, "thread"),
    ]
    assert work_of_threads().calls == 0


def test_scope_ends_while_a_thread_sleeps(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """R9: a scope ends at its moment, and what is inside is cut only when the thread has ended."""
    seen: Trace = []

    def work() -> None:
        clock.sleep_in_thread(20)
        seen.append((clock.monotonic(), "thread"))

    async def main() -> None:
        with clock.scope(10) as scope:
            await in_thread(work)
            await anyio.lowlevel.checkpoint()
            seen.append((clock.monotonic(), "not reached"))
        seen.append((clock.monotonic(), scope.cut))

    run_clean(main)
    assert seen == [(20, "thread"), (20, True)]


def test_sleep_in_no_thread(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A sleep for threads is refused where no thread of a loop asks for it."""

    async def main() -> None:
        with pytest.raises(RuntimeError):
            clock.sleep_in_thread(1)

    run_clean(main)


def test_paused(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """Time stands still within `paused`, also where two overlap, and goes on afterwards."""
    seen: Trace = []

    async def real(seconds: float) -> None:
        with clock.paused():
            await anyio.sleep(seconds)
            seen.append((clock.monotonic(), seconds))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(real, 0.02)
            group.start_soon(real, 0.04)
            await clock.sleep(HOUR)
            seen.append((clock.monotonic(), "slept"))

    run_clean(main)
    assert seen == [(0, 0.02), (0, 0.04), (HOUR, "slept")]


def test_by_hand(run_clean: Callable[..., Any]) -> None:
    """Without the automatic jump only `advance` lets time pass, and all that is due by then has happened."""
    clock = FakeClock(auto=False)
    seen: Trace = []

    async def ticking() -> None:
        while True:
            await clock.sleep(10)
            seen.append((clock.monotonic(), "tick"))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(ticking)
            await clock.advance(0)
            await anyio.sleep(0.01)
            assert seen == []
            await clock.advance(25)
            assert (clock.monotonic(), seen) == (25, [(10, "tick"), (20, "tick")])
            await clock.advance(5)
            assert (clock.monotonic(), seen[2:]) == (30, [(30, "tick")])
            group.cancel_scope.cancel()

    run_clean(main)


def test_advance_comes_last(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """What becomes due at the very moment to which time is advanced has happened too, and what it set off."""
    seen: Trace = []

    async def chain() -> None:
        for _ in range(2):
            await clock.sleep(5)
        seen.append((clock.monotonic(), "chain"))
        await anyio.lowlevel.checkpoint()
        seen.append((clock.monotonic(), "more"))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(chain)
            await clock.advance(10)
            assert seen == [(10, "chain"), (10, "more")]

    run_clean(main)


def test_advance_waits_for_threads(run_clean: Callable[..., Any]) -> None:
    """Time that is advanced by hand does not pass while a thread of the engine works either."""
    clock = FakeClock(auto=False)
    seen: Trace = []

    async def main() -> None:
        async with anyio.create_task_group() as group:

            async def threaded() -> None:
                await in_thread(time.sleep, 0.02)
                seen.append((clock.monotonic(), "thread"))

            group.start_soon(threaded)
            await anyio.lowlevel.checkpoint()
            await clock.advance(HOUR)

    run_clean(main)
    assert seen == [(0, "thread")]


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_what_time_cannot_be_advanced_by(
    seconds: float, clock: FakeClock, run_clean: Callable[..., Any]
) -> None:
    """Time goes neither back nor on for ever."""

    async def main() -> None:
        with pytest.raises(ValueError, match="cannot be advanced by"):
            await clock.advance(seconds)

    run_clean(main)


def in_each_kind_of_loop(fn: Callable[[], Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give the ways to run a loop."""
    yield "asyncio.run", lambda: asyncio.run(fn())
    yield "anyio.run on asyncio", lambda: anyio.run(fn, backend="asyncio")
    yield "asyncio.run in debug mode", lambda: asyncio.run(fn(), debug=True)
    yield "own loop", lambda: run_to_end(fn)
    yield "trio.run", lambda: trio.run(fn)
    yield "anyio.run on trio", lambda: anyio.run(fn, backend="trio")
    yield "trio as a guest of asyncio", lambda: asyncio.run(as_guest(fn))


async def as_guest(fn: Callable[[], Any]) -> Any:
    """Run trio within a loop of asyncio."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Any] = loop.create_future()
    trio.lowlevel.start_guest_run(
        fn,
        run_sync_soon_threadsafe=loop.call_soon_threadsafe,
        done_callback=ended.set_result,
        host_uses_signal_set_wakeup_fd=True,
    )
    return (await ended).unwrap()


def test_loops_one_after_the_other(clock: FakeClock) -> None:
    """One clock serves loops of every kind one after the other, and its time goes on."""

    async def main() -> None:
        await clock.sleep(HOUR)
        with clock.scope(HOUR):
            await anyio.sleep_forever()

    hours = 0
    for name, run in in_each_kind_of_loop(main):
        run()
        hours += 2
        assert clock.monotonic() == hours * HOUR, name
        assert clock._agenda._turns is None


def test_two_threads_with_a_clock_each(backend: str) -> None:
    """Two loops in two threads have nothing to do with each other: neither waits for the other's threads."""
    clocks = FakeClock(), FakeClock(100)
    gate = threading.Event()
    seen: list[float] = []

    async def held() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(in_thread, gate.wait, 5)
            await clocks[0].sleep(HOUR)

    async def free() -> None:
        for _ in range(50):
            await clocks[1].sleep(HOUR)
        seen.append(clocks[0].monotonic())
        gate.set()

    threads = [
        threading.Thread(target=anyio.run, args=(fn,), kwargs={"backend": backend}) for fn in (held, free)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen == [0]
    assert [clock.monotonic() for clock in clocks] == [HOUR, 100 + 50 * HOUR]


def test_two_clocks_in_one_loop(run_clean: Callable[..., Any]) -> None:
    """Two clocks in one loop do not keep each other still."""
    clocks = FakeClock(), FakeClock()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for clock in clocks:
                group.start_soon(clock.sleep, HOUR)

    with within_a_second():
        run_clean(main)
    assert [clock.monotonic() for clock in clocks] == [HOUR, HOUR]


def test_one_clock_in_two_loops_at_once(clock: FakeClock, run_clean: Callable[..., Any]) -> None:
    """A clock that is in use by a loop refuses another one at the same time."""

    async def other() -> None:
        with pytest.raises(RuntimeError, match="in use by another event loop"):
            await clock.sleep(1)

    async def main() -> None:
        with clock.scope(HOUR):
            await in_thread(trio.run, other)
            await in_thread(lambda: asyncio.run(other()))

    run_clean(main)
    assert clock.monotonic() == 0


@pytest.mark.parametrize("end", ["asyncio", "trio"])
def test_loop_that_ended_with_a_sleeper(end: str, clock: FakeClock) -> None:
    """What was due in a loop that ended in disorder is forgotten when the next loop comes."""

    def nothing() -> None:
        pytest.fail("it is over")

    async def left() -> None:
        clock._agenda.add(HOUR, nothing)  # as a task does that is never run again

    async def main() -> None:
        await in_thread(time.sleep, 0.001)  # whose end is told to the clock
        await clock.sleep(2 * HOUR)

    anyio.run(left, backend=end)
    assert len(clock._agenda._due) == 1
    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)
    assert clock.monotonic() == 4 * HOUR
    assert work_of_threads().watchers == ()


def test_loop_that_does_not_say_what_is_ready(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loop that hides its ready callbacks time jumps too, after a number of turns in which others run."""
    monkeypatch.setattr(_turns, "ready_callbacks", lambda loop: None)
    seen: Trace = []

    async def busy() -> None:
        for _ in range(_turns.BLIND_TURNS // 2):
            await asyncio.sleep(0)
        seen.append((clock.monotonic(), "busy"))

    async def main() -> None:
        task = asyncio.create_task(busy())
        for _ in range(100):
            await clock.sleep(HOUR)
        await task

    with within_a_second():
        asyncio.run(main())
    assert seen == [(0, "busy")]
    assert clock.monotonic() == 100 * HOUR


def test_loop_says_what_is_ready() -> None:
    """The loop of asyncio itself says what is ready, so that nothing is guessed there."""

    async def main() -> int | None:
        loop = asyncio.get_running_loop()
        before = _turns.ready_callbacks(loop)
        handle = loop.call_soon(int)
        assert before is not None
        assert _turns.ready_callbacks(loop) == before + 1
        handle.cancel()
        return before

    assert asyncio.run(main()) == 0


@settings(deadline=None)
@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_who_waits_for_the_rest_has_reached_the_deadline(now: float, wait: float) -> None:
    """After a wait of `deadline - monotonic()` the deadline is reached, whatever rounding does."""
    clock, deadline = FakeClock(now), now + wait
    assert clock._agenda.moment(deadline - now) >= deadline


@settings(deadline=None)
@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_moments_are_near(now: float, seconds: float) -> None:
    """The moment after some seconds is the nearest number, or its neighbour where that is as near."""
    moment = FakeClock(now)._agenda.moment(seconds)
    assert moment in (now + seconds, math.nextafter(now + seconds, math.inf))


def test_same_trace_each_time(run_clean: Callable[..., Any]) -> None:
    """Twenty tasks with random waits and scopes do the same at the same moments in each of 100 runs."""

    async def worker(clock: FakeClock, number: int, seen: Trace) -> None:
        dice = random.Random(number)
        await clock.sleep(number / 1024)  # one after the other: trio begins tasks in any order
        for step in range(10):
            with clock.scope(dice.choice((5, 10))) as scope:
                await clock.sleep(dice.choice((1, 3, 5, 10, 20)))
            seen.append((clock.monotonic(), (number, step, scope.cut)))

    async def main() -> Trace:
        clock, seen = FakeClock(), []  # type: ignore[var-annotated]
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(worker, clock, number, seen)
        return seen

    first = run_clean(main)
    assert len(first) == 200
    assert all(run_clean(main) == first for _ in range(99))
