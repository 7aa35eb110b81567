"""Calls that no cancel may cut: each runs in a task of its own, and is waited for whatever happens.

An anyio shield alone holds off scopes, but on asyncio neither a second `Task.cancel()` nor a loop that ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

import anyio
import anyio.lowlevel

from cano_dsl.scope._backend import asyncio_loop
from cano_dsl.scope._task import end_of

T = TypeVar("T")
Args = tuple[Any, ...]


class Settled(Generic[T]):
    """How a call ended.

    Attributes:
        value: What it gave; None where it raised.
        error: What it raised; None where it gave something.
        cancel: The first cancel that reached the waiting meanwhile; whoever waited must raise it.
        task: The task of the call on asyncio; None elsewhere.
        ended: Whether the call has ended.
        waiter: What is waited for on asyncio where the call takes more than one turn of the loop.
    """

    # Of the class: most of them stay as they are, and each that a constructor sets costs.
    value: T | None = None
    error: BaseException | None = None
    cancel: BaseException | None = None
    task: "asyncio.Task[None] | None" = None
    ended: bool = False
    waiter: "asyncio.Future[None] | None" = None

    async def call(
        self, fn: Callable[..., Awaitable[Any]], args: Args, then: Callable[[Args, Any], T] | None
    ) -> None:
        """Call, and put down how it ended; the body of the task."""
        try:
            value = await fn(*args)
            self.value = value if then is None else then(args, value)
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            self.error = error
        self.ended = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def __await__(self) -> Generator[Any, Any, None]:
        """Wait for the end on asyncio, not for the task, to which a cancel would be handed on.

        The call has its turn before the caller's next one. One that never suspends has ended then, which
        saves a turn of the loop, and that is a third of what all this costs.
        """
        yield
        if not self.ended:
            self.waiter = asyncio.get_running_loop().create_future()
            yield from self.waiter

    async def cancelled(self, cancel: BaseException) -> None:
        """Keep a cancel of the waiting, and wait on."""
        if self.task is not None:
            await end_of(self.task)
        self.cancel = cancel


async def settle(fn: Callable[..., Awaitable[T]], args: Args) -> Settled[T]:
    """Call in a task of its own and wait for its end, however often the caller is cancelled meanwhile.

    The call sees the caller's context variables; those that it sets are its own. It is in none of the
    caller's scopes, so a limit on it must lie inside it.
    """
    settled: Settled[T] = _begun(fn, args, None)
    if settled.task is None:
        await _in_group(settled, fn, args, None)
    else:
        try:
            await settled
        except asyncio.CancelledError as cancel:
            await settled.cancelled(cancel)
    return settled


async def in_task(
    fn: Callable[..., Awaitable[Any]], args: Args, then: Callable[[Args, Any], T] | None = None
) -> T:
    """Call as `settle` does, then honour a cancel, else give the result.

    Args:
        fn: What is called.
        args: Its arguments.
        then: Is given them and the result as soon as the call ends, before any cancel is honoured, and makes
            what is given back.

    Raises:
        BaseException: The first cancel that arrived meanwhile, else whatever `fn` raised. Only what ends the
            process, such as KeyboardInterrupt, goes before a cancel.
    """
    settled: Settled[T] = _begun(fn, args, then)
    if settled.task is None:
        await _in_group(settled, fn, args, then)
        if settled.error is None or isinstance(settled.error, Exception):
            await anyio.lowlevel.checkpoint_if_cancelled()
    else:
        try:
            await settled
        except asyncio.CancelledError as cancel:
            await settled.cancelled(cancel)
            if settled.error is None or isinstance(settled.error, (Exception, asyncio.CancelledError)):
                raise
    error, settled.error = settled.error, None  # whose traceback holds the frame that holds `settled`
    if error is None:
        return settled.value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
    try:
        raise error
    finally:
        del error, settled  # with its traceback it would be a cycle


def _begun(
    fn: Callable[..., Awaitable[Any]], args: Args, then: Callable[[Args, Any], T] | None
) -> Settled[T]:
    """Begin a call on asyncio; elsewhere only make what it ends in."""
    settled: Settled[T] = Settled()
    loop = asyncio_loop()
    if loop is None:
        return settled
    # Not by the loop: its factory may begin the task at once, and asking it costs a tenth of all this.
    settled.task = asyncio.Task(settled.call(fn, args, then), loop=loop, name="cano_dsl")
    asyncio._unregister_task(settled.task)  # noqa: SLF001 - public; a loop that ends cancels all it knows
    return settled


async def _in_group(
    settled: Settled[T],
    fn: Callable[..., Awaitable[Any]],
    args: Args,
    then: Callable[[Args, Any], T] | None,
) -> None:
    try:
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                group.start_soon(settled.call, fn, args, then)
    except BaseExceptionGroup as caught:  # only of the waiting itself, as the call never raises
        raise caught.exceptions[0] from None  # such as the KeyboardInterrupt of Ctrl-C
