"""The hooks that are there, by event; what nobody overrides is None and costs nothing."""

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from cano_dsl.errors import SignatureError
from cano_dsl.observe._observer import Observer

Emit: TypeAlias = Callable[..., None]

HOOKS = (
    "run_started",
    "run_finished",
    "run_resumed",
    "checkpoint_written",
    "cancelled",
    "timed_out",
    "state_entered",
    "attempt_started",
    "attempt_succeeded",
    "attempt_failed",
    "retry_scheduled",
    "call_rejected",
    "branch_started",
    "branch_finished",
    "progress",
    "compensation_started",
    "compensation_done",
    "compensation_failed",
    "teardown_failed",
)

logger = logging.getLogger("cano_dsl")


@dataclass(frozen=True, slots=True)
class Events:
    """One call for each event that somebody observes."""

    run_started: Emit | None = None
    run_finished: Emit | None = None
    run_resumed: Emit | None = None
    checkpoint_written: Emit | None = None
    cancelled: Emit | None = None
    timed_out: Emit | None = None
    state_entered: Emit | None = None
    attempt_started: Emit | None = None
    attempt_succeeded: Emit | None = None
    attempt_failed: Emit | None = None
    retry_scheduled: Emit | None = None
    call_rejected: Emit | None = None
    branch_started: Emit | None = None
    branch_finished: Emit | None = None
    progress: Emit | None = None
    compensation_started: Emit | None = None
    compensation_done: Emit | None = None
    compensation_failed: Emit | None = None
    teardown_failed: Emit | None = None

    @property
    def of_attempts(self) -> bool:
        """Whether anything about attempts is observed, so that each handler's call must be accompanied."""
        return any((self.attempt_started, self.attempt_succeeded, self.attempt_failed))

    @property
    def of_branches(self) -> bool:
        """Whether anything about the branches of splits is observed."""
        return self.branch_started is not None or self.branch_finished is not None


def events_of(observers: Iterable[Observer]) -> Events | None:
    """Sort observers by what they override, in the order given; None when there is nothing to call.

    Raises:
        SignatureError: Something is not an observer, or a hook of it is async.
    """
    chosen: dict[str, list[Emit]] = {}
    for observer in observers:
        if isinstance(observer, type) or not isinstance(observer, Observer):
            raise SignatureError(
                what=f"{observer!r} is not an observer", fix="Give objects of a subclass of Observer"
            )
        for name in HOOKS:
            hook = getattr(observer, name)
            if getattr(hook, "__func__", hook) is getattr(Observer, name):
                continue
            if inspect.iscoroutinefunction(hook):
                raise SignatureError(
                    what=f"observer {type(observer).__name__} has an async {name}",
                    fix="Make it a plain function: hooks are called, not awaited",
                )
            chosen.setdefault(name, []).append(hook)
    return Events(**{name: _emit(name, tuple(hooks)) for name, hooks in chosen.items()}) if chosen else None


def _emit(name: str, hooks: tuple[Emit, ...]) -> Emit:
    def emit(*arguments: Any) -> None:
        for hook in hooks:
            try:
                hook(*arguments)
            except Exception:
                logger.exception("observer hook %s of %r failed", name, getattr(hook, "__self__", hook))

    return emit
