"""The rule `join`, and what splits mean to the other rules: every finding in its exact words."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import pytest

from cano_dsl import Failure, Join, Joined, Run, RunData, Waive, Workflow, router, split, state
from cano_dsl.errors import Finding, GraphError, ResourceMissing, ResourceUnknown


class Job(Enum):
    ASK = 1
    NEXT = 2
    SORRY = 3
    DONE = 4


class Other(Enum):
    A = 1


class Store: ...


class Mailer: ...


async def ask(item: int) -> int: ...
async def ups() -> int: ...
async def dhl() -> str: ...


@state(Job.NEXT)
def proceed() -> Literal[Job.DONE]: ...


@state(Job.SORRY)
def sorry() -> Literal[Job.DONE]: ...


def over(items: Any = (1, 2), **options: Any) -> Any:
    """Make a split of items that goes on to NEXT."""
    fn = options.pop("fn", ask)
    return split(Job.ASK, over=items, **{"join": Join.all(), "to": Job.NEXT, **options})(fn)


def findings(*parts: Any, start: Any = Job.ASK, exits: Any = None, **more: Any) -> list[Finding]:
    """Build, and give what was found; SORRY is an exit unless it is handled."""
    handled = {part.spec.at for part in parts}
    exits = exits if exits is not None else [at for at in (Job.DONE, Job.SORRY) if at not in handled]
    waive = [] if Job.SORRY in handled else [Waive("unreachable", Job.SORRY, "not in this test")]
    try:
        built = Workflow.build(Job, *parts, start=start, exits=tuple(exits), waive=waive, **more)
    except GraphError as error:
        found = error.findings
    else:
        found = built.graph.findings
    return [f for f in found if f.waived is None and f.code != "waive"]


def said(found: list[Finding]) -> list[tuple[str, str | None, str, str]]:
    """Give findings as tuples."""
    return [(f.code, f.state, f.message, f.hint) for f in found]


def test_sound_splits_have_no_finding() -> None:
    """Splits that can be joined, whose outcomes go where they are asked for, have no finding."""

    @state(Job.NEXT)
    def take(joined: Joined[int]) -> Literal[Job.DONE]: ...

    assert findings(over(join=Join.quorum(2), bulkhead=1), take) == []
    assert findings(over(lambda: (), join=Join.quorum(500)), take) == []
    assert findings(over(join=Join.partial_timeout(), timeout=1), take) == []


# --- what can never be joined

NUMBER = "change the number, or the branches"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"join": Join.quorum(3)}, "quorum(3) needs 3 successes of 2 branches", NUMBER),
        ({"join": Join.partial_results(9)}, "partial_results(9) needs 9 successes of 2 branches", NUMBER),
        ({"items": (1,), "join": Join.quorum(2)}, "quorum(2) needs 2 successes of 1 branch", NUMBER),
        ({"join": Join.quorum(0)}, "n of quorum(0) is not at least 1", NUMBER),
        ({"join": Join.partial_results(-1)}, "n of partial_results(-1) is not at least 1", NUMBER),
        ({"items": list, "join": Join.quorum(0)}, "n of quorum(0) is not at least 1", NUMBER),
        ({"join": Join.percentage(0)}, "p of percentage(0) is not above 0 and at most 1", NUMBER),
        ({"join": Join.percentage(1.5)}, "p of percentage(1.5) is not above 0 and at most 1", NUMBER),
        ({"join": Join.percentage(-1)}, "p of percentage(-1) is not above 0 and at most 1", NUMBER),
        (
            {"join": Join.percentage(float("nan"))},
            "p of percentage(nan) is not above 0 and at most 1",
            NUMBER,
        ),
        (
            {"items": list, "join": Join.percentage(2)},
            "p of percentage(2) is not above 0 and at most 1",
            NUMBER,
        ),
        ({"items": ()}, "there is no branch", "give over= or branches"),
        ({"items": range(0), "join": Join.any()}, "there is no branch", "give over= or branches"),
        ({"join": Join.partial_timeout()}, "partial_timeout has no timeout", "give timeout=, in seconds"),
        ({"bulkhead": 0}, "bulkhead=0 would start no branch", "give at least 1, or leave it out for all"),
        ({"bulkhead": -3}, "bulkhead=-3 would start no branch", "give at least 1, or leave it out for all"),
    ],
    ids=str,
)
def test_unsatisfiable(options: dict[str, Any], message: str, hint: str) -> None:
    """J5: what can never be joined is found where the definition tells."""

    def items() -> list[int]: ...

    given = options.get("items", (1, 2))
    part = over(**{**options, "items": items if given is list else given})
    assert said(findings(part, proceed)) == [("join", "ASK", f'Split "ask": {message}', hint)]


def test_everything_about_a_split_at_once() -> None:
    """J5: several things wrong with one split are several findings, at its line."""
    part = over((), join=Join.partial_timeout(), bulkhead=0)
    found = findings(part, proceed)
    assert [f.message for f in found] == [
        'Split "ask": there is no branch',
        'Split "ask": partial_timeout has no timeout',
        'Split "ask": bulkhead=0 would start no branch',
    ]
    assert {f.where for f in found} == {part.spec.where}
    assert {f.severity for f in found} == {"error"}


def test_too_few_branches_of_their_own() -> None:
    """J5: branches are counted too."""
    part = split(Job.ASK, ups, dhl, join=Join.quorum(3), to=Job.NEXT)
    assert [f.message for f in findings(part, proceed)] == [
        'Split "ask": quorum(3) needs 3 successes of 2 branches'
    ]


# --- outcomes


def wants(annotation: Any, at: Job = Job.NEXT, decorate: Callable[..., Any] = state) -> Any:
    """Make a handler that asks for something."""

    def take(found): ...

    take.__annotations__["found"] = annotation
    return decorate(at, to=(Job.DONE,))(take)


def test_outcomes_at_the_start() -> None:
    """J8: a state at which runs start cannot count on outcomes."""
    take = wants(Joined[int])
    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.DONE)(ask)
    found = [f for f in findings(take, part, start=Job.NEXT) if f.code == "join"]
    assert said(found) == [
        (
            "join",
            "NEXT",
            'Handler "take" wants the outcomes of a split, but a run starts at Job.NEXT',
            "annotate the parameter as Joined[int] | None",
        )
    ]


def test_outcomes_from_a_state_that_is_no_split() -> None:
    """J8: a state that another one, which is no split, leads to cannot count on outcomes."""
    for decorate in (state, router):
        other = decorate(Job.SORRY, to=(Job.NEXT,))(lambda: Job.NEXT)
        found = findings(over(on_error=Job.SORRY), wants(Joined[int]), other)
        assert said(found) == [
            (
                "join",
                "NEXT",
                'Handler "take" wants the outcomes of a split, but Job.SORRY, which is no split, leads there',
                "annotate the parameter as Joined[int] | None",
            )
        ]
        assert findings(over(on_error=Job.SORRY), wants(Joined[int] | None), other) == []


def test_outcomes_along_an_error_edge() -> None:
    """J8: a state that an error edge leads to cannot count on outcomes, from this split or another."""
    found = findings(over(on_error=Job.NEXT), wants(Joined[int]))
    assert said(found) == [
        (
            "join",
            "NEXT",
            'Handler "take" wants the outcomes of a split, but an error of Job.ASK leads there',
            "annotate the parameter as Joined[int] | None",
        )
    ]
    only = findings(over(on_error=Job.SORRY), proceed, wants(Joined[str], Job.SORRY))
    assert [f.message for f in only] == [
        'Handler "take" wants the outcomes of a split, but an error of Job.ASK leads there'
    ]


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (Joined[str], "str"),
        (Joined[str] | None, "str"),
        (Joined[list[int]], "list[int]"),
        ("Joined[str]", "str"),
        ("Joined[str] | None", "str"),
    ],
    ids=str,
)
def test_outcomes_of_another_type(annotation: Any, shown: str) -> None:
    """J8: outcomes are asked for with the type that the branches return."""
    assert said(findings(over(), wants(annotation))) == [
        (
            "join",
            "NEXT",
            f'Handler "take" wants outcomes as Joined[{shown}], but branches of split Job.ASK return int',
            "annotate the parameter as Joined[int]",
        )
    ]


@pytest.mark.parametrize(
    "annotation",
    [Joined[int], Joined[Any], Joined, Joined[float], Joined[int | str], Joined[bool], "Joined[Unknown]"],
    ids=str,
)
def test_outcomes_that_fit(annotation: Any) -> None:
    """J8: a type that fits what the branches return passes, and so does what cannot be known."""
    assert findings(over(), wants(annotation)) == []


def test_outcomes_of_several_types() -> None:
    """J8: each type that branches return must fit; the hint names them all."""
    part = split(Job.ASK, ups, dhl, join=Join.all(), to=Job.NEXT)
    assert findings(part, wants(Joined[int | str])) == []
    assert said(findings(part, wants(Joined[bytes]))) == [
        (
            "join",
            "NEXT",
            f'Handler "take" wants outcomes as Joined[bytes], but branches of split Job.ASK return {kind}',
            "annotate the parameter as Joined[int | str]",
        )
        for kind in ("int", "str")
    ]
    assert [f.message for f in findings(part, wants(Joined[str]))] == [
        'Handler "take" wants outcomes as Joined[str], but branches of split Job.ASK return int'
    ]


def test_outcomes_of_a_workflow() -> None:
    """J8: a workflow's branch returns members of its Enum."""
    inner = Workflow.build(Inner, _inner_handler, start=Inner.WORK, exits=(Inner.DONE,))
    part = split(Job.ASK, inner, join=Join.all(), to=Job.NEXT)
    assert findings(part, wants(Joined[Inner])) == []
    assert [f.message for f in findings(part, wants(Joined[int]))] == [
        'Handler "take" wants outcomes as Joined[int], but branches of split Job.ASK return Inner'
    ]


class Inner(Enum):
    WORK = 1
    DONE = 2


@state(Inner.WORK)
async def _inner_handler(mailer: Mailer, note: str = "") -> Literal[Inner.DONE]: ...


def test_outcomes_from_two_splits() -> None:
    """J8: every split that leads to a state must return what it asks for."""
    second = split(Job.SORRY, dhl, join=Join.all(), to=Job.NEXT)
    found = findings(over(on_error=Job.SORRY), wants(Joined[int]), second)
    assert [f.message for f in found] == [
        'Handler "take" wants outcomes as Joined[int], but branches of split Job.SORRY return str'
    ]
    assert findings(over(on_error=Job.SORRY), wants(Joined[int | str]), second) == []


def test_branches_that_ask_for_outcomes() -> None:
    """J8: a split's functions may ask for the outcomes of the split before; the one that must have them counts."""

    async def easy(joined: Joined[int] | None) -> int: ...
    async def strict(joined: Joined[int]) -> int: ...

    after = split(Job.NEXT, easy, strict, join=Join.all(), to=Job.DONE)
    assert findings(over(), after) == []
    other = state(Job.SORRY, to=(Job.NEXT,))(lambda: Job.NEXT)
    assert [f.message for f in findings(over(on_error=Job.SORRY), after, other)] == [
        'Handler "next" wants the outcomes of a split, but Job.SORRY, which is no split, leads there'
    ]


def test_a_handler_that_never_runs_is_not_asked() -> None:
    """A second handler of a state is told of as such, and not of its outcomes too."""
    found = findings(over(), proceed, wants(Joined[str]))
    assert [f.code for f in found] == ["duplicate"]


# --- failures


def test_failure_at_the_start() -> None:
    """J9: a state at which runs start cannot count on a failure."""
    part = split(Job.ASK, over=(1,), join=Join.all(), to=Job.DONE)(ask)
    found = [f for f in findings(wants(Failure), part, start=Job.NEXT) if f.code == "resource"]
    assert said(found) == [
        (
            "resource",
            "NEXT",
            'Handler "take" wants the failure of an error edge, but a run starts at Job.NEXT',
            "annotate the parameter as Failure | None",
        )
    ]


def test_failure_without_an_error_edge() -> None:
    """J9: a state that a transition leads to cannot count on a failure, also where an error edge does too."""
    for part in (over(), over(on_error=Job.NEXT)):
        assert said(findings(part, wants(Failure))) == [
            (
                "resource",
                "NEXT",
                'Handler "take" wants the failure of an error edge, but Job.ASK leads there without one',
                "annotate the parameter as Failure | None",
            )
        ]
        assert findings(part, wants(Failure | None)) == []
        assert findings(part, wants("Failure | None")) == []


def test_failure_along_error_edges_alone() -> None:
    """J9: a state that only error edges lead to may count on a failure."""
    assert findings(over(on_error=Job.SORRY), proceed, wants(Failure, Job.SORRY)) == []
    assert findings(over(on_error={KeyError: Job.SORRY}), proceed, wants("Failure", Job.SORRY)) == []


# --- other rules


def test_on_error_strays() -> None:
    """`state`: what an error edge leads to is one member of the Enum."""
    part = over(on_error={KeyError: Other.A, ValueError: "SORRY", Exception: Job.SORRY})
    found = findings(part, proceed)
    assert said(found) == [
        (
            "state",
            None,
            f'on_error= of handler "ask" must be one member of Job, got {got}',
            "give a member of Job, such as Job.ASK",
        )
        for got in ("Other.A", "'SORRY'")
    ]
    assert {f.where for f in found} == {part.spec.where}


def test_error_edges_reach() -> None:
    """`unreachable`: a state that only an error edge leads to is reached; without the edge it is not."""
    assert findings(over(on_error=Job.SORRY), proceed, sorry) == []
    assert [f.code for f in findings(over(), proceed, sorry)] == ["unreachable"]


def test_error_edges_lead_out() -> None:
    """`dead-end`: a cycle that only an error edge leaves is no trap; without the edge it is one."""
    back = state(Job.NEXT, to=(Job.ASK,))(lambda: Job.ASK)
    assert findings(over(on_error=Job.DONE), back) == []
    (trap,) = [f for f in findings(over(), back) if f.code == "dead-end"]
    assert trap.message == (
        "No exit can be reached from state Job.ASK: it only leads Job.ASK → Job.NEXT → Job.ASK"
    )


def test_a_trap_behind_an_error_edge() -> None:
    """`dead-end`: a trap that only an error edge leads into is found."""
    stuck = state(Job.SORRY, to=(Job.SORRY,))(lambda: Job.SORRY)
    assert [(f.code, f.state) for f in findings(over(on_error=Job.SORRY), proceed, stuck)] == [
        ("dead-end", "SORRY")
    ]


def test_resources_of_branches_count() -> None:
    """`resource`: what branches, the function that gives items, and workflows ask for is checked as one."""

    def items(store: Mailer) -> list[int]: ...

    async def shared(item: int, store: Store) -> int: ...

    part = over(items, fn=shared)
    hint = "give one of the two another name, or annotate both with one type"
    assert said(findings(part, proceed)) == [
        (
            "resource",
            "ASK",
            'Resource "store" is wanted as Mailer here but as Store by an earlier handler',
            f'{hint}; the earlier is "shared" ({part.spec.where})',
        )
    ]
    inner = Workflow.build(Inner, _inner_handler, start=Inner.WORK, exits=(Inner.DONE,))

    async def clash(mailer: Store) -> int: ...

    assert [
        f.message for f in findings(split(Job.ASK, inner, clash, join=Join.all(), to=Job.NEXT), proceed)
    ] == ['Resource "mailer" is wanted as Store here but as Mailer by an earlier handler']


def test_resources_of_branches_are_offered() -> None:
    """`resource`: what `resources=` does not name is missing for a branch and for a workflow's branch."""

    class Given:
        def __init__(self, store: Store) -> None: ...

    async def branch(store: Store) -> int: ...

    inner = Workflow.build(Inner, _inner_handler, start=Inner.WORK, exits=(Inner.DONE,))
    part = split(Job.ASK, branch, inner, join=Join.all(), to=Job.NEXT)
    assert [(f.code, f.message) for f in findings(part, proceed, resources=Given)] == [
        ("resource", 'Resource "mailer" is wanted here but not provided by resources=')
    ]


def test_resources_of_branches_are_wired() -> None:
    """S1: `bind` asks for what branches, item functions and workflows need, and takes what they can do without."""

    def items(mailer: Mailer) -> list[int]: ...
    async def shared(item: int, store: Store, run: Run) -> int: ...

    built = Workflow.build(
        Job,
        over(items, fn=shared),
        proceed,
        sorry,
        start=Job.ASK,
        exits=(Job.DONE,),
        waive=[Waive("unreachable", Job.SORRY, "not in this test")],
    )
    with pytest.raises(ResourceMissing) as caught:
        built.bind()
    assert caught.value.missing == ("store", "mailer")
    with pytest.raises(ResourceUnknown, match="'item'"):
        built.bind(store=Store(), mailer=Mailer(), item=3)
    inner = Workflow.build(Inner, _inner_handler, start=Inner.WORK, exits=(Inner.DONE,))
    part = split(Job.ASK, inner, join=Join.all(), to=Job.NEXT)
    nesting = Workflow.build(
        Job,
        part,
        proceed,
        sorry,
        start=Job.ASK,
        exits=(Job.DONE,),
        waive=[Waive("unreachable", Job.SORRY, "not in this test")],
    )
    with pytest.raises(ResourceMissing) as caught:
        nesting.bind()
    assert caught.value.missing == ("mailer",)
    nesting.bind(mailer=Mailer(), note="x")


def test_data_of_branches_counts() -> None:
    """`resource`: a branch that asks for the run's data is checked as a handler is."""

    async def branch(data: RunData[int]) -> int: ...

    part = split(Job.ASK, ups, branch, join=Join.all(), to=Job.NEXT)
    assert [f.message for f in findings(part, proceed)] == [
        'Handler "ask" wants the run\'s data as int, but the workflow has none'
    ]
    assert [f.message for f in findings(part, proceed, data=str)] == [
        'Handler "ask" wants the run\'s data as int, but data= is str'
    ]
    assert findings(part, proceed, data=int) == []
