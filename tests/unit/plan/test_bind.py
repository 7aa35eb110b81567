"""S1: names and classes of resources, checked at `bind` at the latest, in words that say what to do."""

import re
import sys
from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import (
    IO,
    TYPE_CHECKING,
    Any,
    Generic,
    Optional,
    Protocol,
    TextIO,
    TypedDict,
    TypeVar,
    Union,
    runtime_checkable,
)

import pytest

from cano_dsl import MemoryStore, RunData, Workflow, managed, per_run, state
from cano_dsl.errors import PolicyError, ResourceMissing, ResourceUnknown, ResourceWrongType, Where

if TYPE_CHECKING:
    from decimal import Decimal  # noqa: F401 - a name that exists for type checkers only


class Job(Enum):
    WORK = 1
    DONE = 2


def one(handler: Callable[..., Any], **options: Any) -> Workflow[Any, Any, Any, ...]:
    """Build one state around a function."""
    return Workflow.build(
        Job, state(Job.WORK, to=(Job.DONE,))(handler), start=Job.WORK, exits=(Job.DONE,), **options
    )


class Database: ...


class Postgres(Database): ...


def _work(database: Database, log: list[str], retries: int = 3) -> Job:
    log.append(type(database).__name__)
    return Job.DONE


WHERE = re.escape(str(Where(__file__, _work.__code__.co_firstlineno)))


def test_name_is_the_key_and_annotation_the_type(run_async: Callable[..., Any]) -> None:
    """S1: a handler gets resources by name; an object of the class annotated, or of one below it, fits."""
    log: list[str] = []
    for database in (Database(), Postgres()):
        run_async(one(_work).bind(log=log, database=database).run)
    assert log == ["Database", "Postgres"]


def test_missing_resources_are_all_named() -> None:
    """S1: missing resources are found at bind, all at once, with type, handler, line and what to pass."""
    with pytest.raises(ResourceMissing) as caught:
        one(_work).bind()
    error = caught.value
    assert (error.resource, error.missing) == ("database", ("database", "log"))
    assert re.fullmatch(
        rf"workflow 'Job' needs database: Database \(wanted by state '_work' at {WHERE}\); "
        rf"log: list\[str\] \(wanted by state '_work' at {WHERE}\): pass database=…, log=…",
        str(error),
    )


@pytest.mark.parametrize("way", ["run", "run_sync", "bind"])
def test_wrong_class(way: str, run_async: Callable[..., Any]) -> None:
    """S1: an object of the wrong class is found before anything runs, with both classes and the handler."""
    built = one(_work)
    log: list[str] = []

    async def main() -> None:
        await built.run(database=MemoryStore(), log=log)

    calls = {
        "run": lambda: run_async(main),
        "run_sync": lambda: built.run_sync(database=MemoryStore(), log=log),
        "bind": lambda: built.bind(database=MemoryStore(), log=log),
    }
    for _ in range(2):  # also when the combination comes again
        with pytest.raises(ResourceWrongType) as caught:
            calls[way]()
    error = caught.value
    assert (error.resource, error.wanted, error.found) == ("database", "Database", "MemoryStore")
    assert re.fullmatch(
        rf"resource 'database' of workflow 'Job' is of class MemoryStore, but state '_work' at {WHERE} wants Database",
        str(error),
    )
    assert log == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("databse", "did you mean 'database'?"),
        ("Log", "did you mean 'log'?"),
        ("mailer", "its handlers want database, log, retries"),
    ],
)
def test_unknown_name(name: str, hint: str) -> None:
    """S1: a name that no handler wants is an error that says what was meant."""
    with pytest.raises(ResourceUnknown) as caught:
        one(_work).bind(**{name: 1, "database": Database(), "log": []})
    assert str(caught.value) == f"workflow 'Job' has no resource {name!r}: {hint}"
    assert caught.value.resource == name


def test_unknown_name_where_none_is_wanted() -> None:
    """S1: where no handler wants anything, the error says so."""
    with pytest.raises(ResourceUnknown, match="its handlers want no resources"):
        one(lambda: Job.DONE).bind(x=1)


def test_unknown_is_told_before_missing() -> None:
    """S1: a misspelt name is told as such, not as the missing one."""
    with pytest.raises(ResourceUnknown):
        one(_work).bind(databse=1)


def test_nothing_is_set_up_when_a_check_fails(run_async: Callable[..., Any]) -> None:
    """S1: what is wrong is found before any resource is touched."""

    class Loud:
        async def setup(self) -> None:
            raise AssertionError

    def work(a: Any, b: int) -> Job:
        raise AssertionError

    async def main() -> None:
        with pytest.raises(ResourceWrongType):
            await one(work).run(a=Loud(), b="x")
        with pytest.raises(ResourceMissing):
            await one(work).run(a=Loud())

    run_async(main)


T = TypeVar("T")


class Shape(Protocol):
    side: int


@runtime_checkable
class Closable(Protocol):
    def close(self) -> None: ...


class Box(Generic[T]): ...


class Row(TypedDict):
    n: int


class Abstract(ABC):  # noqa: B024 - only registers
    ...


Abstract.register(dict)


@pytest.mark.parametrize(
    ("annotation", "fits", "wrong"),
    [
        (int, [1, True], ["1", None, 1.5]),
        (float, [1, 1.5], ["1"]),
        (int | None, [1, None], ["1"]),
        (Optional[int], [1, None], ["1"]),  # noqa: UP045
        (Union[int, str], [1, "1"], [1.5]),  # noqa: UP007
        (list[int], [[1], ["not looked at"]], [(1,), {}]),
        (Box[int], [Box()], [1]),
        (Callable[[int], int], [len], [1]),
        (type[Database], [Postgres], [Postgres()]),
        (Any, [1, None, object], []),
        (object, [1, None], []),
        (T, [1, None], []),
        (Shape, [1], []),
        (Closable, [1], []),
        (Row, [{"n": 1}], [5]),
        (IO[str], [sys.stdout], []),
        (TextIO, [sys.stdout], []),
        (Abstract, [{}], [[]]),
        (None, [None], [0]),
        ("Decimal", [1], []),
        ("Nowhere | None", [1], []),
        ("Database", [Postgres()], [1]),
        ("1 / 0", [1], []),
    ],
    ids=str,
)
def test_annotations_of_resources(annotation: Any, fits: list[Any], wrong: list[Any]) -> None:
    """S1: classes are checked; what cannot be known at run time is let pass, never a crash."""

    def work(thing: Any) -> Job:
        return Job.DONE

    work.__annotations__["thing"] = annotation
    built = one(work)
    for value in fits:
        built.bind(thing=value)
    for value in wrong:
        with pytest.raises(ResourceWrongType):
            built.bind(thing=value)


def test_every_handler_that_wants_it_is_asked() -> None:
    """S1: one name wanted by two handlers must be of both classes."""

    class Two(Enum):
        A = 1
        B = 2
        DONE = 3

    def loose(db: Database) -> Two:
        return Two.B

    def strict(db: Postgres) -> Two:
        return Two.DONE

    built = Workflow.build(
        Two,
        state(Two.A, to=(Two.B,))(loose),
        state(Two.B, to=(Two.DONE,))(strict),
        start=Two.A,
        exits=(Two.DONE,),
    )
    built.bind(db=Postgres())
    with pytest.raises(ResourceWrongType, match="but state 'strict'"):
        built.bind(db=Database())


def test_wrappers_are_checked_when_they_are_made() -> None:
    """S1: what `managed` and `per_run` will give is not known at bind."""
    one(_work).bind(database=per_run(lambda: 5), log=managed(lambda: None))


def test_resources_by_position(run_async: Callable[..., Any]) -> None:
    """S1: with resources= they may be given by position, in its order, and mixed with names."""

    @dataclass
    class Offer:
        log: list[str]
        database: Database
        retries: int = 3

    built = one(_work, resources=Offer)
    log: list[str] = []

    async def main() -> None:
        await built.run(None, log, Database())
        await built.run(None, log, database=Postgres())
        await built.bind(log, Database(), 5).run()

    run_async(main)
    built.run_sync(None, log, Postgres(), retries=4)
    assert log == ["Database", "Postgres", "Database", "Postgres"]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (([], Database(), 3, 4), {}, r"takes 3 resources by position, as resources= names them, got 4"),
        (([],), {"log": []}, r"got resource 'log' by position and by name"),
    ],
)
def test_wrong_use_of_positions(args: Any, kwargs: Any, message: str) -> None:
    """S1: too many by position, or one twice, is a TypeError that says so."""

    def offer(log: list[str], database: Database, retries: int = 3) -> None: ...

    with pytest.raises(TypeError, match=message):
        one(_work, resources=offer).bind(*args, **kwargs)


def test_positions_need_resources() -> None:
    """S1: without resources= nothing can be given by position."""
    with pytest.raises(TypeError, match="takes 0 resources by position"):
        one(_work).bind(Database())


def test_offered_but_unwanted(run_async: Callable[..., Any]) -> None:
    """S1: what resources= names may be given though no handler wants it; it is set up all the same."""
    log: list[str] = []

    class Metrics:
        async def setup(self) -> None:
            log.append("up")

    def offer(a: int, metrics: Metrics | None = None) -> None: ...

    def work(a: int) -> Job:
        return Job.DONE

    built = one(work, resources=offer)
    run_async(built.bind(a=1, metrics=Metrics()).run)
    assert log == ["up"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def work(*args): ...", "takes any number of arguments"),
        ("def work(**kwargs): ...", "takes any number of arguments"),
        ("def work(a, /): ...", "is positional-only"),
        ("def work(self): ...", "is not bound to an object"),
    ],
)
def test_parameters_that_are_no_resources(source: str, message: str) -> None:
    """S4a: `*args`, `**kwargs`, positional-only and `self` are refused with a clear message."""
    from cano_dsl.errors import SignatureError

    names: dict[str, Any] = {}
    exec(source, names)
    with pytest.raises(SignatureError, match=message):
        one(names["work"])


@dataclass
class Cart:
    lines: int = 0


def _cart(data: RunData[Cart]) -> Job:
    data.value.lines += 1
    return Job.DONE


def test_data_given_or_made(run_async: Callable[..., Any]) -> None:
    """S4a: the run's data is what was given, the very object, or made afresh for each run."""
    built = one(_cart, data=Cart)
    cart = Cart(5)

    async def main() -> None:
        await built.run(cart)
        await built.bind().run(data=cart)
        await built.run()
        await built.bind().run()

    run_async(main)
    built.run_sync(cart)
    assert cart == Cart(8)


def test_data_may_be_replaced(run_async: Callable[..., Any]) -> None:
    """S4a: a handler may put a new object into RunData, which the next handler sees."""
    seen = []

    class Two(Enum):
        A = 1
        B = 2
        DONE = 3

    def first(data: RunData[Cart]) -> Two:
        data.value = Cart(7)
        return Two.B

    def second(box: RunData[Cart]) -> Two:
        seen.append(repr(box))
        return Two.DONE

    built = Workflow.build(
        Two,
        state(Two.A, to=(Two.B,))(first),
        state(Two.B, to=(Two.DONE,))(second),
        start=Two.A,
        exits=(Two.DONE,),
        data=Cart,
    )
    run_async(built.run)
    assert seen == ["RunData(Cart(lines=7))"]


def test_wrong_data(run_async: Callable[..., Any]) -> None:
    """S1: data of another class is refused before anything runs."""

    async def main() -> None:
        await one(_cart, data=Cart).run({"lines": 1})

    with pytest.raises(ResourceWrongType) as caught:
        run_async(main)
    assert (
        str(caught.value)
        == "resource 'data' of workflow 'Job' is of class dict, but build(data=…) wants Cart"
    )


def test_data_for_a_workflow_without(run_async: Callable[..., Any]) -> None:
    """S1: data given to a workflow that has none is refused, not ignored."""

    async def main() -> None:
        await one(lambda: Job.DONE).run(5)

    with pytest.raises(PolicyError, match="data=5 is not possible: give none: the workflow has no data="):
        run_async(main)


@pytest.mark.parametrize("error", [TypeError("a is missing"), ValueError("a is missing")], ids=repr)
def test_data_that_cannot_be_made(error: Exception, run_async: Callable[..., Any]) -> None:
    """S1: data left out whose class cannot be made without arguments is refused, with the reason."""

    class Strict:
        def __init__(self, a: int | None = None) -> None:
            if a is None:
                raise error

    def work(data: RunData[Strict]) -> Job:
        return Job.DONE

    with pytest.raises(PolicyError) as caught:
        run_async(one(work, data=Strict).run)
    assert str(caught.value) == (
        "data=None is not possible: give a Strict, which cannot be made without arguments "
        f"({type(error).__name__}: a is missing)"
    )
    assert caught.value.__cause__ is error


def test_data_of_a_class_that_cannot_be_asked(run_async: Callable[..., Any]) -> None:
    """S1: data may be a TypedDict, whose objects are dicts."""

    def work(data: RunData[Row]) -> Job:
        return Job.DONE

    async def main() -> Any:
        return await one(work, data=Row).run({"n": 1})

    assert run_async(main) is Job.DONE
