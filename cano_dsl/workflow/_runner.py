"""A workflow with its resources at hand."""

import sys
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, final

from cano_dsl.errors import LoopRunning, RunnerState
from cano_dsl.spec import Duration, seconds
from cano_dsl.workflow._handle import RunHandle

if TYPE_CHECKING:
    from cano_dsl.checkpoint import RunInfo, Status
    from cano_dsl.engine import Order
    from cano_dsl.graph import Graph
    from cano_dsl.plan import Plan, Step, Values
    from cano_dsl.resources import Health, Opened

S = TypeVar("S", bound=Enum)
E_co = TypeVar("E_co", bound=Enum, covariant=True)
D = TypeVar("D")


@final
class Runner(Generic[S, E_co, D]):
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

    __slots__ = ("_drive", "_execute", "_given", "_handles", "_opened", "_plan", "_ready", "_turning")

    def __init__(self, plan: "Plan", given: Mapping[str, Any]) -> None:
        from cano_dsl.engine import drive, execute, execute_saved

        self._plan = plan
        self._drive = drive
        self._execute = execute if plan.store is None else execute_saved
        self._given = dict(given)
        self._opened: Opened | None = None
        self._turning = False  # being set up or torn down
        self._handles: list[RunHandle[Any, Any, Any]] = []  # of runs that go on by themselves
        self._ready: tuple[Step, Values] | None = self._prepare(self._given)

    @property
    def graph(self) -> "Graph":
        """The states and transitions of the workflow."""
        return self._plan.graph

    def _prepare(self, values: Mapping[str, Any]) -> "tuple[Step, Values] | None":
        """Check the resources; give what the loop needs, if that is all that a run needs."""
        from cano_dsl.plan import check_resources

        bound = check_resources(self._plan, values)
        return (bound.steps.start, bound.arrange(values.values())) if bound.bare else None

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
        timeout: "Duration | None" = None,  # noqa: ASYNC109 - as of `run`
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
        timeout: "Duration | None" = None,  # noqa: ASYNC109 - as of `run`
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
        from cano_dsl.engine import OPEN, resume

        handles = []
        plan = self._launching()
        for info in await self.runs(status=tuple(OPEN), limit=sys.maxsize):
            if info.owner is not None and not info.owner.is_gone():
                continue
            order = self._order(info.run_id, None, None, None)
            handle: RunHandle[S, E_co, D] = RunHandle(plan, info.run_id)
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
        handle._begin(lambda order: execute(given=self._values(), order=order), order)  # noqa: SLF001 - its maker
        self._handles = [one for one in self._handles if not one._is_settled]  # noqa: SLF001 - as above
        self._handles.append(handle)
        return handle

    def _free(self) -> Mapping[str, Any]:
        if self._turning:
            raise RunnerState(
                workflow=self._plan.name,
                what="is being set up or torn down: run within `async with`, or after it",
            )
        return self._values()

    def _values(self) -> Mapping[str, Any]:
        return self._given if self._opened is None else self._opened.values

    async def health(self) -> "Health":
        """Ask every resource that defines `async def health`, one by one, and give the worst with all parts.

        Raises:
            RunnerState: Outside `async with`, where no resource is set up.
        """
        from cano_dsl.resources import ask_health

        if self._opened is None:
            raise RunnerState(
                workflow=self._plan.name, what="has nothing set up: ask for health within `async with`"
            )
        return await ask_health(self._opened.values)

    async def __aenter__(self) -> Self:
        """Set the resources up, in the order given.

        Raises:
            SetupFailed: One raised; those before it are torn down, the rest was never touched.
            RunnerState: It is entered already.
        """
        from cano_dsl.engine import open_resources

        if self._opened is not None or self._turning:
            raise RunnerState(
                workflow=self._plan.name, what="is entered already: bind again for a second one"
            )
        opened = open_resources(self._plan)
        self._turning, self._ready = True, None
        try:
            await opened.open(self._given, per_run=False)
            try:
                self._ready = self._prepare_held(opened)
            except BaseException as error:
                await opened.abort(error)
                raise
            self._opened = opened
        finally:
            self._turning = False
            if self._opened is None:
                self._ready = self._prepare(self._given)
        return self

    def _prepare_held(self, opened: "Opened") -> "tuple[Step, Values] | None":
        """Let runs go straight to the loop where set-up resources are all that they need."""
        from cano_dsl.plan import check_resources
        from cano_dsl.resources import PerRun

        bound = check_resources(self._plan, opened.values)
        made = any(isinstance(value, PerRun) for value in opened.values.values())
        if made or self._plan.extra:
            return None
        return bound.steps.start, bound.arrange(opened.values.values())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for launched runs, then tear the resources down, last first.

        Where it is left by an error, launched runs are cancelled. An error of a teardown is logged and
        observed, not raised.
        """
        try:
            await self._end_launched(cancel=error is not None)
        except BaseException as cancel:
            await self._tear_down(cancel)
            raise
        await self._tear_down(error)

    async def _end_launched(self, *, cancel: bool) -> None:
        """Wait for launched runs, or cancel them and wait.

        Raises:
            BaseException: What cancelled the waiting, or else what one of them raised that ends the process;
                all have ended.
        """
        first: BaseException | None = None
        while self._handles:  # a run may launch another
            from cano_dsl.scope import end_all

            handles, self._handles = self._handles, []
            try:
                await end_all([handle._launched for handle in handles], cancel=cancel)  # noqa: SLF001 - their maker
            except BaseException as error:  # noqa: BLE001 - raised again once all have ended
                first = first if first is not None else error
            for handle in handles:
                fatal = handle._tell()  # noqa: SLF001 - as above
                first = first if first is not None else fatal
            cancel = cancel or first is not None
        try:
            if first is not None:
                raise first
        finally:
            del first  # with its traceback it would be a cycle

    async def _tear_down(self, error: BaseException | None) -> None:
        opened, self._opened = self._opened, None
        self._turning, self._ready = True, None
        try:
            if opened is not None and error is not None:
                await opened.abort(error)
            elif opened is not None:
                await opened.close(None)
        finally:
            self._turning = False
            self._ready = self._prepare(self._given)

    def __repr__(self) -> str:
        held = "set up" if self._opened is not None else "not set up"
        return f"<Runner of {self._plan.name!r}, {len(self._given)} resources, {held}>"
