"""What guards a call is of another kind, or where it cannot be."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Join, Retry, Workflow, compensate, router, split, state


class Till(Enum):
    CHARGE = auto()
    SORRY = auto()
    DONE = auto()
    REJECTED = auto()


class Other(Enum):
    A = auto()


class Fuse:
    name = "no breaker"

    def admit(self, now: str) -> int:
        return 0


state(Till.CHARGE, retry=3)  # E: a Retry
state(Till.CHARGE, retry=Retry)  # E: an object, not the class
state(Till.CHARGE, timeout="3 s")  # E: seconds
state(Till.CHARGE, breaker=Fuse())  # E: no breaker
state(Till.CHARGE, limiter=Fuse())  # E: no limiter
state(Till.CHARGE, effects="yes")  # E: a bool
state(Till.CHARGE, on_error="SORRY")  # E: a state
state(Till.CHARGE, on_error={"error": Till.SORRY})  # E: classes of exceptions
state(Till.CHARGE, on_error={KeyboardInterrupt: Till.SORRY})  # E: leads nowhere
state(Till.CHARGE, thread=True, timeout=3)  # E: a thread cannot be stopped
router(Till.CHARGE, effects=True)  # E: a router only decides
router(Till.CHARGE, breaker=Fuse())  # E: no breaker
split(Till.CHARGE, over=(1,), join=Join.all(), to=Till.DONE, attempt_timeout="1 s")  # E: seconds
split(Till.CHARGE, over=(1,), join=Join.all(), to=Till.DONE, limiter=Fuse())  # E: no limiter


@state(Till.CHARGE, effects=True)
async def charge() -> tuple[Literal[Till.DONE], int]:
    return Till.DONE, 12


@state(Till.CHARGE, on_error=Other.A)
async def astray() -> Literal[Till.DONE]:
    return Till.DONE


@state(Till.SORRY)
def sorry() -> Literal[Till.REJECTED]:
    return Till.REJECTED


compensate(charge, timeout="1 s")  # E: seconds
compensate(charge, retry=3)  # E: a Retry
compensate(charge, thread=True, timeout=1)  # E: a thread cannot be stopped

ENDS = (Till.DONE, Till.REJECTED)
Workflow.build(Till, astray, sorry, start=Till.CHARGE, exits=ENDS)  # E[mypy, plugin, ty, pyrefly]: foreign
late = Workflow.build(Till, charge, sorry, start=Till.CHARGE, exits=ENDS, timeout="1 s")  # E: seconds
long = Workflow.build(Till, charge, sorry, start=Till.CHARGE, exits=ENDS, max_transitions="9")  # E: a number
none = Workflow.build(Till, charge, sorry, start=Till.CHARGE, exits=ENDS, failed=(Other.A,))  # E: foreign
