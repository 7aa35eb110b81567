"""What can be a handler, and what is refused with a clear message."""

import functools
import inspect
import pickle
from collections.abc import AsyncIterator, Coroutine, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest

from cano_dsl import Run, Workflow, router, state
from cano_dsl.errors import SignatureError


class Job(Enum):
    WORK = 1
    DONE = 2


Done = Literal[Job.DONE]


def here(function: Any) -> str:
    """Write the place of a function as messages do."""
    code = function.__code__
    return f"{code.co_filename.removeprefix(str(Path.cwd()) + '/')}:{code.co_firstlineno}"


def run(handler: Any, **resources: Any) -> Any:
    """Run a workflow of this one handler."""
    return Workflow.build(Job, handler, start=Job.WORK, exits=(Job.DONE,)).run_sync(**resources)


class Worker:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def method(self, box: list[int]) -> Done:
        self.seen.append(box)
        return Job.DONE

    def plain(self, box: list[int], *, note: str = "none") -> Done:
        self.seen.append((box, note))
        return Job.DONE

    @classmethod
    def of_class(cls, box: list[int]) -> Done:
        box.append(1)
        return Job.DONE

    @staticmethod
    def still(box: list[int]) -> Done:
        box.append(1)
        return Job.DONE


class AsyncCall:
    async def __call__(self, box: list[int]) -> Done:
        box.append(1)
        return Job.DONE


class PlainCall:
    def __call__(self, box: list[int]) -> Done:
        box.append(1)
        return Job.DONE


async def given(box: list[int], factor: int, offset: int = 0) -> Done:
    box.append(factor + offset)
    return Job.DONE


def logged(fn: Any) -> Any:
    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    return wrapper


def logged_async(fn: Any) -> Any:
    @functools.wraps(fn)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await fn(*args, **kwargs)

    return wrapper


@logged
async def wrapped(box: list[int]) -> Done:
    box.append(1)
    return Job.DONE


@logged_async
async def wrapped_async(box: list[int]) -> Done:
    box.append(1)
    return Job.DONE


@functools.lru_cache
def cached(box: int) -> Done:
    return Job.DONE


@pytest.mark.parametrize(
    "fn",
    [
        Worker.of_class,
        Worker.still,
        Worker.__dict__["still"],
        AsyncCall(),
        PlainCall(),
        functools.partial(given, factor=2),
        functools.partial(functools.partial(given, factor=2), offset=3),
        functools.partial(logged(given), factor=2),
        wrapped,
        wrapped_async,
        functools.partial(Worker().plain, note="x"),
        logged(Worker().method),
    ],
    ids=repr,
)
def test_callables_that_work(fn: Any) -> None:
    """Methods, partials, callable objects, static methods and wrapped functions are handlers like functions."""
    box: list[int] = []
    handler = state(Job.WORK)(fn)
    assert [p.name for p in handler.spec.parameters if not p.optional] == ["box"]
    assert run(handler, box=box) is Job.DONE


def test_bound_methods_keep_their_object() -> None:
    """A bound method is called on its own object."""
    worker = Worker()
    box = [1]
    assert run(state(Job.WORK)(worker.method), box=box) is Job.DONE
    assert run(state(Job.WORK)(worker.plain), box=box, note="n") is Job.DONE
    assert worker.seen == [box, (box, "n")]


def test_partial_by_position() -> None:
    """Arguments that a partial binds by position are no resources."""
    box: list[int] = []
    handler = state(Job.WORK)(functools.partial(given, box))
    assert [p.name for p in handler.spec.parameters] == ["factor", "offset"]
    assert run(handler, factor=4) is Job.DONE
    assert box == [4]


def test_lru_cache() -> None:
    """A function behind a cache of the standard library works."""
    assert run(state(Job.WORK)(cached), box=1) is Job.DONE


def test_plain_function_that_hands_on_a_coroutine() -> None:
    """A plain function annotated with a coroutine's type is awaited."""

    async def inner() -> Done:
        return Job.DONE

    @state(Job.WORK)  # type: ignore[call-overload]
    def outer() -> Coroutine[Any, Any, Done]:
        return inner()

    assert outer.spec.awaits
    assert run(outer) is Job.DONE


def test_handler_calls_like_its_function() -> None:
    """The decorated name calls, looks and is documented like the function."""

    @state(Job.WORK)
    def handler(box: list[int], *, note: str = "n") -> Done:
        """Do the work.

        At length.
        """
        box.append(1)
        return Job.DONE

    box: list[int] = []
    assert handler(box, note="x") is Job.DONE
    assert box == [1]
    assert handler.__name__ == "handler"
    assert handler.__doc__ == inspect.getdoc(handler.__wrapped__) or "Do the work." in (handler.__doc__ or "")
    assert inspect.signature(handler) == inspect.signature(handler.__wrapped__)
    assert handler.spec.doc == "Do the work."
    assert repr(handler) == f"<state 'handler' at Job.WORK, {here(handler.spec.fn)}>"


def test_decorators_do_not_wrap() -> None:
    """What a run calls is the function itself."""

    def fn() -> Done:
        return Job.DONE

    assert state(Job.WORK)(fn).spec.fn is fn
    assert router(Job.WORK)(fn).spec.fn is fn


def with_self(self, box: int) -> Done: ...
def with_args(*boxes: int) -> Done: ...
def with_kwargs(box: int, **more: int) -> Done: ...
def positional(box: int, /) -> Done: ...
def generator() -> Iterator[Done]:
    yield Job.DONE


async def async_generator() -> AsyncIterator[Done]:
    yield Job.DONE


async def async_fn() -> Done: ...


FIX_NAMES = "Name each resource as a parameter; a decorator in between needs functools.wraps"


@pytest.mark.parametrize(
    ("fn", "parameter", "message"),
    [
        (
            with_self,
            "self",
            (
                "parameter 'self' of handler 'with_self' has nothing to be filled with: the function is not bound "
                "to an object ({here}). Decorate a function without self, or give the bound method: "
                "state(S.A)(obj.method)"
            ),
        ),
        (
            with_args,
            "boxes",
            (
                "parameter '*boxes' of handler 'with_args' takes any number of arguments, but each resource has a "
                f"name ({{here}}). {FIX_NAMES}"
            ),
        ),
        (
            with_kwargs,
            "more",
            (
                "parameter '**more' of handler 'with_kwargs' takes any number of arguments, but each resource has a "
                f"name ({{here}}). {FIX_NAMES}"
            ),
        ),
        (
            positional,
            "box",
            (
                "parameter 'box' of handler 'positional' is positional-only, but resources are found by name "
                '({here}). Remove the "/"'
            ),
        ),
        (
            generator,
            None,
            "handler 'generator' is a generator ({here}). Return the next state instead of yielding",
        ),
        (
            async_generator,
            None,
            "handler 'async_generator' is a generator ({here}). Return the next state instead of yielding",
        ),
    ],
)
def test_refused_functions(fn: Any, parameter: str | None, message: str) -> None:
    """Parameters that no resource can fill, and generators, are refused with what, where and what to do."""
    with pytest.raises(SignatureError) as caught:
        state(Job.WORK)(fn)
    assert str(caught.value) == message.format(here=here(fn))
    assert caught.value.parameter == parameter
    assert caught.value.where is not None
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_async_in_a_thread() -> None:
    """An async function cannot run in a thread."""
    with pytest.raises(SignatureError) as caught:
        state(Job.WORK, thread=True)(async_fn)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"async handler 'async_fn' cannot run in a thread ({here(async_fn)}). "
        "Make it a plain function, or leave thread=True away"
    )


@pytest.mark.parametrize(
    ("fn", "start", "end"),
    [
        (Worker, "class Worker is not a handler (", "). Decorate a function, or an object of the class"),
        (
            Worker.__dict__["of_class"],
            "a classmethod is not a handler: its class is not known yet (",
            "). Decorate a function, or give the bound method: state(S.A)(Cls.method)",
        ),
        (7, "7 is not a handler (", "). Decorate a function"),
        (None, "None is not a handler (", "). Decorate a function"),
    ],
)
def test_refused_objects(fn: Any, start: str, end: str) -> None:
    """What cannot be called with resources is refused, with the line of the decorator."""
    with pytest.raises(SignatureError) as caught:
        state(Job.WORK)(fn)
    text = str(caught.value)
    assert text.startswith(start)
    assert text.endswith(end)
    assert "test_callables.py:" in text


def test_builtin_without_a_signature() -> None:
    """A builtin whose parameters cannot be read is refused."""
    with pytest.raises(
        SignatureError, match=r"^the parameters of 'dict.fromkeys|^the parameters of|positional-only"
    ):
        state(Job.WORK)(max)  # type: ignore[call-overload]


def test_decorated_twice() -> None:
    """A handler is not decorated again."""
    once = state(Job.WORK)(async_fn)
    with pytest.raises(SignatureError) as caught:
        state(Job.DONE)(once)  # type: ignore[call-overload]
    assert str(caught.value) == (
        f"'async_fn' is already the handler of Job.WORK ({here(async_fn)}). "
        "Give one function to each decorator: state(S.A)(fn), state(S.B)(fn)"
    )


@pytest.mark.parametrize("decorator", [state, router])
@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (async_fn, "async_fn"),
        (Worker().method, "method"),
        (Worker.__dict__["still"], "still"),
        (Worker.__dict__["of_class"], "of_class"),
        (state(Job.WORK)(async_fn), "async_fn"),
    ],
)
def test_decorator_without_its_state(decorator: Any, fn: Any, name: str) -> None:
    """A bare `@state` is refused where it stands, as the function took the place of the state."""
    with pytest.raises(SignatureError) as caught:
        decorator(fn)
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    kind = decorator.__name__
    assert str(caught.value) == (
        f"@{kind} stands above {name!r} without a state (tests/unit/declare/test_callables.py:{line}). "
        f"Name the state that it handles: @{kind}(S.X)"
    )


@pytest.mark.parametrize("decorator", [state, router])
@pytest.mark.parametrize("to", [Job.DONE, "DONE", 3])
def test_to_is_a_collection(decorator: Any, to: Any) -> None:
    """`to=` takes a collection, also where a member happens to be iterable."""
    with pytest.raises(SignatureError) as caught:
        decorator(Job.WORK, to=to)
    assert str(caught.value).startswith(f"to={to} is not a collection of states (")
    assert str(caught.value).endswith(f"). Give a tuple: to=({to},)")


@pytest.mark.parametrize(
    ("parts", "more", "message"),
    [
        ((async_fn,), {}, "async_fn is not a handler ({here}). Decorate it: @state(…) above async_fn"),
        (
            ([state(Job.WORK)(async_fn)],),
            {},
            "build takes handlers one by one, got a list of 1 ({here}). Put a star before it: *steps",
        ),
        (
            (3,),
            {},
            "build takes handlers, got 3 ({here}). Give decorated functions one by one, or a tuple of them with a star",
        ),
        (
            (),
            {"exits": Job.DONE},
            "exits=Job.DONE is not a collection of states ({here}). Give a tuple: exits=(Job.DONE,)",
        ),
        (
            (),
            {"exits": "DONE"},
            "exits=DONE is not a collection of states ({here}). Give a tuple: exits=(Job.X,)",
        ),
        (
            (),
            {"waive": ["dead-end"]},
            'waive= takes waivers, got \'dead-end\' ({here}). Give a list: waive=[Waive("dead-end", state, "why")]',
        ),
        (
            (),
            {"resources": with_kwargs},
            "resources= has a parameter '**more: int' that names no resource ({here}). Name each resource as a parameter",
        ),
    ],
)
def test_arguments_of_build(parts: Any, more: Any, message: str) -> None:
    """An argument of the wrong kind is refused, with the line of the build call."""
    options = {"start": Job.WORK, "exits": (Job.DONE,), **more}
    line = inspect.currentframe().f_lineno + 2
    with pytest.raises(SignatureError) as caught:
        Workflow.build(Job, *parts, **options)
    place = f"{__file__.removeprefix(str(Path.cwd()) + '/')}:{line}"
    assert str(caught.value) == message.format(here=place)


@pytest.mark.parametrize("states", [3, int, Job.WORK, "Job"])
def test_states_are_an_enum(states: Any) -> None:
    """The first argument of build is an Enum class."""
    with pytest.raises(SignatureError, match="build takes an Enum class first, got"):
        Workflow.build(states, start=Job.WORK, exits=(Job.DONE,))


def test_handlers_of_one_code_are_told_apart() -> None:
    """Handlers made by one factory share their code and keep their own values."""

    class Step(Enum):
        A = 1
        B = 2
        C = 3

    def make(at: Step, to: Step) -> Any:
        async def handler(run: Run) -> Any:
            return to

        return state(at, to=(to,))(handler)

    flow = Workflow.build(Step, make(Step.A, Step.B), make(Step.B, Step.C), start=Step.A, exits=(Step.C,))
    assert flow.run_sync() is Step.C
