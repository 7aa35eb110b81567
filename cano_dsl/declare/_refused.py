"""What a split refuses of its functions, with what to give instead."""

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from cano_dsl.declare._signature import GENERATORS, name_of, where_of
from cano_dsl.errors import SignatureError, Where
from cano_dsl.spec import Part


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
