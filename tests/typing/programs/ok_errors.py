"""What an error carries."""

from enum import Enum
from typing import Literal, assert_type

from cano_dsl import Workflow, state
from cano_dsl.errors import CanoError, Finding, GraphError, HandlerFailed, RunPlace, Where


class Job(Enum):
    WORK = 1
    DONE = 2


@state(Job.WORK)
def work() -> Literal[Job.DONE]:
    raise ValueError("no")


try:
    Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).run_sync()
except HandlerFailed as error:
    assert_type(error.at, RunPlace)
    assert_type(error.at.run_id, str)
    assert_type(error.code, str)
try:
    Workflow.build(Job, start=Job.WORK, exits=(Job.DONE,))  # X[plugin]: refused on purpose
except GraphError as refused:
    assert_type(refused.findings, tuple[Finding, ...])
    assert_type(refused.findings[0].where, Where | None)
except CanoError:
    pass
