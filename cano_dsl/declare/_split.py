"""`split`: one state whose branches run at once and are joined by a strategy.

Branches come about in one of three ways: one function called for each item of a collection that is known, one
called for each item that another function gives when the run is there, or several functions or workflows,
each a branch of its own.
"""

import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from types import FrameType
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeAlias, TypeVar, overload

from cano_dsl.declare._handlers import AsyncSplit, Gather, Handler, PlainSplit
from cano_dsl.declare._on_error import OnError
from cano_dsl.declare._parts import branch_of, items_of, part_of
from cano_dsl.declare._policies import Guards, guards, refuse_uncuttable
from cano_dsl.declare._refused import refuse_unlike_branches
from cano_dsl.errors import PolicyError, SignatureError, Where
from cano_dsl.spec import (
    EMPTY,
    Breaker,
    Duration,
    HandlerSpec,
    Join,
    Limiter,
    Part,
    Retry,
    Runs,
    Scope,
    SplitSpec,
    seconds,
)

S = TypeVar("S", bound=Enum)
Src = TypeVar("Src", bound=Enum)
To = TypeVar("To", bound=Enum)
I = TypeVar("I")  # noqa: E741 - an item
T = TypeVar("T")
P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - what the function that gives the items asks for
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
Items: TypeAlias = Iterable[I] | Awaitable[Iterable[I]]
BranchOf: TypeAlias = Callable[..., Awaitable[T]] | Runs[T]


class _NotGiven(tuple[()]):
    """No `over`, told from an empty one."""

    __slots__ = ()


_NOT_GIVEN = _NotGiven()


class _Options(NamedTuple):
    """What every form of `split` is given."""

    at: Any
    to: Any
    join: Join
    timeout_s: float | None
    bulkhead: int | None
    guards: Guards
    thread: bool
    where: Where


class SplitDecorator(Generic[S, Src, I, To, O]):
    """Takes the function that is called once for each item."""

    def __init__(self, options: _Options, items: Sequence[Any] | None, over: Part | None) -> None:
        self._options = options
        self._items = items
        self._over = over

    @overload
    def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, fn: Callable[Concatenate[I, P], Coroutine[Any, Any, T]], /
    ) -> AsyncSplit[S, Src, P, To, I, T, O, Join]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[I, P], T], /) -> PlainSplit[S, Src, P, To, I, T, O, Join]: ...
    def __call__(self, fn: Any, /) -> Handler[Any, Any, ..., Any]:
        """Record the function.

        Raises:
            SignatureError: It cannot be a branch; the message says where and what to do.
        """
        part = part_of(fn, sys._getframe(1))
        if not part.parameters or part.parameters[0].keyword_only:
            raise SignatureError(
                what=f"branch {part.name!r} takes no item",
                fix="Give it a first parameter: it is called once for each item of over=",
                where=part.where,
            )
        thread = self._options.thread
        if thread and part.awaits:
            raise SignatureError(
                what=f"async branch {part.name!r} cannot run in a thread",
                fix="Make it a plain function, or leave thread=True away",
                where=part.where,
            )
        if not part.awaits:
            found = self._options.guards.policies
            refuse_uncuttable(
                found, part.fn, part.where, what="branch", thread=thread, field="attempt_timeout"
            )
        branch = replace(part, parameters=part.parameters[1:])
        spec = _spec(self._options, branch, (branch,), items=self._items, over=self._over)
        return AsyncSplit(spec) if part.awaits else PlainSplit(spec)


@overload
def split(
    at: S,
    /,
    *,
    over: Iterable[I],
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
    thread: bool = False,
) -> SplitDecorator[S, S, I, S, []]: ...
@overload
def split(
    at: S,
    /,
    *,
    over: Callable[O, Items[I]],
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
    thread: bool = False,
) -> SplitDecorator[S, S, I, S, O]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    /,
    *,
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    /,
    *,
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    three: BranchOf[T3],
    /,
    *,
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2 | T3, Join]: ...
@overload
def split(
    at: S,
    one: BranchOf[T1],
    two: BranchOf[T2],
    three: BranchOf[T3],
    four: BranchOf[T4],
    /,
    *more: BranchOf[T],
    join: Join,
    to: S,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: OnError[S] = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
) -> Gather[S, S, ..., S, T1 | T2 | T3 | T4 | T, Join]: ...
def split(  # noqa: PLR0913 - each is a keyword of its own where it is called
    at: Any,
    /,
    *branches: Any,
    over: Any = _NOT_GIVEN,
    join: Join,
    to: Any,
    timeout: "Duration | None" = None,
    bulkhead: int | None = None,
    on_error: Any = None,
    retry: Retry | None = None,
    attempt_timeout: "Duration | None" = None,
    breaker: Breaker | None = None,
    limiter: Limiter | None = None,
    effects: bool = False,
    thread: bool = False,
) -> Any:
    """Make a state whose branches run at once; a strategy says when they are done.

    With `over`, a decorator of the function that is called once for each item; its first parameter is the
    item, the others are resources. With branches, the handler itself: each branch is an async function, whose
    parameters are resources, or a workflow, whose value is the exit that it reaches.

    The run goes to `to`, whose handler gets the outcomes as a parameter of type `Joined`. What is not needed
    any more is cancelled, and has ended before that. Without `bulkhead` every branch is a task of its own;
    with it there are so many tasks, and each starts the next item. The items of `over` are held either way.

    Args:
        at: The state; one member of the workflow's Enum.
        *branches: Async functions or workflows, each a branch.
        over: The items: a collection, or a function of resources, async or plain, that gives one.
        join: When the branches are done.
        to: The state that follows.
        timeout: After how long the join is decided, in seconds; an error except for `partial_timeout`.
        bulkhead: How many branches run at once; they start in order.
        on_error: The state to go to instead of failing, or a state for each class of exceptions: `JoinFailed`
            where the join could not be satisfied, or whatever the function that gives the items raises.
        retry: When a branch that failed is called again; each branch has its own attempts.
        attempt_timeout: How long one attempt of a branch may take, in seconds; then it counts as failed. Only
            what is async can be cut.
        breaker: A circuit breaker before each attempt of a branch.
        limiter: A limiter before the first attempt of each branch, which waits until there is room.
        effects: Whether a branch changes something outside of the run; where nothing undoes it, and the run
            can still fail after it, that is a warning.
        thread: Call a plain function in worker threads. A thread cannot be stopped, so it is waited for.

    Raises:
        SignatureError: Something cannot be a branch, or cannot give items.
        PolicyError: A timeout is not above 0, `bulkhead` is no number, `join` is no `Join`, or `retry`,
            `breaker` or `limiter` is something else.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Join, Joined, Workflow, split, state
        >>> class Ship(Enum):
        ...     QUOTE = 1
        ...     CHOOSE = 2
        ...     DONE = 3
        >>> @split(Ship.QUOTE, over=("ups", "dhl", "post"), join=Join.quorum(2), to=Ship.CHOOSE, timeout=2)
        ... async def quote(carrier: str, prices: dict[str, int]) -> int:
        ...     return prices[carrier]
        >>> @state(Ship.CHOOSE)
        ... def choose(quotes: Joined[int]) -> Literal[Ship.DONE]:
        ...     print(min(quotes.values), [failure.name for failure in quotes.errors])
        ...     return Ship.DONE
        >>> ship = Workflow.build(Ship, quote, choose, start=Ship.QUOTE, exits=(Ship.DONE,))
        >>> ship.run_sync(prices={"dhl": 7, "post": 5})
        5 ["quote('ups')"]
        <Ship.DONE: 3>
    """
    frame = sys._getframe(1)
    where = Where(frame.f_code.co_filename, frame.f_lineno)
    options = _Options(
        at=at,
        to=to,
        join=_checked_join(join),
        timeout_s=None if timeout is None else seconds("timeout", timeout),
        bulkhead=_checked_bulkhead(bulkhead),
        guards=guards(
            where,
            on_error,
            effects=effects,
            field="attempt_timeout",
            retry=retry,
            timeout=attempt_timeout,
            breaker=breaker,
            limiter=limiter,
        ),
        thread=thread,
        where=where,
    )
    return _made(options, over, branches, frame)


def _made(options: _Options, over: Any, branches: tuple[Any, ...], frame: FrameType) -> Any:
    """Make the handler of a split with branches, or the decorator of one with items."""
    if (over is _NOT_GIVEN) == (not branches):
        raise SignatureError(
            what="split takes either over= or branches" + (", not both" if branches else ""),
            fix="Give over=(…) and decorate a function, or give the branches: split(S.A, one, two, …)",
            where=options.where,
        )
    if branches:
        parts = tuple(branch_of(branch, frame) for branch in branches)
        refuse_unlike_branches(parts, options.where, thread=options.thread)
        return Gather(_spec(options, None, parts, items=None, over=None))
    items, source = items_of(over, frame, options.where)
    return SplitDecorator(options, items, source)


def _checked_join(join: object) -> Join:
    if not isinstance(join, Join):
        raise PolicyError(field="join", value=join, allowed="a Join, such as Join.all()")
    return join


def _checked_bulkhead(bulkhead: object) -> int | None:
    if bulkhead is not None and (isinstance(bulkhead, bool) or not isinstance(bulkhead, int)):
        raise PolicyError(field="bulkhead", value=bulkhead, allowed="a whole number, at least 1")
    return bulkhead


def _spec(
    options: _Options,
    named: Part | None,
    branches: tuple[Part, ...],
    *,
    items: Sequence[Any] | None,
    over: Part | None,
) -> HandlerSpec:
    doc = "" if named is None else (named.fn.__doc__ or "").strip().partition("\n")[0]
    return HandlerSpec(
        kind="split",
        at=options.at,
        fn=branches[0].fn,
        name=named.name if named is not None else str(getattr(options.at, "name", options.at)).lower(),
        where=named.where if named is not None else options.where,
        doc=doc,
        parameters=(),
        returns=EMPTY,
        to=(options.to,),
        scope=Scope({}, {}),
        awaits=True,
        thread=options.thread,
        split=SplitSpec(
            join=options.join,
            branches=branches,
            items=items,
            over=over,
            timeout_s=options.timeout_s,
            bulkhead=options.bulkhead,
        ),
        on_error=options.guards.on_error,
        policies=options.guards.policies,
        effects=options.guards.effects,
    )
