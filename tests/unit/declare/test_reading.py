"""Return annotations in every way that they can be written."""

import importlib
import sys
import textwrap
from collections.abc import Awaitable, Coroutine
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import pytest
from typing_extensions import TypeAliasType

from cano_dsl import Run, Waive, Workflow, router, state
from cano_dsl.errors import GraphError, ResourceWrongType

if TYPE_CHECKING:
    import cano_dsl as hidden


class Job(Enum):
    WORK = 1
    REST = 2
    DONE = 3


Ends: TypeAlias = Literal[Job.REST, Job.DONE]
Named = TypeAliasType("Named", Ends)
Deep: TypeAlias = Literal[Ends, Job.WORK]


def targets(handler: Any, enum: Any = Job, *, exits: Any = None, start: Any = None) -> tuple[str, ...]:
    """Build with one handler and everything else an exit; give what it declares."""
    at = handler.spec.at
    ends = tuple(m for m in enum if m is not at) if exits is None else exits
    reach = [Waive("unreachable", end, "only what the handler declares is looked at") for end in ends]
    flow = Workflow.build(enum, handler, start=start or at, exits=ends, waive=reach)
    return flow.graph.states[at.name].targets


def with_annotation(annotation: Any, *, is_async: bool = False) -> Any:
    """Make a handler of WORK with a return annotation."""
    if is_async:

        async def handler(): ...
    else:

        def handler(): ...

    handler.__annotations__["return"] = annotation
    return state(Job.WORK)(handler)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "annotation",
    [
        Literal[Job.REST, Job.DONE],
        Ends,
        Named,
        Annotated[Literal[Job.REST, Job.DONE], "note"],
        Annotated[Ends, "note"] | Literal[Job.DONE],
        "Literal[Job.REST, Job.DONE]",
        "Literal[Job.REST, Job.DONE,]",
        "Literal[Job.REST] | Literal[Job.DONE]",
        "Ends",
        "Named",
        "'Literal[Job.REST, Job.DONE]'",
        Coroutine[Any, Any, Ends],
        Awaitable[Ends],
        "Coroutine[Any, Any, Literal[Job.REST, Job.DONE]]",
        "Awaitable[Ends]",
    ],
    ids=str,
)
def test_every_way_to_write_targets(annotation: Any) -> None:
    """Aliases, unions, quotes, `Annotated` and coroutine types declare what the Literal in them declares."""
    assert targets(with_annotation(annotation)) == ("REST", "DONE")


@pytest.mark.parametrize("name", ["Coroutine", "Awaitable"])
def test_coroutine_type_that_exists_for_checkers_only(name: str) -> None:
    """A coroutine's type imported for type checkers alone is read through."""
    text = f"checkers.{name}[Any, Any, Literal[Job.REST, Job.DONE]]"
    handler = with_annotation(text)
    assert targets(handler) == ("REST", "DONE")
    assert handler.spec.awaits


def test_nested_alias_keeps_the_order() -> None:
    """Targets come in the order written, each once, through nested aliases."""
    assert targets(with_annotation(Deep)) == ("REST", "DONE", "WORK")
    assert targets(with_annotation(Literal[Job.DONE, Job.REST] | Ends)) == ("DONE", "REST")


def test_union_of_literals_for_type_checkers() -> None:
    """A union is read also where `Literal` itself is imported for type checkers alone."""
    text = "hidden.Literal[Job.REST] | hidden.Literal[Job.DONE]"
    assert targets(with_annotation(text)) == ("REST", "DONE")


def test_optional_run_for_type_checkers() -> None:
    """`Run | None` and `RunData[T] | None` are the run and its data also where only type checkers know them."""
    seen: list[Any] = []

    def work(
        run: "hidden.Run | None" = None, data: "hidden.RunData[dict] | None" = None
    ) -> Literal[Job.DONE]:
        seen.extend((run, data))
        return Job.DONE

    rest = state(Job.REST, to=(Job.DONE,))(lambda: Job.DONE)
    reach = [Waive("unreachable", Job.REST, "only the other one is looked at")]
    parts = (state(Job.WORK)(work), rest)
    flow = Workflow.build(Job, *parts, start=Job.WORK, exits=(Job.DONE,), data=dict, waive=reach)
    flow.run_sync({"a": 1})
    run, data = seen
    assert isinstance(run, Run)
    assert data.value == {"a": 1}


@pytest.mark.parametrize("text", ["dict[str, int]", "int | None", "int", "None"])
def test_builtins_in_text(text: str) -> None:
    """Builtin types are known in annotations that are text, alone and in an expression."""

    def work(box: Any) -> Literal[Job.DONE]: ...

    work.__annotations__["box"] = text
    rest = state(Job.REST, to=(Job.DONE,))(lambda: Job.DONE)
    reach = [Waive("unreachable", Job.REST, "only the other one is looked at")]
    flow = Workflow.build(Job, state(Job.WORK)(work), rest, start=Job.WORK, exits=(Job.DONE,), waive=reach)
    with pytest.raises(ResourceWrongType, match="'box' of workflow 'Job' is of class str"):
        flow.bind(box="x")


def test_local_names() -> None:
    """Text inside a function is read with the names of that function, also those that only it has."""

    class Local(Enum):
        A = 1
        B = 2

    Alias: TypeAlias = Literal[Local.B]

    @state(Local.A)
    def direct() -> "Literal[Local.B]": ...
    @state(Local.A)
    def aliased() -> "Alias": ...

    assert targets(direct, Local) == targets(aliased, Local) == ("B",)


def test_names_closed_over() -> None:
    """Text is read with what the function closes over, when it is decorated far from where it is written."""

    def make() -> Any:
        Alias: TypeAlias = Literal[Job.REST]

        def handler() -> "Alias":
            return Alias.__args__[0]

        return handler

    def recursive() -> Any:
        def handler() -> "Literal[Job.DONE]":
            return late

        decorated = state(Job.WORK)(handler)
        late = Job.DONE
        return decorated

    assert targets(state(Job.WORK)(make())) == ("REST",)
    assert targets(recursive()) == ("DONE",)


def test_local_names_do_not_keep_the_frame_alive() -> None:
    """Only the names that an annotation uses are kept."""
    unrelated = object()

    @state(Job.WORK)
    def handler() -> "Ends": ...

    assert unrelated
    assert dict(handler.spec.scope.locals) == {}


MODULE = """
from __future__ import annotations
from collections.abc import Coroutine
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal
import typing as t
from cano_dsl import Workflow, router, state
if TYPE_CHECKING:
    from nowhere import Hidden
    from cano_dsl import Run, RunData

@state(Step.A) if False else (lambda fn: fn)
def ignored() -> Hidden: ...

class Step(Enum):
    A = auto()
    B = auto()
    C = auto()
    END = auto()

Ends = Literal[Step.END]

@state(Step.A)
async def a(run: Run, hidden: Hidden | None = None) -> Literal[Step.B, Step.C]:
    return Step.C

@router(Step.B)
def b(data: RunData[dict]) -> t.Literal[Step.C]:
    return Step.C

class Holder:
    Alias = Literal[Step.END]
    def __init__(self) -> None:
        self.count = 0
    async def method(self, run: Run) -> Ends:
        self.count += 1
        return Step.END
    @state(Step.C)
    @staticmethod
    def still() -> Alias:
        return Step.END

def local():
    Inner = Literal[Step.END]
    @state(Step.C)
    def c() -> Inner:
        return Step.END
    return c

held = Holder()
flow = Workflow.build(Step, a, b, state(Step.C)(held.method), start=Step.A, exits=(Step.END,), data=dict)
other = Workflow.build(Step, a, b, Holder.still, start=Step.A, exits=(Step.END,), data=dict)
third = Workflow.build(Step, a, b, local(), start=Step.A, exits=(Step.END,), data=dict)
"""


def test_future_annotations_in_another_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers of another module, all annotations text, some names for type checkers alone, build and run."""
    (tmp_path / "elsewhere.py").write_text(textwrap.dedent(MODULE), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "elsewhere", raising=False)
    module = importlib.import_module("elsewhere")
    for flow in (module.flow, module.other, module.third):
        assert flow.graph.states["A"].targets == ("B", "C")
        assert flow.graph.states["B"].targets == ("C",)
        assert flow.graph.states["C"].targets == ("END",)
        assert flow.run_sync() is module.Step.END
    assert module.held.count == 1
    handler = module.flow.graph.states["A"].handler
    assert [want.name for want in handler.wants] == ["hidden"]
    assert module.flow.graph.states["B"].handler.data.shown == "dict"


def test_enum_kinds() -> None:
    """Members are told by identity, whatever the values of the Enum are equal to."""

    class Text(StrEnum):
        A = "a"
        B = "b"

    class Twin(StrEnum):
        A = "a"
        B = "b"

    class Number(IntEnum):
        A = 1
        B = 2

    class Perm(Flag):
        A = 1
        B = 2

    for enum in (Text, Number, Perm):
        handler = state(enum["A"], to=(enum["B"],))(lambda: None)
        assert targets(handler, enum) == ("B",)
    twin = state(Text.A, to=(Twin.B, Text.B))(lambda: Text.B)
    with pytest.raises(GraphError, match="may go to") as caught:
        Workflow.build(Text, twin, start=Text.A, exits=(Text.B,))
    assert len(caught.value.findings) == 1


def test_enum_with_its_own_equality() -> None:
    """An Enum that calls all its members equal still has them all."""

    class Same(Enum):
        A = 1
        B = 2
        C = 3

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    @state(Same.A, to=(Same.B, Same.C))
    def a() -> Any:
        return Same.C

    flow = Workflow.build(Same, a, start=Same.A, exits=(Same.B, Same.C))
    assert flow.graph.states["A"].targets == ("B", "C")
    assert flow.run_sync() is Same.C


def test_programmatic_form() -> None:
    """`state(S.A, to=(S.B,))(fn)` declares what the annotation does not say."""

    def free(flag: bool) -> Job:
        return Job.DONE if flag else Job.REST

    handler = state(Job.WORK, to={Job.REST: 1, Job.DONE: 2})(free)
    assert targets(handler) == ("REST", "DONE")
    route = router(Job.WORK, to=[Job.DONE, Job.REST])(free)
    flow = Workflow.build(Job, route, start=Job.WORK, exits=(Job.DONE, Job.REST))
    assert flow.run_sync(flag=True) is Job.DONE
    assert flow.graph.states["WORK"].kind == "router"


def test_members_named_like_attributes() -> None:
    """Members may be called `name` and `value`."""
    Odd = Enum("Odd", {"name": 1, "value": 2, "end": 3})
    first, second, end = Odd
    flow = Workflow.build(
        Odd,
        state(first, to=(second,))(lambda: second),
        state(second, to=(end,))(lambda: end),
        start=first,
        exits=(end,),
    )
    assert flow.run_sync() is end
    assert flow.graph.start == "name"
    assert "    [*] --> name" in flow.mermaid().splitlines()
