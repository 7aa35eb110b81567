"""What guards a state, in its label."""

from enum import Enum
from typing import Any

import pytest

from cano_dsl import Join, Retry, Workflow, router, split, state


class Job(Enum):
    WORK = 1
    SORRY = 2
    DONE = 3


class Fuse:
    """A breaker and a limiter at once, that does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def admit(self, now: float) -> int: ...
    def succeeded(self, ticket: int, now: float) -> None: ...
    def failed(self, ticket: int, now: float, error: Exception) -> None: ...
    def dropped(self, ticket: int, now: float) -> None: ...
    def reserve(self, now: float, most_s: float) -> None: ...


async def item(number: int) -> None: ...


async def step() -> Job: ...


def drawn(handler: Any) -> str:
    """Draw a workflow of one guarded state."""
    sorry = state(Job.SORRY, to=(Job.DONE,))(step)
    return Workflow.build(Job, handler, sorry, start=Job.WORK, exits=(Job.DONE,)).mermaid()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"retry": Retry.fixed(3, 1)}, "3 attempts"),
        ({"retry": Retry.fixed(3, 1), "timeout": 2.5}, "3 attempts of 2.5 s"),
        ({"retry": Retry.fixed(1, 1), "timeout": 2.5}, "at most 2.5 s"),
        ({"breaker": Fuse("payments")}, "breaker payments"),
        ({"limiter": Fuse('10 "a" <s>')}, "limiter 10 &quot;a&quot; &lt;s&gt;"),
        (
            {"retry": Retry.fixed(2, 0), "timeout": 1, "breaker": Fuse("p"), "limiter": Fuse("q")},
            "2 attempts of 1 s, breaker p, limiter q",
        ),
    ],
)
def test_guards_stand_below_the_name(given: dict[str, Any], line: str) -> None:
    """What guards a state is on a second line of its label, in a few words, whatever its kind."""
    text = drawn(state(Job.WORK, to=(Job.SORRY,), **given)(step))
    assert f'    state "WORK<br>{line}" as WORK\n' in text
    text = drawn(router(Job.WORK, to=(Job.SORRY,), **given)(step))
    assert f'    state "◇ WORK<br>{line}" as WORK\n' in text
    if "timeout" in given:
        given = {**given, "attempt_timeout": given["timeout"]}
        del given["timeout"]
    text = drawn(split(Job.WORK, over=(1, 2), join=Join.all(), to=Job.SORRY, **given)(item))
    assert f'    state "∥ WORK<br>{line}" as WORK\n' in text


def test_nothing_below_a_name_without_guards() -> None:
    """A policy that changes nothing, as one attempt, leaves the label as it is."""
    text = drawn(state(Job.WORK, to=(Job.SORRY,), retry=Retry.fixed(1, 0))(step))
    assert "<br>" not in text


def test_error_edges_of_a_state() -> None:
    """J9: an error edge of a state carries a sign and the exception, as that of a split does."""
    text = drawn(state(Job.WORK, to=(Job.SORRY,), on_error={OSError: Job.SORRY, Exception: Job.DONE})(step))
    assert "    WORK --> SORRY\n    WORK --> SORRY : ⚡ OSError\n    WORK --> DONE : ⚡ any error\n" in text
