"""What a run through a sub-workflow has for itself: its data, its total timeout, its number of transitions.

All of it is there only where the sub-workflow asks for it. What ends the sub-workflow is a failure of the
state in which it stands, so no inner edge takes it, and no inner retry repeats it.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from cano_dsl.errors import RunError, RunTimeout, TransitionsExhausted
from cano_dsl.plan._nested import Cell, Region
from cano_dsl.plan._outputs import Take
from cano_dsl.plan._recovery import Recovery
from cano_dsl.plan._step import Call, Step
from cano_dsl.scope import Clock
from cano_dsl.spec import DataCodec, Run, RunData, fitting


class Stay:
    """One run in one region, begun afresh each time it comes in.

    Attributes:
        region: The region.
        is_unknown: Whether a state that can be undone had to be cut, so that nobody knows what it did.
    """

    __slots__ = ("_began", "_clock", "_data", "_left", "is_unknown", "region")

    def __init__(self, region: Region, clock: Clock) -> None:
        self.region = region
        self.is_unknown = False
        self._clock = clock
        self._data: RunData[Any] | None = None
        self._began: float | None = None
        self._left = 0

    def begin(self) -> None:
        """Make the data, and let the time begin."""
        plan = self.region.plan
        self._data = None if plan.data is None else RunData(plan.data())
        self._left = plan.max_transitions or 0
        self._began = self._clock.monotonic()
        self.is_unknown = False

    @property
    def has_data(self) -> bool:
        """Whether it was entered, and has data of its own."""
        return self._data is not None

    def restore(self, value: Any) -> None:
        """Go on with data of an earlier process; the time and the number of transitions begin anew."""
        self.begin()
        self._data = RunData(value)

    @property
    def data(self) -> RunData[Any] | None:
        """The region's own data; None where it has none."""
        if self._began is None:  # it was not entered by its start
            self.begin()
        return self._data

    @property
    def left(self) -> float:
        """The seconds until its time is over, less than 0 afterwards; infinite without a limit."""
        limit_s = self.region.plan.timeout_s
        return math.inf if limit_s is None else limit_s - self._elapsed

    @property
    def _elapsed(self) -> float:
        return 0.0 if self._began is None else self._clock.monotonic() - self._began

    def boundary(self) -> None:
        """See a state before it is entered.

        Raises:
            RunTimeout: The time is over.
            TransitionsExhausted: So many states as may be left were left.
        """
        if self._began is None:  # as above
            self.begin()
        plan = self.region.plan
        if self.left <= 0:
            raise self.timeout()
        if plan.max_transitions is not None:
            if self._left <= 0:
                raise TransitionsExhausted(
                    limit=plan.max_transitions, within=self.region.path, workflow=plan.name
                )
            self._left -= 1

    def timeout(self) -> RunTimeout:
        """Say that the time is over; the run adds its place."""
        plan = self.region.plan
        return RunTimeout(
            elapsed_s=self._elapsed,
            limit_s=plan.timeout_s or 0.0,
            is_unknown=self.is_unknown,
            within=self.region.path,
            workflow=plan.name,
        )


class StayData:
    """The data of a sub-workflow as something that is saved with the run: written whole where it differs.

    Attributes:
        key: What it is saved under.
    """

    __slots__ = ("_codec", "_stay", "_written", "key")

    def __init__(self, stay: Stay) -> None:
        self.key = stay.region.data_key
        self._stay = stay
        self._codec: DataCodec | None = None
        self._written: bytes | None = None

    def attach(self, run_id: str, codec: DataCodec, saved: Mapping[str, bytes] | None) -> None:  # noqa: ARG002
        """Serve a run; brings back what was saved."""
        self._codec = codec
        self._written = saved.get(self.key) if saved is not None else None
        if self._written is not None:
            self._stay.restore(codec.decode(self.key, self._written, self._stay.region.plan.data))

    def take(self) -> Mapping[str, bytes | None]:
        """Give the data where its bytes differ from those written last; nothing before it is entered."""
        if self._codec is None or not self._stay.has_data:
            return {}
        data = self._stay.data
        value = data.value if data is not None else None
        found = self._codec.encode(self.key, value)
        if found == self._written:
            return {}
        fitting(self._codec, self.key, value, found, self._stay.region.plan.data)
        self._written = found
        return {self.key: found}

    def detach(self) -> None:
        """Serve no run any more."""
        self._codec = None


def opening(region: Region, slot: int | None) -> Call:
    """Make the call of the step that leads into a region."""
    start = region.plan.states[region.plan.graph.start]

    def call(*values: Any) -> Any:
        if slot is not None:
            values[slot].begin()
        return start

    return call


def within(inner: Call, slot: int, region: Region, clock: Clock, *, awaits: bool) -> Call:
    """See a state before it is entered, and cut it when the region's time is over."""

    def call(*values: Any) -> Any:
        values[slot].boundary()
        return timed(*values)

    timed = bound(inner, slot, region, clock) if awaits else inner
    return call


def bound(inner: Call, slot: int, region: Region, clock: Clock) -> Call:
    """Cut what is awaited when the region's time is over."""
    if region.plan.timeout_s is None:
        return inner

    async def call(*values: Any) -> Any:
        stay: Stay = values[slot]
        with clock.scope(stay.left):
            return await inner(*values)
        raise stay.timeout()

    return call


def overstayed(inner: Call, take: Take | None, slot: int, clock: Clock, budget_s: float) -> Call:
    """Cut a call when the region's time has been over for so long, in the task that nothing else cuts."""

    async def call(*values: Any) -> Any:
        stay: Stay = values[slot]
        with clock.scope(stay.left + budget_s):
            got = await inner(*values)
            return got if take is None else take(values, got)
        stay.is_unknown = True
        raise stay.timeout()

    return call


def closing(inner: Call, run_slot: int) -> Call:
    """Keep outcomes of a region's last split from the state that follows, which cannot know their type."""

    async def call(*values: Any) -> Any:
        target = await inner(*values)
        run: Run = values[run_slot]
        run._next = None  # noqa: SLF001 - kept off the type that handlers see
        return target

    return call


class Limit(NamedTuple):
    """A region that has a limit, and where its stay is among a run's values."""

    region: Region
    slot: int


def limits_of(cell: Cell, slots: Mapping[str, int]) -> tuple[Limit, ...]:
    """Find the regions that bound a state, the innermost first."""
    return tuple(Limit(region, slots[region.slot]) for region in cell.regions if region.is_limited)


class Bounded(NamedTuple):
    """How a state goes on after a failure where a region that it stands in has a limit.

    Attributes:
        own: Its own retry and error edges; None without.
        outward: The error edges of its regions from each one outwards, the innermost first.
        paths: The names of these regions.
        limits: Those of them that have a limit.
        clock: Where time comes from.
    """

    own: Recovery | None
    outward: tuple[Recovery, ...]
    paths: tuple[str, ...]
    limits: tuple[Limit, ...]
    clock: Clock

    def after(self, step: Step, error: Exception) -> Step:
        """Give what the loop calls next: a twin of the step, which raises again where nothing follows."""
        twin = step.twin()
        twin.call = partial(self._go_on, twin, [error])
        twin.awaits = True
        return twin

    async def _go_on(self, twin: Step, held: list[Exception], *values: Any) -> Any:
        error = held.pop()
        try:
            if self.own is not None and self._ended(error) is None:
                try:
                    return await self._own(self.own, twin, error, values)
                except Exception as raised:  # noqa: BLE001 - routed, or raised below
                    error = raised
            following = self.outward[self._ended(error) or 0].after(twin, error)
            following.attempt = twin.attempt
            return await following.call(*values)
        finally:
            del error  # with its traceback it would be a cycle

    async def _own(self, own: Recovery, twin: Step, error: Exception, values: tuple[Any, ...]) -> Any:
        again = own.after(twin, error)
        call: Call = again.call
        for region, slot in self.limits:
            call = bound(call, slot, region, self.clock)
        try:
            return await call(*values)
        finally:
            twin.attempt = again.attempt
            del error  # as above

    def _ended(self, error: Exception) -> int | None:
        """Say which region an error has ended; None where it is an error of the state."""
        if not isinstance(error, (RunTimeout, TransitionsExhausted)) or _is_from_elsewhere(error):
            return None
        return self.paths.index(error.within) if error.within in self.paths else None


def _is_from_elsewhere(error: RunError) -> bool:
    """Tell whether an error is that of another run, such as one that a handler waited for."""
    return error.is_placed
