"""What decorators refuse, with what to give instead."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from types import FrameType, FunctionType, MethodType
from typing import Any

from cano_dsl.declare._handlers import Handler
from cano_dsl.declare._signature import GENERATORS, name_of, where_of
from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import Kind, Part


def refuse_generator(fn: Callable[..., Any], function: FunctionType | None) -> None:
    """Refuse a function that yields.

    Raises:
        SignatureError: With its line.
    """
    if function is not None and function.__code__.co_flags & GENERATORS:
        raise SignatureError(
            what=f"{name_of(fn)!r} is a generator, which a split cannot call",
            fix="Return a list of what it yields",
            where=where_of(function),
        )


def refuse_unlike_branches(parts: Sequence[Part], where: Where, *, thread: bool) -> None:
    """Refuse branches that cannot be told apart, or that a thread is asked for.

    Raises:
        SignatureError: With the line of the split.
    """
    if thread:
        raise SignatureError(
            what="split takes thread=True with over=, not with branches, which are async",
            fix="Leave it away, or call what blocks in a thread within the branch",
            where=where,
            parameter="thread",
        )
    for index, part in enumerate(parts):
        if any(part.key is other.key or part.key == other.key for other in parts[:index]):
            raise SignatureError(
                what=f"branch {part.name!r} is given twice, so that Joined.of cannot tell which is meant",
                fix="Give over=range(2) and decorate it, or make two functions of it",
                where=where,
            )


def refuse_function(at: object, kind: Kind, frame: FrameType) -> None:
    """Refuse a decorator without its state, which was given the function in place of one.

    Raises:
        SignatureError: With its line.
    """
    if isinstance(at, (FunctionType, MethodType, staticmethod, classmethod, Handler)):
        fn: Any = at
        name = at.spec.name if isinstance(at, Handler) else name_of(fn)
        raise SignatureError(
            what=f"@{kind} stands above {name!r} without a state",
            fix=f"Name the state that it handles: @{kind}(S.X)",
            where=Where(frame.f_code.co_filename, frame.f_lineno),
        )


def targets_of(to: Iterable[Any] | None, frame: FrameType) -> tuple[Any, ...] | None:
    """Read `to=`; None where it is left out.

    Raises:
        SignatureError: It is no collection, such as a state alone.
    """
    if to is None:
        return None
    if isinstance(to, (Enum, str)) or not isinstance(to, Iterable):
        raise SignatureError(
            what=f"to={to} is not a collection of states",
            fix=f"Give a tuple: to=({to},)",
            where=Where(frame.f_code.co_filename, frame.f_lineno),
        )
    return tuple(to)
