"""The one seam through which the engine sees time."""

import time
from contextlib import AbstractContextManager
from typing import Protocol

import anyio


class Deadline(Protocol):
    """What a scope tells after its block: whether the time ran out."""

    @property
    def cancelled_caught(self) -> bool:
        """True when the block was cut because the time ran out."""
        ...


class Clock(Protocol):
    """Where time comes from; the engine asks nothing else."""

    def monotonic(self) -> float:
        """Give seconds since an arbitrary moment; never goes back."""
        ...

    def shielded(self, seconds: float) -> AbstractContextManager[Deadline]:
        """Open a scope that outer cancel scopes do not reach and that ends after `seconds`."""
        ...


class SystemClock:
    """The machine's own clock and the backend's own scopes."""

    def monotonic(self) -> float:
        """Give `time.monotonic()`."""
        return time.monotonic()

    def shielded(self, seconds: float) -> AbstractContextManager[Deadline]:
        """Give a shielded anyio scope that is cut after `seconds`."""
        return anyio.move_on_after(seconds, shield=True)


SYSTEM_CLOCK: Clock = SystemClock()
