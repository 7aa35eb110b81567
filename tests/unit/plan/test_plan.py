"""R6: off means absent: what a step calls, told by identity instead of by the clock."""

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from cano_dsl import LogObserver, MemoryStore, Observer, Run, RunData, Waive, Workflow, managed, router, state
from cano_dsl.engine import _driver
from cano_dsl.plan import _bind, _plan, check_resources


class Job(Enum):
    A = 1
    B = 2
    C = 3
    D = 4
    E = 5
    DONE = 6


def build(
    *handlers: Callable[..., Any], thread: bool = False, **options: Any
) -> Workflow[Any, Any, Any, ...]:
    """Build a chain of handlers."""
    members = tuple(Job)
    names = members[: len(handlers)]
    parts = [
        state(at, to=(Job.DONE,) if at is names[-1] else (members[i + 1], Job.DONE), thread=thread)(fn)
        for i, (at, fn) in enumerate(zip(names, handlers, strict=True))
    ]
    waive = [
        Waive(code, m, "unused")
        for m in members[len(handlers) : -1]
        for code in ("exhaustive", "unreachable")
    ]
    return Workflow.build(Job, *parts, start=Job.A, exits=(Job.DONE,), waive=waive, **options)


def steps(built: Workflow[Any, Any, Any, ...], *names: str) -> dict[str, Any]:
    """Give the compiled steps for resources of these names."""
    return dict(built._plan.steps(names).by_name)


async def _both(box: Any, conf: Any) -> Job:
    return Job.DONE


async def _second(conf: Any) -> Job:
    return Job.DONE


def _turned(conf: Any, box: Any) -> Job:
    return Job.DONE


def test_bare_step_calls_the_function_itself() -> None:
    """R6: a handler that takes all values in order is called itself: call, thunk and function are one."""
    step = steps(build(_both, _both), "box", "conf")["A"]
    assert step.call is step.thunk is _both
    assert step.awaits


def test_bare_step_calls_the_thunk_itself() -> None:
    """R6: a handler that takes some values, or in another order, has a generated call and nothing around it."""
    found = steps(build(_both, _second, _turned), "box", "conf")
    for name, fn in (("B", _second), ("C", _turned)):
        step = found[name]
        assert step.call is step.thunk
        assert step.thunk is not fn
        assert step.thunk.__closure__[0].cell_contents is fn
    assert found["C"].thunk("box", "conf") is Job.DONE
    assert not found["C"].awaits


def test_router_costs_no_more_than_a_state() -> None:
    """R6: a router is called itself too."""

    def choose(box: Any) -> Job:
        return Job.DONE

    part = router(Job.A, to=(Job.DONE,))(choose)
    waive = [Waive(c, m, "unused") for m in tuple(Job)[1:5] for c in ("exhaustive", "unreachable")]
    built = Workflow.build(Job, part, start=Job.A, exits=(Job.DONE,), waive=waive)
    step = steps(built, "box")["A"]
    assert step.call is step.thunk is choose


def test_exits_have_no_call() -> None:
    """R1: an exit has nothing to call and nowhere to go."""
    step = steps(build(_both), "box", "conf")["DONE"]
    assert (step.call, step.thunk, step.spec, step.awaits, step.targets) == (None, None, None, False, ())


def test_only_threads_are_wrapped_for_threads() -> None:
    """R6: a handler in a thread is accompanied, and then awaited; its neighbours are not."""
    step = steps(build(_turned, thread=True), "conf", "box")["A"]
    assert step.call is not step.thunk
    assert step.thunk is _turned
    assert step.awaits


def test_observers_that_override_nothing_cost_nothing() -> None:
    """R6 and O2: without observers, and with ones that override nothing, no event is kept and no call wrapped."""
    for observers in ([], [Observer()], [Observer(), Observer()]):
        built = build(_both).configure(observers=observers)
        assert built._plan.events is None
        assert not built._plan.extra
        step = steps(built, "box", "conf")["A"]
        assert step.call is step.thunk is _both


def test_observed_steps_are_wrapped() -> None:
    """R6: with an observer of states each handler's call is accompanied, and the plain workflow stays as it was."""
    plain = build(_both)
    step = steps(plain.configure(observers=[LogObserver()]), "box", "conf")["A"]
    assert step.call is not step.thunk
    assert steps(plain, "box", "conf")["A"].call is _both


def test_observers_of_runs_alone_do_not_touch_attempts() -> None:
    """R6: who observes only runs does not make the loop tell of states."""

    class Ends(Observer):
        def run_finished(self, run: Run, *ends: object) -> None: ...

    built = build(_both).configure(observers=[Ends()])
    assert built._plan.events is not None
    assert not built._plan.events.of_attempts
    step = steps(built, "box", "conf")["A"]
    inside = inspect.getclosurevars(step.call).nonlocals[
        "inner"
    ]  # the run follows its state, for `cancelled`
    assert inside is step.thunk


def test_bare_runs_skip_everything_around_the_loop(
    monkeypatch: pytest.MonkeyPatch, run_async: Callable[..., Any]
) -> None:
    """R6: once its classes are checked, a bare run goes straight to the loop: no order, no lifecycle."""
    built = build(_both)
    runner = built.bind(box=1, conf=2)

    async def main() -> None:
        await built.run(box=1, conf=2)
        monkeypatch.setattr("cano_dsl.engine._run.check_resources", None)
        monkeypatch.setattr("cano_dsl.resources.Opened.__init__", None)
        assert await built.run(box=3, conf=4) is Job.DONE
        assert await runner.run() is Job.DONE

    run_async(main)


@pytest.mark.parametrize("held", [False, True])
def test_runner_is_ready(held: bool, run_async: Callable[..., Any]) -> None:
    """R6: a runner keeps the start step and the values laid out, also when it holds what it has set up."""

    class Box:
        async def setup(self) -> None: ...

    runner = build(_both).bind(conf=2, box=Box() if held else 1)

    async def main() -> None:
        if held:
            assert runner._ready is None
            async with runner:
                assert runner._ready is not None
                assert runner._ready[1][1] == 2
            assert runner._ready is None
        else:
            assert runner._ready is not None
            assert runner._ready[1] == (1, 2)

    run_async(main)


@pytest.mark.parametrize(
    ("handler", "data", "bare"),
    [
        (_both, None, True),
        (lambda run: Job.DONE, None, True),
        (_both, dict, False),
    ],
)
def test_bare_is_what_needs_nothing(handler: Any, data: Any, bare: bool) -> None:
    """R6: a workflow with data of its own is not bare; a resource named `run` is just a resource."""
    built = build(handler, data=data)
    names = [p.name for p in built._plan.handlers[0][0].parameters]
    assert check_resources(built._plan, dict.fromkeys(names, 1)).bare is bare


def test_run_is_made_only_where_it_is_wanted() -> None:
    """R6: a Run exists only where a handler asks for it or somebody observes."""

    def with_run(run: Run) -> Job:
        return Job.DONE

    assert not build(_both)._plan.uses_run
    assert build(with_run)._plan.uses_run
    assert build(_both).configure(observers=[LogObserver()])._plan.uses_run


def test_linked_steps_are_the_check() -> None:
    """R2: each step is linked to the steps that it may go to, in the order declared, and to no other."""
    found = steps(build(_both, _both, _both), "box", "conf")
    assert found["A"].targets == (Job.B, Job.DONE)
    assert found["A"].first is Job.B
    assert found["A"].first_step is found["B"]
    assert found["A"].second_step is found["DONE"]
    assert found["C"].targets == (Job.DONE,)
    assert repr(found["A"]) == "<Step Job.A>"


def test_variants_of_optional_resources(run_async: Callable[..., Any]) -> None:
    """S4a: a parameter with a default is an optional resource: given, or left to its default."""
    seen = []

    def many(a: Any, b: Any = "b0", c: Any = "c0", *, d: Any, e: Any = "e0") -> Job:
        seen.append((a, b, c, d, e))
        return Job.DONE

    built = build(many)
    for extra in (
        {},
        {"b": 2},
        {"c": 3},
        {"e": 5},
        {"b": 2, "c": 3},
        {"c": 3, "e": 5},
        {"b": 2, "c": 3, "e": 5},
    ):
        for given in ({"a": 1, "d": 4, **extra}, {**extra, "d": 4, "a": 1}):
            run_async(built.bind(**given).run)
            expected = {"b": "b0", "c": "c0", "e": "e0", **given}
            assert seen.pop() == tuple(expected[name] for name in "abcde")


def test_optional_for_one_wanted_by_another() -> None:
    """S4a: a resource is optional only where every handler can do without."""
    from cano_dsl.errors import ResourceMissing

    def can(a: Any = None) -> Job:
        return Job.B

    def must(a: Any) -> Job:
        return Job.DONE

    with pytest.raises(ResourceMissing, match="wanted by state 'must'"):
        build(can, must).bind()


def test_subsets_in_different_orders(run_async: Callable[..., Any]) -> None:
    """S1: handlers that want different resources in different orders each get their own."""
    seen = []

    def first(a: Any, b: Any, c: Any) -> Job:
        seen.append((a, b, c))
        return Job.B

    async def second(c: Any, a: Any) -> Job:
        seen.append((c, a))
        return Job.C

    def third(run: Run, b: Any, data: RunData[dict[str, int]], *, d: Any, a: Any) -> Job:
        seen.append((run.state, b, data.value, d, a))
        return Job.D

    async def fourth(data: RunData[dict[str, int]], d: Any) -> Job:
        seen.append((data.value, d))
        return Job.DONE

    built = build(first, second, third, fourth, data=dict)
    run_async(built.bind(d="d", c="c", b="b", a="a").run)
    assert seen == [("a", "b", "c"), ("c", "a"), (Job.C, "b", {}, "d", "a"), ({}, "d")]


@pytest.mark.parametrize("names", [(), ("x",), ("x", "y"), ("y", "x"), ("z", "x", "y")])
def test_any_order_of_resources(names: tuple[str, ...], run_async: Callable[..., Any]) -> None:
    """S1: the name is the key, so the order in which resources are given does not matter."""
    names_of: dict[str, Any] = {"Job": Job, "seen": (seen := [])}
    arguments = ", ".join(sorted(names))
    exec(
        f"def work({arguments}):\n seen.append(({arguments}{',' if names else ''}))\n return Job.DONE",
        names_of,
    )
    built = build(names_of["work"])
    assert run_async(built.bind(**{name: name.upper() for name in names}).run) is Job.DONE
    assert seen == [tuple(sorted(name.upper() for name in names))]


def test_combinations_remembered_are_bounded() -> None:
    """R6: what is remembered of classes seen, and of optional resources given, never grows without end."""
    built = build(lambda a, b=1: Job.DONE)
    for _ in range(_plan.REMEMBERED * 2 + 10):
        check_resources(built._plan, {"a": type("Fresh", (), {})()})
        assert len(built._plan.bound) <= _plan.REMEMBERED

    names = [f"r{i}" for i in range(9)]
    arguments = ", ".join(f"{name}=None" for name in names)
    built = build(eval(f"lambda {arguments}: None"))
    for number in range(2 ** len(names)):
        built._plan.steps(name for i, name in enumerate(names) if number >> i & 1)
        assert len(built._plan._variants) <= _plan.REMEMBERED
    assert _bind.REMEMBERED == _plan.REMEMBERED


def test_names_that_nobody_wants_make_no_variant() -> None:
    """R6: a resource that resources= names and no handler wants makes no variant of its own."""

    def offer(a: Any, unused: Any = None) -> None: ...

    built = build(lambda a: Job.DONE, resources=offer)
    assert built._plan.steps(("a",)) is built._plan.steps(("a", "unused"))


def test_variants_are_compiled_once() -> None:
    """R6: the steps of one combination are compiled once."""
    built = build(_both)
    assert built._plan.steps(("box", "conf")) is built._plan.steps(["conf", "box"])


def test_class_that_lies_is_not_remembered() -> None:
    """S1: an object that claims another class, as mocks do, is looked at each time."""

    class Liar:
        def __init__(self, claims: type) -> None:
            self._claims = claims

        @property
        def __class__(self) -> type:
            return self._claims

    from cano_dsl.errors import ResourceWrongType

    def work(store: MemoryStore) -> Job:
        return Job.DONE

    built = build(work)
    built.bind(store=Liar(MemoryStore))
    with pytest.raises(ResourceWrongType):
        built.bind(store=Liar(dict))
    assert built._plan.bound == {}


def test_loop_is_one_function() -> None:
    """R6: the loop knows no feature: it names nothing but steps, what follows a failed one, and the two errors."""
    names = set(_driver.drive.__code__.co_names)
    assert names == {
        "awaits",
        "call",
        "at",
        "first",
        "first_step",
        "second",
        "second_step",
        "table",
        "get",
        "id",
        "Exception",
        "handler_failed",
        "undeclared",
        "recovery",
        "after",
    }


def test_waived_data_is_none(run_async: Callable[..., Any]) -> None:
    """S4a: where a waiver lets a handler ask for data that there is none of, it is given None."""
    seen = []

    def work(data: RunData[int], a: Any, run: Run) -> Job:
        seen.append((data, a, run.state))
        return Job.DONE

    part = state(Job.A, to=(Job.DONE,))(work)
    waive = [Waive(c, m, "unused") for m in tuple(Job)[1:5] for c in ("exhaustive", "unreachable")]
    built = Workflow.build(
        Job, part, start=Job.A, exits=(Job.DONE,), waive=[*waive, Waive("resource", Job.A, "migrating")]
    )
    run_async(built.bind(a=1).run)
    assert seen == [(None, 1, Job.A)]


def test_wrapped_resources_are_not_bare() -> None:
    """R6: resources that must be made or entered make a run that goes the long way."""
    built = build(lambda a: Job.DONE)
    assert check_resources(built._plan, {"a": 1}).bare
    assert not check_resources(built._plan, {"a": managed(lambda: None)}).bare
