"""The resources of a runner: held around many runs, and waited for at the end."""

from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from cano_dsl.errors import RunnerState
from cano_dsl.workflow._handle import RunHandle

if TYPE_CHECKING:
    from cano_dsl.graph import Graph
    from cano_dsl.plan import Plan, Step, Values
    from cano_dsl.resources import Health, Opened

S = TypeVar("S", bound=Enum)
E_co = TypeVar("E_co", bound=Enum, covariant=True)
D = TypeVar("D")


class Held(Generic[S, E_co, D]):
    """A workflow with its resources, set up within `async with`; what `Runner` runs with."""

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
