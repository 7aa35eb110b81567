"""The turns of a trio loop, seen by an instrument; imported only where trio runs."""

from contextlib import suppress

import trio

from cano_dsl.testing._turns import QUIET_TURNS, Jumper


class TrioTurns(trio.abc.Instrument):
    """Lets the loop go round once more when it is about to sleep, and sees whether anything became ready."""

    def __init__(self, clock: Jumper) -> None:
        self._clock = clock
        self._token = trio.lowlevel.current_trio_token()
        self._is_active = False
        self._is_over = False
        self._is_alone = False
        self._quiet = 0

    def begin(self) -> None:
        """Begin to watch."""
        self._is_active = True
        trio.lowlevel.add_instrument(self)

    def nudge(self) -> None:
        """Do nothing: each time that the loop would sleep it is looked at anyway."""

    def end(self) -> None:
        """Stop; also where the loop has ended."""
        self._is_active = False
        if not self._is_over:
            with suppress(KeyError):
                trio.lowlevel.remove_instrument(self)

    def are_here(self) -> bool:
        """Tell whether the caller runs in the loop that is watched."""
        try:
            return trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            return False

    def are_over(self) -> bool:
        """Tell whether the loop has ended."""
        return self._is_over

    def before_io_wait(self, timeout: float) -> None:
        """Wake the loop at once where it would sleep and the clock may jump."""
        if timeout > 0 and self._clock.may_jump():
            self._token.run_sync_soon(self._look, idempotent=True)
        else:
            self._quiet = 0

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - the instrument's signature
        """See whether the task that makes the look is the only one that is ready."""
        self._is_alone = trio.lowlevel.current_statistics().tasks_runnable <= 1

    def after_run(self) -> None:
        """Know that nothing becomes due any more."""
        self._is_over = True

    def _look(self) -> None:
        if not self._is_active or not self._clock.may_jump():
            return
        if not self._is_alone or trio.lowlevel.current_statistics().tasks_runnable:
            self._quiet = 0
            return
        self._quiet += 1
        if self._quiet >= QUIET_TURNS:
            self._quiet = 0
            self._clock.jump()
