"""Setting resources up in the order given, and tearing them down in reverse, whatever happens between.

Everything is done in the caller's own task, one after the other: a context manager with a task group or a
cancel scope inside must be left by the task that entered it. A teardown is shielded from cancel scopes and
cut after 30 s. A native `Task.cancel()` that arrives during a teardown cuts that one; the others still run,
and the cancel goes on afterwards.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cano_dsl.errors import SetupFailed
from cano_dsl.resources._health import Health
from cano_dsl.resources._wrappers import Managed, PerRun
from cano_dsl.scope import Clock

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


class Opened:
    """Resources that are set up, and how to tear them down.

    Attributes:
        values: What handlers are given, by name; a `PerRun` where it was to be left for each run.
    """

    def __init__(self, clock: Clock, teardown_failed: Callable[[str, BaseException], None] | None) -> None:
        self.values: dict[str, Any] = {}
        self._clock = clock
        self._teardown_failed = teardown_failed
        self._ends: list[tuple[str, Callable[[BaseException | None], Awaitable[object]]]] = []

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
                await self.close(error)
                raise

    async def _enter(self, name: str, resource: Any) -> Any:
        if isinstance(resource, PerRun):
            resource = resource.factory()
            if inspect.isawaitable(resource):
                resource = await resource
        if isinstance(resource, Managed):
            manager = resource.open()
            value = await manager.__aenter__()
            self._ends.append((name, lambda error: _leave(manager, error)))
            return value
        hooks = hooks_of(type(resource))
        if hooks.setup:
            await resource.setup()
        if hooks.teardown:
            self._ends.append((name, lambda _: resource.teardown()))
        return resource

    async def close(self, error: BaseException | None) -> None:
        """Tear down everything that was set up, last first; never raises an `Exception`."""
        while self._ends:
            name, end = self._ends.pop()
            try:
                await self._end(name, end, error)
            except BaseException:
                await self.close(error)  # the others are torn down, then the cancel or exit goes on
                raise

    async def _end(
        self, name: str, end: Callable[[BaseException | None], Awaitable[object]], error: BaseException | None
    ) -> None:
        failure: BaseException | None = None
        with self._clock.shielded(TEARDOWN_LIMIT_S) as deadline:
            try:
                await end(error)
            except Exception as raised:  # noqa: BLE001 - reported below, must not change the outcome
                failure = raised if raised is not error else None
        if deadline.cancelled_caught:
            failure = TimeoutError(
                f"teardown of resource {name!r} took over {TEARDOWN_LIMIT_S:g} s and was cut"
            )
        if failure is not None:
            logger.error("teardown of resource %r failed", name, exc_info=failure)
            if self._teardown_failed is not None:
                self._teardown_failed(name, failure)


async def _leave(manager: Any, error: BaseException | None) -> None:
    if error is None:
        await manager.__aexit__(None, None, None)
    else:
        await manager.__aexit__(type(error), error, error.__traceback__)


async def ask_health(values: Mapping[str, Any]) -> Health:
    """Ask each resource that defines `health`, one by one; one that raises is unhealthy."""
    parts: dict[str, Health] = {}
    for name, resource in values.items():
        if not hooks_of(type(resource)).health:
            continue
        try:
            answer = await resource.health()
        except Exception as error:  # noqa: BLE001 - an answer, not a crash
            answer = Health.unhealthy(f"{type(error).__name__}: {error}")
        if not isinstance(answer, Health):
            answer = Health.unhealthy(f"health() gave {answer!r}, not a Health")
        parts[name] = answer
    return Health.worst(parts)
