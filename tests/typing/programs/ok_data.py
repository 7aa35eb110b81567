"""The run and its data as parameters."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Literal, assert_type

from cano_dsl import Run, RunData, Runner, Workflow, state


class Job(Enum):
    WORK = 1
    DONE = 2


@dataclass
class Count:
    value: int = 0


@state(Job.WORK)
async def work(data: RunData[Count], run: Run) -> Literal[Job.WORK, Job.DONE]:
    assert_type(data, RunData[Count])
    assert_type(data.value, Count)
    assert_type(data.value.value, int)
    assert_type(run.workflow, str)
    assert_type(run.run_id, str)
    assert_type(run.state, Enum)
    assert_type(run.attempt, int)
    assert_type(run.idempotency_key, str)
    run.progress(data.value.value, 3)
    data.value.value += 1
    return Job.DONE if data.value.value > 2 else Job.WORK


def nothing() -> None: ...


jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), data=Count)
closed = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,), data=Count, resources=nothing)


async def bound(runner: Runner[Job, Literal[Job.DONE], Count]) -> None:
    assert_type(await runner.run(data=Count(1)), Literal[Job.DONE])
    assert_type(await runner.run("monday", data=Count(), start=Job.DONE), Literal[Job.DONE])


async def main() -> None:
    end: Job = await jobs.run(Count(1))
    end = await jobs.run()
    end = await closed.run(Count(1))
    end = await closed.bind().run(data=Count())
    print(end)


asyncio.run(main())
end: Job = jobs.run_sync(Count(2))
