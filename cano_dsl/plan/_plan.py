"""The compiled workflow: linked steps, made once for each set of optional resources that is given."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from cano_dsl.declare import Injections, Read
from cano_dsl.graph import Graph
from cano_dsl.observe import Observer, events_of
from cano_dsl.plan._compose import ErrorEdge, marked, observed, routed, threaded
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
        extra: Whether the run and its data follow the resources in a run's values.
        bound: Classes of resources that have been checked, with what came out; see `check_resources`.
    """

    def __init__(
        self,
        *,
        graph: Graph,
        states: type[Enum],
        handlers: Iterable[Read],
        data: type[Any] | None,
        offers: tuple[str, ...],
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
        self.wiring = wire(self.handlers)
        self.uses_run = self.wiring.needs_run or self.events is not None
        # A waiver lets a handler ask for data that there is none of; it is given None.
        self.extra = self.uses_run or data is not None or bool(self.wiring.data)
        self.bound: dict[tuple[object, ...], Any] = {}
        self._by_state: dict[str, HandlerSpec] = {}
        for spec in (handler.spec for handler in self.handlers):
            if spec.at._name_ not in graph.exits:
                self._by_state.setdefault(spec.at._name_, spec)
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
            thunk = make_thunk(spec.fn, len(slots) + 2 * self.extra, _shape(read.injections, slots))
        call, awaits = self._compose(thunk, spec, at, len(slots))
        return Step(at, call=call, thunk=thunk, awaits=awaits, spec=spec)

    def _split(self, read: Read, split: SplitSpec, slots: dict[str, int]) -> Call:
        """Make the call of a split from the calls of its functions."""
        count = len(slots) + 2 * self.extra
        make = make_starter if split.shared else make_thunk
        calls = [
            make(part.fn, count, _shape(found, slots))
            for part, found in zip(split.branches, read.parts, strict=False)
        ]
        source = None
        if split.over is not None:
            source = make_thunk(split.over.fn, count, _shape(read.parts[-1], slots))
        branching = Branching(
            spec=read.spec,
            split=split,
            calls=tuple(calls),
            source=source,
            run_slot=len(slots),
            wants_run=any(injection.role == "run" for injection in read.injections),
        )
        return splitting(branching, self.clock, self.events)

    def _compose(self, thunk: Call, spec: HandlerSpec, at: Enum, run_slot: int) -> tuple[Call, bool]:
        call, awaits = thunk, spec.awaits
        if spec.thread and spec.split is None:
            call, awaits = threaded(call), True
        if self.events is not None and self.events.of_states:
            call = observed(call, run_slot, at, self.events, awaits=awaits)
        if spec.on_error:
            call = routed(call, run_slot, at, self._error_edges(spec), awaits=awaits)
        if self.uses_run:
            call = marked(call, run_slot, at, counts=spec.kind != "router")
        return call, awaits


# What of the run is passed for a parameter of each role.
_OF_RUN = {"run": "", "joined": "_joined", "failure": "_failure"}


def _shape(injections: Injections, slots: dict[str, int]) -> tuple[Argument, ...]:
    """Say where each argument of a function comes from."""
    shape = []
    by_keyword = False
    for injection in injections:
        name = injection.parameter.name
        slot = slots.get(name) if injection.role == "resource" else len(slots) + (injection.role == "data")
        by_keyword = by_keyword or injection.parameter.keyword_only or slot is None
        if slot is not None:
            attribute = _OF_RUN.get(injection.role, "")
            shape.append(Argument(slot, name if by_keyword else "", attribute))
    return tuple(shape)
