"""R6 for sagas: who pays for outputs and compensations, told by identity instead of by the clock."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import pytest

from cano_dsl import Run, Workflow, compensate, state
from cano_dsl.engine import _run
from cano_dsl.plan import Unfit, check_resources


class Job(Enum):
    A = 1
    B = 2
    C = 3
    DONE = 4


async def first(box: Any) -> tuple[Literal[Job.B], int]:
    return Job.B, 1


def second(box: Any) -> tuple[Literal[Job.C], int]:
    return Job.C, 2


async def third(box: Any) -> Literal[Job.DONE]:
    return Job.DONE


A, B, C = state(Job.A)(first), state(Job.B)(second), state(Job.C)(third)
undo_a = compensate(A)(lambda output: None)
undo_b = compensate(B)(lambda output: None)


def build(*parts: Any) -> Workflow[Any, Any, Any, ...]:
    """Build the three states and what undoes them."""
    return Workflow.build(Job, A, B, C, *parts, start=Job.A, exits=(Job.DONE,))


def steps(built: Workflow[Any, Any, Any, ...]) -> dict[str, Any]:
    """Give the compiled steps."""
    return dict(built._plan.steps(["box"]).by_name)


def test_no_compensation_costs_nothing() -> None:
    """R6: without a compensation a run is bare, its values are the resources, and steps call the functions."""
    built = build()
    assert not built._plan.undoes
    assert not built._plan.extra
    assert check_resources(built._plan, {"box": 1}).bare
    step = steps(built)["C"]
    assert step.call is step.thunk is third


def test_output_without_compensation_is_only_unpacked() -> None:
    """R6: an output that nobody undoes is taken off by one call around the function, without a task or a stack."""
    found = steps(build())
    assert found["A"].thunk is first
    assert found["A"].call.__name__ == "call_async"
    assert found["B"].thunk is second
    assert found["B"].call.__name__ == "call_plain"
    assert found["B"].call("box") is Job.C


def test_only_compensated_steps_pay() -> None:
    """R6: in a saga the steps that nothing undoes call their thunk, and only an async one has a task of its own."""
    found = steps(build(undo_a, undo_b))
    assert found["C"].call is found["C"].thunk
    assert found["B"].call.__name__ == "call_plain"
    assert found["A"].call.__qualname__ == "apart.<locals>.call"
    cells = dict(zip(found["A"].call.__code__.co_freevars, found["A"].call.__closure__, strict=True))
    inner = cells["inner"].cell_contents
    assert inner is found["A"].thunk
    assert inner.__closure__[0].cell_contents is first


def test_saga_of_one_step_leaves_the_other_alone() -> None:
    """R6: in a saga an output that nobody undoes is not kept."""
    built = build(undo_b)
    stack: list[Any] = []
    found = steps(built)
    assert found["B"].call("box", stack, None, None) is Job.C
    assert [(undo.at, output, place) for undo, output, place in stack] == [(Job.B, 2, None)]
    coroutine = found["A"].call("box", stack, None, None)
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    assert ended.value.value is Job.B
    assert len(stack) == 1


def test_plain_workflows_take_the_plain_loop(
    monkeypatch: pytest.MonkeyPatch, run_async: Callable[..., Any]
) -> None:
    """R6: a run without compensations goes through the loop itself, not through what surrounds a saga."""
    monkeypatch.setattr(_run, "drive_careful", None)

    async def main() -> Any:
        return await build().bind(box=1).run("r")

    assert run_async(main) is Job.DONE


def test_run_wanted_by_a_compensation_alone() -> None:
    """S4a: a Run is made where only a compensation asks for it."""

    def undo(output: int, run: Run) -> None: ...

    assert build(compensate(A)(undo))._plan.uses_run
    assert not build(undo_a)._plan.uses_run


def test_configured_saga_keeps_its_compensations() -> None:
    """G1: a workflow with other observers undoes the same, within the same time."""
    built = Workflow.build(Job, A, B, C, undo_a, start=Job.A, exits=(Job.DONE,), compensation_timeout=5)
    plan = built.configure()._plan
    assert (plan.undoes, plan.budget_s, plan.compensations) == (True, 5.0, built._plan.compensations)


def test_unfit_is_shown_as_what_it_holds() -> None:
    """R2: observers are shown what was returned."""
    assert repr(Unfit(Job.A)) == repr(Job.A)
