"""Setting resources up in the order given, and tearing them down in reverse, whatever happens between.

Everything is done in the caller's own task, one after the other: a context manager with a task group or a
cancel scope inside must be left by the task that entered it, and within the scopes that it was entered in.
A teardown is shielded from cancel scopes and cut after 30 s. A native `Task.cancel()` that arrives during a
teardown cuts that one; the others still run, and the cancel goes on afterwards.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cano_dsl.errors import ResourceFailed, SetupFailed, shown, told
from cano_dsl.resources._health import Health
from cano_dsl.resources._wrappers import Managed, PerRun
from cano_dsl.scope import Clock, Guard, cancel_is_pending, is_cancel

TEARDOWN_LIMIT_S = 30.0

logger = logging.getLogger("cano_dsl")


class Hooks(NamedTuple):
    """Which parts of the lifecycle a class defines as `async def`."""

    setup: bool
    teardown: bool
    health: bool


_known: WeakKeyDictionary[type, Hooks] = WeakKeyDictionary()


def hooks_of(cls: type) -> Hooks:
    """Look at a class; what is not `async def` there is none of ours and never called."""
    hooks = _known.get(cls)
    if hooks is None:
        hooks = Hooks(*(inspect.iscoroutinefunction(getattr(cls, name, None)) for name in Hooks._fields))
        _known[cls] = hooks
    return hooks


def needs_care(cls: type) -> bool:
    """Tell whether objects of a class must be set up, torn down, entered or made."""
    return cls in (Managed, PerRun) or hooks_of(cls).setup or hooks_of(cls).teardown


class End(NamedTuple):
    """How to tear one resource down.

    Attributes:
        name: The resource.
        call: Does it; is given the error that ends the run.
        guard: The scope entered before the resource was; None where it holds none of its own.
    """

    name: str
    call: Callable[[BaseException | None], Awaitable[object]]
    guard: Guard | None


class Opened:
    """Resources that are set up, and how to tear them down.

    Attributes:
        values: What handlers are given, by name; a `PerRun` where it was to be left for each run.
    """

    def __init__(self, clock: Clock, teardown_failed: Callable[[str, BaseException], None] | None) -> None:
        self.values: dict[str, Any] = {}
        self._clock = clock
        self._teardown_failed = teardown_failed
        self._ends: list[End] = []
        self._stopped: tuple[str, BaseException | None] | None = None  # who kept a cancel to itself

    async def open(self, given: Mapping[str, Any], *, per_run: bool) -> None:
        """Set up every resource in the order given; `per_run` says whether to make those too.

        Raises:
            SetupFailed: One raised; those before it are torn down, the rest was never touched.
        """
        for name, resource in given.items():
            try:
                if isinstance(resource, PerRun) and not per_run:
                    self.values[name] = resource
                else:
                    self.values[name] = await self._enter(name, resource)
            except Exception as error:
                await self.close(error)
                raise SetupFailed(resource=name, error=error) from error
            except BaseException as error:
                await self.abort(error)
                raise

    async def _enter(self, name: str, resource: Any) -> Any:
        while isinstance(resource, PerRun):
            resource = resource.factory()
            if inspect.isawaitable(resource):
                resource = await resource
        if isinstance(resource, Managed):
            manager = resource.open()
            with ExitStack() as scopes:
                guard = scopes.enter_context(self._clock.guard())
                value = await manager.__aenter__()
                self._ends.append(End(name, lambda error: _leave(manager, error), guard))
                scopes.pop_all()  # left where the manager is
            return value
        hooks = hooks_of(type(resource))
        if hooks.setup:
            await resource.setup()
        if hooks.teardown:
            self._ends.append(End(name, lambda _: resource.teardown(), None))
        return resource

    async def abort(self, error: BaseException) -> None:
        """Tear down because of an error, which the caller raises again afterwards.

        Raises:
            ResourceFailed: The error is a cancel by a resource's own scope, which is left now: nobody waits
                for it any more.
        """
        await self.close(error)
        stopped, self._stopped = self._stopped, None
        if stopped is not None and not cancel_is_pending():
            name, cause = stopped
            raise ResourceFailed(resource=name, error=cause) from cause

    async def close(self, error: BaseException | None) -> None:
        """Tear down everything that was set up, last first; never raises an `Exception`."""
        while self._ends:
            end = self._ends.pop()
            try:
                await self._end(end, error)
            except BaseException:
                await self.close(error)  # the others are torn down, then the cancel or exit goes on
                raise

    async def _end(self, end: End, error: BaseException | None) -> None:
        failure: BaseException | None = None
        swallowed: object = None
        guard = end.guard if end.guard is not None else self._clock.guard().__enter__()
        try:
            with ExitStack() as scopes:
                scopes.push(guard)
                guard.protect(TEARDOWN_LIMIT_S)
                swallowed = await end.call(error)
        except Exception as raised:  # noqa: BLE001 - reported below, must not change the outcome
            failure = raised if raised is not error else None
        except BaseException as raised:
            # In a run that is cancelled already the cut may look like that cancel, which goes on anyway.
            if not (guard.cut and error is not None and is_cancel(error) and is_cancel(raised)):
                raise
        if guard.cut:
            failure = TimeoutError(
                f"teardown of resource {end.name!r} took over {TEARDOWN_LIMIT_S:g} s and was cut"
            )
        elif (
            end.guard is not None
            and error is not None
            and is_cancel(error)
            and (swallowed or failure is not None)
        ):
            self._stopped = end.name, failure
        if failure is not None:
            self._report(end.name, failure)
        failure = None  # it holds this frame; so would be a cycle

    def _report(self, name: str, failure: BaseException) -> None:
        logger.error("teardown of resource %r failed", name, exc_info=failure)
        if self._teardown_failed is not None:
            self._teardown_failed(name, failure)


async def _leave(manager: Any, error: BaseException | None) -> object:
    if error is None:
        return await manager.__aexit__(None, None, None)
    return await manager.__aexit__(type(error), error, error.__traceback__)


async def ask_health(values: Mapping[str, Any]) -> Health:
    """Ask each resource that defines `health`, one by one; one that raises is unhealthy."""
    parts: dict[str, Health] = {}
    for name, resource in values.items():
        if not hooks_of(type(resource)).health:
            continue
        try:
            answer = await resource.health()
        except Exception as error:  # noqa: BLE001 - an answer, not a crash
            answer = Health.unhealthy(told(error))
        if not isinstance(answer, Health):
            answer = Health.unhealthy(f"health() gave {shown(answer)}, not a Health")
        parts[name] = answer
    return Health.worst(parts)
