"""Sub-workflows laid flat: their states become states of the plan, named by path, such as `PAY/CHARGE`.

A workflow in a state of another is a region. The way into that state leads to the region's start, the way
into one of the region's exits to where `as_state` says; errors that no inner edge takes go to the edges of
the state. Two regions of one workflow share its handlers and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from cano_dsl.declare import Injections, Read, ReadUndo
from cano_dsl.plan._compose import ErrorEdge
from cano_dsl.spec import DATA_KEY, HandlerDef, HandlerSpec, NestedSpec, Rollback

if TYPE_CHECKING:
    from cano_dsl.plan._plan import Plan

Goals = tuple[tuple[ErrorEdge, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A workflow in a state of another.

    Attributes:
        path: The state's name in the plan.
        at: The state.
        spec: What `as_state` recorded.
        plan: The workflow.
        names: The plan's names of resources that the workflow calls otherwise.
        edges: The error edges of the state, each with where it leads.
        ends: Where each exit leads.
        start: Where its start leads.
    """

    path: str
    at: Enum
    spec: HandlerSpec
    plan: "Plan"
    names: Mapping[str, str]
    edges: Goals
    ends: Mapping[str, str]

    @property
    def slot(self) -> str:
        """What its stay is called among a run's values and in its log; no resource can have that name."""
        return f"@{self.path}"

    @property
    def data_key(self) -> str:
        """What its data is saved under."""
        return f"{self.slot}/{DATA_KEY}"

    @property
    def start(self) -> str:
        """Where the way into the state leads."""
        return self.leads(self.plan.graph.start)

    def leads(self, name: str) -> str:
        """Give the name in the plan of the state that the way into a state of the workflow leads to."""
        return self.ends.get(name, f"{self.path}/{name}")

    @property
    def stays(self) -> bool:
        """Whether there is something that each run through it has for itself: data, or a limit."""
        plan = self.plan
        return self.is_limited or plan.data is not None or bool(plan.wiring.data)

    @property
    def is_limited(self) -> bool:
        """Whether it has a total timeout, or a number of transitions."""
        return self.plan.timeout_s is not None or self.plan.max_transitions is not None

    @property
    def is_entered(self) -> bool:
        """Whether the way in needs a step of its own."""
        return self.stays or self.plan.graph.start in self.ends


class Cell(NamedTuple):
    """A state as it stands in a plan.

    Attributes:
        name: Its name in the plan.
        at: The member.
        states: The Enum.
        handler: Its handler by names; None for an exit.
        read: Its handler; None for an exit.
        undo: What undoes it; None without.
        targets: Where it may go, each member with where that leads.
        edges: Its own error edges, each with where it leads.
        rollbacks: What its handler may return for everything to be undone, each with where it leads then.
        regions: Those that it stands in, the innermost first.
    """

    name: str
    at: Enum
    states: type[Enum]
    handler: HandlerDef | None
    read: Read | None
    undo: ReadUndo | None
    targets: tuple[tuple[Enum, str], ...]
    edges: Goals
    rollbacks: tuple[tuple[Rollback[Enum], str], ...]
    regions: tuple[Region, ...]

    @property
    def all_edges(self) -> Goals:
        """Its own error edges, then those of its regions, in the order in which they are tried."""
        return (*self.edges, *edges_of(self.regions)) if self.regions else self.edges

    @property
    def is_limited(self) -> bool:
        """Whether a region that it stands in has a limit."""
        return any(region.is_limited for region in self.regions)


def edges_of(regions: Iterable[Region]) -> Goals:
    """Give the error edges of regions, in the order in which they are tried."""
    return tuple(edge for region in regions for edge in region.edges)


class Flat(NamedTuple):
    """A plan laid flat.

    Attributes:
        cells: Every state by its name.
        regions: Every region, one before those in it.
        parts: Every handler and compensation, in the order given, by the plan's names of resources.
    """

    cells: dict[str, Cell]
    regions: tuple[Region, ...]
    parts: tuple[Read | ReadUndo, ...]

    def around(self, region: Region) -> tuple[Region, ...]:
        """Give a region and those that it stands in, the innermost first."""
        outer = [one for one in self.regions if region.path.startswith(f"{one.path}/")]
        return (region, *reversed(outer))


def flatten(plan: "Plan") -> Flat:
    """Lay a plan flat."""
    cells: dict[str, Cell] = {}
    regions: list[Region] = []
    parts = list(_Level(plan, (), cells, regions).lay())
    return Flat(cells, tuple(regions), tuple(parts))


class _Level:
    """One workflow as it is laid into a plan."""

    def __init__(
        self, plan: "Plan", regions: tuple[Region, ...], cells: dict[str, Cell], every: list[Region]
    ) -> None:
        self._plan = plan
        self._regions = regions
        self._cells = cells
        self._every = every
        self._undo = {id(undo.spec.step): undo for undo in plan.compensations}

    def lay(self) -> Iterator[Read | ReadUndo]:
        """Add the states, and give the handlers and compensations."""
        plan, seen = self._plan, set()
        for read in plan.handlers:
            own = self._read(read)
            yield own
            name = own.spec.at._name_
            if name in plan.graph.exits or name in seen:
                continue  # it never runs
            seen.add(name)
            if own.spec.nested is not None:
                yield from self._region(own.spec, own.spec.nested)
            else:
                self._add(own)
        yield from map(self._renamed, plan.compensations)
        if not self._regions:
            self._add_others(seen)

    def _region(self, spec: HandlerSpec, nested: NestedSpec) -> Iterator[Read | ReadUndo]:
        names = {}
        for inner in nested.plan.wiring.resources:
            name = nested.resources.get(inner, inner)
            names[inner] = self._name(name)
        region = Region(
            path=self._path(spec.at._name_),
            at=spec.at,
            spec=spec,
            plan=nested.plan,
            names=names,
            edges=self._edges(spec),
            ends={exit_._name_: self._leads(target._name_) for exit_, target in nested.exits},
        )
        self._every.append(region)
        yield from _Level(nested.plan, (region, *self._regions), self._cells, self._every).lay()

    def _add(self, read: Read) -> None:
        plan, at = self._plan, read.spec.at
        node = plan.graph.states[at._name_]
        members = plan.states._member_map_
        undo = self._undo.get(id(read.spec))
        name = self._path(at._name_)
        self._cells[name] = Cell(
            name=name,
            at=at,
            states=plan.states,
            handler=node.handler,
            read=read,
            undo=None if undo is None else self._renamed(undo),
            targets=tuple((members[target], self._leads(target)) for target in node.targets),
            edges=self._edges(read.spec),
            rollbacks=tuple(
                (Rollback(members[target]), self._leads(target))
                for target in (node.handler.rollbacks if node.handler is not None else ())
            ),
            regions=self._regions,
        )

    def _add_others(self, seen: set[str]) -> None:
        """Add exits, and states that a waiver leaves without a handler; those of a region nothing enters."""
        for name, member in self._plan.states._member_map_.items():
            if name not in seen:
                self._cells[name] = Cell(name, member, self._plan.states, None, None, None, (), (), (), ())

    def _path(self, name: str) -> str:
        return f"{self._regions[0].path}/{name}" if self._regions else name

    def _leads(self, name: str) -> str:
        return self._regions[0].leads(name) if self._regions else name

    def _name(self, resource: str) -> str:
        return self._regions[0].names.get(resource, resource) if self._regions else resource

    def _edges(self, spec: HandlerSpec) -> Goals:
        return tuple((ErrorEdge(kind, to), self._leads(to._name_)) for kind, to in spec.on_error)

    def _read(self, read: Read) -> Read:
        if not self._regions:
            return read
        return Read(read.spec, self._injections(read.injections), tuple(map(self._injections, read.parts)))

    def _renamed(self, undo: ReadUndo) -> ReadUndo:
        return ReadUndo(undo.spec, self._injections(undo.injections)) if self._regions else undo

    def _injections(self, injections: Injections) -> Injections:
        """Name resources as the plan does, and give the region's own data for the run's."""
        found = []
        for one in injections:
            if one.role == "resource":
                found.append(replace(one, want=replace(one.want, name=self._name(one.want.name))))
            elif one.role == "data":
                slot = self._regions[0].slot
                found.append(replace(one, role="stay", want=replace(one.want, name=slot)))
            else:
                found.append(one)
        return tuple(found)


def is_end(cell: Cell, target: Any) -> bool:
    """Tell whether a state of a region ends it by going to a member."""
    return bool(cell.regions) and getattr(target, "_name_", None) in cell.regions[0].ends
