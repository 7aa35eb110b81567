"""An observer that remembers, for assertions."""

from enum import Enum
from typing import Any, NamedTuple

from cano_dsl.errors import Branch
from cano_dsl.observe import Observer
from cano_dsl.spec import Run


class Event(NamedTuple):
    """One event as it was observed.

    Attributes:
        name: The hook, such as `state_entered`.
        run_id: The run it belongs to; empty for `teardown_failed`, which belongs to none.
        details: The hook's other arguments, by name.
    """

    name: str
    run_id: str
    details: dict[str, Any]


class Recorder(Observer):
    """Remember every event in order.

    Attributes:
        events: All events of all runs.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.testing import Recorder
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> recorder = Recorder()
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> jobs = jobs.configure(observers=[recorder])
        >>> jobs.run_sync()
        <Job.DONE: 2>
        >>> recorder.path(), recorder.names()[-1]
        ((<Job.WORK: 1>,), 'run_finished')
    """

    def __init__(self) -> None:
        self.events: list[Event] = []

    def names(self, run_id: str | None = None) -> list[str]:
        """Give the names of the events, of one run or of all."""
        return [event.name for event in self.events if run_id in (None, event.run_id)]

    def path(self, run_id: str | None = None) -> tuple[Enum, ...]:
        """Give the states entered, of one run or of all; exits are not entered."""
        entered = (event for event in self.events if event.name == "state_entered")
        return tuple(event.details["state"] for event in entered if run_id in (None, event.run_id))

    def clear(self) -> None:
        """Forget everything."""
        self.events.clear()

    def _add(self, name: str, run_id: str, **details: Any) -> None:
        self.events.append(Event(name, run_id, details))

    def run_started(self, run: Run) -> None:
        """Remember."""
        self._add("run_started", run.run_id)

    def run_finished(self, run: Run, exit: Enum | None, error: BaseException | None) -> None:  # noqa: A002
        """Remember."""
        self._add("run_finished", run.run_id, exit=exit, error=error)

    def run_resumed(self, run: Run, state: Enum) -> None:
        """Remember."""
        self._add("run_resumed", run.run_id, state=state)

    def checkpoint_written(self, run: Run, sequence: int, kind: str) -> None:
        """Remember."""
        self._add("checkpoint_written", run.run_id, sequence=sequence, kind=kind)

    def cancelled(self, run: Run) -> None:
        """Remember."""
        self._add("cancelled", run.run_id)

    def timed_out(self, run: Run, elapsed_s: float, limit_s: float) -> None:
        """Remember."""
        self._add("timed_out", run.run_id, elapsed_s=elapsed_s, limit_s=limit_s)

    def state_entered(self, run: Run, state: Enum) -> None:
        """Remember."""
        self._add("state_entered", run.run_id, state=state)

    def attempt_started(self, run: Run, state: Enum, attempt: int) -> None:
        """Remember."""
        self._add("attempt_started", run.run_id, state=state, attempt=attempt)

    def attempt_succeeded(self, run: Run, state: Enum, attempt: int, target: object) -> None:
        """Remember."""
        self._add("attempt_succeeded", run.run_id, state=state, attempt=attempt, target=target)

    def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
        """Remember."""
        self._add("attempt_failed", run.run_id, state=state, attempt=attempt, error=error)

    def retry_scheduled(
        self,
        run: Run,
        state: Enum,
        attempt: int,
        error: Exception,
        delay_s: float,
        branch: Branch | None,
    ) -> None:
        """Remember."""
        facts = {"attempt": attempt, "error": error, "delay_s": delay_s, "branch": branch}
        self._add("retry_scheduled", run.run_id, state=state, **facts)

    def call_rejected(self, run: Run, state: Enum, error: Exception, branch: Branch | None) -> None:
        """Remember."""
        self._add("call_rejected", run.run_id, state=state, error=error, branch=branch)

    def branch_started(self, run: Run, state: Enum, branch: Branch) -> None:
        """Remember."""
        self._add("branch_started", run.run_id, state=state, branch=branch)

    def branch_finished(self, run: Run, state: Enum, branch: Branch, error: BaseException | None) -> None:
        """Remember."""
        self._add("branch_finished", run.run_id, state=state, branch=branch, error=error)

    def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
        """Remember."""
        self._add("progress", run.run_id, state=state, done=done, total=total)

    def compensation_started(self, run: Run, state: Enum, output: object) -> None:
        """Remember."""
        self._add("compensation_started", run.run_id, state=state, output=output)

    def compensation_done(self, run: Run, state: Enum, output: object) -> None:
        """Remember."""
        self._add("compensation_done", run.run_id, state=state, output=output)

    def compensation_failed(self, run: Run, state: Enum, output: object, error: BaseException) -> None:
        """Remember."""
        self._add("compensation_failed", run.run_id, state=state, output=output, error=error)

    def teardown_failed(self, resource: str, error: BaseException) -> None:
        """Remember."""
        self._add("teardown_failed", "", resource=resource, error=error)
