"""A `match` over the exits, written in an annotation, that forgets one."""

from typing import Literal, assert_never

from shop import Order

from cano_dsl import Workflow


def complete(flow: Workflow[Order, Literal[Order.DONE, Order.FAILED]]) -> None:
    end = flow.run_sync()
    match end:
        case Order.DONE:
            print("done")
        case Order.FAILED:
            print("failed")
        case _:
            assert_never(end)


async def forgetful(flow: Workflow[Order, Literal[Order.DONE, Order.FAILED]]) -> None:
    end = await flow.bind().run()
    match end:
        case Order.DONE:
            print("done")
        case _:
            assert_never(end)  # E: FAILED
