"""What is measured of sagas: a state with an output beside a plain one, a rollback beside tasks by hand."""

import asyncio
from enum import Enum
from typing import Any, Literal

from cano_dsl import Workflow, compensate, state
from cano_dsl.errors import HandlerFailed

ENTRIES = 1000  # of the one state that is entered again and again
UNDONE = 100  # steps of the rollback


class Turn(Enum):
    """One state and an exit."""

    WORK = 1
    DONE = 2


class Left:
    """A resource that says how often the state is still entered."""

    def __init__(self, entries: int) -> None:
        self.entries = entries


@state(Turn.WORK)
async def plain(left: Left) -> Literal[Turn.WORK, Turn.DONE]:
    """Count."""
    left.entries -= 1
    return Turn.WORK if left.entries else Turn.DONE


@state(Turn.WORK)
async def giving(left: Left) -> tuple[Literal[Turn.WORK, Turn.DONE], int]:
    """Count, and give an output."""
    left.entries -= 1
    return Turn.WORK if left.entries else Turn.DONE, left.entries


@state(Turn.WORK)
def failing(left: Left) -> tuple[Literal[Turn.WORK, Turn.DONE], int]:
    """Count, and fail at last."""
    if not left.entries:
        raise ValueError
    left.entries -= 1
    return Turn.WORK, left.entries


async def undo(output: int) -> None:
    """Undo nothing."""


def _build(*parts: Any) -> Workflow[Any, Any, Any, ...]:
    return Workflow.build(Turn, *parts, start=Turn.WORK, exits=(Turn.DONE,))


PLAIN = _build(plain)
GIVING = _build(giving, compensate(giving)(undo))
FAILING = _build(failing, compensate(failing)(undo))


async def entered_with_output() -> Any:
    """Enter a state that something undoes many times."""
    return await GIVING.run(left=Left(ENTRIES))


async def entered_plain() -> Any:
    """Enter a plain state as often."""
    return await PLAIN.run(left=Left(ENTRIES))


async def rolled_back() -> Any:
    """Run through many steps, fail, and undo them all."""
    try:
        return await FAILING.run(left=Left(UNDONE))
    except HandlerFailed:
        return Turn.DONE


async def undone_by_hand() -> Any:
    """Call what undoes as often, each in a task that is shielded."""
    for output in range(UNDONE):
        await asyncio.shield(asyncio.create_task(undo(output)))
    return Turn.DONE
