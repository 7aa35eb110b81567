"""From the states of a plan to linked steps: what is put around each handler's call, from the inside out."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cano_dsl.declare import Injections, Read
from cano_dsl.plan._asked import asking, rerouted
from cano_dsl.plan._compose import ErrorEdge, bounded, entered, logged, observed, passed, rejecting, threaded
from cano_dsl.plan._guarded import Reject, broken, limited, timed
from cano_dsl.plan._nested import Cell, Goals, Region, edges_of, is_end
from cano_dsl.plan._outputs import Take, Undo, apart, keeping, overdue, taking, unpacked
from cano_dsl.plan._recovery import Recovery
from cano_dsl.plan._region import Bounded, closing, limits_of, opening, overstayed, within
from cano_dsl.plan._split import Branching, splitting
from cano_dsl.plan._step import Call, Recovers, Step
from cano_dsl.plan._thunk import Argument, make_starter, make_thunk
from cano_dsl.spec import HandlerSpec, Retry, SplitSpec

if TYPE_CHECKING:
    from cano_dsl.plan._plan import Plan


class Compiler:
    """Makes the steps of a plan."""

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan

    def steps(self, given: frozenset[str]) -> "dict[str, Step]":
        """Make the linked steps for the resources that are given."""
        names = (*self._plan.layout(given), *(region.slot for region in self._plan.stayed))
        slots = {name: slot for slot, name in enumerate(names)}
        flat = self._plan.laid_flat()
        steps = {name: self._step(cell, slots) for name, cell in flat.cells.items()}
        for region in reversed(flat.regions):  # those within first
            if region.is_entered:
                steps[region.path] = self._way_in(region, edges_of(flat.around(region)), slots)
            else:
                steps[region.path] = steps[region.start]
        for region in flat.regions:
            if region.is_entered:
                start = region.plan.states[region.plan.graph.start]
                edges = [(edge, steps[name]) for edge, name in edges_of(flat.around(region))]
                steps[region.path].link([(start, steps[region.start])], edges)
        for name, cell in flat.cells.items():
            targets = [(member, steps[target]) for member, target in cell.targets]
            tokens: list[tuple[object, Step]] = [(edge, steps[target]) for edge, target in cell.all_edges]
            for rollback, target in cell.rollbacks:
                tokens.append((rollback, asking(steps[name], steps[target])))
            steps[name].link(targets, tokens)
        return steps

    def _way_in(self, region: Region, goals: Goals, slots: dict[str, int]) -> Step:
        """Make the step that leads into a region; it is no state of its own, so nobody sees it."""
        call = opening(region, slots.get(region.slot))
        step = Step(region.at, call=call, thunk=call, awaits=False, spec=region.spec, name=region.path)
        edges = tuple(edge for edge, _ in goals)
        step.recovery = self._follows(call, None, edges, slots, awaits=False) if edges else None
        return step

    def _step(self, cell: Cell, slots: dict[str, int]) -> Step:
        if cell.read is None:
            return Step(cell.at, call=None, thunk=None, awaits=False, spec=None, name=cell.name)
        spec = cell.read.spec
        if spec.split is not None:
            thunk = self._split(cell.read, spec.split, slots)
            if is_end(cell, (spec.to or (None,))[0]):
                thunk = closing(thunk, self._run_slot(slots))
        else:
            thunk = make_thunk(spec.fn, self._width(slots), self._shape(cell.read.injections, slots))
        step = Step(cell.at, call=thunk, thunk=thunk, awaits=spec.awaits, spec=spec, name=cell.name)
        self._compose(step, cell, spec, slots)
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
        return splitting(branching, self._plan.clock, self._plan.events)

    def _run_slot(self, slots: dict[str, int]) -> int:
        """Say where the run is among a run's values, which begin with the resources and any stack."""
        return len(slots) + self._plan.undoes

    def _width(self, slots: dict[str, int]) -> int:
        """Count a run's values: resources, stack, run and data."""
        return self._run_slot(slots) + 2 * self._plan.extra

    def _shape(self, injections: Injections, slots: dict[str, int]) -> tuple[Argument, ...]:
        """Say where each argument of a function comes from."""
        run_slot = self._run_slot(slots)
        shape = []
        by_keyword = False
        for injection in injections:
            name, role = injection.parameter.name, injection.role
            named = role in ("resource", "stay")
            slot = slots.get(injection.want.name) if named else run_slot + (role == "data")
            by_keyword = by_keyword or injection.parameter.keyword_only or slot is None
            if slot is not None:
                shape.append(Argument(slot, name if by_keyword else "", _OF_RUN.get(role, "")))
        return tuple(shape)

    def _compose(self, step: Step, cell: Cell, spec: HandlerSpec, slots: dict[str, int]) -> None:
        """Put around a step's call what is configured, from the inside out."""
        call, awaits = self._attempt(step, cell, spec, slots)
        recovery = self._recovery(call, cell, spec, slots, awaits=awaits)
        run_slot, events = self._run_slot(slots), self._plan.events
        policies = spec.policies if spec.split is None else None
        if policies is not None and policies.limiter is not None:
            left, reject = self._left(slots), self._reject(step, slots)
            retried = policies.retry is not None
            call = limited(
                call, policies.limiter, self._plan.clock, left, awaits=awaits, reject=reject, retried=retried
            )
            awaits = True
        emit = events.state_entered if events is not None else None
        if self._plan.store is not None and spec.kind != "router":
            call, awaits = logged(call, run_slot, step, emit, awaits=awaits), True
        elif self._plan.uses_run:
            enter = bounded if self._plan.watched else entered
            call = enter(call, run_slot, step.at, step.name, emit, counts=spec.kind != "router")
            call = passed(call, run_slot, step.name) if self._plan.store is not None else call
        for region, slot in limits_of(cell, slots):
            call = within(call, slot, region, self._plan.clock, awaits=awaits)
        step.call, step.awaits, step.recovery = call, awaits, recovery

    def _attempt(self, step: Step, cell: Cell, spec: HandlerSpec, slots: dict[str, int]) -> tuple[Call, bool]:
        """Make one attempt at a state: timeout, observers and breaker around the handler, maybe in a task."""
        call: Any = step.thunk  # no exit, so there is one
        awaits = spec.awaits
        run_slot, events = self._run_slot(slots), self._plan.events
        policies = spec.policies if spec.split is None else None
        undo = step.undo = self._undo(cell, slots)
        take = self._take(cell, undo, slots)
        is_apart = undo is not None and awaits
        observes = events is not None and events.of_attempts
        if take is not None and (observes or policies is not None or not is_apart):
            call, take = unpacked(call, take, awaits=awaits), None
        if spec.thread and spec.split is None:
            call, awaits = threaded(call), True
        if policies is not None and policies.timeout_s is not None:
            call = timed(call, policies.timeout_s, self._plan.clock)
        if events is not None and observes:
            call = observed(call, run_slot, step.at, events, awaits=awaits)
        if policies is not None and policies.breaker is not None:
            reject = self._reject(step, slots)
            call = broken(call, policies.breaker, self._plan.clock, awaits=awaits, reject=reject)
        if is_apart:
            if self._plan.watched:
                call, take = overdue(call, take, run_slot, self._plan.clock, self._plan.budget_s), None
            for _, slot in limits_of(cell, slots):
                call, take = overstayed(call, take, slot, self._plan.clock, self._plan.budget_s), None
            call = apart(call, take)
        return call, awaits

    def _reject(self, step: Step, slots: dict[str, int]) -> Reject | None:
        """Give what tells observers of calls that are not made; None where nobody wants to know."""
        emit = self._plan.events.call_rejected if self._plan.events is not None else None
        return None if emit is None else rejecting(emit, self._run_slot(slots), step.at)

    def _recovery(
        self, attempt: Call, cell: Cell, spec: HandlerSpec, slots: dict[str, int], *, awaits: bool
    ) -> Recovers | None:
        """Say what follows when an attempt has failed; None where the run fails then."""
        retry = spec.policies.retry if spec.policies is not None and spec.split is None else None
        edges = tuple(edge for edge, _ in cell.all_edges)
        if retry is None and not edges:
            return None
        if not cell.is_limited:
            return self._follows(attempt, retry, edges, slots, awaits=awaits)
        own = tuple(edge for edge, _ in cell.edges)
        outward = []
        for number in range(len(cell.regions)):
            outer = tuple(edge for edge, _ in edges_of(cell.regions[number:]))
            outward.append(self._follows(attempt, None, outer, slots, awaits=awaits))
        return Bounded(
            own=self._follows(attempt, retry, own, slots, awaits=awaits) if retry or own else None,
            outward=tuple(outward),
            paths=tuple(region.path for region in cell.regions),
            limits=limits_of(cell, slots),
            clock=self._plan.clock,
        )

    def _follows(
        self,
        attempt: Call,
        retry: Retry | None,
        edges: tuple[ErrorEdge, ...],
        slots: dict[str, int],
        *,
        awaits: bool,
    ) -> Recovery:
        return Recovery(
            attempt=attempt,
            awaits=awaits,
            retry=retry,
            edges=edges,
            run_slot=self._run_slot(slots) if self._plan.uses_run else None,
            clock=self._plan.clock,
            events=self._plan.events,
        )

    def _left(self, slots: dict[str, int]) -> Callable[..., float]:
        """Give what tells how long a run may still take, from its values."""
        if not self._plan.watched:
            return lambda *_: math.inf
        slot = self._run_slot(slots)
        return lambda *values: values[slot].time_left

    def _take(self, cell: Cell, undo: Undo | None, slots: dict[str, int]) -> Take | None:
        """Compile how the state is taken off what a handler returns; None where that is the state alone."""
        handler = cell.handler
        rollbacks = {id(rollback.to): rollback for rollback, _ in cell.rollbacks}
        if handler is None or handler.output is None:
            return rerouted(rollbacks) if rollbacks else None
        members = cell.states._member_map_
        run_slot = self._run_slot(slots) if self._plan.uses_run else None
        return taking(
            frozenset(id(members[name]) for name in handler.paired),
            frozenset(id(members[name]) for name in handler.unpaired),
            keeping(undo, len(slots), run_slot, logs=self._plan.store is not None)
            if undo is not None
            else None,
            rollbacks,
        )

    def _undo(self, cell: Cell, slots: dict[str, int]) -> Undo | None:
        """Compile what undoes a handler; it is given the output after the run's values.

        Only one attempt is compiled here: how long all may take, the rollback alone knows.
        """
        if cell.undo is None:
            return None
        spec, width = cell.undo.spec, self._width(slots)
        injections = self._shape(cell.undo.injections, slots)
        call = make_thunk(spec.fn, width + 1, (Argument(width, ""), *injections))
        if spec.thread:
            call = threaded(call)
        policies = spec.policies
        if policies is not None and policies.timeout_s is not None:
            call = timed(call, policies.timeout_s, self._plan.clock)
        retry = policies.retry if policies is not None else None
        return Undo(cell.at, spec, call, spec.awaits or spec.thread, cell.name, retry)


# What of the run, or of a stay in a sub-workflow, is passed for a parameter of each role.
_OF_RUN = {"joined": "_joined", "failure": "_failure", "stay": "data"}
