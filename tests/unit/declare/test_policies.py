"""What guards a call, as it is written: what is taken, what is refused and in which words, how it is recorded."""

import asyncio
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest

from cano_dsl import Failure, Join, Joined, Retry, Workflow, compensate, router, split, state
from cano_dsl.errors import AttemptTimeout, CanoError, GraphError, PolicyError, SignatureError
from cano_dsl.spec import COMPENSATION_TIMEOUT_S, Policies

HERE = str(Path(__file__)).removeprefix(f"{Path.cwd()}/")
RETRY = Retry.fixed(3, 0.5)


class Job(Enum):
    WORK = 1
    SORRY = 2
    DONE = 3
    FAILED = 4


class Fuse:
    """A breaker and a limiter at once, that does nothing."""

    def __init__(self, name: Any = "fuse") -> None:
        self.name = name

    def admit(self, now: float) -> int: ...
    def succeeded(self, ticket: int, now: float) -> None: ...
    def failed(self, ticket: int, now: float, error: Exception) -> None: ...
    def dropped(self, ticket: int, now: float) -> None: ...
    def reserve(self, now: float, most_s: float) -> None: ...


FUSE = Fuse()


async def work() -> Literal[Job.DONE]:
    return Job.DONE


def plain() -> Literal[Job.DONE]:
    return Job.DONE


@state(Job.WORK)
async def pay() -> tuple[Literal[Job.DONE], int]:
    return Job.DONE, 1


def branch(item: int) -> int:
    return item


async def branch_async(item: int) -> int:
    return item


DECORATORS = {
    "state": lambda **given: state(Job.WORK, **given)(work),
    "router": lambda **given: router(Job.WORK, **given)(work),
    "to": lambda **given: state(Job.WORK, to=(Job.DONE,), **given)(work),
    "over": lambda timeout=None, **given: split(
        Job.WORK, over=(1,), join=Join.all(), to=Job.DONE, attempt_timeout=timeout, **given
    )(branch_async),
    "branches": lambda timeout=None, **given: split(
        Job.WORK, work, join=Join.all(), to=Job.DONE, attempt_timeout=timeout, **given
    ),
}


@pytest.mark.parametrize("made", DECORATORS.values(), ids=DECORATORS)
def test_policies_are_recorded(made: Any) -> None:
    """L1 to L6: each kind records the policies that it is given, of a split for each branch (J7)."""
    spec = made(retry=RETRY, timeout=timedelta(seconds=90), breaker=FUSE, limiter=FUSE).spec
    assert spec.policies == Policies(retry=RETRY, timeout_s=90.0, breaker=FUSE, limiter=FUSE)
    for name, value in {"retry": RETRY, "timeout": 2, "breaker": FUSE, "limiter": FUSE}.items():
        field = "timeout_s" if name == "timeout" else name
        assert made(**{name: value}).spec.policies == Policies(**{field: value})


@pytest.mark.parametrize("made", DECORATORS.values(), ids=DECORATORS)
def test_nothing_given_is_nothing_recorded(made: Any) -> None:
    """R6: a handler that nothing guards has no policies, no error edges and no effects."""
    for spec in (
        made().spec,
        made(retry=None, timeout=None, breaker=None, limiter=None, on_error=None).spec,
    ):
        assert (spec.policies, spec.on_error, spec.effects) == (None, (), False)


@pytest.mark.parametrize("made", DECORATORS.values(), ids=DECORATORS)
def test_error_edges_are_recorded_in_order(made: Any) -> None:
    """J9: a state alone is for any error; a mapping keeps the order in which it is written."""
    assert made(on_error=Job.SORRY).spec.on_error == ((Exception, Job.SORRY),)
    edges = {AttemptTimeout: Job.SORRY, OSError: Job.FAILED, Exception: Job.SORRY}
    assert made(on_error=edges).spec.on_error == tuple(edges.items())


def test_effects_are_recorded() -> None:
    """A state and a split may say that they change something outside of the run."""
    made = [DECORATORS[kind](effects=True) for kind in ("state", "to", "over", "branches")]
    assert [one.spec.effects for one in made] == [True] * 4
    done = Workflow.build(Job, made[0], start=Job.WORK, exits=(Job.DONE,), waive=_waivers())
    node = done.graph.states["WORK"]
    assert node.handler is not None and node.handler.effects


def _waivers() -> list[Any]:
    from cano_dsl import Waive

    return [Waive("exhaustive", member, "test") for member in (Job.SORRY, Job.FAILED)]


NO_RETRY = "give a Retry, such as Retry.fixed(3, 0.5)"
NO_BREAKER = "give a circuit breaker, such as CircuitBreaker(...)"
NO_LIMITER = "give a limiter, such as RateLimiter(...)"


@pytest.mark.parametrize("made", DECORATORS.values(), ids=DECORATORS)
@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({"retry": 3}, NO_RETRY),
        ({"retry": Retry}, NO_RETRY),
        ({"timeout": 0}, "give seconds or a timedelta, above 0"),
        ({"timeout": True}, "give seconds or a timedelta, above 0"),
        ({"timeout": timedelta(0)}, "give seconds or a timedelta, above 0"),
        ({"breaker": object()}, NO_BREAKER),
        ({"breaker": Fuse}, NO_BREAKER),
        ({"breaker": Fuse(name=3)}, NO_BREAKER),
        ({"limiter": "10/s"}, NO_LIMITER),
        ({"limiter": Fuse}, NO_LIMITER),
    ],
)
def test_other_things_are_refused(made: Any, given: dict[str, Any], allowed: str) -> None:
    """`PolicyError` names the argument, what was given, and what is allowed, also of a class given for an object."""
    with pytest.raises(PolicyError) as caught:
        made(**given)
    ((name, value),) = given.items()
    assert caught.value.field == (
        "attempt_timeout" if name == "timeout" and "split" in repr(made()) else name
    )
    assert caught.value.value is value
    assert str(caught.value).endswith(f" is not possible: {allowed}")


def test_effects_are_a_fact() -> None:
    """`PolicyError`: effects are there or not."""
    for kind in ("state", "over"):
        with pytest.raises(PolicyError, match="effects='yes' is not possible: give True or False"):
            DECORATORS[kind](effects="yes")


@pytest.mark.parametrize("made", DECORATORS.values(), ids=DECORATORS)
def test_key_that_is_no_exception(made: Any) -> None:
    """J9: `KeyboardInterrupt`, cancellation and what is no exception lead nowhere."""
    for key in (KeyboardInterrupt, asyncio.CancelledError, "error"):
        with pytest.raises(SignatureError) as caught:
            made(on_error={key: Job.SORRY})
        assert f"on_error= has the key {key!r}, which is no class of exceptions" in str(caught.value)
        assert HERE in str(caught.value)


LOOP = "a plain function on the event loop cannot be cut"
THREAD = "a thread cannot be stopped, and is always waited for"


@pytest.mark.parametrize(
    ("make", "what", "field", "why"),
    [
        (lambda: state(Job.WORK, timeout=1)(plain), "handler 'plain'", "timeout", LOOP),
        (lambda: router(Job.WORK, timeout=1)(plain), "handler 'plain'", "timeout", LOOP),
        (lambda: state(Job.WORK, thread=True, timeout=1)(plain), "handler 'plain'", "timeout", THREAD),  # type: ignore[call-overload]
        (
            lambda: split(Job.WORK, over=(1,), join=Join.all(), to=Job.DONE, attempt_timeout=1)(branch),
            "branch 'branch'",
            "attempt_timeout",
            LOOP,
        ),
        (
            lambda: split(Job.WORK, over=(1,), join=Join.all(), to=Job.DONE, attempt_timeout=1, thread=True)(
                branch
            ),
            "branch 'branch'",
            "attempt_timeout",
            THREAD,
        ),
        (lambda: compensate(pay, timeout=1)(undo), "compensation 'undo'", "timeout", LOOP),
        (lambda: compensate(pay, thread=True, timeout=1)(undo), "compensation 'undo'", "timeout", THREAD),  # type: ignore[call-overload]
    ],
)
def test_plain_functions_cannot_be_cut(make: Any, what: str, field: str, why: str) -> None:
    """L3, R9: a timeout that nothing can keep is refused where it is written, with what to do instead."""
    with pytest.raises(SignatureError) as caught:
        make()
    text = str(caught.value)
    assert f"{what} has {field}=, but {why}" in text
    assert f"Make it async, leave {field}= away, or give what it calls a timeout of its own" in text
    assert caught.value.parameter == field
    assert HERE in text


def undo(output: int) -> None: ...


def test_plain_functions_can_be_retried() -> None:
    """L1: a plain function may have every other policy, on the loop and in a thread."""
    for thread in (False, True):
        made: Any = state(Job.WORK, thread=thread, retry=RETRY, breaker=FUSE, limiter=FUSE)  # type: ignore[call-overload]
        assert made(plain).spec.policies == Policies(RETRY, None, FUSE, FUSE)


def test_compensation_has_policies_of_its_own() -> None:
    """A compensation records its retry and its timeout, and none where none is given."""

    async def back(output: int) -> None: ...

    assert compensate(pay, retry=RETRY, timeout=2)(back).spec.policies == Policies(RETRY, 2.0)
    assert compensate(pay)(back).spec.policies is None
    with pytest.raises(PolicyError, match="retry=3 is not possible"):
        compensate(pay, retry=3)  # type: ignore[call-overload]


def build(**given: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow of two states and two exits."""
    return Workflow.build(
        Job,
        state(Job.WORK, on_error=Job.SORRY)(work),
        state(Job.SORRY, to=(Job.FAILED,))(lambda: Job.FAILED),
        start=Job.WORK,
        exits=(Job.DONE, Job.FAILED),
        **given,
    )


def test_build_takes_what_bounds_a_run() -> None:
    """R7, R8: the limits stand in the definition by names and numbers, and in the plan."""
    made = build(
        failed=(Job.FAILED, Job.FAILED),
        timeout=timedelta(minutes=1),
        max_transitions=9,
        compensation_timeout=7,
    )
    definition = made.graph.definition
    assert (definition.failed, definition.timeout_s, definition.max_transitions) == (("FAILED",), 60.0, 9)
    assert definition.compensation_timeout_s == 7.0
    for plan in (made._plan, made.configure()._plan):
        assert (plan.timeout_s, plan.max_transitions, plan.budget_s) == (60.0, 9, 7.0)


def test_build_without_limits() -> None:
    """R6: a run is bounded by nothing unless it is said; compensations have half a minute."""
    definition = build().graph.definition
    assert (definition.failed, definition.timeout_s, definition.max_transitions) == ((), None, None)
    assert definition.compensation_timeout_s == COMPENSATION_TIMEOUT_S == 30.0
    assert (build()._plan.timeout_s, build()._plan.max_transitions) == (None, None)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"timeout": 0}, PolicyError, "timeout=0 is not possible: give seconds or a timedelta, above 0"),
        ({"timeout": "1 s"}, PolicyError, "timeout='1 s' is not possible"),
        (
            {"max_transitions": 0},
            PolicyError,
            "max_transitions=0 is not possible: give a whole number, at least 1",
        ),
        ({"max_transitions": True}, PolicyError, "max_transitions=True is not possible"),
        ({"max_transitions": 1.5}, PolicyError, "max_transitions=1.5 is not possible"),
        ({"failed": Job.FAILED}, SignatureError, "failed=Job.FAILED is not a collection of states"),
        ({"failed": None}, SignatureError, "failed=None is not a collection of states"),
        ({"failed": ("FAILED",)}, GraphError, "[state] failed= must be one member of Job, got 'FAILED'"),
        ({"failed": (Job.SORRY,)}, GraphError, "[exit] Job.SORRY is named in failed=, but is no exit"),
    ],
)
def test_impossible_limits(given: dict[str, Any], error: type[CanoError], text: str) -> None:
    """Each limit that cannot be kept is refused, with what is allowed."""
    with pytest.raises(error) as caught:
        build(**given)
    assert text in str(caught.value)


def test_compensation_is_not_entered() -> None:
    """`compensation`: outcomes and failures are for states; a compensation that asks is refused, and told why."""

    @compensate(pay)
    async def back(output: int, prices: Joined[int] | None, why: Failure) -> None: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Job, pay, back, start=Job.WORK, exits=(Job.DONE,), waive=_waivers())
    text = str(caught.value)
    assert (
        '[compensation] Compensation "back" wants the outcomes of a split (prices), which only a state'
        in text
    )
    assert (
        '[compensation] Compensation "back" wants a failure (why), which only a state is entered with' in text
    )
    assert text.count('fix: let "pay" put what is needed into its output') == 2
