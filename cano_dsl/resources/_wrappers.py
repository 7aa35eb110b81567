"""Two ways to say that a resource is made when a run needs it: `managed` and `per_run`."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast, overload

from cano_dsl.errors import SignatureError

T = TypeVar("T")


class Managed:
    """A resource that an async context manager gives."""

    __slots__ = ("_used", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self._used = False

    def open(self) -> AbstractAsyncContextManager[Any]:
        """Give the context manager to enter: itself, or a fresh one from the factory.

        Raises:
            SignatureError: It is a generator that was entered before, or the factory gives no manager.
        """
        manager = self.source
        if self._used and inspect.isasyncgen(
            getattr(manager, "gen", None)
        ):  # what `asynccontextmanager` makes
            raise SignatureError(
                what="managed() was given a generator, which can be entered only once, for more than one run",
                fix="Give the function that makes it, without calling it",
            )
        self._used = True
        if not _is_manager(manager):
            manager = manager()
        if inspect.isasyncgen(manager):
            generator = manager
            manager = asynccontextmanager(lambda: generator)()
        if not _is_manager(manager):
            if inspect.iscoroutine(manager):
                manager.close()  # else Python warns that nobody awaited it
            raise SignatureError(
                what=f"managed() was given {self.source!r}, whose call gives a {type(manager).__name__}",
                fix="Give an async context manager, or a function without arguments that gives one",
            )
        return cast("AbstractAsyncContextManager[Any]", manager)


class PerRun:
    """A resource that each run gets afresh."""

    __slots__ = ("factory",)

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory


# The factory stands first: pyright, once it has compared a class itself with the context manager's protocol,
# takes its objects for none either.
@overload
def managed(source: Callable[[], AbstractAsyncContextManager[T]], /) -> T: ...
@overload
def managed(source: AbstractAsyncContextManager[T], /) -> T: ...
@overload
def managed(source: Callable[[], AsyncIterator[T]], /) -> T: ...
def managed(source: Any, /) -> Any:
    """Let a run enter an async context manager and give handlers what it yields.

    It is entered where a resource is set up and left where it is torn down, with the error that ends the
    run, or the `async with`, if there is one. What `__aexit__` returns changes nothing: it cannot swallow
    the error.

    Args:
        source: A context manager, a function that gives one, or an async generator function that yields
            once. Give a function where there is more than one run: most context managers can be entered
            only once.

    Returns:
        A stand-in, typed as the resource, to be given to `run` or `bind` and to nothing else.

    Raises:
        SignatureError: It is none of these.

    Example:
        >>> from collections.abc import AsyncIterator
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, managed, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(files: list[str]) -> Literal[Job.DONE]:
        ...     print(*files)
        ...     return Job.DONE
        >>> async def opened() -> AsyncIterator[list[str]]:
        ...     yield ["a.txt"]
        ...     print("closed")
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> jobs.run_sync(files=managed(opened))
        a.txt
        closed
        <Job.DONE: 2>
    """
    if not (_is_manager(source) or callable(source)):
        raise SignatureError(
            what=f"managed() was given {source!r}",
            fix="Give an async context manager, or a function without arguments that gives one",
        )
    return Managed(source)


@overload
def per_run(factory: Callable[[], Awaitable[T]], /) -> T: ...
@overload
def per_run(factory: Callable[[], T], /) -> T: ...
def per_run(factory: Callable[[], Any], /) -> Any:
    """Make a resource afresh for each run, also within one `async with workflow.bind(...)`.

    Args:
        factory: A class or function without arguments, async or plain. What it gives is set up and torn
            down around the run like any resource; `managed(...)` may be given too.

    Returns:
        A stand-in, typed as the resource, to be given to `run` or `bind` and to nothing else.

    Raises:
        SignatureError: It cannot be called.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import MemoryStore, Workflow, per_run, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... def work(store: MemoryStore) -> Literal[Job.DONE]:
        ...     store.append("seen", 1)
        ...     print(len(store.get("seen", list[int])))
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> runner = jobs.bind(store=per_run(MemoryStore))
        >>> runner.run_sync(), runner.run_sync()
        1
        1
        (<Job.DONE: 2>, <Job.DONE: 2>)
    """
    if not callable(factory):
        raise SignatureError(
            what=f"per_run() was given {factory!r}", fix="Give a class or a function without arguments"
        )
    return PerRun(factory)


def _is_manager(value: object) -> bool:
    return hasattr(type(value), "__aenter__") and hasattr(type(value), "__aexit__")
