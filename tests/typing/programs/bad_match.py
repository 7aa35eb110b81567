"""A `match` over the exits that forgets one."""

from typing import Literal, assert_never

from shop import Order

from cano_dsl import Workflow, state


@state(Order.CHECK)
def check() -> Literal[Order.DONE, Order.FAILED]:
    return Order.DONE


flow = Workflow.build(Order, check, start=Order.CHECK, exits=(Order.DONE, Order.FAILED))


def complete() -> None:
    end = flow.run_sync()
    match end:
        case Order.DONE:
            print("done")
        case Order.FAILED:
            print("failed")
        case _:
            assert_never(end)  # X[mypy, pyrefly]: all are named


def forgetful() -> None:
    end = flow.run_sync()
    match end:
        case Order.DONE:
            print("done")
        case _:
            assert_never(end)  # E: FAILED
