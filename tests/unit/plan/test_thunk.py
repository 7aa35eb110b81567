"""R6: the generated calls, and the function itself where none is needed."""

from typing import Any

import pytest

from cano_dsl.errors import InternalError
from cano_dsl.plan._thunk import Argument, make_thunk


def _echo(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs


def shape(*arguments: int | tuple[int, str]) -> tuple[Argument, ...]:
    """Write a shape short: a slot, or a slot with a keyword."""
    return tuple(Argument(*a) if isinstance(a, tuple) else Argument(a, "") for a in arguments)


def test_function_itself_where_it_takes_all_in_order() -> None:
    """R6: a function that takes all values in their order is called itself."""
    assert make_thunk(_echo, 0, ()) is _echo
    assert make_thunk(_echo, 3, shape(0, 1, 2)) is _echo


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ((), {})),
        ((0,), (("a",), {})),
        ((2, 0), (("c", "a"), {})),
        ((1, 1), (("b", "b"), {})),
        ((0, (2, "x")), (("a",), {"x": "c"})),
        (((0, "fn"), (1, "v0")), ((), {"fn": "a", "v0": "b"})),
        (((2, "größe"),), ((), {"größe": "c"})),
    ],
    ids=str,
)
def test_values_are_picked_by_position(arguments: Any, expected: Any) -> None:
    """R6: a generated call passes the values picked, by position and by keyword."""
    thunk = make_thunk(_echo, 3, shape(*arguments))
    assert thunk is not _echo
    assert thunk("a", "b", "c") == expected


def test_one_shape_is_compiled_once() -> None:
    """Two functions of one shape share the generated code, and are called each for itself."""
    one, two = (make_thunk(fn, 2, shape(1)) for fn in (lambda v: ("one", v), lambda v: ("two", v)))
    assert one.__code__ is two.__code__
    assert (one(0, 1), two(0, 1)) == (("one", 1), ("two", 1))


def test_what_is_no_name_is_not_compiled() -> None:
    """Only names reach the generated source."""
    with pytest.raises(InternalError, match="please report it"):
        make_thunk(_echo, 1, shape((0, "x=1); import os; (y")))
