"""What bounds a run, and runs that go on by themselves."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, assert_type

from shop import Order

from cano_dsl import Failure, Retry, Run, RunHandle, Workflow, state
from cano_dsl.errors import AttemptsExhausted, Cancelled, RunTimeout, TransitionsExhausted


@dataclass
class Count:
    value: int = 0


@state(Order.CHECK, retry=Retry.fixed(3, 0.5), timeout=timedelta(seconds=2), on_error=Order.CHARGE)
async def check(run: Run) -> Literal[Order.DONE, Order.CHARGE]:
    assert_type(run.deadline, float | None)
    assert_type(run.time_left, float)
    assert_type(run.cancelled, bool)
    assert_type(run.attempt, int)
    return Order.DONE


@state(Order.CHARGE)
def charge(failure: Failure | None) -> Literal[Order.FAILED]:
    if failure is not None:
        assert_type(failure.error, Exception)
    return Order.FAILED


flow = Workflow.build(
    Order,
    check,
    charge,
    start=Order.CHECK,
    exits=(Order.DONE, Order.FAILED),
    data=Count,
    timeout=timedelta(minutes=1),
    compensation_timeout=5,
    max_transitions=100,
)
Handle = RunHandle[Order, Literal[Order.DONE, Order.FAILED], Count]


async def launched(exact: Workflow[Order, Literal[Order.DONE, Order.FAILED], Count]) -> str:
    async with exact.bind() as runner:
        assert_type(await runner.run(timeout=3), Literal[Order.DONE, Order.FAILED])
        handle = runner.launch("job-7", data=Count(1), start=Order.CHECK, timeout=timedelta(seconds=9))
        assert_type(handle, Handle)
        assert_type(handle.run_id, str)
        assert_type(handle.path, tuple[Order, ...])
        assert_type(handle.data, Count | None)
        assert_type(handle.is_done, bool)
        handle.cancel()
        return await waited(handle)


async def waited(handle: Handle) -> str:
    assert_type(await handle.wait(), Literal[Order.DONE, Order.FAILED])
    try:
        match await handle.wait():
            case Order.DONE:
                return "done"
            case Order.FAILED:
                return "failed"
    except RunTimeout as error:
        assert_type(error.elapsed_s, float)
        assert_type(error.limit_s, float)
        assert_type(error.is_unknown, bool)
    except TransitionsExhausted as error:
        assert_type(error.limit, int)
    except AttemptsExhausted as error:
        assert_type(error.attempts, int)
    except Cancelled as error:
        assert_type(error.is_unknown, bool)
    return "ended"


end: Order = flow.bind().run_sync(timeout=0.5)
