"""Calls generated once for each shape of signature: values by position, and no `**kwargs`.

A function that takes all values in their order is called itself; `fn(v0, v2)` from a generated one costs a
fraction of a call through `**kwargs` or `functools.partial`. The source is made of integers and of parameter
names that Python itself has parsed.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from cano_dsl.errors import InternalError
from cano_dsl.plan._step import Call


class Argument(NamedTuple):
    """Where an argument comes from.

    Attributes:
        slot: The value.
        keyword: The parameter's name; empty for one passed by position.
        attribute: What of the value is passed; empty for the value itself.
    """

    slot: int
    keyword: str
    attribute: str = ""


@lru_cache(maxsize=1024)
def _maker(count: int, shape: tuple[Argument, ...]) -> Callable[[Callable[..., Any]], Call]:
    values = ", ".join(f"v{slot:d}" for slot in range(count))
    arguments = []
    for slot, keyword, attribute in shape:
        for name in (keyword, attribute):
            if name and not name.isidentifier():
                raise InternalError(f"parameter {name!r} is not an identifier")
        value = f"v{slot:d}.{attribute}" if attribute else f"v{slot:d}"
        arguments.append(f"{keyword}={value}" if keyword else value)
    source = f"def make(fn):\n def thunk({values}):\n  return fn({', '.join(arguments)})\n return thunk"
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 - see above
    make: Callable[[Callable[..., Any]], Call] = names["make"]
    return make


def make_thunk(fn: Callable[..., Any], count: int, shape: tuple[Argument, ...]) -> Call:
    """Make the call of a function that takes some of `count` values; the function itself if it takes all."""
    if shape == tuple(Argument(slot, "") for slot in range(count)):
        return fn
    return _maker(count, shape)(fn)
