"""What a decorator records about a function: frozen, and not yet read any further."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cano_dsl.errors import Where
from cano_dsl.spec._join import Join
from cano_dsl.spec._policies import Policies

Semantics: TypeAlias = Literal["at_least_once", "at_most_once"]
Kind: TypeAlias = Literal["state", "router", "split", "workflow"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler, its annotation as written: a type, a string, or `EMPTY`."""

    name: str
    annotation: object
    optional: bool
    keyword_only: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the names in a handler's annotations are looked up: locals, then closure, then globals."""

    globals: Mapping[str, Any]
    locals: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A function that a split calls: a branch, or what gives the items.

    Attributes:
        fn: What is called; a workflow stands for the function that runs it.
        key: What `Joined.of` is asked with.
        name: Its name in messages.
        where: Its line.
        parameters: In order, without the item.
        returns: The return annotation as written; of a workflow, the members that it ends in.
        scope: Where names in annotations are looked up.
        awaits: Whether calling it gives an awaitable.
    """

    fn: Callable[..., Any]
    key: object
    name: str
    where: Where
    parameters: tuple[Parameter, ...]
    returns: object
    scope: Scope
    awaits: bool


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How a split's branches come about and how they are joined.

    Attributes:
        join: The strategy.
        branches: The one function that is called once for each item, or one for each branch.
        items: What it is called with, where that is known; None where `over` gives it, or there are no items.
        over: Gives the items; None where they are known, or there are none.
        timeout_s: After how many seconds the join is decided.
        bulkhead: How many branches run at once; None for all.
    """

    join: Join
    branches: tuple[Part, ...]
    items: Sequence[Any] | None
    over: Part | None
    timeout_s: float | None
    bulkhead: int | None

    @property
    def shared(self) -> bool:
        """Whether one function is called once for each item."""
        return self.items is not None or self.over is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every function, the one that gives the items last."""
        return self.branches if self.over is None else (*self.branches, self.over)

    @property
    def count(self) -> int | None:
        """The number of branches; None where only a run knows it."""
        if self.over is not None:
            return None
        return len(self.branches) if self.items is None else len(self.items)


@dataclass(frozen=True, slots=True)
class NestedSpec:
    """A workflow that stands in a state of another.

    Attributes:
        plan: The workflow as it is compiled.
        exits: Where each of its exits leads, as given: pairs of what should be an exit and a state.
        resources: Its names of resources that the other workflow calls otherwise, with the other's names.
    """

    plan: Any
    exits: tuple[tuple[Any, Any], ...]
    resources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """One handler as declared.

    Attributes:
        kind: Its processing model.
        at: The state it handles; whatever the decorator was given, as `build` says what is wrong with it.
        fn: What is called.
        name: Its name in messages and diagrams.
        where: Its line.
        doc: The first line of its docstring, or nothing.
        parameters: In order, without those that are bound already.
        returns: The return annotation as written.
        to: The targets given to the decorator; None when the annotation declares them.
        scope: Where names in annotations are looked up.
        awaits: Whether calling it gives an awaitable.
        thread: Whether it is called in a worker thread.
        split: Its branches; None for other kinds, whose `fn` is the handler.
        on_error: Which exceptions lead where instead of ending the run; the first that fits counts.
        policies: How its call is guarded, of a split each branch's; None where nothing guards it.
        at_most_once: Whether it must never run twice: a run that stopped within it waits for a person.
        effects: Whether it changes something outside of the run, by the author's word.
        nested: The workflow that stands here; None for other kinds.
    """

    kind: Kind
    at: Any
    fn: Callable[..., Any]
    name: str
    where: Where
    doc: str
    parameters: tuple[Parameter, ...]
    returns: object
    to: tuple[Any, ...] | None
    scope: Scope
    awaits: bool
    thread: bool
    split: SplitSpec | None = None
    on_error: tuple[tuple[type[BaseException], Any], ...] = ()
    policies: Policies | None = None
    at_most_once: bool = False
    effects: bool = False
    nested: NestedSpec | None = None


class _Empty:
    """The mark of a missing annotation."""

    def __repr__(self) -> str:
        return "no annotation"


EMPTY = _Empty()
