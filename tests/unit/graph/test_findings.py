"""Every finding, in its exact words."""

import inspect
from enum import Enum, Flag
from pathlib import Path
from typing import Any, Literal

import pytest

from cano_dsl import Run, RunData, Waive, Workflow, router, state
from cano_dsl.errors import GraphError, PolicyError


class Order(Enum):
    START = 1
    PAY = 2
    DONE = 3
    FAILED = 4


class Other(Enum):
    A = 1


class Store: ...


class Mailer: ...


HERE = str(Path(__file__))


def shown(file: str, line: int) -> str:
    """Write a place as findings do."""
    return f"{file.removeprefix(str(Path.cwd()) + '/')}:{line}"


def at(handler: Any) -> str:
    """Write the place of a handler."""
    return shown(handler.spec.where.file, handler.spec.where.line)


def refused(
    *parts: Any, start: Any = Order.START, exits: Any = (Order.DONE, Order.FAILED), **more: Any
) -> str:
    """Build what cannot be built, and give the text of the error without its first line."""
    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, *parts, start=start, exits=exits, **more)
    line = next(
        f.lineno for f in inspect.getinnerframes(caught.value.__traceback__) if f.function == "refused"
    )
    head, _, text = str(caught.value).partition("\n")
    count = len(caught.value.findings)
    assert head == f"workflow 'Order' has {count} finding{'s' if count > 1 else ''}"
    return text.replace(shown(HERE, line), "BUILD")


@state(Order.START)
def begin(store: Store) -> Literal[Order.PAY, Order.FAILED]: ...


@state(Order.PAY)
async def pay(store: Store) -> Literal[Order.DONE]: ...


def test_sound_workflow_has_no_finding() -> None:
    """A workflow that keeps every rule has no finding."""
    flow = Workflow.build(Order, begin, pay, start=Order.START, exits=(Order.DONE, Order.FAILED))
    assert flow.graph.findings == ()


def test_transition_whole_enum() -> None:
    """`transition`: the bare Enum as return annotation declares nothing."""

    @state(Order.PAY)
    def bare() -> Order: ...

    assert refused(begin, bare) == (
        f'{at(bare)}: error [transition] Handler "bare" must declare its next states as Literal[Order.X, ...], '
        "got the whole Order\n"
        "    fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give state(…, to=(…))"
    )


@pytest.mark.parametrize(
    ("annotation", "got"),
    [
        (Any, "Any"),
        (None, "None"),
        (inspect.Signature.empty, "no annotation"),
        (int, "int"),
        (str, "str"),
        (list[Order], "list[Order]"),
        (Literal[Order.DONE] | None, "None"),
        (tuple[Literal[Order.DONE], int, str], "tuple[Literal[Order.DONE], int, str]"),
        (tuple[Literal[Order.DONE], ...], "tuple[Literal[Order.DONE], ...]"),
        (Other, "Other"),
        ("Nowhere", "Nowhere, a name that does not exist at run time"),
        ("1 +", "'1 +', which cannot be read (SyntaxError: invalid syntax (<string>, line 1))"),
        ("1 / 0", "'1 / 0', which cannot be read (ZeroDivisionError: division by zero)"),
    ],
)
def test_transition_other_annotations(annotation: Any, got: str) -> None:
    """`transition`: what stands in place of a Literal is named as its author wrote it."""

    def handler(): ...

    if annotation is not inspect.Signature.empty:
        handler.__annotations__["return"] = annotation
    made = router(Order.PAY)(handler)  # type: ignore[call-overload]
    assert refused(begin, made) == (
        f'{at(made)}: error [transition] Handler "handler" must declare its next states as '
        f"Literal[Order.X, ...], got {got}\n"
        "    fix: annotate the return as Literal[Order.X, ...] with each state it may go to, or give router(…, to=(…))"
    )


def test_transition_foreign() -> None:
    """`transition`: each member of another Enum is named."""

    @state(Order.PAY)  # type: ignore[call-overload]
    def foreign() -> Literal[Order.DONE, Other.A, "DONE"]: ...

    assert refused(begin, foreign) == (
        f'{at(foreign)}: error [transition] Handler "foreign" may go to Other.A, not a member of Order\n'
        "    fix: name only members of Order\n"
        f"{at(foreign)}: error [transition] Handler \"foreign\" may go to 'DONE', not a member of Order\n"
        "    fix: name only members of Order"
    )


def test_transition_twin() -> None:
    """`transition`: a member of another Enum of the same name is told apart."""
    twin = Enum("Order", "DONE", module="elsewhere")
    handler = state(Order.PAY, to=(twin.DONE, Order.DONE))(lambda: Order.DONE)  # type: ignore[attr-defined]
    assert refused(begin, handler) == (
        f'{at(handler)}: error [transition] Handler "<lambda>" may go to Order.DONE of elsewhere, another Enum '
        "of the same name, not a member of Order\n"
        "    fix: name only members of Order"
    )


def test_transition_beyond_to() -> None:
    """`transition`: an annotation that goes beyond `to=` is a contradiction."""

    def fn() -> Literal[Order.DONE, Order.FAILED]: ...

    made = state(Order.PAY, to=(Order.DONE,))(fn)
    assert refused(begin, made) == (
        f'{at(made)}: error [transition] Handler "fn" may return Order.FAILED by its annotation, '
        "but to= leaves it out\n"
        "    fix: add Order.FAILED to to=, or take it out of the annotation"
    )


def test_transition_empty_to() -> None:
    """`transition`: an empty `to=` declares nothing."""
    made = state(Order.PAY, to=())(lambda: Order.DONE)
    assert "got an empty to=" in refused(begin, made)


def test_state_of_a_handler() -> None:
    """`state`: a handler's state is a member of the workflow's Enum."""

    @state(Other.A)
    def other() -> Literal[Other.A]: ...

    text = refused(begin, pay, other)
    assert text.startswith(
        f'{at(other)}: error [state] handler "other" must be one member of Order, got Other.A\n'
        "    fix: give a member of Order, such as Order.START\n"
    )


def test_state_of_start_exits_and_waivers() -> None:
    """`state`: start, exits and the states of waivers are members of the workflow's Enum."""
    text = refused(
        begin, pay, start="START", exits=(Order.DONE, Order.FAILED, 7), waive=[Waive("exit", Other.A, "x")]
    )
    assert text == (
        "BUILD: error [state] start= must be one member of Order, got 'START'\n"
        "    fix: give a member of Order, such as Order.START\n"
        "BUILD: error [state] exits= must be one member of Order, got 7\n"
        "    fix: give a member of Order, such as Order.START\n"
        "BUILD: error [state] waive= must be one member of Order, got Other.A\n"
        "    fix: give a member of Order, such as Order.START\n"
        'BUILD: warning [waive] Waiver of "exit" for Order.A is not needed\n'
        "    fix: remove it"
    )


def test_state_aliases() -> None:
    """`state`: an Enum in which a member has two names is refused."""

    class Job(Enum):
        WORK = 1
        DONE = 2
        FINISHED = 2

    @state(Job.WORK)
    def work() -> Literal[Job.DONE]: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
    assert str(caught.value).endswith(
        ": error [state] Job.FINISHED is another name of Job.DONE\n"
        "    fix: give Job.FINISHED a value of its own, or remove it"
    )


def test_duplicate() -> None:
    """`duplicate`: the second handler of a state is at fault, and the first is named."""

    @state(Order.PAY)
    def again() -> Literal[Order.DONE]: ...

    assert refused(begin, pay, again) == (
        f"{at(again)}: error [duplicate] State Order.PAY has more than one handler\n"
        f'    fix: keep one; the first is "pay" ({at(pay)})'
    )


def test_exit_with_a_handler() -> None:
    """`exit`: a handler of an exit would never run."""

    @state(Order.FAILED)
    def failed() -> Literal[Order.DONE]: ...

    assert refused(begin, pay, failed) == (
        f"{at(failed)}: error [exit] State Order.FAILED is an exit, so its handler would never run\n"
        "    fix: remove the handler, or take the state out of exits="
    )


def test_no_exit() -> None:
    """`exit`: a workflow has an exit."""

    class Loop(Enum):
        A = 1

    @state(Loop.A)
    def again() -> Literal[Loop.A]: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Loop, again, start=Loop.A, exits=())
    assert [(f.code, f.message, f.hint) for f in caught.value.findings] == [
        ("exit", "Workflow has no exit", "name the states that end a run: exits=(Loop.X,)")
    ]


def test_exhaustive() -> None:
    """`exhaustive`: a member that is neither handled nor an exit, with the states around it."""
    assert refused(begin) == (
        "BUILD: error [exhaustive] Workflow does not handle Order.PAY (neither handled nor an exit)\n"
        "    START → PAY → ?\n"
        "    fix: give build a handler for Order.PAY, or name it in exits="
    )


def test_exhaustive_without_neighbours() -> None:
    """`exhaustive`: one finding for each member, without a picture where nothing leads to it."""

    @state(Order.START)
    def only() -> Literal[Order.DONE]: ...

    assert refused(only, exits=(Order.DONE,)) == (
        "BUILD: error [exhaustive] Workflow does not handle Order.PAY (neither handled nor an exit)\n"
        "    fix: give build a handler for Order.PAY, or name it in exits=\n"
        "BUILD: error [exhaustive] Workflow does not handle Order.FAILED (neither handled nor an exit)\n"
        "    fix: give build a handler for Order.FAILED, or name it in exits="
    )


def test_unreachable() -> None:
    """`unreachable`: states and exits that no run enters."""

    @state(Order.START)
    def only() -> Literal[Order.DONE]: ...

    assert refused(only, pay) == (
        f"{at(pay)}: error [unreachable] State Order.PAY is unreachable from Order.START\n"
        "    (nothing) → PAY → DONE\n"
        "    fix: declare Order.PAY as a target of a handler that runs, or remove it\n"
        "BUILD: error [unreachable] Exit Order.FAILED is unreachable from Order.START\n"
        "    (nothing) → FAILED → (exit)\n"
        "    fix: declare Order.FAILED as a target of a handler that runs, or remove it"
    )


def test_dead_end_names_its_cycle() -> None:
    """`dead-end`: one finding for each trap, which names its cycle; what leads into it is not at fault."""

    class Job(Enum):
        A = 1
        B = 2
        C = 3
        D = 4
        DONE = 5

    @state(Job.A)
    def a() -> Literal[Job.B, Job.DONE, Job.D]: ...
    @state(Job.B)
    def b() -> Literal[Job.C]: ...
    @state(Job.C)
    def c() -> Literal[Job.B]: ...
    @state(Job.D)
    def d() -> Literal[Job.D]: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Job, a, b, c, d, start=Job.A, exits=(Job.DONE,))
    assert str(caught.value) == (
        "workflow 'Job' has 2 findings\n"
        f"{at(b)}: error [dead-end] No exit can be reached from state Job.B: it only leads Job.B → Job.C → Job.B\n"
        "    fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, "
        'Waive("dead-end", Job.B, "why")\n'
        f"{at(d)}: error [dead-end] No exit can be reached from state Job.D: it only leads Job.D → Job.D\n"
        "    fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, "
        'Waive("dead-end", Job.D, "why")'
    )


def test_resource_of_two_types() -> None:
    """`resource`: one name has one type."""

    @state(Order.PAY)
    def other(store: Mailer) -> Literal[Order.DONE]: ...

    assert refused(begin, other) == (
        f'{at(other)}: error [resource] Resource "store" is wanted as Mailer here but as Store by an earlier handler\n'
        "    fix: give one of the two another name, or annotate both with one type; "
        f'the earlier is "begin" ({at(begin)})'
    )


class Poor:
    def __init__(self, store: Mailer, note: int = 0) -> None: ...


def test_resource_against_resources() -> None:
    """`resource`: what handlers want is what `resources=` names."""

    @state(Order.PAY)
    def more(mailer: Mailer, note: int) -> Literal[Order.DONE]: ...

    assert refused(begin, more, resources=Poor) == (
        f'{at(begin)}: error [resource] Resource "store" is wanted as Store here but resources= gives Mailer\n'
        "    fix: annotate both with one type\n"
        f'{at(more)}: error [resource] Resource "mailer" is wanted here but not provided by resources=\n'
        "    fix: add a parameter mailer: Mailer to what resources= names, or give the handler's parameter a default\n"
        f'{at(more)}: error [resource] Resource "note" is wanted here but optional in resources=\n'
        "    fix: take the default of note away there, or give the handler's parameter one"
    )


def test_resource_data() -> None:
    """`resource`: the run's data is of the type that handlers ask for."""

    @state(Order.PAY)
    def counts(data: RunData[int], run: Run) -> Literal[Order.DONE]: ...

    assert refused(begin, counts) == (
        f'{at(counts)}: error [resource] Handler "counts" wants the run\'s data as int, but the workflow has none\n'
        "    fix: give build data=int"
    )
    assert refused(begin, counts, data=dict) == (
        f'{at(counts)}: error [resource] Handler "counts" wants the run\'s data as int, but data= is dict\n'
        "    fix: annotate the parameter as RunData[dict]"
    )


def test_all_findings_at_once() -> None:
    """`build` raises one error with the findings of every rule."""

    @state(Order.START)
    def bare() -> Order: ...
    @state(Order.FAILED)
    def failed(store: Mailer) -> Literal[Order.DONE]: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, bare, begin, failed, start=Other.A, exits=(Order.DONE, Order.FAILED))  # type: ignore[misc]
    assert [finding.code for finding in caught.value.findings] == [
        "state",
        "transition",
        "duplicate",
        "exit",
        "exhaustive",
        "resource",
    ]


def test_thing_is_said_once() -> None:
    """What leads to an unhandled state, or to a broken declaration, is not also called a dead end."""

    @state(Order.START)
    def on() -> Literal[Order.PAY]: ...
    @state(Order.PAY)
    def bare() -> Order: ...

    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, on, bare, start=Order.START, exits=(Order.DONE, Order.FAILED))
    assert [finding.code for finding in caught.value.findings] == ["transition"]
    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, on, start=Order.START, exits=(Order.DONE, Order.FAILED))
    assert [finding.code for finding in caught.value.findings] == ["exhaustive"]


@state(Order.START)
def only_pay() -> Literal[Order.PAY]: ...
@state(Order.PAY)
def back() -> Literal[Order.START]: ...
@state(Order.FAILED)
def never() -> Literal[Order.DONE]: ...
@state(Order.PAY)
def wants_mailer(store: Mailer) -> Literal[Order.DONE]: ...
@state(Order.START)
def straight() -> Literal[Order.DONE]: ...


@pytest.mark.parametrize(
    ("parts", "exits", "waivers"),
    [
        ((straight, pay), (Order.DONE,), [("unreachable", Order.PAY), ("exhaustive", Order.FAILED)]),
        ((begin, pay, never), (Order.DONE, Order.FAILED), [("exit", Order.FAILED)]),
        ((begin, wants_mailer), (Order.DONE, Order.FAILED), [("resource", Order.PAY)]),
        (
            (only_pay, back),
            (Order.DONE, Order.FAILED),
            [("dead-end", Order.START), ("unreachable", Order.DONE), ("unreachable", Order.FAILED)],
        ),
    ],
)
def test_waivers(parts: Any, exits: Any, waivers: Any) -> None:
    """A rule may be waived for one state; the finding stays in the graph with the reason."""
    waive = [Waive(code, at, f"{code} is fine") for code, at in waivers]
    flow = Workflow.build(Order, *parts, start=Order.START, exits=exits, waive=waive)
    assert sorted((f.code, f.state, f.waived) for f in flow.graph.findings) == sorted(
        (code, at.name, f"{code} is fine") for code, at in waivers
    )
    assert all(str(f).endswith(f"\n    waived: {f.code} is fine") for f in flow.graph.findings)


def test_waiver_of_one_state_leaves_the_others() -> None:
    """A waiver for one state does not let the rule pass at another."""
    with pytest.raises(GraphError) as caught:
        Workflow.build(
            Order,
            straight,
            pay,
            start=Order.START,
            exits=(Order.DONE,),
            waive=[Waive("unreachable", Order.PAY, "x")],
        )
    assert [(f.code, f.state, f.waived) for f in caught.value.findings] == [
        ("exhaustive", "FAILED", None),
        ("unreachable", "PAY", "x"),
    ]


def test_waiver_not_needed_is_a_warning() -> None:
    """A waiver without a finding is a warning, which does not stop the build."""
    waive = [Waive("dead-end", Order.PAY, "x")]
    flow = Workflow.build(Order, begin, pay, start=Order.START, exits=(Order.DONE, Order.FAILED), waive=waive)
    (finding,) = flow.graph.findings
    assert (finding.code, finding.severity, finding.message, finding.hint) == (
        "waive",
        "warning",
        'Waiver of "dead-end" for Order.PAY is not needed',
        "remove it",
    )


def test_exhaustive_that_runs_enter_cannot_be_waived() -> None:
    """A state that a handler goes to, or the start, has to be handled."""
    text = refused(begin, waive=[Waive("exhaustive", Order.PAY, "later")])
    assert text.endswith("or name it in exits=; it cannot be waived, as runs enter it")
    text = refused(pay, waive=[Waive("exhaustive", Order.START, "later")])
    assert "it cannot be waived, as runs enter it" in text


def test_missing_exit_cannot_be_waived() -> None:
    """A workflow without an exit cannot be let pass."""
    with pytest.raises(GraphError) as caught:
        Workflow.build(Order, begin, pay, start=Order.START, exits=(), waive=[Waive("exit", None, "x")])
    assert caught.value.findings[0].hint.endswith("; it cannot be waived")


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (
            "transition",
            "why",
            "code='transition' is not possible: give one of exhaustive, exit, unreachable, dead-end, resource, policy, compensation",
        ),
        ("dead-end", " ", "reason=' ' is not possible: give a sentence that says why"),
        ("dead-end", None, "reason=None is not possible: give a sentence that says why"),
    ],
)
def test_impossible_waivers(code: Any, reason: Any, message: str) -> None:
    """A waiver names a rule that can be waived, and a reason."""
    with pytest.raises(PolicyError) as caught:
        Waive(code, Order.PAY, reason)
    assert str(caught.value) == message


def test_flag_combination_is_no_member() -> None:
    """A combination of flags is not one member."""

    class Perm(Flag):
        READ = 1
        WRITE = 2
        DONE = 4

    handler = state(Perm.READ, to=(Perm.READ | Perm.WRITE,))(lambda: Perm.DONE)
    with pytest.raises(GraphError) as caught:
        Workflow.build(Perm, handler, start=Perm.READ, exits=(Perm.DONE, Perm.WRITE))
    assert caught.value.findings[0].message == (
        'Handler "<lambda>" may go to Perm.READ|WRITE, not a member of Perm'
    )
