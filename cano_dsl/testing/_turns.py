"""When nothing is ready to run: how a clock that is not real learns that its time may go on.

A loop is quiet when in two turns of it, one after the other and with a look at its I/O between them, nothing
was ready but the look itself. Nothing here is a task, and nothing is a timer of the loop, so that nothing has
to be ended; and the loop sleeps where the clock may not jump.
"""

import asyncio
from contextvars import Context
from typing import Protocol
from weakref import WeakKeyDictionary

from cano_dsl.scope import work_of_threads

QUIET_TURNS = 2
BLIND_TURNS = 100  # where a loop does not say what is ready; ample for tasks that hand on to each other


class Jumper(Protocol):
    """The clock, as the turns of a loop see it."""

    def may_jump(self) -> bool:
        """Tell whether time should go on when all tasks are blocked."""
        ...

    def jump(self) -> None:
        """Go to the next moment at which something is due, and do that one thing."""
        ...


class Turns(Protocol):
    """Watches the running loop for as long as anything is due in it."""

    def begin(self) -> None:
        """Begin to watch."""
        ...

    def nudge(self) -> None:
        """Look again whether the clock may jump."""
        ...

    def end(self) -> None:
        """Stop, and leave nothing behind."""
        ...

    def are_here(self) -> bool:
        """Tell whether the caller runs in the loop that is watched."""
        ...

    def are_over(self) -> bool:
        """Tell whether that loop has ended, so that nothing becomes due in it any more."""
        ...


# How many clocks have a look scheduled in a loop.
_looks: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


class AsyncioTurns:
    """A callback that schedules itself again until nothing else is ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Jumper) -> None:
        self._loop = loop
        self._clock = clock
        self._handle: asyncio.Handle | None = None
        self._quiet = 0

    def begin(self) -> None:
        """Begin to watch; be told when the last call comes back from a thread."""
        work = work_of_threads()
        work.watchers = (*work.watchers, self.nudge)

    def nudge(self) -> None:
        """Schedule a look, if the clock may jump."""
        if self._handle is None and self._clock.may_jump() and not self._loop.is_closed():
            self._quiet = 0
            _looks[self._loop] = _looks.get(self._loop, 0) + 1
            self._again()

    def end(self) -> None:
        """Stop; also where the loop has ended."""
        work = work_of_threads()
        work.watchers = tuple(tell for tell in work.watchers if tell != self.nudge)
        if self._handle is not None:
            self._handle.cancel()
            self._rest()

    def are_here(self) -> bool:
        """Tell whether the caller runs in the loop that is watched."""
        return asyncio_loop() is self._loop

    def are_over(self) -> bool:
        """Tell whether the loop is closed."""
        return self._loop.is_closed()

    def _again(self) -> None:
        self._handle = self._loop.call_soon(self._look, context=Context())

    def _rest(self) -> None:
        self._handle = None
        _looks[self._loop] -= 1

    def _look(self) -> None:
        if not self._clock.may_jump():
            self._rest()
            return
        waiting = ready_callbacks(self._loop)
        others = waiting is not None and waiting >= _looks[self._loop]  # this look waits no more
        self._quiet = 0 if others else self._quiet + 1
        if self._quiet >= (QUIET_TURNS if waiting is not None else BLIND_TURNS):
            self._quiet = 0
            self._clock.jump()
        if self._handle is not None:  # nothing was due any more
            self._again()


def asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """Give the loop whose task is the caller; None in a task of trio."""
    try:
        return asyncio.get_running_loop() if asyncio.current_task() is not None else None
    except RuntimeError:
        return None


def ready_callbacks(loop: asyncio.AbstractEventLoop) -> int | None:
    """Count the callbacks that wait for their turn; None where a loop does not say."""
    ready = getattr(loop, "_ready", None)
    return None if ready is None else len(ready)


def turns_here(clock: Jumper) -> Turns:
    """Make what watches the loop whose task is the caller."""
    loop = asyncio_loop()
    if loop is not None:
        return AsyncioTurns(loop, clock)
    from cano_dsl.testing._trio_turns import TrioTurns

    return TrioTurns(clock)
