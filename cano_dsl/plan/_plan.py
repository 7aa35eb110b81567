"""The compiled workflow: linked steps, made once for each set of optional resources that is given."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from cano_dsl.declare import Read, ReadUndo
from cano_dsl.errors import SignatureError
from cano_dsl.graph import Graph
from cano_dsl.observe import Observer, events_of
from cano_dsl.plan._compile import Compiler
from cano_dsl.plan._nested import Flat, flatten
from cano_dsl.plan._region import Stay
from cano_dsl.plan._step import Step
from cano_dsl.plan._wiring import wire
from cano_dsl.scope import SYSTEM_CLOCK, Clock

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
        extra: Whether the run and its data follow the resources in a run's values, after any stays in
            sub-workflows and any stack.
        stayed: The sub-workflows that have something for themselves in each run.
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
        self.name, self.graph, self.states = graph.name, graph, states
        self.data, self.offers = data, offers
        self.observers, self.clock = tuple(observers), clock
        self.events = events_of(self.observers)
        self.handlers, self.compensations = tuple(handlers), tuple(compensations)
        self.budget_s = budget_s
        self._flat = flatten(self) if any(one.spec.nested is not None for one in self.handlers) else None
        bare: tuple[Read | ReadUndo, ...] = (*self.handlers, *self.compensations)
        parts = bare if self._flat is None else self._flat.parts
        self.undoes = any(isinstance(part, ReadUndo) for part in parts) or self._asks()
        self.wiring = wire(parts)
        self.timeout_s, self.max_transitions = timeout_s, max_transitions
        self.watched = watched or timeout_s is not None or max_transitions is not None
        self.uses_run = self.wiring.needs_run or self.events is not None or self.watched or store is not None
        self.store, self.version = store, version
        # A waiver lets a handler ask for data that there is none of; it is given None.
        self.stayed = () if self._flat is None else tuple(r for r in self._flat.regions if r.stays)
        own = data is not None or bool(self.wiring.data) or bool(self.stayed)
        self.extra = self.uses_run or own or self.undoes
        self.bound: dict[tuple[object, ...], Any] = {}
        self._variants: dict[frozenset[str], Steps] = {}
        self._watching: Plan | None = self if self.watched else None

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
            steps = Steps(Compiler(self).steps(key), self.graph.start)
            if len(self._variants) >= REMEMBERED:
                self._variants.clear()
            self._variants[key] = steps
        return steps

    def layout(self, given: frozenset[str]) -> tuple[str, ...]:
        """Give the order of the values of the resources given."""
        return tuple(name for name in self.wiring.resources if name in given)

    def stays(self) -> list[Stay]:
        """Make what a run has of its own for sub-workflows, which follows its resources."""
        return [Stay(region, self.clock) for region in self.stayed]

    def _asks(self) -> bool:
        """Tell whether any handler may ask for everything to be undone, also in a sub-workflow."""
        own = (handler.rollbacks for handler in self.graph.definition.handlers)
        nested = () if self._flat is None else (cell.rollbacks for cell in self._flat.cells.values())
        return any(own) or any(nested)

    def laid_flat(self) -> Flat:
        """Give its states with those of sub-workflows, laid flat the first time where there are none."""
        if self._flat is None:
            self._flat = flatten(self)
        return self._flat
