"""`split` as it is written: what it takes, what it refuses and in which words, and how it is read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from enum import Enum
from functools import partial, wraps
from pathlib import Path
from typing import Any, Literal
from unittest.mock import AsyncMock

import pytest

from cano_dsl import Join, Joined, Run, Workflow, split, state
from cano_dsl.errors import CanoError, GraphError, PolicyError, SignatureError

HERE = str(Path(__file__)).removeprefix(f"{Path.cwd()}/")


class Job(Enum):
    ASK = 1
    NEXT = 2
    DONE = 3


@state(Job.NEXT)
def take(outcomes: Joined[Any], sink: list[Any]) -> Literal[Job.DONE]:
    sink.append(outcomes)
    return Job.DONE


async def ask(item: Any) -> Any:
    return item


async def ups() -> int:
    return 1


def plain(item: Any) -> Any:
    return item


def of(part: Any) -> Joined[Any]:
    """Run a split and give its outcomes."""
    sink: list[Any] = []
    built = Workflow.build(Job, part, take, start=Job.ASK, exits=(Job.DONE,))
    assert built.run_sync(sink=sink) is Job.DONE
    return sink[0]


def over(items: Any, fn: Any = ask, **options: Any) -> Any:
    """Make a split of items."""
    return split(Job.ASK, over=items, to=Job.NEXT, **{"join": Join.all(), **options})(fn)


class Fruit(Enum):
    APPLE = 1
    PEAR = 2


def letters() -> Iterator[str]:
    yield "a"
    yield "b"


class Both:
    """Iterable, and callable too."""

    def __iter__(self) -> Iterator[int]:
        return iter((1, 2))

    def __call__(self) -> list[int]:
        return [3]


@pytest.mark.parametrize(
    ("items", "values"),
    [
        ((3, 1, 2), (3, 1, 2)),
        ([3, 1, 2], (3, 1, 2)),
        (range(3), (0, 1, 2)),
        ({5}, (5,)),
        (frozenset({5}), (5,)),
        ({"a": 1, "b": 2}, ("a", "b")),
        ({"a": 1, "b": 2}.items(), (("a", 1), ("b", 2))),
        (letters(), ("a", "b")),
        (map(str, range(2)), ("0", "1")),
        (Fruit, (Fruit.APPLE, Fruit.PEAR)),
        (Both(), (1, 2)),
        ((None,), (None,)),
    ],
    ids=str,
)
def test_collections(items: Any, values: Any) -> None:
    """Whatever can be gone through gives the items, in its own order."""
    part = over(items)
    assert part.spec.split.count == len(values)
    assert of(part).values == values
    assert of(part).values == values  # an iterator is used up once, when the split is made


def test_items_are_kept_as_they_were() -> None:
    """A list that changes after the split was made changes nothing."""
    items = [1, 2]
    part = over(items)
    items.append(3)
    assert of(part).values == (1, 2)


async def _later() -> set[int]:
    await asyncio.sleep(0)
    return {7}


@wraps(_later)
def _wrapped() -> Any:
    return _later()


def _awaitable() -> Awaitable[list[int]]:
    return _later()  # type: ignore[return-value]


@pytest.mark.parametrize(
    "source",
    [
        lambda: [7],
        lambda: (7,),
        lambda: range(7, 8),
        lambda: {7: "x"},
        lambda: iter([7]),
        lambda: (n for n in (7,)),
        _later,
        _awaitable,
        partial(lambda n: [n], 7),
        partial(lambda n: [n], n=7),
        _wrapped,
    ],
)
def test_functions_that_give_items(source: Any) -> None:
    """A function, async or plain, gives the items of each run."""
    part = over(source)
    assert part.spec.split.count is None
    assert of(part).values == (7,)
    assert of(part).values == (7,)


class Service:
    """Has methods to call."""

    def __init__(self, base: int) -> None:
        self.base = base

    async def add(self, item: int) -> int:
        return self.base + item

    def items(self) -> list[int]:
        return [1, 2]

    async def __call__(self, item: int) -> int:
        return self.base * item

    async def whole(self) -> int:
        return self.base

    @staticmethod
    async def fixed() -> int:
        return 4

    @classmethod
    async def made(cls) -> int:
        return 5


@pytest.mark.parametrize(
    ("fn", "values", "name"),
    [
        (Service(10).add, (11, 12), "add(1)"),
        (Service(10), (10, 20), "Service(1)"),
        (partial(lambda base, item: base - item, 10), (9, 8), "<lambda>(1)"),
        (partial(lambda item, base: base - item, base=10), (9, 8), "<lambda>(1)"),
        (plain, (1, 2), "plain(1)"),
        (staticmethod(plain), (1, 2), "plain(1)"),
    ],
    ids=["method", "object", "partial", "keyword", "plain", "static"],
)
def test_callables_as_shared_branch(fn: Any, values: Any, name: str) -> None:
    """Methods, callable objects and partials are called for each item, and named as what they are."""
    joined = of(over(Service(0).items, fn))
    assert joined.values == values
    assert joined.successes[0].name == name


def test_callables_as_branches() -> None:
    """Methods, partials and static methods are branches of their own, and are asked for as they were given."""
    one, two = Service(1), Service(2)
    part = partial(ask, "x")
    joined = of(
        split(
            Job.ASK,
            one.whole,
            two.whole,
            part,
            Service.fixed,
            Service.made,
            join=Join.all(),
            to=Job.NEXT,
        )
    )
    assert [joined.of(branch) for branch in (one.whole, two.whole, part, Service.fixed, Service.made)] == [
        1,
        2,
        "x",
        4,
        5,
    ]


def test_handler_still_calls() -> None:
    """The decorated function is called as before, with the item first, as a unit test does."""

    @split(Job.ASK, over=("a",), join=Join.all(), to=Job.NEXT)
    async def quote(carrier: str, price: int) -> str:
        """Ask a carrier.

        At length.
        """
        return f"{carrier} {price}"

    assert asyncio.run(quote("x", 5)) == "x 5"
    assert asyncio.run(quote("x", price=5)) == "x 5"
    assert over((1,), plain)("y") == "y"
    assert quote.spec.doc == "Ask a carrier."
    assert repr(quote).startswith("<split 'quote' at Job.ASK, ")
    assert repr(split(Job.ASK, ups, join=Join.all(), to=Job.NEXT)).startswith("<split 'ask' at Job.ASK, ")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(2, 2.0), (0.5, 0.5), (timedelta(minutes=1), 60.0), (timedelta(milliseconds=5), 0.005)],
)
def test_timeouts(given: Any, seconds: float) -> None:
    """A timeout is seconds or a timedelta."""
    assert over((1,), timeout=given).spec.split.timeout_s == seconds


@pytest.mark.parametrize(
    "given", [0, -1, 0.0, float("nan"), float("inf"), timedelta(0), timedelta(-1), True, "2"], ids=repr
)
def test_wrong_timeouts(given: Any) -> None:
    """A timeout that is no time is refused where it is given."""
    with pytest.raises(PolicyError) as caught:
        over((1,), timeout=given)
    assert str(caught.value) == (f"timeout={given!r} is not possible: give seconds or a timedelta, above 0")


@pytest.mark.parametrize("given", [True, 2.0, "2", [1]], ids=repr)
def test_wrong_bulkheads(given: Any) -> None:
    """A bulkhead that is no whole number is refused where it is given."""
    with pytest.raises(PolicyError) as caught:
        over((1,), bulkhead=given)
    assert str(caught.value) == f"bulkhead={given!r} is not possible: give a whole number, at least 1"


@pytest.mark.parametrize("given", [None, "all", Join, Join.all], ids=repr)
def test_wrong_joins(given: Any) -> None:
    """What is no `Join` is refused where it is given."""
    with pytest.raises(PolicyError) as caught:
        over((1,), join=given)
    assert str(caught.value) == f"join={given!r} is not possible: give a Join, such as Join.all()"


def refused(make: Callable[[], Any]) -> SignatureError:
    """Give the error of what cannot be made."""
    with pytest.raises(SignatureError) as caught:
        make()
    return caught.value


def words(error: CanoError) -> str:
    """Give an error's sentence without lines."""
    import re

    return re.sub(r" \([^()]*:\d+\)", "", str(error))


def test_over_or_branches() -> None:
    """A split takes either items or branches; the error names the line of the call."""
    fix = "Give over=(…) and decorate a function, or give the branches: split(S.A, one, two, …)"
    error = refused(lambda: split(Job.ASK, join=Join.all(), to=Job.NEXT))  # type: ignore[call-overload]
    assert words(error) == f"split takes either over= or branches. {fix}"
    assert str(error.where).startswith(f"{HERE}:")
    error = refused(lambda: split(Job.ASK, ups, over=(1,), join=Join.all(), to=Job.NEXT))  # type: ignore[call-overload]
    assert words(error) == f"split takes either over= or branches, not both. {fix}"


@pytest.mark.parametrize("text", ["abc", b"abc", bytearray(b"abc")], ids=repr)
def test_over_text(text: Any) -> None:
    """Text is refused, as its items would be its characters."""
    error = refused(lambda: over(text))
    assert words(error) == (
        f"over={text!r} is text, whose items would be its characters. Give a collection: over=(…,)"
    )
    assert error.parameter == "over"


def test_over_nothing_of_use() -> None:
    """What gives no items is refused."""
    error = refused(lambda: over(5))
    assert words(error) == (
        "over=5 gives no items. Give a collection, or a function of resources that returns one"
    )


async def async_letters() -> Any:
    yield "a"


@pytest.mark.parametrize("fn", [letters, async_letters])
def test_generators(fn: Any) -> None:
    """A generator function gives no items and is no branch; the error names its line."""
    text = f"{fn.__name__!r} is a generator, which a split cannot call. Return a list of what it yields"
    error = refused(lambda: over(fn))
    assert words(error) == text
    assert error.where is not None and error.where.line == fn.__code__.co_firstlineno
    assert words(refused(lambda: split(Job.ASK, fn, join=Join.all(), to=Job.NEXT))) == text


def _no_item() -> None: ...
async def _keyword_only(*, item: int) -> None: ...


@pytest.mark.parametrize("fn", [_no_item, _keyword_only])
def test_no_item(fn: Any) -> None:
    """A function that takes no item by position is refused."""
    assert words(refused(lambda: over((1,), fn))) == (
        f"branch {fn.__name__!r} takes no item. "
        "Give it a first parameter: it is called once for each item of over="
    )


def test_async_in_a_thread() -> None:
    """An async function cannot run in a thread."""
    assert words(refused(lambda: over((1,), ask, thread=True))) == (
        "async branch 'ask' cannot run in a thread. Make it a plain function, or leave thread=True away"
    )


def test_branches_in_a_thread() -> None:
    """Branches, which are async, cannot be asked to run in threads."""
    error = refused(lambda: split(Job.ASK, ups, join=Join.all(), to=Job.NEXT, thread=True))  # type: ignore[call-overload]
    assert words(error) == (
        "split takes thread=True with over=, not with branches, which are async. "
        "Leave it away, or call what blocks in a thread within the branch"
    )
    assert error.parameter == "thread"


def test_plain_branch() -> None:
    """A branch of its own that is not async is refused."""

    def slow() -> int: ...

    assert words(refused(lambda: split(Job.ASK, slow, join=Join.all(), to=Job.NEXT))) == (
        "branch 'slow' is not async. "
        "Make it async, or give items with over=, where a plain function may be decorated"
    )


def test_branch_given_twice() -> None:
    """The same branch twice is refused, also a method that is made anew at each access."""
    service = Service(1)
    for branch, name in ((ups, "ups"), (service.whole, "whole")):
        again = service.whole if name == "whole" else ups
        error = refused(lambda a=branch, b=again: split(Job.ASK, a, b, join=Join.all(), to=Job.NEXT))
        assert words(error) == (
            f"branch {name!r} is given twice, so that Joined.of cannot tell which is meant. "
            "Give over=range(2) and decorate it, or make two functions of it"
        )


def test_handler_as_a_branch() -> None:
    """A handler of a state is not a branch too, neither of its own nor for items."""
    for make in (
        lambda: split(Job.ASK, take, join=Join.all(), to=Job.NEXT),
        lambda: over((1,), take),
        lambda: over(take),
    ):
        error = refused(make)
        assert words(error) == (
            "'take' is the handler of Job.NEXT, and cannot be a branch too. "
            "Give the function that it was made of"
        )
        assert error.where == take.spec.where


@pytest.mark.parametrize(
    ("branch", "text"),
    [
        (5, "5 is not a handler. Decorate a function"),
        (Service, "class Service is not a handler. Decorate a function, or an object of the class"),
        (
            classmethod(ups),
            (
                "a classmethod is not a handler: its class is not known yet. "
                "Decorate a function, or give the bound method: state(S.A)(Cls.method)"
            ),
        ),
        (
            Service.whole,
            (
                "parameter 'self' of handler 'whole' has nothing to be filled with: the function is not bound to "
                "an object. Decorate a function without self, or give the bound method: state(S.A)(obj.method)"
            ),
        ),
        (
            asyncio.gather,
            (
                "parameter '*coros_or_futures' of handler 'gather' takes any number of arguments, but each resource "
                "has a name. Name each resource as a parameter; a decorator in between needs functools.wraps"
            ),
        ),
    ],
    ids=["int", "class", "classmethod", "unbound", "variadic"],
)
def test_what_is_no_branch(branch: Any, text: str) -> None:
    """What cannot be called with resources is refused as a handler is."""
    assert words(refused(lambda: split(Job.ASK, branch, join=Join.all(), to=Job.NEXT))) == text


def test_mock_as_a_branch() -> None:
    """A mock, which has any attribute, is not taken for a workflow."""
    with pytest.raises(SignatureError, match="takes any number of arguments"):
        split(Job.ASK, AsyncMock(), join=Join.all(), to=Job.NEXT)


@pytest.mark.parametrize(
    "key",
    [KeyboardInterrupt, BaseException, asyncio.CancelledError, "x", ValueError("x"), (ValueError,)],
    ids=repr,
)
def test_on_error_keys(key: Any) -> None:
    """A key of `on_error` is a class of exceptions that may be caught."""
    error = refused(lambda: over((1,), on_error={key: Job.NEXT}))
    assert words(error) == (
        f"on_error= has the key {key!r}, which is no class of exceptions. "
        "Give a state for every error, or {ValueError: state, …}; KeyboardInterrupt, SystemExit and "
        "cancellation lead nowhere"
    )
    assert error.parameter == "on_error"


def test_on_error_forms() -> None:
    """`on_error` is a state for any exception, or one for each class in the order given; empty is none."""
    assert over((1,), on_error=Job.DONE).spec.on_error == ((Exception, Job.DONE),)
    given = {KeyError: Job.DONE, LookupError: Job.NEXT}
    assert over((1,), on_error=given).spec.on_error == tuple(given.items())
    assert over((1,), on_error={}).spec.on_error == over((1,)).spec.on_error == ()


def test_to_is_one_state() -> None:
    """What follows a split is one member of the Enum; anything else is a finding."""
    for to, shown in ((Fruit.APPLE, "Fruit.APPLE"), ((Job.NEXT,), "(<Job.NEXT: 2>,)")):
        part = split(Job.ASK, over=(1,), join=Join.all(), to=to)(ask)
        with pytest.raises(GraphError) as caught:
            Workflow.build(Job, part, take, start=Job.ASK, exits=(Job.DONE,))
        assert f'Handler "ask" may go to {shown}, not a member of Job' in str(caught.value)


def test_first_parameter_is_the_item_whatever_it_is_called() -> None:
    """The first parameter is the item, whatever its name and type; only those after it are filled."""

    async def odd(run: Any, own: Run, *, sink: list[Any]) -> Any:
        return run, own.idempotency_key.partition("/")[2]

    assert of(over((5,), odd)).values == ((5, "0/0"),)
