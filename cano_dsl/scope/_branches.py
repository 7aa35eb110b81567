"""Branches that run at once and are all ended before anything goes on, on asyncio and trio alike.

Each branch is a task of the loop's own with a cancel scope inside it: on asyncio a task group of anyio costs
five times as much, and bare `Task.cancel()` leaves threads running and ignores shields. The tasks lie outside
the caller's scopes, so the caller passes on whatever cancels it, waits for every branch in a shielded scope,
and raises the first cancel again as the same object.
"""

import math
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, cast

import anyio

from cano_dsl.scope._clock import Clock
from cano_dsl.scope._spawn import InContext, asyncio_task, keep, spawner
from cano_dsl.scope._task import forget_cancels, is_cancel

ENDING_LIMIT_S = 30.0

PENDING, SUCCESS, FAILURE = 0, 1, 2


class Limits(NamedTuple):
    """When branches are decided; None where a number of them decides nothing.

    Attributes:
        enough: So many successes are enough.
        hopeless: With so many failures there cannot be enough.
    """

    enough: int | None
    hopeless: int | None


class Outcomes(NamedTuple):
    """What came of the branches.

    Attributes:
        total: How many there are.
        marks: What each came to: `SUCCESS`, `FAILURE`, or `PENDING` for one that was cancelled or not begun.
        values: Each one's value, or its error.
        successes: How many succeeded before the decision.
        failures: How many failed before it.
        expired: Whether time ran out before a decision.
        stuck: Those that did not end within 30 s of being cancelled.
    """

    total: int
    marks: bytes
    values: list[Any]
    successes: int
    failures: int
    expired: bool
    stuck: tuple[int, ...]


class Race:
    """What has come of the branches so far, and how they ended: `Outcomes` in the making.

    Attributes:
        workers: The tasks, by number.
        left: How many tasks have not ended yet.
        fatal: What must end everything.
    """

    __slots__ = (
        "_at",
        "_closed",
        "_decided",
        "_ended",
        "_enough",
        "_gone",
        "_hopeless",
        "_open",
        "count",
        "expired",
        "failures",
        "fatal",
        "left",
        "marks",
        "stuck",
        "successes",
        "values",
        "workers",
    )

    def __init__(self, count: int, limits: Limits, workers: int) -> None:
        self.count = count
        self.marks = bytearray(count)
        self.values: list[Any] = [None] * count
        self.successes = 0
        self.failures = 0
        self.expired = False
        self.stuck: tuple[int, ...] = ()
        self.fatal: BaseException | None = None
        self.workers = range(workers)
        self._at = list(self.workers)  # the branch that each worker is at
        self._enough, self._hopeless = limits
        self.left = workers
        self._gone = bytearray(workers)
        self._open = count  # without an outcome
        self._closed = False
        self._decided = anyio.Event()
        self._ended = anyio.Event()

    def succeed(self, index: int, value: Any) -> None:
        """Count a success; one after the decision counts as cancelled."""
        if self._closed:
            return
        self.marks[index] = SUCCESS
        self.values[index] = value
        self.successes += 1
        self._open -= 1
        if not self._open or self.successes == self._enough:
            self.close()

    def fail(self, index: int, error: BaseException) -> None:
        """Count a failure; one after the decision counts as cancelled."""
        if self._closed:
            return
        self.marks[index] = FAILURE
        self.values[index] = error
        self.failures += 1
        self._open -= 1
        if not self._open or self.failures == self._hopeless:
            self.close()

    def close(self) -> None:
        """Decide: nothing counts any more."""
        self._closed = True
        self._decided.set()

    async def one(self, index: int, start: Callable[[int], Awaitable[Any]], scope: Any) -> None:
        """Run one branch, in a task of its own."""
        if not self._closed:
            try:
                with scope:
                    try:
                        value = await start(index)
                    except BaseException as error:
                        if self._ends(index, error, scope):
                            raise
                    else:  # `succeed`, which as a call is a fiftieth of a branch
                        if not self._closed:
                            self.marks[index] = SUCCESS
                            self.values[index] = value
                            self.successes += 1
                            if self.successes == self._enough:
                                self.close()
            except BaseException as error:  # noqa: BLE001 - raised by the caller, in whose task it belongs
                self._abort(error)
        self.left -= 1
        self._gone[index] = 1
        if not self.left:
            self.close()  # also where no number of successes is enough
            self._ended.set()

    async def several(
        self, worker: int, indexes: Iterator[int], start: Callable[[int], Awaitable[Any]], scope: Any
    ) -> None:
        """Run branches one after the other, in a task of their own."""
        task = asyncio_task()
        try:
            with scope:
                while not self._closed and (index := next(indexes, None)) is not None:
                    self._at[worker] = index
                    try:
                        value = await InContext(start, index)
                    except BaseException as error:
                        if self._ends(index, error, scope):
                            raise
                    else:
                        self.succeed(index, value)
                    if task is not None and task.cancelling():
                        forget_cancels(task)  # the branch's own, which must not reach the next one
        except BaseException as error:  # noqa: BLE001 - see `one`
            self._abort(error)
        self.left -= 1
        self._gone[worker] = 1
        if not self.left:
            self._ended.set()

    def _ends(self, index: int, error: BaseException, scope: Any) -> bool:
        """Count what a branch raised, unless it is a cancel by its scope or must end everything."""
        if not isinstance(error, Exception) and (scope.cancel_called or _fatal_part(error) is not None):
            return True
        self.fail(index, error)  # a cancel that is not ours: somebody else cancelled the task
        return False

    def _abort(self, error: BaseException) -> None:
        """Keep what must end everything; errors and cancels that come after the decision count no more.

        An `Exception` before it is raised by the scope, which the branch has left in disorder.
        """
        if self.fatal is None:
            self.fatal = error if isinstance(error, Exception) and not self._closed else _fatal_part(error)
        self.close()

    def without(self, workers: int) -> None:
        """Count out the last workers, which could not be started; nothing counts any more."""
        for worker in self.workers[len(self.workers) - workers :]:
            self._gone[worker] = 1
        self.left -= workers
        self.close()

    async def decision(self, clock: Clock, timeout_s: float | None) -> BaseException | None:
        """Wait for the decision or the end of the time; give what cancelled the waiting."""
        try:
            if timeout_s is None:
                await self._decided.wait()
            else:
                with clock.scope(timeout_s):
                    await self._decided.wait()
        except GeneratorExit:  # closed by hand, or with its loop: there is nothing to wait with
            raise
        except BaseException as error:  # noqa: BLE001 - see `one`
            self._closed = True
            return error
        self.expired = not self._closed
        self._closed = True
        return None

    async def end(self, scopes: Iterable[Any], clock: Clock, limit_s: float) -> BaseException | None:
        """Cancel what still runs and wait for it, at most so long; give what cancelled the waiting."""
        first: BaseException | None = None
        self.cancel(scopes)
        until = clock.monotonic() + limit_s
        while self.left:
            rest = until - clock.monotonic()
            if rest <= 0:
                self.stuck = tuple(self._at[worker] for worker, gone in enumerate(self._gone) if not gone)
                break
            try:
                with clock.scope(rest, shield=True):
                    await self._ended.wait()
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - raised by the caller, in whose task it belongs
                if first is None:
                    first = error
        return first

    def cancel(self, scopes: Iterable[Any]) -> None:
        """Cancel what still runs."""
        self._closed = True
        for scope, gone in zip(scopes, self._gone, strict=True):
            if not gone:
                scope.cancel()

    def release(self) -> "Outcomes":
        """Give what came of the branches, and keep none of it.

        Errors know the frames that they went through, and those know the race: it would be a cycle.
        """
        values, self.values = self.values, []
        return Outcomes(
            total=self.count,
            marks=bytes(self.marks),
            values=values,
            successes=self.successes,
            failures=self.failures,
            expired=self.expired,
            stuck=self.stuck,
        )


async def run_branches(
    start: Callable[[int], Awaitable[Any]],
    count: int,
    limits: Limits,
    *,
    clock: Clock,
    timeout_s: float | None = None,
    bulkhead: int | None = None,
    can_be_cut: bool = True,
) -> Outcomes:
    """Run branches at once until they are decided, end the rest, and give what came of them.

    They start in order, at most `bulkhead` at once, and then with as many tasks. A branch never ends the
    others by its error: that counts as a failure.

    Args:
        start: Begins one, by its number from 0.
        count: How many there are, at least one.
        limits: When they are decided; at the latest when all have ended.
        clock: Where time comes from.
        timeout_s: After how many seconds they are ended undecided.
        bulkhead: How many run at once; None for all.
        can_be_cut: Whether a branch that goes on for 30 s after its cancel is left behind; one in a thread
            is always waited for.

    Raises:
        BaseException: What cancelled the caller, or what no branch may keep to itself, such as
            KeyboardInterrupt; every branch has ended.
    """
    many = bulkhead is None or bulkhead >= count
    race = Race(count, limits, count if many else cast("int", bulkhead))
    make = type(anyio.CancelScope())
    scopes = [make() for _ in race.workers]
    tasks: list[Any] = []
    first = second = None
    try:
        first = _spawn_all(race, _works(race, start, scopes), tasks)
        if first is None:
            first = await race.decision(clock, timeout_s)
        if race.left:
            second = await race.end(scopes, clock, ENDING_LIMIT_S if can_be_cut else math.inf)
        if race.left:
            keep(tasks)
        for error in (race.fatal, first, second):
            if error is not None:
                race.release()
                raise error
    except GeneratorExit:
        with suppress(RuntimeError):  # no loop runs any more
            race.cancel(scopes)
        raise
    finally:
        del tasks
        race.fatal = first = second = error = None  # with its traceback it would be a cycle
    return race.release()


def _works(
    race: Race, start: Callable[[int], Awaitable[Any]], scopes: list[Any]
) -> Iterator[Coroutine[Any, Any, None]]:
    """Give the work of each task: a branch of its own, or where there are fewer tasks one after the other."""
    if len(scopes) == race.count:
        return (race.one(index, start, scope) for index, scope in enumerate(scopes))
    shared = iter(range(race.count))
    return (race.several(worker, shared, start, scope) for worker, scope in enumerate(scopes))


def _spawn_all(
    race: Race, works: Iterator[Coroutine[Any, Any, None]], tasks: list[Any]
) -> BaseException | None:
    """Start every worker; where one cannot be started, give why, and count out the rest."""
    spawn = spawner()
    for work in works:
        try:
            tasks.append(spawn(work))
        except BaseException as error:  # noqa: BLE001 - see `one`
            work.close()
            race.without(len(race.workers) - len(tasks))
            return error
    return None


def _fatal_part(error: BaseException) -> BaseException | None:
    """Give what is no `Exception` and no cancel, such as KeyboardInterrupt; of a group all but cancels."""
    if not isinstance(error, BaseExceptionGroup):
        return None if isinstance(error, Exception) or is_cancel(error) else error
    rest = error.subgroup(lambda part: not is_cancel(part))
    return None if isinstance(rest, ExceptionGroup) else rest
