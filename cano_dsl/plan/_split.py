"""The call of a split: its branches at once, then the join, then the state that follows."""

from collections.abc import Callable, Iterable, Sequence
from inspect import isawaitable
from typing import Any, NamedTuple

from cano_dsl.errors import Branch, BranchFailure, JoinFailed, named, shown
from cano_dsl.observe import Events
from cano_dsl.plan._branch import Branches, Start, guarded
from cano_dsl.plan._step import Call, Values
from cano_dsl.scope import FAILURE, SUCCESS, Clock, Limits, Outcomes, in_thread, run_branches
from cano_dsl.spec import HandlerSpec, Join, Joined, Run, SplitSpec, decide, why_not


class Branching(NamedTuple):
    """A split as it is compiled.

    Attributes:
        spec: The handler.
        split: How its branches come about.
        calls: What takes the items and gives the function that starts one by number; or each branch's call.
        source: Gives the items; None where they are known, or there are none.
        run_slot: Where the `Run` is among a run's values.
        wants_run: Whether a branch asks for it, so that each gets one of its own.
    """

    spec: HandlerSpec
    split: SplitSpec
    calls: tuple[Call, ...]
    source: Call | None
    run_slot: int
    wants_run: bool


def splitting(of: Branching, clock: Clock, events: Events | None) -> Call:
    """Make the call of a split's step."""
    split, join = of.split, of.split.join
    (target,) = of.spec.to or (None,)
    keys = () if split.shared else tuple(part.key for part in split.branches)

    async def call(*values: Any) -> Any:
        run: Run = values[of.run_slot]
        items = await _items(of, values)
        total = len(split.branches) if items is None else len(items)
        name = _namer(of, items)
        why = why_not(join, total)
        if why is not None:
            raise _failed(of, total, refused=why)
        attempts: dict[int, int] = {}
        start = _start(of, items, values, attempts)
        if of.spec.policies is not None:
            branches = Branches(run, of.spec.where, name, clock, events, attempts)
            start = guarded(start, of.spec.policies, branches)
        if events is not None and events.of_branches:
            start = _observed(start, events, run, name)
        race = await run_branches(
            start,
            total,
            limits(join, total),
            clock=clock,
            timeout_s=split.timeout_s,
            bulkhead=split.bulkhead,
            can_be_cut=not of.spec.thread,
        )
        _refuse_unjoined(of, race, name)
        joined: Joined[Any] = Joined(values=race.values, marks=race.marks, name=name, keys=keys)
        run._next = joined  # noqa: SLF001 - kept off the type that handlers see
        log = run._log  # noqa: SLF001 - as above
        if log is not None:
            log.hold_joined(joined)
        return target

    return call


def limits(join: Join, total: int) -> Limits:
    """Give the counts at which a join is decided, as `decide` decides it."""
    needed = join.needed(total)
    return Limits(None, None) if needed is None else Limits(needed, total - needed + 1)


async def _items(of: Branching, values: Values) -> Sequence[Any] | None:
    if of.source is None:
        return of.split.items
    items = of.source(*values)
    if isawaitable(items):
        items = await items
    if not isinstance(items, Iterable) or isinstance(items, (str, bytes, bytearray)):
        over = of.split.over
        raise TypeError(
            f"{over.name if over else 'over='} gave {shown(items)}, not a collection of items "
            f"({over.where if over else of.spec.where}): return a list or a tuple"
        )
    return items if isinstance(items, (tuple, range)) else tuple(items)


def _namer(of: Branching, items: Sequence[Any] | None) -> Callable[[int], str]:
    branches = of.split.branches
    if items is None:
        return lambda index: branches[index].name
    return lambda index: f"{branches[0].name}({shown(items[index])})"


def _start(of: Branching, items: Sequence[Any] | None, values: Values, attempts: dict[int, int]) -> Start:
    """Give what begins a branch by its number."""
    start = _with_own_run(of, items, values, attempts) if of.wants_run else _starter(of, items, values)
    if of.split.branches[0].awaits:
        return start
    if of.spec.thread:
        return lambda index: in_thread(start, index)

    async def plain(index: int) -> Any:
        return start(index)

    return plain


def _with_own_run(
    of: Branching, items: Sequence[Any] | None, values: Values, attempts: dict[int, int]
) -> Callable[[int], Any]:
    """Give each branch a `Run` of its own, whose idempotency key names the branch, and its own attempt."""
    slot = of.run_slot

    def start(index: int) -> Any:
        run = values[slot]._of_branch(index)  # noqa: SLF001 - kept off the type that handlers see
        run.attempt = attempts.get(index, 1)
        return _starter(of, items, (*values[:slot], run, *values[slot + 1 :]))(index)

    return start


def _starter(of: Branching, items: Sequence[Any] | None, values: Values) -> Callable[[int], Any]:
    if items is None:
        calls = of.calls
        return lambda index: calls[index](*values)
    return of.calls[0](items, *values)  # type: ignore[no-any-return]


def _observed(start: Start, events: Events, run: Run, name: Callable[[int], str]) -> Start:
    started, finished = events.branch_started, events.branch_finished
    state = run.state

    async def observed(index: int) -> Any:
        branch = Branch(index, name(index))
        if started is not None:
            started(run, state, branch)
        error: BaseException | None = None
        try:
            return await start(index)
        except BaseException as raised:
            error = raised
            raise
        finally:
            if finished is not None:
                finished(run, state, branch, error)
            del error

    return observed


def _refuse_unjoined(of: Branching, race: Outcomes, name: Callable[[int], str]) -> None:
    """Raise `JoinFailed` unless the join is satisfied and every branch has ended."""
    verdict = decide(
        of.split.join,
        successes=race.successes,
        failures=race.failures,
        total=race.total,
        expired=race.expired,
    )
    if verdict == "satisfied" and not race.stuck:
        return
    failed = [index for index in range(race.total) if race.marks[index] == FAILURE]
    errors = [BranchFailure(index, name(index), race.values[index]) for index in failed]
    error = _failed(
        of,
        race.total,
        successes=race.successes,
        errors=errors,
        cancelled=[
            Branch(index, name(index))
            for index in range(race.total)
            if race.marks[index] not in (SUCCESS, FAILURE)
        ],
        timeout_s=of.split.timeout_s if race.expired else None,
        stuck=[Branch(index, name(index)) for index in race.stuck],
    )
    error.__cause__ = _cause(error, of)
    try:
        raise error
    finally:
        del error  # with its traceback it would be a cycle


def _cause(error: JoinFailed, of: Branching) -> BaseException | None:
    raised = [failure.error for failure in error.errors]
    if len(raised) < 2:  # noqa: PLR2004 - one needs no group
        return raised[0] if raised else None
    return BaseExceptionGroup(f"branches of {named(of.spec.at)} failed", raised)


def _failed(of: Branching, total: int, **facts: Any) -> JoinFailed:
    join = of.split.join
    return JoinFailed(join=str(join), total=total, needed=join.needed(total), **facts)
