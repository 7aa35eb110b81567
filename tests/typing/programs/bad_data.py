"""`RunData[T]`, `Run`, `data=` and exits used as another type."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from cano_dsl import Run, RunData, Workflow, state


class Job(Enum):
    WORK = 1
    DONE = 2


@dataclass
class Count:
    value: int = 0


@state(Job.WORK)
def work(data: RunData[Count], run: Run) -> Literal[Job.DONE]:
    data.value.name = "x"  # E: no such field
    data.value = 3  # E: another type
    run.progress("half")  # E: text
    run.id = "x"  # E: no such attribute
    return Job.DONE


@state(Job.WORK)
def rest() -> Literal[Job.DONE]:
    return Job.DONE


flow = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), data=Count)
plain = Workflow.build(Job, rest, start=Job.WORK, exits=(Job.DONE,))


async def main() -> None:
    await flow.run(3)  # E[mypy, plugin, pyright, ty]: another type
    await flow.bind().run(data="x")  # E: another type
    await flow.bind().run(7)  # E: a run id is text
    await flow.bind().run(start="WORK")  # E: text
    await plain.run(Count())  # E[mypy, plugin, pyright, ty]: no data
    end: str = await flow.run()  # E: an exit
    print(end)
