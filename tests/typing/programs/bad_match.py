"""A `match` over the exits that forgets one."""

from typing import Literal, assert_never

from shop import Visit

from cano_dsl import Workflow, state


@state(Visit.CHECK)
def check() -> Literal[Visit.DONE, Visit.FAILED]:
    return Visit.DONE


flow = Workflow.build(Visit, check, start=Visit.CHECK, exits=(Visit.DONE, Visit.FAILED))


def complete() -> None:
    end = flow.run_sync()
    match end:
        case Visit.DONE:
            print("done")
        case Visit.FAILED:
            print("failed")
        case _:
            assert_never(end)  # X[mypy, pyrefly]: all are named


def forgetful() -> None:
    end = flow.run_sync()
    match end:
        case Visit.DONE:
            print("done")
        case _:
            assert_never(end)  # E: FAILED
