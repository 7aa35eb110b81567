"""A run that goes on by itself, in a task that its runner owns."""

import logging
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, final

from cano_dsl.errors import Cancelled

if TYPE_CHECKING:
    from cano_dsl.engine import Order, Own
    from cano_dsl.plan import Plan

logger = logging.getLogger("cano_dsl")

S = TypeVar("S", bound=Enum)
E_co = TypeVar("E_co", bound=Enum, covariant=True)
D = TypeVar("D")


@final
class RunHandle(Generic[S, E_co, D]):
    """A run started by `Runner.launch`: look at it, wait for it, cancel it.

    Attributes:
        run_id: The run's id, as given or made up.

    Example:
        >>> import anyio
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> from cano_dsl.errors import Cancelled
        >>> class Job(Enum):
        ...     WORK = 1
        ...     DONE = 2
        >>> @state(Job.WORK)
        ... async def work(days: int) -> Literal[Job.DONE]:
        ...     await anyio.sleep(days * 86_400)
        ...     return Job.DONE
        >>> jobs = Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,))
        >>> async def main() -> None:
        ...     async with jobs.bind(days=3) as runner:
        ...         handle = runner.launch("job-7")
        ...         handle.cancel()
        ...         try:
        ...             await handle.wait()
        ...         except Cancelled as error:
        ...             print(error.at.run_id, error.at.state)
        >>> anyio.run(main)
        job-7 Job.WORK
    """

    __slots__ = ("_is_cancelled", "_launched", "_own", "_plan", "_start", "_waited", "run_id")

    def __init__(self, plan: "Plan", run_id: str) -> None:
        from cano_dsl.scope import Launched

        self.run_id = run_id
        self._plan = plan
        self._launched = Launched()
        self._own: Own | None = None  # once it has begun
        self._start: Enum = plan.states[plan.graph.start]
        self._waited = False
        self._is_cancelled = False

    @property
    def state(self) -> S | E_co | None:
        """The state whose handler is called, or the exit reached; None before it begins."""
        if self._launched.value is not None:
            return cast("E_co", self._launched.value)
        return cast("S", self._own.run.state) if self._own is not None and self._own.run is not None else None

    @property
    def path(self) -> tuple[S, ...]:
        """The last states entered, oldest first, at most four."""
        watch = self._own.watch if self._own is not None else None
        return cast("tuple[S, ...]", watch.path) if watch is not None else ()

    @property
    def data(self) -> D | None:
        """The run's data as it is now, where the workflow has any; None before it begins."""
        return self._own.data.value if self._own is not None and self._own.data is not None else None

    @property
    def is_done(self) -> bool:
        """Whether it has ended, resources and compensations included."""
        return self._launched.is_done

    def cancel(self) -> None:
        """End the run at its next await or transition; what it has done is undone, and `wait` raises.

        A state that can be undone ends first, as does a handler in a thread. To cancel twice is to cancel
        once; a run that has ended stays as it is. Call it in the thread of the event loop.
        """
        self._is_cancelled = True
        if self._own is not None and self._own.watch is not None:
            self._own.watch.cancel()

    async def wait(self) -> E_co:
        """Wait for the run's end; to cancel the waiting leaves the run alone.

        Returns:
            The exit that was reached.

        Raises:
            Cancelled: It was cancelled, by this handle or with its runner.
            RunError: What `Runner.run` raises.
        """
        self._waited = True
        await self._launched.wait()
        if self._launched.error is not None:
            raise self._launched.error
        if self._launched.is_cut:
            raise self._cut()
        return cast("E_co", self._launched.value)

    def _cut(self) -> Cancelled:
        from cano_dsl.engine import place_at

        own = self._own
        if own is None or own.run is None or own.watch is None:
            at = place_at(self._plan, self.run_id, (self._start,), (self._start._name_,), 1)
        else:
            at = own.watch.place(self._plan, own.run)
        return Cancelled(at=at, by="the end of its runner")

    @property
    def _is_settled(self) -> bool:
        """Whether nobody needs to hear of it any more."""
        ended = self._launched
        return ended.is_done and (self._waited or ended.error is None)

    def _tell(self) -> BaseException | None:
        """Log an error that nobody waited for; give what ends the process, such as KeyboardInterrupt."""
        from cano_dsl.scope import is_cancel

        error = self._launched.error
        if error is None or is_cancel(error):
            return None
        if not isinstance(error, Exception):
            return error
        if not self._waited:
            logger.error(
                "run %s of %r failed, and nobody waited for it", self.run_id, self._plan.name, exc_info=error
            )
        return None

    def _begin(self, execute: "Callable[[Order], Any]", order: "Order") -> None:
        """Start the task; the runner's own call."""
        if order.start is not None:
            self._start = order.start

        def told(own: "Own") -> None:
            self._own = own
            if self._is_cancelled:
                self.cancel()

        self._launched.start(lambda: execute(order._replace(told=told)))

    def __repr__(self) -> str:
        at = "done" if self.is_done else f"in {self.state}"
        return f"<RunHandle {self.run_id} of {self._plan.name!r}, {at}>"
