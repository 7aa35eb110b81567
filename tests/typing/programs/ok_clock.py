"""A workflow in fake time."""

from enum import Enum
from typing import Literal, assert_type

from cano_dsl import LogObserver, Workflow, state
from cano_dsl.testing import FakeClock


class Job(Enum):
    WORK = 1
    DONE = 2


@state(Job.WORK)
async def work(clock: FakeClock) -> Literal[Job.DONE]:
    await clock.sleep(3600)
    return Job.DONE


async def main() -> None:
    clock = FakeClock(5.0, now=1e9, auto=False)
    jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
    end = await jobs.configure(clock=clock, observers=[LogObserver()]).configure(clock=clock).run(clock=clock)
    print(end)
    await clock.advance(60)
    with clock.paused():
        clock.sleep_in_thread(5)
    assert_type((clock.monotonic(), clock.steady(), clock.now()), tuple[float, float, float])
