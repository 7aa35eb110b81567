"""A workflow with its resources at hand."""

from collections.abc import Callable, Collection
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

from cano_dsl.errors import LoopRunning, RunnerState
from cano_dsl.spec import Duration, seconds
from cano_dsl.workflow._handle import RunHandle
from cano_dsl.workflow._held import Held

if TYPE_CHECKING:
    from cano_dsl.checkpoint import RunInfo, Status
    from cano_dsl.engine import Order
    from cano_dsl.plan import Plan

S = TypeVar("S", bound=Enum)
E_co = TypeVar("E_co", bound=Enum, covariant=True)
D = TypeVar("D")


@final
class Runner(Held[S, E_co, D]):
    """A workflow with its resources, made by `Workflow.bind`.

    Within `async with` the resources are set up once around all runs; otherwise each run sets them up and
    tears them down around itself. Runs may go on at once.

    Example:
        >>> import asyncio
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> class Database:
        ...     async def setup(self) -> None:
        ...         print("connected")
        ...     async def teardown(self) -> None:
        ...         print("closed")
        >>> @state(Job.WORK)
        ... async def work(database: Database) -> Literal[Job.DONE]:
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> async def main() -> None:
        ...     async with jobs.bind(database=Database()) as runner:
        ...         print(await runner.run("monday"), await runner.run("tuesday"))
        >>> asyncio.run(main())
        connected
        Job.DONE Job.DONE
        closed
    """

    __slots__ = ()

    async def run(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: "Duration | None" = None,  # noqa: ASYNC109 - a limit of the run, which undoes what it did
    ) -> E_co:
        """Run once.

        Args:
            run_id: The run's id, in errors, observers and `Run.run_id`; made up when left out.
            data: The run's data, where `build` was given `data=`; that class without arguments when left out.
            start: The state to start at in place of the workflow's own; an exit returns at once.
            timeout: How many seconds this run may take, in place of the workflow's own limit.

        Returns:
            The exit that was reached.

        Raises:
            PolicyError: `start` is neither handled nor an exit, `run_id` is empty, or `timeout` not above 0.
            RunError: The run reached no exit; the subclass says why, and everything is undone.
            CompensationFailed: The same, and not everything that it had done could be undone.
            SetupFailed: A resource could not be set up; no handler was called.
            RunnerState: The resources are being set up or torn down by `async with`.
        """
        if self._ready is not None and data is None and start is None and run_id is None and timeout is None:
            end: E_co = await self._drive(self._plan, *self._ready)
            return end
        plan = self._plan if timeout is None else self._plan.watching()
        return cast("E_co", await self._go(plan, self._order(run_id, data, start, timeout)))

    def _order(
        self, run_id: str | None, data: D | None, start: S | None, timeout: "Duration | None"
    ) -> "Order":
        from cano_dsl.engine import Order

        timeout_s = None if timeout is None else seconds("timeout", timeout)
        held = self._opened is not None
        return Order(data=data, run_id=run_id, start=start, held=held, timeout_s=timeout_s)

    async def _go(self, plan: "Plan", order: "Order") -> Enum:
        return await self._execute(plan, self._free(), order)

    def run_sync(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: "Duration | None" = None,
    ) -> E_co:
        """Run once in an asyncio event loop of its own, and wait for it.

        Takes, gives and raises what `run` does. The resources are set up in that loop, so it cannot be used
        within `async with`.

        Raises:
            LoopRunning: This thread already runs an event loop; nothing was run.
        """
        from cano_dsl.scope import loop_is_running, run_to_end

        if loop_is_running():
            raise LoopRunning(workflow=self._plan.name)
        return run_to_end(lambda: self.run(run_id, data=data, start=start, timeout=timeout))

    def launch(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: "Duration | None" = None,
    ) -> RunHandle[S, E_co, D]:
        """Start a run that goes on by itself, within `async with`.

        Takes what `run` does. It begins at the next turn of the event loop. Leaving `async with` waits for
        all runs that were launched; where it is left by an error or a cancel, they are cancelled. The error
        of a run is raised by `wait` of its handle, and logged where nobody waited; it ends no other run.

        Raises:
            RunnerState: Outside `async with`, where nothing would wait for it.
            PolicyError: `start`, `run_id`, `data` or `timeout` is not possible.

        Example:
            >>> import asyncio
            >>> from enum import Enum
            >>> from typing import Literal
            >>> from cano_dsl import Workflow, state
            >>> class Job(Enum):
            ...     WORK = 1
            ...     DONE = 2
            >>> @state(Job.WORK)
            ... async def work() -> Literal[Job.DONE]:
            ...     return Job.DONE
            >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
            >>> async def main() -> None:
            ...     async with jobs.bind() as runner:
            ...         handles = [runner.launch() for _ in range(3)]
            ...         print([await handle.wait() for handle in handles])
            >>> asyncio.run(main())
            [<Job.DONE: 2>, <Job.DONE: 2>, <Job.DONE: 2>]
        """
        from cano_dsl.engine import check_order, new_run_id

        plan = self._launching()
        order = self._order(run_id, data, start, timeout)
        check_order(plan, order)
        named = order._replace(run_id=run_id if run_id is not None else new_run_id())
        handle: RunHandle[S, E_co, D] = RunHandle(plan, cast("str", named.run_id))
        return self._start(handle, named, partial(self._execute, plan))

    async def resume(
        self,
        run_id: str,
        *,
        at: int | None = None,
        allow_changed: bool = False,
        timeout: "Duration | None" = None,  # noqa: ASYNC109 - of the run
    ) -> E_co:
        """Go on with a run that was killed, cancelled from outside, or failed with nothing undone.

        The state that it stood in runs again, with the same `Run.idempotency_key`, and with the data as it
        was at the row before. A rollback that was cut goes on. A run that has finished gives its exit at
        once, and its data is put into the durable resources.

        Args:
            run_id: The run's id.
            at: The row to take the run back to, one that enters a state, as `cano show` lists them; None for
                where it stands. For repair: what came after it is not undone.
            allow_changed: Whether to go on under a definition that has changed in a way that matters.
            timeout: How many seconds it may take from now on, in place of the workflow's own limit.

        Raises:
            RunNotFound: There is no such run of this workflow in the store.
            RunEnded: It was undone or cancelled, for good.
            RunConflict: Somebody runs it.
            RunParked: It stopped within a state that must not run twice.
            FingerprintMismatch: The definition has changed in a way that matters.
            VersionMismatch: The declared version has changed.
            RunError: As `run` does.
        """
        from cano_dsl.engine import resume

        plan = self._plan if timeout is None else self._plan.watching()
        order = self._order(run_id, None, None, timeout)
        return cast("E_co", await resume(plan, self._free(), order, at=at, allow_changed=allow_changed))

    async def fork(
        self,
        run_id: str,
        *,
        at: int,
        as_: str,
        timeout: "Duration | None" = None,  # noqa: ASYNC109 - of the run
    ) -> E_co:
        """Copy a run up to a row into a new one, and run that to its exit, to see what would have been.

        The run itself stays as it is. Nothing outside is copied or undone: what its states did up to the row
        counts for both.

        Args:
            run_id: The run to copy.
            at: The row to go on from, one that enters a state.
            as_: The id of the new run.
            timeout: How many seconds it may take, in place of the workflow's own limit.

        Raises:
            RunNotFound: There is no such run of this workflow in the store.
            RunConflict: There is a run of the new id.
            RunError: As `run` does.
        """
        from cano_dsl.engine import fork

        plan = self._plan if timeout is None else self._plan.watching()
        order = self._order(run_id, None, None, timeout)
        return cast("E_co", await fork(plan, self._free(), order, at=at, new_id=as_))

    async def runs(self, *, status: "Collection[Status]" = (), limit: int = 1_000) -> "list[RunInfo]":
        """List this workflow's runs in the store, the one started last first.

        Args:
            status: Only those that stand like this, such as `("failed", "dirty")`; empty for all.
            limit: The most to list.
        """
        from cano_dsl.engine import list_runs

        return await list_runs(self._plan, status, limit)

    async def recover(self) -> list[RunHandle[S, E_co, D]]:
        """Resume every unfinished run of this workflow that nobody runs, within `async with`.

        Call it when a process starts. Two processes that do so at once share the runs out: each goes on in
        one of them. How each run ends, or why it cannot go on, is raised by `wait` of its handle.

        Raises:
            RunnerState: Outside `async with`.
        """
        from cano_dsl.engine import list_free, resume

        handles = []
        plan = self._launching()
        for run_id in await list_free(plan):
            order = self._order(run_id, None, None, None)
            handle: RunHandle[S, E_co, D] = RunHandle(plan, run_id)
            handles.append(self._start(handle, order, partial(resume, plan, at=None, allow_changed=False)))
        return handles

    def _launching(self) -> "Plan":
        if self._opened is None or self._turning:
            raise RunnerState(
                workflow=self._plan.name,
                what="has nothing that would wait for a launched run: launch within `async with`",
            )
        return self._plan.watching()

    def _start(
        self, handle: RunHandle[S, E_co, D], order: "Order", execute: Callable[..., Any]
    ) -> RunHandle[S, E_co, D]:
        handle._begin(lambda order: execute(self._values(), order), order)  # noqa: SLF001 - its maker
        self._handles = [one for one in self._handles if not one._is_settled]  # noqa: SLF001 - as above
        self._handles.append(handle)
        return handle
