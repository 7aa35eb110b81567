"""S5: how well resources are, and who is asked."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from cano_dsl import Health, Workflow, managed, per_run, state
from cano_dsl.errors import PolicyError, RunnerState


class Job(Enum):
    WORK = 1
    DONE = 2


class Says:
    """A resource that says how it is."""

    def __init__(self, answer: Any, log: list[str] | None = None, name: str = "") -> None:
        self.answer = answer
        self.log = log if log is not None else []
        self.name = name

    async def health(self) -> Health:
        self.log.append(self.name)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def ask(run_async: Callable[..., Any], **given: Any) -> Health:
    """Ask a runner that holds the resources."""
    names: dict[str, Any] = {}
    exec(f"def work({', '.join(given)}): ...", names)
    built = Workflow.build(
        Job, state(Job.WORK, to=(Job.DONE,))(names["work"]), start=Job.WORK, exits=(Job.DONE,)
    )

    async def main() -> Health:
        async with built.bind(**given) as runner:
            return await runner.health()

    answer = run_async(main)
    assert isinstance(answer, Health)
    return answer


def test_three_kinds() -> None:
    """S5: a resource is healthy, degraded for a reason, or unhealthy for a reason."""
    assert Health.healthy() == Health("healthy")
    assert Health.degraded("slow") == Health("degraded", "slow")
    assert Health.unhealthy("gone") == Health("unhealthy", "gone")
    with pytest.raises(PolicyError, match="status='fine' is not possible"):
        Health("fine")


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        ([Health.healthy(), Health.healthy()], "healthy", ""),
        ([Health.healthy(), Health.degraded("slow")], "degraded", "b: slow"),
        ([Health.unhealthy("gone"), Health.degraded("slow")], "unhealthy", "a: gone"),
        ([Health.degraded("x"), Health.degraded("y")], "degraded", "a: x"),
        ([Health.degraded("slow"), Health.unhealthy("")], "unhealthy", "b"),
    ],
)
def test_worst_is_the_aggregate(
    answers: list[Health], status: str, reason: str, run_async: Callable[..., Any]
) -> None:
    """S5: the worst part is the aggregate, with its name, and every part is there."""
    health = ask(run_async, a=Says(answers[0]), b=Says(answers[1]))
    assert (health.status, health.reason) == (status, reason)
    assert dict(health.parts) == dict(zip("ab", answers, strict=True))


def test_only_those_that_define_it_are_asked(run_async: Callable[..., Any]) -> None:
    """S5: what defines no `async def health` is not asked; with nobody to ask all is well."""

    class Plain:
        def health(self) -> Health:
            raise AssertionError

    health = ask(run_async, a=Plain(), b=5, c=per_run(lambda: Says(Health.unhealthy("not here"))))
    assert health == Health.healthy()


def test_managed_resources_are_asked(run_async: Callable[..., Any]) -> None:
    """S5: what a manager yields is asked like any other."""

    async def opened() -> Any:
        yield Says(Health.degraded("warming up"))

    assert ask(run_async, a=managed(opened)).reason == "a: warming up"


def test_one_that_raises_is_unhealthy(run_async: Callable[..., Any]) -> None:
    """S5: a `health` that raises, or gives something else, is unhealthy, not a crash; the rest is asked."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    log: list[str] = []
    health = ask(
        run_async, a=Says(OSError("down")), b=Says("fine"), c=Says(Odd()), d=Says(Health.healthy(), log, "d")
    )
    assert health.parts["a"] == Health.unhealthy("OSError: down")
    assert health.parts["b"] == Health.unhealthy("health() gave 'fine', not a Health")
    assert health.parts["c"] == Health.unhealthy("Odd: (its text cannot be read)")
    assert log == ["d"]


def test_exits_of_the_process_pass(run_async: Callable[..., Any]) -> None:
    """R5: an exit of the process in a `health` is no answer."""

    async def never() -> None: ...

    with pytest.raises(BaseException, match="7"):
        ask(run_async, a=Says(SystemExit(7)))


def test_on_demand_one_by_one(run_async: Callable[..., Any]) -> None:
    """S5: health is asked on demand only, one resource after the other, in the order given."""
    import anyio

    log: list[str] = []

    class Slow(Says):
        async def health(self) -> Health:
            log.append(f"{self.name}(")
            await anyio.sleep(0.001)
            log.append(")")
            return Health.healthy()

    assert ask(run_async, a=Slow(None, name="a"), b=Slow(None, name="b")).status == "healthy"
    assert log == ["a(", ")", "b(", ")"]
    ran: list[str] = []
    built = Workflow.build(
        Job, state(Job.WORK, to=(Job.DONE,))(lambda a: Job.DONE), start=Job.WORK, exits=(Job.DONE,)
    )
    run_async(built.bind(a=Says(Health.healthy(), ran)).run)
    assert ran == []


def test_outside_async_with(run_async: Callable[..., Any]) -> None:
    """S5: without resources that are set up there is nobody to ask."""
    built = Workflow.build(
        Job, state(Job.WORK, to=(Job.DONE,))(lambda: Job.DONE), start=Job.WORK, exits=(Job.DONE,)
    )
    with pytest.raises(RunnerState, match="has nothing set up: ask for health within `async with`"):
        run_async(built.bind().health)


def test_parts_are_read_only() -> None:
    """An aggregate's parts cannot be changed, nor by changing what it was made of."""
    parts = {"a": Health.healthy()}
    health = Health.worst(parts)
    parts["b"] = Health.unhealthy("x")
    assert list(health.parts) == ["a"]
    with pytest.raises(TypeError):
        health.parts["a"] = Health.healthy()
