"""The compiled workflow: linked steps, made once for each set of optional resources that is given."""

import math
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from cano_dsl.declare import Injections, Read, ReadUndo
from cano_dsl.errors import SignatureError
from cano_dsl.graph import Graph
from cano_dsl.observe import Observer, events_of
from cano_dsl.plan._asked import Rollbacks, asking, rerouted, rollbacks_to
from cano_dsl.plan._compose import ErrorEdge, bounded, entered, logged, observed, passed, rejecting, threaded
from cano_dsl.plan._guarded import Reject, broken, limited, timed
from cano_dsl.plan._outputs import Take, Undo, apart, keeping, overdue, taking, unpacked
from cano_dsl.plan._recovery import Recovery
from cano_dsl.plan._split import Branching, splitting
from cano_dsl.plan._step import Call, Step
from cano_dsl.plan._thunk import Argument, make_starter, make_thunk
from cano_dsl.plan._wiring import wire
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import HandlerSpec, SplitSpec

if TYPE_CHECKING:
    from cano_dsl.checkpoint import CheckpointStore

REMEMBERED = 256  # combinations of resources; beyond that all are forgotten, and checked again when they come


class Steps:
    """The linked steps of one variant, by member name."""

    __slots__ = ("by_name", "start")

    def __init__(self, by_name: Mapping[str, Step], start: str) -> None:
        self.by_name = by_name
        self.start = by_name[start]


class Plan:
    """Everything about a workflow that a run needs; shared by all runs and never changed by one.

    Attributes:
        name: The workflow's name.
        states: The Enum.
        graph: What was checked.
        data: The class of the run's data; None without it.
        observers: Who is told, in this order.
        events: What is observed; None when nothing is.
        uses_run: Whether a `Run` must exist: a handler wants it, or somebody observes.
        undoes: Whether anything is undone when a run fails or a handler asks for it, so that a run's values
            hold a stack of outputs.
        budget_s: How long all compensations of a run may take.
        timeout_s: How long a run may take; None for any time.
        max_transitions: How many a run may make; None for any number.
        watched: Whether something may end a run from without: its handle, its time, its number.
        store: Where runs are logged; None for nowhere.
        version: The declared version.
        extra: Whether the run and its data follow the resources in a run's values, after any stack.
        bound: Classes of resources that have been checked, with what came out; see `check_resources`.
    """

    def __init__(  # noqa: PLR0913 - each is a keyword of its own where it is called
        self,
        *,
        graph: Graph,
        states: type[Enum],
        handlers: Iterable[Read],
        data: type[Any] | None,
        offers: tuple[str, ...],
        compensations: Iterable[ReadUndo] = (),
        budget_s: float = 30.0,
        timeout_s: float | None = None,
        max_transitions: int | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock = SYSTEM_CLOCK,
        watched: bool = False,
        store: "CheckpointStore | None" = None,
        version: int = 0,
    ) -> None:
        self.name = graph.name
        self.graph = graph
        self.states = states
        self.data = data
        self.offers = offers
        self.observers = tuple(observers)
        self.events = events_of(self.observers)
        self.clock = clock
        self.handlers, self.compensations = tuple(handlers), tuple(compensations)
        self.budget_s = budget_s
        self._rollbacks = {
            name: rollbacks_to(states._member_map_[to] for to in node.handler.rollbacks)
            for name, node in graph.states.items()
            if node.handler is not None and node.handler.rollbacks
        }
        self.undoes = bool(self.compensations or self._rollbacks)
        self.wiring = wire((*self.handlers, *self.compensations))
        self.timeout_s = timeout_s
        self.max_transitions = max_transitions
        self.watched = watched or timeout_s is not None or max_transitions is not None
        self.uses_run = self.wiring.needs_run or self.events is not None or self.watched or store is not None
        self.store = store
        self.version = version
        # A waiver lets a handler ask for data that there is none of; it is given None.
        self.extra = self.uses_run or data is not None or bool(self.wiring.data) or self.undoes
        self.bound: dict[tuple[object, ...], Any] = {}
        self._by_state = self._handled()
        self._undo_of = {id(undo.spec.step): undo for undo in self.compensations}
        self._edges: dict[int, tuple[ErrorEdge, ...]] = {}
        self._variants: dict[frozenset[str], Steps] = {}
        self._watching: Plan | None = self if self.watched else None

    def _handled(self) -> dict[str, HandlerSpec]:
        """Give the first handler of each state that is no exit; a waiver lets one have several."""
        found: dict[str, HandlerSpec] = {}
        for spec in (handler.spec for handler in self.handlers):
            if spec.at._name_ not in self.graph.exits:
                found.setdefault(spec.at._name_, spec)
        return found

    def configured(
        self,
        *,
        observers: Iterable[Observer] | None = None,
        clock: Clock | None = None,
        store: "CheckpointStore | None" = None,
        watched: bool = False,
    ) -> "Plan":
        """Give the same workflow with other options; what is left out stays.

        Raises:
            SignatureError: Something is not an observer, or not a clock.
        """
        if clock is not None and (isinstance(clock, type) or not isinstance(clock, Clock)):
            raise SignatureError(
                what=f"{clock!r} is not a clock", fix="Give an object such as cano_dsl.testing.FakeClock()"
            )
        return Plan(
            graph=self.graph,
            states=self.states,
            handlers=self.handlers,
            data=self.data,
            offers=self.offers,
            compensations=self.compensations,
            budget_s=self.budget_s,
            timeout_s=self.timeout_s,
            max_transitions=self.max_transitions,
            observers=self.observers if observers is None else observers,
            clock=self.clock if clock is None else clock,
            watched=watched or self.watched,
            store=self.store if store is None else store,
            version=self.version,
        )

    def watching(self) -> "Plan":
        """Give the same workflow with watched runs; made the first time, and itself where they are anyway."""
        if self._watching is None:
            self._watching = self.configured(watched=True)
        return self._watching

    def steps(self, given: Iterable[str]) -> Steps:
        """Give the linked steps for the resources that are given; compiled the first time."""
        key = frozenset(self.wiring.resources).intersection(given)
        steps = self._variants.get(key)
        if steps is None:
            steps = self._compile(key)
            if len(self._variants) >= REMEMBERED:
                self._variants.clear()
            self._variants[key] = steps
        return steps

    def layout(self, given: frozenset[str]) -> tuple[str, ...]:
        """Give the order of the values of the resources given."""
        return tuple(name for name in self.wiring.resources if name in given)

    def _compile(self, given: frozenset[str]) -> Steps:
        slots = {name: slot for slot, name in enumerate(self.layout(given))}
        steps = {name: self._step(name, slots) for name in self.graph.states}
        for node in self.graph.states.values():
            step = steps[node.name]
            tokens: list[tuple[object, Step]] = [
                (edge, steps[edge.target._name_]) for edge in self._error_edges(step.spec)
            ]
            for rollback in self._rollbacks.get(node.name, _NONE).values():
                tokens.append((rollback, asking(step, steps[rollback.to._name_])))
            step.link([steps[target] for target in node.targets], tokens)
        return Steps(steps, self.graph.start)

    def _error_edges(self, spec: HandlerSpec | None) -> tuple[ErrorEdge, ...]:
        """Give the error edges of a handler, the same objects each time: a step is linked by them."""
        if spec is None or not spec.on_error:
            return ()
        edges = self._edges.get(id(spec))
        if edges is None:
            edges = self._edges[id(spec)] = tuple(ErrorEdge(kind, to) for kind, to in spec.on_error)
        return edges

    def _step(self, name: str, slots: dict[str, int]) -> Step:
        at = self.states[name]
        spec = self._by_state.get(name)
        if spec is None:
            return Step(at, call=None, thunk=None, awaits=False, spec=None)
        read = self.wiring.read[id(spec)]
        if spec.split is not None:
            thunk = self._split(read, spec.split, slots)
        else:
            thunk = make_thunk(spec.fn, self._width(slots), self._shape(read.injections, slots))
        step = Step(at, call=thunk, thunk=thunk, awaits=spec.awaits, spec=spec)
        self._compose(step, spec, slots)
        return step

    def _split(self, read: Read, split: SplitSpec, slots: dict[str, int]) -> Call:
        """Make the call of a split from the calls of its functions."""
        make = make_starter if split.shared else make_thunk
        calls = [
            make(part.fn, self._width(slots), self._shape(found, slots))
            for part, found in zip(split.branches, read.parts, strict=False)
        ]
        source = None
        if split.over is not None:
            source = make_thunk(split.over.fn, self._width(slots), self._shape(read.parts[-1], slots))
        branching = Branching(
            spec=read.spec,
            split=split,
            calls=tuple(calls),
            source=source,
            run_slot=self._run_slot(slots),
            wants_run=any(injection.role == "run" for injection in read.injections),
        )
        return splitting(branching, self.clock, self.events)

    def _run_slot(self, slots: dict[str, int]) -> int:
        """Say where the run is among a run's values, which begin with the resources and any stack."""
        return len(slots) + self.undoes

    def _width(self, slots: dict[str, int]) -> int:
        """Count a run's values: resources, stack, run and data."""
        return self._run_slot(slots) + 2 * self.extra

    def _shape(self, injections: Injections, slots: dict[str, int]) -> tuple[Argument, ...]:
        """Say where each argument of a function comes from."""
        run_slot = self._run_slot(slots)
        shape = []
        by_keyword = False
        for injection in injections:
            name, role = injection.parameter.name, injection.role
            slot = slots.get(name) if role == "resource" else run_slot + (role == "data")
            by_keyword = by_keyword or injection.parameter.keyword_only or slot is None
            if slot is not None:
                shape.append(Argument(slot, name if by_keyword else "", _OF_RUN.get(role, "")))
        return tuple(shape)

    def _compose(self, step: Step, spec: HandlerSpec, slots: dict[str, int]) -> None:
        """Put around a step's call what is configured, from the inside out."""
        call, awaits = self._attempt(step, spec, slots)
        recovery = self._recovery(call, spec, slots, awaits=awaits)
        run_slot, events = self._run_slot(slots), self.events
        policies = spec.policies if spec.split is None else None
        if policies is not None and policies.limiter is not None:
            left, reject = self._left(slots), self._reject(step, slots)
            call = limited(call, policies.limiter, self.clock, left, awaits=awaits, reject=reject)
            awaits = True
        emit = events.state_entered if events is not None else None
        if self.store is not None and spec.kind != "router":
            call, awaits = logged(call, run_slot, step, emit, awaits=awaits), True
        elif self.uses_run:
            enter = bounded if self.watched else entered
            call = enter(call, run_slot, step.at, emit, counts=spec.kind != "router")
            call = passed(call, run_slot, step.name) if self.store is not None else call
        step.call, step.awaits, step.recovery = call, awaits, recovery

    def _attempt(self, step: Step, spec: HandlerSpec, slots: dict[str, int]) -> tuple[Call, bool]:
        """Make one attempt at a state: timeout, observers and breaker around the handler, maybe in a task."""
        call: Any = step.thunk  # no exit, so there is one
        awaits = spec.awaits
        run_slot, events = self._run_slot(slots), self.events
        policies = spec.policies if spec.split is None else None
        undo = self._undo(spec, step.at, slots)
        if undo is not None:
            step.undo = undo = undo._replace(name=step.name)
        take = self._take(step.at, undo, slots)
        is_apart = undo is not None and awaits
        observes = events is not None and events.of_attempts
        if take is not None and (observes or policies is not None or not is_apart):
            call, take = unpacked(call, take, awaits=awaits), None
        if spec.thread and spec.split is None:
            call, awaits = threaded(call), True
        if policies is not None and policies.timeout_s is not None:
            call = timed(call, policies.timeout_s, self.clock)
        if events is not None and observes:
            call = observed(call, run_slot, step.at, events, awaits=awaits)
        if policies is not None and policies.breaker is not None:
            reject = self._reject(step, slots)
            call = broken(call, policies.breaker, self.clock, awaits=awaits, reject=reject)
        if is_apart:
            if self.watched:
                call, take = overdue(call, take, run_slot, self.clock, self.budget_s), None
            call = apart(call, take)
        return call, awaits

    def _reject(self, step: Step, slots: dict[str, int]) -> Reject | None:
        """Give what tells observers of calls that are not made; None where nobody wants to know."""
        emit = self.events.call_rejected if self.events is not None else None
        return None if emit is None else rejecting(emit, self._run_slot(slots), step.at)

    def _recovery(
        self, attempt: Call, spec: HandlerSpec, slots: dict[str, int], *, awaits: bool
    ) -> Recovery | None:
        """Say what follows when an attempt has failed; None where the run fails then."""
        retry = spec.policies.retry if spec.policies is not None and spec.split is None else None
        edges = self._error_edges(spec)
        if retry is None and not edges:
            return None
        return Recovery(
            attempt=attempt,
            awaits=awaits,
            retry=retry,
            edges=edges,
            run_slot=self._run_slot(slots) if self.uses_run else None,
            clock=self.clock,
            events=self.events,
        )

    def _left(self, slots: dict[str, int]) -> Callable[..., float]:
        """Give what tells how long a run may still take, from its values."""
        if not self.watched:
            return lambda *_: math.inf
        slot = self._run_slot(slots)
        return lambda *values: values[slot].time_left

    def _take(self, at: Enum, undo: Undo | None, slots: dict[str, int]) -> Take | None:
        """Compile how the state is taken off what a handler returns; None where it returns the state alone."""
        handler = self.graph.states[at._name_].handler
        rollbacks = self._rollbacks.get(at._name_, _NONE)
        if handler is None or handler.output is None:
            return rerouted(rollbacks) if rollbacks else None
        members = self.states._member_map_
        run_slot = self._run_slot(slots) if self.uses_run else None
        return taking(
            frozenset(id(members[name]) for name in handler.paired),
            frozenset(id(members[name]) for name in handler.unpaired),
            keeping(undo, len(slots), run_slot, logs=self.store is not None) if undo is not None else None,
            rollbacks,
        )

    def _undo(self, step: HandlerSpec, at: Enum, slots: dict[str, int]) -> Undo | None:
        """Compile what undoes a handler; it is given the output after the run's values.

        Only one attempt is compiled here: how long all may take, the rollback alone knows.
        """
        read = self._undo_of.get(id(step))
        if read is None:
            return None
        spec, width = read.spec, self._width(slots)
        call = make_thunk(spec.fn, width + 1, (Argument(width, ""), *self._shape(read.injections, slots)))
        if spec.thread:
            call = threaded(call)
        policies = spec.policies
        if policies is None:
            return Undo(at, spec, call, spec.awaits or spec.thread)
        if policies.timeout_s is not None:
            call = timed(call, policies.timeout_s, self.clock)
        return Undo(at, spec, call, spec.awaits or spec.thread, retry=policies.retry)


_NONE: Rollbacks = {}
# What of the run is passed for a parameter of each role.
_OF_RUN = {"joined": "_joined", "failure": "_failure"}
