"""`@compensate`: what undoes a state's output, recorded and left alone."""

import sys
from collections.abc import Callable, Coroutine
from enum import Enum
from types import FrameType
from typing import Any, Concatenate, Generic, Literal, NoReturn, ParamSpec, TypeVar, get_origin, overload

from cano_dsl.declare._handlers import Handler
from cano_dsl.declare._namespace import evaluate, show
from cano_dsl.declare._outputs import OutputHandler
from cano_dsl.declare._policies import policies, refuse_uncuttable
from cano_dsl.declare._signature import (
    function_of,
    is_async,
    name_of,
    read_parameters,
    refuse_uncallable,
    scope_of,
    where_of,
)
from cano_dsl.declare._targets import awaited, is_awaitable
from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import CompensationSpec, Duration, HandlerSpec, Policies, Retry

S = TypeVar("S", bound=Enum)
Src = TypeVar("Src", bound=Enum)
Src_co = TypeVar("Src_co", bound=Enum, covariant=True)
O = TypeVar("O")  # noqa: E741 - the output, as N is the next state
O_contra = TypeVar("O_contra", contravariant=True)
Q = ParamSpec("Q")


class Compensation(Generic[S, Src_co, Q]):
    """What undoes a state, as `Workflow.build` takes it; made by `compensate`, and still called as written.

    S is the Enum, Src the state that it undoes, Q the parameters besides the output.

    Attributes:
        spec: What was recorded, frozen.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Compensation, compensate, state
        >>> class Order(Enum):
        ...     CHARGE = 1
        ...     DONE = 2
        >>> @state(Order.CHARGE)
        ... def charge() -> tuple[Literal[Order.DONE], int]:
        ...     return Order.DONE, 12
        >>> @compensate(charge)
        ... def refund(amount: int) -> None:
        ...     print("refunded", amount)
        >>> isinstance(refund, Compensation), refund(12)
        refunded 12
        (True, None)
    """

    def __init__(self, spec: CompensationSpec) -> None:
        self.spec = spec
        self._fn: Callable[..., Any] = spec.fn
        self.__wrapped__ = spec.fn
        self.__name__ = spec.name
        self.__qualname__ = getattr(spec.fn, "__qualname__", spec.name)
        self.__module__ = getattr(spec.fn, "__module__", __name__)
        self.__doc__ = spec.fn.__doc__

    def __repr__(self) -> str:
        """Show what it undoes, and its line."""
        return f"<compensation {self.spec.name!r} of {self.spec.step.name!r}, {self.spec.where}>"


class AsyncCompensation(Compensation[S, Src_co, Q], Generic[S, Src_co, Q, O_contra]):
    """A compensation whose call is awaited."""

    def __call__(self, output: O_contra, /, *args: Q.args, **kwargs: Q.kwargs) -> Coroutine[Any, Any, None]:
        """Call the function itself, as a unit test does."""
        return self._fn(output, *args, **kwargs)  # type: ignore[no-any-return]


class PlainCompensation(Compensation[S, Src_co, Q], Generic[S, Src_co, Q, O_contra]):
    """A compensation whose call is done when it returns."""

    def __call__(self, output: O_contra, /, *args: Q.args, **kwargs: Q.kwargs) -> None:
        """Call the function itself, as a unit test does."""
        self._fn(output, *args, **kwargs)


class _Decorator(Generic[S, Src, O]):
    def __init__(self, step: HandlerSpec, found: Policies | None, *, thread: bool) -> None:
        self._step = step
        self._policies = found
        self._thread = thread

    def _record(self, fn: Any, frame: FrameType) -> Any:
        spec = _spec(fn, frame, step=self._step, found=self._policies, thread=self._thread)
        return AsyncCompensation(spec) if spec.awaits else PlainCompensation(spec)


class CompensateDecorator(_Decorator[S, Src, O]):
    """Takes an async or a plain function whose first parameter is the output."""

    @overload
    def __call__(
        self, fn: Callable[Concatenate[O, Q], Coroutine[Any, Any, None]], /
    ) -> AsyncCompensation[S, Src, Q, O]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[O, Q], None], /) -> PlainCompensation[S, Src, Q, O]: ...
    def __call__(self, fn: Any, /) -> Any:
        """Record the function.

        Raises:
            SignatureError: It cannot be a compensation; the message says where and what to do.
        """
        return self._record(fn, sys._getframe(1))


class ThreadCompensateDecorator(_Decorator[S, Src, O]):
    """Takes a plain function, to be called in a worker thread."""

    def __call__(self, fn: Callable[Concatenate[O, Q], None], /) -> PlainCompensation[S, Src, Q, O]:
        """Record the function.

        Raises:
            SignatureError: It cannot be a compensation, for one because it is async.
        """
        made: PlainCompensation[S, Src, Q, O] = self._record(fn, sys._getframe(1))
        return made


@overload
def compensate(
    step: OutputHandler[S, Src, ..., Any, O],
    /,
    *,
    thread: Literal[False] = False,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
) -> CompensateDecorator[S, Src, O]: ...
@overload
def compensate(
    step: OutputHandler[S, Src, ..., Any, O], /, *, thread: Literal[True], retry: Retry | None = None
) -> ThreadCompensateDecorator[S, Src, O]: ...
def compensate(
    step: OutputHandler[S, Src, ..., Any, O],
    /,
    *,
    thread: bool = False,
    retry: Retry | None = None,
    timeout: "Duration | None" = None,
) -> _Decorator[S, Src, O]:
    """Make a function undo what a state did, with the output that the state gave.

    Each time the state succeeds, its output is kept. When the run fails or is cancelled later, the
    compensations of all outputs kept are called, the last first, whatever happens meanwhile. A state that
    failed gave no output and is not compensated.

    An error that `on_error=` leads on is no failure of the run: nothing is undone then, and the outputs stay
    for a later failure. Where a routed error should have everything undone, let the state that the edge leads
    to return a `Rollback`, which also says how the run ends: rejected, say, once all is refunded.

    The first parameter takes the output; the others are resources by name, `Run` or `RunData[T]`, as a
    handler's. The function returns nothing. It must be idempotent: it may be called more than once for one
    output, and `run.idempotency_key` is that of the state which it undoes. How long all compensations of a
    run may take is `build(..., compensation_timeout=...)`; a retry whose wait would go beyond that is not
    made.

    Args:
        step: The handler, which returns `tuple[Literal[...], Output]`, or that or a state alone where only
            some transitions have something to undo.
        thread: Call a plain function in a worker thread.
        retry: When a call that failed is made again; `run.attempt` counts these calls.
        timeout: How long one attempt may take, in seconds, of an async function; all of them share
            `compensation_timeout`.

    Raises:
        PolicyError: `timeout` is not above 0, or `retry` is no `Retry`.
        SignatureError: `step` is not a handler, or where the decorator is applied, the function cannot be a
            compensation.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, compensate, state
        >>> class Order(Enum):
        ...     CHARGE = 1
        ...     SHIP = 2
        ...     DONE = 3
        >>> @state(Order.CHARGE)
        ... async def charge(ledger: list[int]) -> tuple[Literal[Order.SHIP], int]:
        ...     ledger.append(-12)
        ...     return Order.SHIP, 12
        >>> @compensate(charge)
        ... async def refund(amount: int, ledger: list[int]) -> None:
        ...     ledger.append(amount)
        >>> @state(Order.SHIP)
        ... def ship() -> Literal[Order.DONE]:
        ...     raise OSError("no lorry")
        >>> orders = Workflow.build(Order, charge, refund, ship, start=Order.CHARGE, exits=(Order.DONE,))
        >>> ledger: list[int] = []
        >>> try:
        ...     orders.run_sync(ledger=ledger)
        ... except Exception as error:
        ...     print(repr(error.__cause__), ledger)
        OSError('no lorry') [-12, 12]
    """
    frame = sys._getframe(1)
    if not isinstance(step, Handler):
        raise SignatureError(
            what=f"compensate was given {show(step)}, which is not a handler",
            fix="Give the decorated function of the state to undo: @compensate(charge)",
            where=Where(frame.f_code.co_filename, frame.f_lineno),
        )
    kind: Any = ThreadCompensateDecorator if thread else CompensateDecorator
    made: _Decorator[S, Src, O] = kind(step.spec, policies(retry=retry, timeout=timeout), thread=thread)
    return made


def _spec(
    fn: Any, frame: FrameType, *, step: HandlerSpec, found: Policies | None, thread: bool
) -> CompensationSpec:
    if isinstance(fn, staticmethod):
        fn = fn.__func__
    _refuse_decorated(fn)
    here = Where(frame.f_code.co_filename, frame.f_lineno)
    function = function_of(fn)
    refuse_uncallable(fn, here)
    parameters, returns = read_parameters(fn, function, what="compensation", first=1)
    where = where_of(function) if function is not None else here
    scope = scope_of(function, frame)
    result = evaluate(returns, scope)
    awaits = is_async(fn, function) or is_awaitable(result)
    if not awaits:
        refuse_uncuttable(found, fn, where, what="compensation", thread=thread)
    elif thread:
        _refuse(
            fn, where, "is async, so it cannot run in a thread", "Make it plain, or leave thread=True away"
        )
    if not parameters or parameters[0].keyword_only:
        fix = f"Let it take what {step.name!r} gives: def {name_of(fn)}(output, ...)"
        _refuse(fn, where, "has no first parameter for the output", fix)
    if _gives_something(result):
        _refuse(fn, where, f"declares that it returns {show(returns)}", "Return nothing: -> None")
    return CompensationSpec(
        step=step,
        fn=fn,
        name=name_of(fn),
        where=where,
        doc=(fn.__doc__ or "").strip().partition("\n")[0],
        output=parameters[0],
        parameters=parameters[1:],
        scope=scope,
        awaits=awaits,
        thread=thread,
        policies=found,
    )


def _refuse_decorated(fn: object) -> None:
    if isinstance(fn, (Handler, Compensation)):
        undone = fn.spec.step.name if isinstance(fn, Compensation) else ""
        what = (
            f"the compensation of {undone!r}"
            if isinstance(fn, Compensation)
            else f"the handler of {fn.spec.at}"
        )
        raise SignatureError(
            what=f"{fn.spec.name!r} is already {what}",
            fix="Give a function of its own to each decorator",
            where=fn.spec.where,
        )


def _gives_something(result: object) -> bool:
    """Tell whether a result is declared: it would go nowhere, and often is a handler's by mistake."""
    given = awaited(result) if is_awaitable(result) else result
    is_type = isinstance(given, type) or get_origin(given) is not None
    return is_type and given is not type(None) and given is not Any


def _refuse(fn: Any, where: Where, what: str, fix: str) -> NoReturn:
    raise SignatureError(what=f"compensation {name_of(fn)!r} {what}", fix=fix, where=where)
