"""Cancel scopes that end in fake time."""

from types import TracebackType
from typing import Self

import anyio

from cano_dsl.testing._agenda import Agenda, Due


class FakeScope:
    """A cancel scope that ends in a fake clock's time, and a guard; made by the clock."""

    def __init__(self, agenda: Agenda, seconds: float, *, shield: bool = False) -> None:
        self._agenda = agenda
        self._scope = anyio.CancelScope(shield=shield)
        self._task = anyio.get_current_task()
        self._moment = agenda.moment(seconds)
        self._due: Due | None = None

    def __enter__(self) -> Self:
        self._scope.__enter__()
        self._set(self._moment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        self._agenda.remove(self._due)
        self._due = None
        return self._scope.__exit__(kind, error, trace)

    def protect(self, seconds: float) -> None:
        """From now on hold off outer scopes, and cut what is inside after `seconds`."""
        if anyio.get_current_task() != self._task:  # as test fixtures do; a scope is left by its own task
            self._scope = anyio.CancelScope()
            self._scope.__enter__()
        self._scope.shield = True
        self.bound(seconds)

    def bound(self, seconds: float) -> None:
        """From now on cut what is inside after `seconds`; infinite for never."""
        self._set(self._agenda.moment(seconds))

    def cancel(self) -> None:
        """Cut what is inside now."""
        self._scope.cancel()

    @property
    def cut(self) -> bool:
        """Whether the time ran out, or it was cancelled."""
        return self._scope.cancel_called

    def _set(self, moment: float) -> None:
        self._agenda.remove(self._due)
        self._due = None
        if moment <= self._agenda.time:
            self._scope.cancel()
        elif not self._scope.cancel_called:
            self._due = self._agenda.add(moment, self._scope.cancel)
