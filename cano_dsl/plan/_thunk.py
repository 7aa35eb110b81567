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


def _listed(shape: tuple[Argument, ...]) -> str:
    arguments = []
    for slot, keyword, attribute in shape:
        for name in (keyword, attribute):
            if name and not name.isidentifier():
                raise InternalError(f"parameter {name!r} is not an identifier")
        value = f"v{slot:d}.{attribute}" if attribute else f"v{slot:d}"
        arguments.append(f"{keyword}={value}" if keyword else value)
    return ", ".join(arguments)


def _made(source: str) -> Callable[[Callable[..., Any]], Call]:
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 - see above
    make: Callable[[Callable[..., Any]], Call] = names["make"]
    return make


@lru_cache(maxsize=1024)
def _maker(count: int, shape: tuple[Argument, ...]) -> Callable[[Callable[..., Any]], Call]:
    values = ", ".join(f"v{slot:d}" for slot in range(count))
    return _made(f"def make(fn):\n def thunk({values}):\n  return fn({_listed(shape)})\n return thunk")


@lru_cache(maxsize=1024)
def _starter_maker(count: int, shape: tuple[Argument, ...]) -> Callable[[Callable[..., Any]], Call]:
    values = ", ".join(["items", *(f"v{slot:d}" for slot in range(count))])
    listed = ", ".join(filter(None, ["items[index]", _listed(shape)]))
    return _made(
        f"def make(fn):\n def bind({values}):\n  def start(index):\n   return fn({listed})\n"
        "  return start\n return bind"
    )


def make_thunk(fn: Callable[..., Any], count: int, shape: tuple[Argument, ...]) -> Call:
    """Make the call of a function that takes some of `count` values; the function itself if it takes all."""
    if shape == tuple(Argument(slot, "") for slot in range(count)):
        return fn
    return _maker(count, shape)(fn)


def make_starter(fn: Callable[..., Any], count: int, shape: tuple[Argument, ...]) -> Call:
    """Make what takes items and `count` values and gives a function that calls `fn` for the item at an index.

    `fn` takes the item first.
    """
    return _starter_maker(count, shape)(fn)
