"""Reading the functions of a split: branches, and what gives the items."""

from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any

from cano_dsl.declare._decorators import declares_awaitable
from cano_dsl.declare._handlers import Handler
from cano_dsl.declare._namespace import Forward, Unreadable, evaluate
from cano_dsl.declare._refused import refuse_generator
from cano_dsl.declare._signature import (
    function_of,
    is_async,
    name_of,
    read_parameters,
    refuse_uncallable,
    scope_of,
    where_of,
)
from cano_dsl.declare._targets import awaited
from cano_dsl.errors import SignatureError, Where, shown
from cano_dsl.spec import EMPTY, CompensationSpec, Part


def items_of(over: Any, frame: FrameType, where: Where) -> tuple[Sequence[Any] | None, Part | None]:
    """Tell items that are known from a function that gives them; keep the former as they are now."""
    if isinstance(over, (str, bytes, bytearray)):
        raise SignatureError(
            what=f"over={shown(over)} is text, whose items would be its characters",
            fix="Give a collection: over=(…,)",
            where=where,
            parameter="over",
        )
    if isinstance(over, Iterable):
        return over if isinstance(over, (tuple, range)) else tuple(over), None
    if not callable(over):
        raise SignatureError(
            what=f"over={shown(over)} gives no items",
            fix="Give a collection, or a function of resources that returns one",
            where=where,
            parameter="over",
        )
    return None, part_of(over, frame)


def branch_of(branch: Any, frame: FrameType) -> Part:
    """Read a branch given by itself: an async function, or a workflow."""
    nested: Callable[[Any], Part] | None = getattr(type(branch), "_part", None)  # a mock has any attribute
    part = nested(branch) if nested is not None else part_of(branch, frame)
    if not part.awaits:
        raise SignatureError(
            what=f"branch {part.name!r} is not async",
            fix="Make it async, or give items with over=, where a plain function may be decorated",
            where=part.where,
        )
    return part


def part_of(fn: Any, frame: FrameType) -> Part:
    """Read a function as a handler is read."""
    if isinstance(fn, staticmethod):
        fn = fn.__func__
    if isinstance(fn, Handler):
        raise SignatureError(
            what=f"{fn.spec.name!r} is the handler of {fn.spec.at}, and cannot be a branch too",
            fix="Give the function that it was made of",
            where=fn.spec.where,
        )
    function = function_of(fn)
    here = Where(frame.f_code.co_filename, frame.f_lineno)
    refuse_uncallable(fn, here)
    refuse_generator(fn, function)
    parameters, returns = read_parameters(fn, function)
    scope = scope_of(function, frame)
    return Part(
        fn=fn,
        key=fn,
        name=name_of(fn),
        where=where_of(function) if function is not None else here,
        parameters=parameters,
        returns=returns,
        scope=scope,
        awaits=is_async(fn, function) or declares_awaitable(returns, scope),
    )


def value_type(part: Part) -> object:
    """Give the type of a branch's value as annotated; Any where it is not known."""
    returned = evaluate(part.returns, part.scope)
    inner = awaited(returned)
    return _readable(returned if inner is None else inner)


def taken_type(spec: CompensationSpec) -> object:
    """Give the type of the output that a compensation takes; Any where it is not known."""
    return _readable(evaluate(spec.output.annotation, spec.scope))


def _readable(found: object) -> object:
    return Any if found is EMPTY or isinstance(found, (Forward, Unreadable)) else found
