"""Observers of one's own and ready-made ones."""

from enum import Enum
from typing import Literal, assert_type

from cano_dsl import LogObserver, Observer, Run, Workflow, state
from cano_dsl.testing import Event, Recorder


class Job(Enum):
    WORK = 1
    DONE = 2


@state(Job.WORK)
def work() -> Literal[Job.DONE]:
    return Job.DONE


class Printer(Observer):
    def run_started(self, run: Run) -> None:
        print(run.run_id)

    def state_entered(self, run: Run, state: Enum) -> None:
        print(state.name)

    def run_finished(self, run: Run, exit: Enum | None, error: BaseException | None) -> None:
        print(exit, error)


recorder = Recorder()
jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
jobs.configure(observers=(Printer(), LogObserver(), recorder)).run_sync()
assert_type(recorder.path(), tuple[Enum, ...])
assert_type(recorder.events, list[Event])
