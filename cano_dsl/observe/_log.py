"""Observation through the standard library's logging."""

import logging
from enum import Enum

from cano_dsl.errors import Branch, Cancelled, named, shown, told
from cano_dsl.observe._observer import Observer
from cano_dsl.scope import is_cancel
from cano_dsl.spec import Run


class LogObserver(Observer):
    """Log every event, with the run's facts as extra fields `workflow`, `run_id` and `state`.

    Starts, ends, resumes, states and compensations at INFO, attempts, progress and rows of the log at DEBUG,
    failed attempts, retries, timeouts and cancels at WARNING, failed runs, compensations and teardowns at
    ERROR.

    Args:
        logger: Where to; the logger `cano_dsl.runs` when left out.

    Example:
        >>> from cano_dsl import LogObserver
        >>> LogObserver().logger.name
        'cano_dsl.runs'
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self.logger = logger if logger is not None else logging.getLogger("cano_dsl.runs")

    def _log(self, level: int, run: Run, text: str, *arguments: object) -> None:
        extra = {"workflow": run.workflow, "run_id": run.run_id, "state": run.state_name}
        self.logger.log(level, "run %s of %s: " + text, run.run_id, run.workflow, *arguments, extra=extra)  # noqa: G003 - both are formats

    def run_started(self, run: Run) -> None:
        """Log at INFO."""
        self._log(logging.INFO, run, "started at %s", named(run.state))

    def run_finished(self, run: Run, exit: Enum | None, error: BaseException | None) -> None:  # noqa: A002
        """Log at INFO with the exit, or at ERROR with the error; a cancel has been logged already."""
        if exit is not None:
            self._log(logging.INFO, run, "finished at %s", named(exit))
        elif error is not None and not is_cancel(error) and not isinstance(error, Cancelled):
            self._log(logging.ERROR, run, "failed: %s", told(error))

    def run_resumed(self, run: Run, state: Enum) -> None:
        """Log at INFO."""
        self._log(logging.INFO, run, "resumed at %s", named(state))

    def checkpoint_written(self, run: Run, sequence: int, kind: str) -> None:
        """Log at DEBUG."""
        self._log(logging.DEBUG, run, "wrote row %d: %s", sequence, kind)

    def cancelled(self, run: Run) -> None:
        """Log at WARNING."""
        self._log(logging.WARNING, run, "cancelled in %s", named(run.state))

    def timed_out(self, run: Run, elapsed_s: float, limit_s: float) -> None:
        """Log at WARNING."""
        self._log(logging.WARNING, run, "took %.3g s, more than its timeout of %g s", elapsed_s, limit_s)

    def state_entered(self, run: Run, state: Enum) -> None:
        """Log at INFO."""
        self._log(logging.INFO, run, "entered %s", named(state))

    def attempt_started(self, run: Run, state: Enum, attempt: int) -> None:
        """Log at DEBUG."""
        self._log(logging.DEBUG, run, "attempt %d at %s", attempt, named(state))

    def attempt_succeeded(self, run: Run, state: Enum, attempt: int, target: object) -> None:
        """Log at DEBUG."""
        got = named(target) if isinstance(target, Enum) else shown(target)
        self._log(logging.DEBUG, run, "attempt %d at %s gave %s", attempt, named(state), got)

    def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
        """Log at WARNING."""
        self._log(logging.WARNING, run, "attempt %d at %s raised %s", attempt, named(state), told(error))

    def retry_scheduled(
        self,
        run: Run,
        state: Enum,
        attempt: int,
        error: Exception,
        delay_s: float,
        branch: Branch | None,
    ) -> None:
        """Log at WARNING."""
        where = f"branch {branch.name} of {named(state)}" if branch is not None else named(state)
        text = "attempt %d at %s raised %s, the next in %.3g s"
        self._log(logging.WARNING, run, text, attempt, where, told(error), delay_s)

    def call_rejected(self, run: Run, state: Enum, error: Exception, branch: Branch | None) -> None:
        """Log at WARNING."""
        where = f"branch {branch.name} of {named(state)}" if branch is not None else named(state)
        self._log(logging.WARNING, run, "%s %s", where, error)

    def branch_started(self, run: Run, state: Enum, branch: Branch) -> None:
        """Log at DEBUG."""
        self._log(logging.DEBUG, run, "branch %s of %s started", branch.name, named(state))

    def branch_finished(self, run: Run, state: Enum, branch: Branch, error: BaseException | None) -> None:
        """Log at DEBUG, or at WARNING with the error."""
        if error is None:
            self._log(logging.DEBUG, run, "branch %s of %s succeeded", branch.name, named(state))
        elif is_cancel(error):
            self._log(logging.DEBUG, run, "branch %s of %s was cancelled", branch.name, named(state))
        else:
            told_error = told(error)
            self._log(
                logging.WARNING, run, "branch %s of %s raised %s", branch.name, named(state), told_error
            )

    def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
        """Log at DEBUG."""
        whole = "?" if total is None else f"{total:g}"
        self._log(logging.DEBUG, run, "%s at %g of %s", named(state), done, whole)

    def compensation_started(self, run: Run, state: Enum, output: object) -> None:
        """Log at INFO."""
        self._log(logging.INFO, run, "undoing %s: %s", named(state), shown(output))

    def compensation_done(self, run: Run, state: Enum, output: object) -> None:
        """Log at INFO."""
        self._log(logging.INFO, run, "undid %s: %s", named(state), shown(output))

    def compensation_failed(self, run: Run, state: Enum, output: object, error: BaseException) -> None:
        """Log at ERROR."""
        self._log(logging.ERROR, run, "could not undo %s: %s: %s", named(state), shown(output), told(error))

    def teardown_failed(self, resource: str, error: BaseException) -> None:
        """Log at ERROR."""
        self.logger.error("teardown of resource %s failed: %s", resource, told(error))
