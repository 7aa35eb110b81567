"""A workflow as plain names: what the rules, the diagrams and every other reader of the graph are given.

There is no function and no Enum in here, so a type checker's plugin can make the same definition from types
as `build` makes from functions.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from cano_dsl.errors import PolicyError, Where
from cano_dsl.spec._handler import Kind
from cano_dsl.spec._join import Join
from cano_dsl.spec._policy_def import PolicyDef


@dataclass(frozen=True, slots=True)
class Want:
    """A resource that a handler asks for.

    Attributes:
        name: The parameter's name, which is the resource's key.
        type: The type as its reader knows it; compared only by the reader's own `Types`.
        shown: The type in words.
        optional: Whether the handler can do without.
    """

    name: str
    type: object
    shown: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SplitDef:
    """The branches of a split by names.

    Attributes:
        join: The strategy.
        count: How many branches there are; None where only a run knows it.
        branches: Their names, where each has a function of its own.
        values: The types of what the branches return, each once.
        timeout_s: After how many seconds the join is decided; None for never.
        bulkhead: How many run at once; None for all.
    """

    join: Join
    count: int | None
    branches: tuple[str, ...]
    values: tuple[Want, ...]
    timeout_s: float | None = None
    bulkhead: int | None = None

    @property
    def shown(self) -> str:
        """The type of a branch's value, in words."""
        return " | ".join(value.shown for value in self.values)


@dataclass(frozen=True, slots=True)
class ErrorDef:
    """An error edge by names.

    Attributes:
        target: The state that it goes to.
        error: The exception's name; empty for any.
    """

    target: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class NestedDef:
    """A workflow in a state of another, by names.

    Attributes:
        enum: Its Enum's name.
        exits: Where each of its exits leads, in the order given: pairs of an exit and a state.
        missing: Its exits of which it is not said where they lead.
        unknown: What is given in place of an exit and is none, in words.
        definition: The workflow; None where only its type is known.
    """

    enum: str
    exits: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    definition: "Definition | None" = None


@dataclass(frozen=True, slots=True)
class HandlerDef:
    """One handler by names.

    Attributes:
        at: The state it handles; None when that is no member of the Enum.
        kind: Its processing model.
        name: Its name.
        where: Its line.
        targets: The members it may go to, in the order declared.
        foreign: Targets that are not members, in words.
        got: What stands in place of a Literal, in words; None when targets are declared.
        beyond: Targets in the annotation that `to=` leaves out.
        wants: Its resources.
        data: The type it expects of the run's data; None when it does not ask.
        thread: Whether it runs in a worker thread.
        doc: The first line of its docstring.
        split: Its branches; None for other kinds.
        errors: Its error edges, in the order in which they are tried.
        joined: The type that it expects of the values of the split before; None when it does not ask.
        failure: Whether it asks for the failure before; the want says whether it can do without.
        output: What it gives for a compensation to take; None where it gives none.
        paired: The targets that come with the output.
        unpaired: The targets that come alone, of a handler with an output.
        effects: Whether it changes something outside of the run, by the author's word.
        at_most_once: Whether it must never run twice.
        policies: How its call is guarded, of a split each branch's; None where nothing guards it.
        rollbacks: The states that it may go to once everything is undone, in the order declared.
        nested: The workflow that stands here; None for other kinds.
    """

    at: str | None
    kind: Kind
    name: str
    where: Where | None = None
    targets: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    got: str | None = None
    beyond: tuple[str, ...] = ()
    wants: tuple[Want, ...] = ()
    data: Want | None = None
    thread: bool = False
    doc: str = ""
    split: SplitDef | None = None
    errors: tuple[ErrorDef, ...] = ()
    joined: Want | None = None
    failure: Want | None = None
    output: Want | None = None
    paired: tuple[str, ...] = ()
    unpaired: tuple[str, ...] = ()
    effects: bool = False
    at_most_once: bool = False
    policies: PolicyDef | None = None
    rollbacks: tuple[str, ...] = ()
    nested: NestedDef | None = None


@dataclass(frozen=True, slots=True)
class CompensationDef:
    """One compensation by names.

    Attributes:
        at: The state whose handler it undoes; None when that is no member of the Enum.
        step: That handler's name.
        of: That handler's index among the definition's; None when it is not one of them.
        name: Its own name.
        takes: Its first parameter, with the type that it expects of the output.
        where: Its line.
        wants: Its resources.
        data: The type it expects of the run's data; None when it does not ask.
        thread: Whether it runs in a worker thread.
        doc: The first line of its docstring.
        policies: How its call is guarded; None where nothing guards it.
        joined: The outcomes of a split that it asks for, in vain; None when it does not ask.
        failure: The failure that it asks for, in vain; None when it does not ask.
    """

    at: str | None
    step: str
    of: int | None
    name: str
    takes: Want
    where: Where | None = None
    wants: tuple[Want, ...] = ()
    data: Want | None = None
    thread: bool = False
    doc: str = ""
    policies: PolicyDef | None = None
    joined: Want | None = None
    failure: Want | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that should be one member of the Enum and is not.

    Attributes:
        what: Who named it, such as `start=` or `handler "pay"`.
        got: What was named, in words.
        where: The line, where it has one of its own.
    """

    what: str
    got: str
    where: Where | None = None


COMPENSATION_TIMEOUT_S = 30.0  # where `build` is given none
WaivableCode: TypeAlias = Literal[
    "exhaustive", "exit", "unreachable", "dead-end", "resource", "policy", "compensation"
]
WAIVABLE: tuple[str, ...] = get_args(WaivableCode)
WARNS: tuple[str, ...] = ("compensation",)  # rules of which only warnings can be waived


@dataclass(frozen=True, slots=True)
class Waive:
    """Let one rule pass for one state, with a reason that stays in the graph and in its documents.

    A waiver that no finding needs is itself reported, as a warning. Rules without which nothing could run
    (`transition`, `state`, `duplicate`) cannot be waived, nor can `exhaustive` for a state that a handler
    goes to; of `compensation` only the warning can, that effects are left behind.

    Args:
        code: The rule.
        state: The state, or None for a finding about the workflow as a whole.
        reason: Why it is right here; not empty.

    Raises:
        PolicyError: The code cannot be waived, or the reason is empty.

    Example:
        >>> from enum import Enum
        >>> from cano_dsl import Waive
        >>> class Job(Enum):
        ...     LATER = 1
        >>> Waive("exhaustive", Job.LATER, "handled from the next release on").reason
        'handled from the next release on'
    """

    code: WaivableCode
    state: object
    reason: str

    def __post_init__(self) -> None:
        """Check the code and the reason."""
        if self.code not in WAIVABLE:
            raise PolicyError(field="code", value=self.code, allowed=f"one of {', '.join(WAIVABLE)}")
        if not str(self.reason or "").strip():
            raise PolicyError(field="reason", value=self.reason, allowed="a sentence that says why")

    @property
    def state_name(self) -> str | None:
        """Give the name of the state, as findings carry it."""
        return None if self.state is None else str(getattr(self.state, "name", self.state))


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole workflow by names.

    Attributes:
        name: The workflow's name.
        enum: The Enum's name.
        members: Its members in the order defined.
        start: The start state; None when it is no member.
        exits: The exit states in the order given.
        handlers: In the order given.
        where: The line of the `build` call.
        strays: What should be a member and is not.
        aliases: Names of members that stand for another member, with that member.
        offers: The resources that `resources=` names; None without it.
        data: The type of the run's data; None without it.
        waivers: As given.
        compensations: In the order given.
        failed: The exits that mean failure.
        timeout_s: How many seconds a run may take; None for any.
        compensation_timeout_s: How many seconds all compensations of a run may take; None where not known.
        max_transitions: How many states a run may leave; None for any.
    """

    name: str
    enum: str
    members: tuple[str, ...]
    start: str | None
    exits: tuple[str, ...]
    handlers: tuple[HandlerDef, ...]
    where: Where | None = None
    strays: tuple[Stray, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    offers: tuple[Want, ...] | None = None
    data: Want | None = None
    waivers: tuple[Waive, ...] = field(default=())
    compensations: tuple[CompensationDef, ...] = ()
    failed: tuple[str, ...] = ()
    timeout_s: float | None = None
    compensation_timeout_s: float | None = None
    max_transitions: int | None = None
