"""What can be observed: plain callbacks in the order of events."""

from enum import Enum

from cano_dsl.errors import Branch
from cano_dsl.spec import Run


class Observer:
    """Derive from this and override what you want to see; only hooks that are overridden are called.

    Hooks are plain functions, called where the event happens: be quick. That is the thread of the run's
    event loop, for `progress` the thread that the handler runs in. One that raises is logged to the logger
    `cano_dsl`, and the run goes on.

    | hook | when |
    | --- | --- |
    | `run_started` | before any resource is set up |
    | `run_resumed` | a saved run goes on at `state`, once it is taken over; after `run_started` |
    | `checkpoint_written` | row `sequence` of the run's log is durable; `kind` as `cano show` lists it |
    | `state_entered` | before a state's handler; not for exits, which `run_finished` names |
    | `attempt_started` | before each call of the handler, from attempt 1 |
    | `branch_started` | a split begins a branch |
    | `branch_finished` | it has ended: with its error, or without one; also after the join was decided |
    | `progress` | the handler called `run.progress(done, total)` |
    | `attempt_succeeded` | the handler returned `target`; whether it was declared is checked next |
    | `attempt_failed` | the handler raised an `Exception` |
    | `retry_scheduled` | it will be called again after `delay_s` seconds |
    | `call_rejected` | it was not called: `CircuitOpen` or `RateLimited` |
    | `compensation_started` | the run failed, or asked for a rollback; before what undoes `state` is called |
    | `compensation_done` | it has undone what `state` did |
    | `compensation_failed` | it raised, or was cut when the time for compensations was over |
    | `teardown_failed` | a resource's teardown raised or took too long; the outcome stays as it is |
    | `timed_out` | the total timeout of the run was over |
    | `cancelled` | the run was cancelled, from without or by its handle |
    | `run_finished` | after teardown: with the exit, or with the error that `run` raises |

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Observer, Run, Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work() -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> class Printer(Observer):
        ...     def state_entered(self, run: Run, state: Enum) -> None:
        ...         print(run.workflow, "entered", state)
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> jobs.configure(observers=[Printer()]).run_sync()
        Job entered Job.WORK
        <Job.DONE: 2>
    """

    def run_started(self, run: Run) -> None:
        """See a run before its resources are set up."""

    def run_finished(self, run: Run, exit: Enum | None, error: BaseException | None) -> None:  # noqa: A002
        """See a run's end: the exit that it reached, or the error (also a cancel) that ended it."""

    def run_resumed(self, run: Run, state: Enum) -> None:
        """See that a saved run goes on: at a state, or with the rollback that it stood in there."""

    def checkpoint_written(self, run: Run, sequence: int, kind: str) -> None:
        """See that a row of the run's log is durable."""

    def cancelled(self, run: Run) -> None:
        """See that a run was cancelled; `run_finished` follows."""

    def timed_out(self, run: Run, elapsed_s: float, limit_s: float) -> None:
        """See that a run's total timeout was over; compensations and `run_finished` follow."""

    def state_entered(self, run: Run, state: Enum) -> None:
        """See a state before its handler is called."""

    def attempt_started(self, run: Run, state: Enum, attempt: int) -> None:
        """See a call of a handler."""

    def attempt_succeeded(self, run: Run, state: Enum, attempt: int, target: object) -> None:
        """See what a handler returned."""

    def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
        """See what a handler raised."""

    def retry_scheduled(
        self,
        run: Run,
        state: Enum,
        attempt: int,
        error: Exception,
        delay_s: float,
        branch: Branch | None,
    ) -> None:
        """See that attempt `attempt` failed and the next follows; `branch` is None but in a split."""

    def call_rejected(self, run: Run, state: Enum, error: Exception, branch: Branch | None) -> None:
        """See that a breaker or limiter let no call through; `branch` is None but in a split."""

    def branch_started(self, run: Run, state: Enum, branch: Branch) -> None:
        """See a branch of a split begin."""

    def branch_finished(self, run: Run, state: Enum, branch: Branch, error: BaseException | None) -> None:
        """See a branch of a split end; the error may be the cancel of one that is not needed any more."""

    def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
        """See how far a handler says it is."""

    def compensation_started(self, run: Run, state: Enum, output: object) -> None:
        """See that what a state did is being undone; `run.state` is that state."""

    def compensation_done(self, run: Run, state: Enum, output: object) -> None:
        """See that it is undone."""

    def compensation_failed(self, run: Run, state: Enum, output: object, error: BaseException) -> None:
        """See that it is not undone."""

    def teardown_failed(self, resource: str, error: BaseException) -> None:
        """See that a resource was not torn down as it should."""
