"""The compiled workflow: linked steps, made once for each set of optional resources that is given."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from cano_dsl.declare import Injections, Read, ReadUndo
from cano_dsl.graph import Graph
from cano_dsl.observe import Observer, events_of
from cano_dsl.plan._compose import ErrorEdge, marked, observed, routed, threaded
from cano_dsl.plan._outputs import Take, Undo, apart, keeping, taking, unpacked
from cano_dsl.plan._split import Branching, splitting
from cano_dsl.plan._step import Call, Step
from cano_dsl.plan._thunk import Argument, make_starter, make_thunk
from cano_dsl.plan._wiring import wire
from cano_dsl.scope import SYSTEM_CLOCK, Clock
from cano_dsl.spec import HandlerSpec, SplitSpec

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
        undoes: Whether anything is undone when a run fails, so that a run's values hold a stack of outputs.
        budget_s: How long all compensations of a run may take.
        timeout_s: How long a run may take; None for any.
        max_transitions: How many states a run may leave; None for any.
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
    ) -> None:
        self.name = graph.name
        self.graph = graph
        self.states = states
        self.data = data
        self.offers = offers
        self.observers = tuple(observers)
        self.events = events_of(self.observers)
        self.clock = clock
        self.handlers = tuple(handlers)
        self.compensations = tuple(compensations)
        self.budget_s = budget_s
        self.timeout_s, self.max_transitions = timeout_s, max_transitions
        self.undoes = bool(self.compensations)
        self.wiring = wire((*self.handlers, *self.compensations))
        self.uses_run = self.wiring.needs_run or self.events is not None
        # A waiver lets a handler ask for data that there is none of; it is given None.
        self.extra = self.uses_run or data is not None or bool(self.wiring.data) or self.undoes
        self.bound: dict[tuple[object, ...], Any] = {}
        self._by_state: dict[str, HandlerSpec] = {}
        for spec in (handler.spec for handler in self.handlers):
            if spec.at._name_ not in graph.exits:
                self._by_state.setdefault(spec.at._name_, spec)
        self._undo_of = {id(undo.spec.step): undo for undo in self.compensations}
        self._edges: dict[int, tuple[ErrorEdge, ...]] = {}
        self._variants: dict[frozenset[str], Steps] = {}

    def configured(self, observers: Iterable[Observer]) -> "Plan":
        """Give the same workflow with other observers."""
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
            observers=observers,
            clock=self.clock,
        )

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
            edges = [(edge, steps[edge.target._name_]) for edge in self._error_edges(step.spec)]
            step.link([steps[target] for target in node.targets], edges)
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
        call, awaits = self._compose(thunk, spec, at, slots)
        return Step(at, call=call, thunk=thunk, awaits=awaits, spec=spec)

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

    def _compose(self, thunk: Call, spec: HandlerSpec, at: Enum, slots: dict[str, int]) -> tuple[Call, bool]:
        call, awaits = thunk, spec.awaits
        run_slot = self._run_slot(slots)
        undo = self._undo(spec, at, slots)
        take = self._take(at, undo, slots)
        watched = self.events is not None and self.events.of_states
        is_apart = undo is not None and awaits
        if take is not None and (watched or not is_apart):
            call, take = unpacked(call, take, awaits=awaits), None
        if spec.thread and spec.split is None:
            call, awaits = threaded(call), True
        if self.events is not None and watched:
            call = observed(call, run_slot, at, self.events, awaits=awaits)
        if is_apart:
            call = apart(call, take)
        if spec.on_error:
            call = routed(call, run_slot, at, self._error_edges(spec), awaits=awaits)
        if self.uses_run:
            call = marked(call, run_slot, at, counts=spec.kind != "router")
        return call, awaits

    def _take(self, at: Enum, undo: Undo | None, slots: dict[str, int]) -> Take | None:
        """Compile how the state is taken off what a handler with an output returns; None for any other."""
        handler = self.graph.states[at._name_].handler
        if handler is None or handler.output is None:
            return None
        members = self.states._member_map_
        run_slot = self._run_slot(slots) if self.uses_run else None
        return taking(
            frozenset(id(members[name]) for name in handler.paired),
            frozenset(id(members[name]) for name in handler.unpaired),
            keeping(undo, len(slots), run_slot) if undo is not None else None,
        )

    def _undo(self, step: HandlerSpec, at: Enum, slots: dict[str, int]) -> Undo | None:
        """Compile what undoes a handler; it is given the output after the run's values."""
        read = self._undo_of.get(id(step))
        if read is None:
            return None
        spec, width = read.spec, self._width(slots)
        call = make_thunk(spec.fn, width + 1, (Argument(width, ""), *self._shape(read.injections, slots)))
        return Undo(at, spec, threaded(call) if spec.thread else call, spec.awaits or spec.thread)


# What of the run is passed for a parameter of each role.
_OF_RUN = {"joined": "_joined", "failure": "_failure"}
