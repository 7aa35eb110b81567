"""A hook of an observer that takes something else."""

from enum import Enum
from typing import Literal

from shop import Visit

from cano_dsl import Observer, Run, Workflow, state


@state(Visit.CHECK)
def check() -> Literal[Visit.DONE, Visit.FAILED]:
    return Visit.DONE


class Printer(Observer):
    def run_started(self) -> None: ...  # E: takes the run
    def state_entered(self, run: Run, state: str) -> None: ...  # E: a state
    def attempt_started(self, run: Run, state: Enum) -> None: ...  # E: the attempt


flow = Workflow.build(Visit, check, start=Visit.CHECK, exits=(Visit.DONE, Visit.FAILED))
flow.configure(observers=[print])  # E: a function
flow.configure(observers=Printer())  # E: no collection
flow.configure(observer=[Printer()])  # E: unknown
