"""The rule `policy`, in its exact words, and what the graph says of what guards a call."""

import inspect
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest

from cano_dsl import Join, Retry, Waive, Workflow, compensate, split, state
from cano_dsl.errors import GraphError


class Order(Enum):
    CHARGE = 1
    BOOK = 2
    SHIP = 3
    SORRY = 4
    DONE = 5


class Fuse:
    """A breaker and a limiter at once, that does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def admit(self, now: float) -> int: ...
    def succeeded(self, ticket: int, now: float) -> None: ...
    def failed(self, ticket: int, now: float, error: Exception) -> None: ...
    def dropped(self, ticket: int, now: float) -> None: ...
    def reserve(self, now: float, most_s: float) -> None: ...


def at(part: Any) -> str:
    """Write the place of a handler or compensation as findings do."""
    where = part.spec.where
    return f"{where.file.removeprefix(str(Path.cwd()) + '/')}:{where.line}"


def step(here: Order, *targets: Order, **given: Any) -> Any:
    """Make an async handler."""

    async def step() -> Order: ...

    step.__name__ = here.name.lower()
    return state(here, to=targets, **given)(step)


def branches(here: Order, target: Order, **given: Any) -> Any:
    """Make a split of five branches."""

    async def branches(item: int) -> None: ...

    branches.__name__ = here.name.lower()
    return split(here, over=range(5), join=Join.all(), to=target, **given)(branches)


def build(*parts: Any, **given: Any) -> Workflow[Any, Any, Any, ...]:
    """Build a workflow that starts with a charge; states that nobody handles are left out by waivers."""
    handled = {part.spec.at for part in parts if hasattr(part.spec, "at")}
    waive = [Waive("exhaustive", member, "test") for member in Order if member not in (*handled, Order.DONE)]
    return Workflow.build(
        Order,
        *parts,
        start=Order.CHARGE,
        exits=(Order.DONE,),
        waive=[*waive, *given.pop("waive", ())],
        **given,
    )


def refused(*parts: Any, **given: Any) -> list[str]:
    """Build what cannot be built; give code, message and fix of each finding that is not waived."""
    with pytest.raises(GraphError) as caught:
        build(*parts, **given)
    return [
        f"{one.severity} [{one.code}] {one.message}; {one.hint}"
        for one in caught.value.findings
        if one.waived is None
    ]


def warned(*parts: Any, **given: Any) -> list[str]:
    """Build a workflow; give its warnings."""
    found = [one for one in build(*parts, **given).graph.findings if one.waived is None]
    assert {one.severity for one in found} <= {"warning"}
    return [f"[{one.code}] {one.message}" for one in found]


def test_timeouts_inside_each_other_are_silent() -> None:
    """`policy`: a timeout may be as long as the one around it."""
    parts = (
        step(Order.CHARGE, Order.BOOK, timeout=5),
        branches(Order.BOOK, Order.DONE, timeout=5, attempt_timeout=5),
    )
    assert warned(*parts, timeout=10) == []
    assert warned(*parts) == []


def test_attempt_above_the_total() -> None:
    """`policy`: an attempt's timeout above that of the workflow is an error, as it would never end anything."""
    charge = step(Order.CHARGE, Order.DONE, timeout=10.5, retry=Retry.fixed(3, 1))
    assert refused(charge, timeout=10) == [
        (
            'error [policy] Handler "charge" has timeout=10.5 s, above the workflow\'s timeout of 10 s, so it would '
            "never end anything; lower it, or raise build(timeout=…)"
        )
    ]
    with pytest.raises(GraphError) as caught:
        build(charge, timeout=10)
    assert f"\n{at(charge)}: error [policy] Handler" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timeout": 20}, "timeout=20 s, above the workflow's timeout of 10 s"),
        ({"attempt_timeout": 20}, "attempt_timeout=20 s, above the workflow's timeout of 10 s"),
        ({"timeout": 5, "attempt_timeout": 6}, "attempt_timeout=6 s, above its timeout of 5 s"),
    ],
)
def test_split_with_a_timeout_that_never_ends(given: dict[str, Any], text: str) -> None:
    """`policy`: of a split both the join's timeout and that of each attempt are looked at."""
    raised = "timeout=" if "its" in text else "build(timeout=…)"
    assert refused(branches(Order.CHARGE, Order.DONE, **given), timeout=10) == [
        f'error [policy] Split "charge" has {text}, so it would never end anything; lower it, or raise {raised}'
    ]


def test_compensation_above_its_budget() -> None:
    """`policy`: a compensation's timeout is within what all compensations have."""

    @state(Order.CHARGE)
    def charge() -> tuple[Literal[Order.DONE], int]: ...

    @compensate(charge, timeout=31)
    async def refund(amount: int) -> None: ...

    assert refused(charge, refund) == [
        (
            'error [policy] Compensation "refund" has timeout=31 s, above the compensation_timeout of 30 s, so it would '
            "never end anything; lower it, or raise build(compensation_timeout=…)"
        )
    ]
    assert warned(charge, refund, compensation_timeout=31) == []


def test_timeout_that_never_ends_may_be_waived() -> None:
    """`policy`: a waiver lets it pass for one state, and its reason stays in the graph."""
    charge = step(Order.CHARGE, Order.DONE, timeout=11)
    graph = build(charge, timeout=10, waive=[Waive("policy", Order.CHARGE, "as elsewhere")]).graph
    assert [one.waived for one in graph.findings if one.code == "policy"] == ["as elsewhere"]


def test_way_that_may_take_too_long() -> None:
    """`policy`: attempts times timeout, and the waits, of all states on a way, above the total, are a warning."""
    charge = step(Order.CHARGE, Order.BOOK, Order.SHIP, timeout=10, retry=Retry.fixed(3, 2))  # 34 s
    book = step(Order.BOOK, Order.DONE, timeout=4)
    ship = step(Order.SHIP, Order.DONE, retry=Retry.fixed(11, 1))  # 10 s
    assert warned(charge, book, ship, timeout=44) == []
    assert warned(charge, book, ship, timeout=43) == [
        (
            "[policy] By their timeouts and waits alone, Order.CHARGE → Order.SHIP may take 44 s, more than the "
            "workflow's timeout of 43 s"
        )
    ]
    (finding,) = [one for one in build(charge, book, ship, timeout=43).graph.findings if one.code == "policy"]
    assert finding.hint == (
        "raise build(timeout=…), or lower attempts, timeouts and waits on this way; what has no timeout, and "
        "further rounds of a cycle, would come on top"
    )
    line = inspect.getsourcelines(build)[1]
    assert finding.state is None
    assert finding.where is not None and finding.where.line > line


def test_warning_about_the_whole_may_be_waived() -> None:
    """`policy`: what a way may take is about the workflow as a whole, and is waived as such."""
    charge = step(Order.CHARGE, Order.DONE, timeout=10, retry=Retry.fixed(3, 0))
    assert warned(charge, timeout=20, waive=[Waive("policy", None, "seldom")]) == []


def test_way_through_a_cycle_and_an_error() -> None:
    """`policy`: of states that lead to each other the longest counts once; error edges are ways too."""
    charge = step(Order.CHARGE, Order.BOOK, timeout=1)
    book = step(Order.BOOK, Order.CHARGE, Order.DONE, timeout=7, on_error=Order.SORRY)
    sorry = step(Order.SORRY, Order.DONE, timeout=5)
    assert warned(charge, book, sorry, timeout=13) == []
    assert warned(charge, book, sorry, timeout=12) == [
        (
            "[policy] By their timeouts and waits alone, Order.CHARGE → Order.BOOK → Order.SORRY may take 13 s, more "
            "than the workflow's timeout of 12 s"
        )
    ]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"timeout": 6}, 6),
        ({"attempt_timeout": 2}, 2),
        ({"attempt_timeout": 2, "bulkhead": 2}, 6),
        ({"attempt_timeout": 2, "bulkhead": 2, "timeout": 5}, 5),
        ({"retry": Retry.fixed(3, 1)}, 2),
        ({"retry": Retry.fixed(3, 1), "timeout": 5}, 5),
        ({"retry": Retry.fixed(3, 1), "attempt_timeout": 2, "bulkhead": 5}, 8),
    ],
)
def test_time_of_a_split(given: dict[str, Any], seconds: float) -> None:
    """`policy`: branches run in rounds of the bulkhead, each as long as its attempts, and the join may cut them."""
    parts = (branches(Order.CHARGE, Order.BOOK, **given), step(Order.BOOK, Order.DONE, timeout=7))
    assert warned(*parts, timeout=7 + seconds) == []
    (text,) = warned(*parts, timeout=7 + seconds - 0.5)
    assert f"Order.CHARGE → Order.BOOK may take {7 + seconds} s" in text


def test_undoing_that_may_take_too_long() -> None:
    """`policy`: what undoes the states of one way has to be done within the compensations' budget."""

    @state(Order.CHARGE)
    def charge() -> tuple[Literal[Order.BOOK], int]: ...

    @state(Order.BOOK)
    def book() -> tuple[Literal[Order.DONE], int]: ...

    @compensate(charge, timeout=10, retry=Retry.fixed(2, 1))
    async def refund(amount: int) -> None: ...

    @compensate(book, timeout=10)
    async def unbook(number: int) -> None: ...

    assert warned(charge, refund, book, unbook, compensation_timeout=31) == []
    assert warned(charge, refund, book, unbook) == [
        (
            "[policy] By their timeouts and waits alone, undoing Order.CHARGE → Order.BOOK may take 31 s, more than the "
            "compensation_timeout of 30 s"
        )
    ]


def test_two_breakers_of_one_name() -> None:
    """`policy`: two breakers that are called the same are a warning, once, and are told apart in the graph."""
    one, other, third = Fuse("payments"), Fuse("payments"), Fuse("mail")
    parts = (
        step(Order.CHARGE, Order.BOOK, breaker=one, limiter=third),
        step(Order.BOOK, Order.SHIP, breaker=other),
        step(Order.SHIP, Order.SORRY, breaker=one),
        step(Order.SORRY, Order.DONE, breaker=other, limiter=Fuse("mail")),
    )
    graph = build(*parts).graph
    assert [(f.state, f.message, f.hint) for f in graph.findings] == [
        (
            "BOOK",
            'Two breakers are called "payments": one guards Order.CHARGE, another Order.BOOK',
            "share one breaker, or give each a name of its own",
        ),
        (
            "SORRY",
            'Two limiters are called "mail": one guards Order.CHARGE, another Order.SORRY',
            "share one limiter, or give each a name of its own",
        ),
    ]
    assert graph.breakers == {"payments": ("CHARGE", "SHIP"), "payments (2)": ("BOOK", "SORRY")}
    assert graph.limiters == {"mail": ("CHARGE",), "mail (2)": ("SORRY",)}


def test_graph_tells_what_guards_a_state() -> None:
    """L4: the states that share a breaker are readable, and each node has its policies by names and numbers."""
    payments = Fuse("payments")
    graph = build(
        step(
            Order.CHARGE,
            Order.BOOK,
            retry=Retry.exponential(attempts=3, wait_jitter=0),
            timeout=2,
            breaker=payments,
            limiter=payments,
            effects=True,
        ),
        step(Order.BOOK, Order.DONE, breaker=payments),
        timeout=60,
        max_transitions=5,
        failed=(Order.DONE,),
        waive=[Waive("compensation", Order.CHARGE, "test")],
    ).graph
    assert graph.breakers == {"payments": ("CHARGE", "BOOK")}
    policies = graph.states["CHARGE"].policies
    assert policies is not None and policies.breaker is not None
    assert (policies.attempts, policies.timeout_s, policies.breaker.name) == (3, 2.0, "payments")
    assert graph.states["DONE"].policies is None
    found = graph.to_dict()
    assert {
        name: found[name] for name in ("failed", "timeout_s", "compensation_timeout_s", "max_transitions")
    } == {
        "failed": ["DONE"],
        "timeout_s": 60.0,
        "compensation_timeout_s": 30.0,
        "max_transitions": 5,
    }
    assert (found["breakers"], found["limiters"]) == (
        {"payments": ["CHARGE", "BOOK"]},
        {"payments": ["CHARGE"]},
    )
    charge, book, *_ = found["states"]
    assert (charge["effects"], book["effects"]) == (True, False)
    assert charge["policies"] == {
        "attempts": 3,
        "wait": "0.1 s, 2 times as long each time, up to 5 s",
        "timeout_s": 2.0,
        "breaker": "payments",
        "limiter": "payments",
    }
    assert found["states"][-1]["policies"] is None


def test_error_edges_of_every_kind_count() -> None:
    """J9: an error edge of a state leads to its target, for reachability and in the graph."""
    charge = step(Order.CHARGE, Order.DONE, on_error={OSError: Order.SORRY, Exception: Order.BOOK})
    graph = build(charge, step(Order.SORRY, Order.DONE), step(Order.BOOK, Order.DONE)).graph
    assert [(e.source, e.target, e.error) for e in graph.edges if e.is_error] == [
        ("CHARGE", "SORRY", "OSError"),
        ("CHARGE", "BOOK", ""),
    ]
    assert [f.code for f in graph.findings if f.waived is None] == []
