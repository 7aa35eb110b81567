"""Calls in a task of their own: what they give, what they raise, and that nothing cuts them."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from cano_dsl.scope import in_task, settle


async def twice(value: int) -> int:
    await anyio.lowlevel.checkpoint()
    return 2 * value


def test_gives_the_result(run_async: Callable[..., Any]) -> None:
    """A call apart gives its result, and runs in another task than the caller's."""

    async def task() -> int:
        return anyio.get_current_task().id

    async def main() -> Any:
        return await in_task(twice, (3,)), await in_task(task, ()) == anyio.get_current_task().id

    assert run_async(main) == (6, False)


def test_then_makes_the_result(run_async: Callable[..., Any]) -> None:
    """What is given as `then` sees arguments and result, and makes what is given back; what it raises is raised."""

    async def main() -> Any:
        return await in_task(twice, (3,), lambda args, value: (args, value))

    assert run_async(main) == ((3,), 6)

    async def fails() -> Any:
        return await in_task(twice, (3,), lambda args, value: {}[value])

    with pytest.raises(KeyError):
        run_async(fails)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(2), asyncio.CancelledError()], ids=repr
)
def test_raises_what_the_call_raises(error: BaseException, run_async: Callable[..., Any]) -> None:
    """A call apart raises the very object that the call raised."""

    async def fails() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async def main() -> bool:
        try:
            await in_task(fails, ())
        except BaseException as raised:
            return raised is error
        return False

    assert run_async(main)


def test_settle_never_raises(run_async: Callable[..., Any]) -> None:
    """Settling gives value, error and cancel as facts."""
    error = KeyboardInterrupt()

    async def fails() -> None:
        raise error

    async def main() -> Any:
        good, bad = await settle(twice, (2,)), await settle(fails, ())
        return [(s.value, s.error, s.cancel) for s in (good, bad)]

    assert run_async(main) == [(4, None, None), (None, error, None)]


@pytest.mark.parametrize("cancels", [1, 2, 7])
def test_task_cancel_is_kept_until_the_end(cancels: int) -> None:
    """However often Task.cancel() comes, the call ends first; the first cancel is raised, and none is lost."""
    log: list[str] = []

    async def work() -> int:
        await asyncio.sleep(0.01)
        log.append("ended")
        return 1

    async def main() -> None:
        task = asyncio.create_task(in_task(work, ()))
        await asyncio.sleep(0.001)
        for number in range(cancels):
            task.cancel(f"stop {number}")
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError, match="stop 0"):
            await task
        assert task.cancelling() == cancels

    asyncio.run(main())
    assert log == ["ended"]


def test_scope_cancel_is_honoured_after_the_end(run_async: Callable[..., Any]) -> None:
    """A cancelled scope cuts nothing, and is seen right after the call, before the caller goes on."""
    log: list[str] = []

    async def work() -> None:
        await anyio.sleep(0.02)
        log.append("ended")

    async def main() -> bool:
        with anyio.move_on_after(0.005) as scope:
            await in_task(work, ())
            log.append("never")
        await anyio.lowlevel.checkpoint()
        return scope.cancelled_caught

    assert run_async(main)
    assert log == ["ended"]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()], ids=repr)
def test_cancel_goes_before_an_error_but_not_before_an_exit(
    error: BaseException, run_async: Callable[..., Any]
) -> None:
    """A cancel that came meanwhile hides an error of the call, but not what ends the process."""
    seen: list[BaseException] = []

    async def work() -> None:
        await anyio.sleep(0.02)
        raise error

    async def main() -> None:
        with anyio.move_on_after(0.005):
            try:
                await in_task(work, ())
            except BaseException as raised:
                seen.append(raised)
                if raised is not error:
                    raise

    run_async(main)
    assert (seen[0] is error) is isinstance(error, KeyboardInterrupt)


def test_loop_that_ends_waits_for_the_call() -> None:
    """A loop that ends cancels the caller, who still waits for the call."""
    log: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0.01)
        log.append("ended")

    async def main() -> None:
        task = asyncio.create_task(in_task(work, ()))
        await asyncio.sleep(0.001)
        assert not task.done()

    asyncio.run(main())
    assert log == ["ended"]


def test_context_is_a_copy(run_async: Callable[..., Any]) -> None:
    """A call apart sees the caller's context variables and cannot change them."""
    who: ContextVar[str] = ContextVar("who")

    async def work() -> str:
        seen = who.get()
        who.set("call")
        return seen

    async def main() -> tuple[str, str]:
        who.set("caller")
        return await in_task(work, ()), who.get()

    assert run_async(main) == ("caller", "caller")


def test_call_may_use_scopes_and_timeouts_of_its_own(run_async: Callable[..., Any]) -> None:
    """Within a call apart, scopes and timeouts work as anywhere."""

    async def work() -> bool:
        with anyio.move_on_after(0.001) as scope:
            await anyio.sleep(10)
        return scope.cancelled_caught

    async def native() -> bool:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        except TimeoutError:
            return True
        return False

    async def main() -> bool:
        return await in_task(work, ())

    assert run_async(main)
    assert asyncio.run(in_task(native, ()))
