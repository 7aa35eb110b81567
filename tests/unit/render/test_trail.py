"""The way of a run, drawn into the diagram of its workflow."""

from enum import Enum
from typing import Any, Literal

from cano_dsl import Join, Workflow, router, split, state
from cano_dsl.render import Trail, mermaid


class Job(Enum):
    ask = 1
    end = 2
    ask_fork = 3
    note = 4
    DONE = 5


@split(Job.ask, over=(1, 2), join=Join.any(), to=Job.ask_fork, on_error=Job.ask_fork)
async def ask(number: int) -> int:
    return number


@router(Job.ask_fork)
def choose() -> Literal[Job.end, Job.DONE]:
    return Job.end


@state(Job.end)
def end() -> Literal[Job.ask, Job.note]:
    return Job.ask


@state(Job.note)
def note() -> Literal[Job.DONE]:
    return Job.DONE


GRAPH: Any = Workflow.build(Job, ask, choose, end, note, start=Job.ask, exits=(Job.DONE,)).graph


def added(trail: Trail) -> list[str]:
    """Give the lines that a trail changes or adds."""
    plain = set(mermaid(GRAPH).splitlines())
    return [line.strip() for line in mermaid(GRAPH, trail).splitlines() if line not in plain]


def test_nothing_taken() -> None:
    """A trail without a step changes nothing, and neither do states that the graph does not have."""
    nowhere = Trail(frozenset({"GONE"}), "AWAY", {("GONE", "AWAY", False): 3})
    assert added(Trail()) == added(nowhere) == []


def test_steps_and_states() -> None:
    """Arrows say how often they were taken, those of branches and of errors each for itself; states left are of one class, the one where the run stands of another."""
    steps = {
        ("ask", "ask_fork", False): 2,
        ("ask", "ask_fork", True): 1,
        ("ask_fork", "end", False): 3,
        ("end", "ask", False): 2,
    }
    assert added(Trail(frozenset({"ask", "ask_fork", "end"}), "end", steps)) == [
        "ask --> ask_fork_ : 2 branches ✓ 2 times",
        "ask_fork_ --> ask_fork : any ✓ 2 times",
        "ask --> ask_fork : ⚡ any error ✓",
        "s1 --> ask : ✓ 2 times",
        "ask_fork --> s1 : ✓ 3 times",
        "classDef passed fill:#d3f9d8,stroke:#2b8a3e,color:#000",
        "class ask,ask_fork passed",
        "classDef here fill:#fff3bf,stroke:#e67700,color:#000",
        "class s1 here",
    ]
