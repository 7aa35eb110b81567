"""The facade: build, run, bind, configure, and the renderers."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, final

from typing_extensions import ParamSpec
from typing_extensions import TypeVar as TypeVarWithDefault

from cano_dsl.declare import Compensation, Handler, Nested, evaluated, nest
from cano_dsl.errors import LoopRunning, Where
from cano_dsl.spec import Duration, Parameter, Part, Run, Scope, Waive, seconds
from cano_dsl.workflow._compiled import by_name, checked_transitions, checked_version, compiled
from cano_dsl.workflow._runner import Runner

if TYPE_CHECKING:
    from cano_dsl.checkpoint import CheckpointStore
    from cano_dsl.graph import Graph
    from cano_dsl.observe import Observer
    from cano_dsl.plan import Plan
    from cano_dsl.scope import Clock

S = TypeVar("S", bound=Enum)
E_co = TypeVar("E_co", bound=Enum, covariant=True)
R = ParamSpec("R", default=...)
D = TypeVarWithDefault("D", default=None)
BS = TypeVar("BS", bound=Enum)  # a static method's own: class-scoped ones are unknown to some checkers
BE = TypeVar("BE", bound=Enum)
BR = ParamSpec("BR", default=...)
BD = TypeVarWithDefault("BD", default=None)
AS = TypeVar("AS", bound=Enum)  # the Enum of the workflow that another becomes a state of

_OUTER = "_outer_run"  # a parameter of what runs a workflow as a branch; no resource has such a name


@final  # type checkers' plugins find `build` by its full name
class Workflow(Generic[S, E_co, D, R]):
    """A checked workflow: made by `build`, run any number of times, also at once and in several threads.

    S is the Enum, E the exits, D the run's data, R the resources that `run` takes; the last two may be left
    out where the type is written.

    Attributes:
        graph: The states and transitions that were checked.

    Example:
        >>> from enum import Enum
        >>> from typing import Literal
        >>> from cano_dsl import Workflow, state
        >>> class Order(Enum):
        ...     PACK = 1
        ...     SHIP = 2
        ...     DONE = 3
        >>> @state(Order.PACK)
        ... async def pack(box: list[str]) -> Literal[Order.SHIP]:
        ...     box.append("tea")
        ...     return Order.SHIP
        >>> @state(Order.SHIP)
        ... def ship(box: list[str]) -> Literal[Order.DONE]:
        ...     print("shipped", *box)
        ...     return Order.DONE
        >>> orders = Workflow.build(Order, pack, ship, start=Order.PACK, exits=(Order.DONE,))
        >>> orders.run_sync(box=[])
        shipped tea
        <Order.DONE: 3>
    """

    __slots__ = ("_drive", "_execute", "_plan", "graph")

    def __init__(self, plan: "Plan") -> None:
        from cano_dsl.engine import drive, execute, execute_saved

        self._plan = plan
        self._drive = drive
        self._execute = execute if plan.store is None else execute_saved
        self.graph: Graph = plan.graph

    @staticmethod
    def build(  # noqa: PLR0913 - each is a keyword of its own where it is called
        states: type[BS],
        /,
        *parts: Handler[BS, Any, ..., Any] | Compensation[BS, Any, ...],
        start: BS,
        exits: Collection[BE],
        data: type[BD] | None = None,
        resources: Callable[BR, object] | None = None,
        failed: Collection[BS] = (),
        name: str | None = None,
        version: int = 0,
        timeout: "Duration | None" = None,
        compensation_timeout: Duration = 30.0,
        max_transitions: int | None = None,
        waive: Iterable[Waive] = (),
    ) -> "Workflow[BS, BE, BD, BR]":
        """Read the handlers' annotations, check the graph with every rule, and compile it.

        Args:
            states: The Enum whose members are the states.
            *parts: One handler for each state that is not an exit, and what undoes them, in any order.
            start: Where runs start.
            exits: Where runs end. A tuple keeps the literals in type checkers, so that a `match` on the
                result of `run` is checked to be exhaustive.
            data: The class of the run's own data, which handlers ask for as `RunData[data]`.
            resources: Anything whose parameters name the resources, such as a dataclass; it types the
                arguments of `run` and `bind`, and is never called.
            failed: The exits that mean failure, in which a state with `effects=True` should not leave
                anything behind.
            name: The name in messages and diagrams; the Enum's own when left out.
            version: Raise it where what handlers do changes so that no run that was begun before may go on
                with them; the graph itself is compared anyway.
            timeout: How many seconds one run may take; then it fails, and what it did is undone.
            compensation_timeout: How many seconds all compensations of a run may take together.
            max_transitions: How many states one run may leave; then it fails, as in a cycle without an end.
            waive: Rules that may be broken at one state, each with a reason.

        Raises:
            PolicyError: A timeout is not more than 0, or `max_transitions` is no whole number above 0.
            GraphError: With all findings at once: code, state, line, what is wrong, and what to do.
            SignatureError: An argument is not of the kind that is taken here.
        """
        frame = sys._getframe(1)
        plan = compiled(
            states,
            parts,
            name=name,
            start=start,
            exits=exits,
            data=data,
            resources=resources,
            failed=failed,
            timeout_s=None if timeout is None else seconds("timeout", timeout),
            budget_s=seconds("compensation_timeout", compensation_timeout),
            max_transitions=checked_transitions(max_transitions),
            version=checked_version(version),
            waive=waive,
            where=Where(frame.f_code.co_filename, frame.f_lineno),
        )
        return Workflow(plan)

    @property
    def name(self) -> str:
        """The name in messages and diagrams."""
        return self._plan.name

    async def run(self, data: D | None = None, /, *args: R.args, **resources: R.kwargs) -> E_co:
        """Run once, from the start to an exit.

        Resources are set up before, in the order given, and torn down afterwards in reverse, whatever
        happens. To set them up once around many runs, use `async with workflow.bind(...)`.

        Args:
            data: The run's data, where `build` was given `data=`; that class without arguments when left out.
            *args: The resources by position, in the order of `resources=`.
            **resources: The resources by name.

        Returns:
            The exit that was reached.

        Raises:
            HandlerFailed: A handler raised; its exception is the cause.
            UndeclaredTransition: A handler returned a state that it does not declare.
            CompensationFailed: The run failed, and not everything that it had done could be undone.
            ResourceError: A resource is missing, unknown, of the wrong class, or could not be set up; no
                handler was called.
        """
        plan = self._plan
        given: dict[str, Any] = resources if not args else by_name(plan, args, resources)
        bound = plan.bound.get((*given, *map(type, given.values())))
        if bound is not None and bound.bare and data is None:
            end: E_co = await self._drive(plan, bound.steps.start, bound.arrange(given.values()))
            return end
        from cano_dsl.engine import Order

        return cast("E_co", await self._execute(plan, given, Order(data=data)))

    def run_sync(self, data: D | None = None, /, *args: R.args, **resources: R.kwargs) -> E_co:
        """Run once in an asyncio event loop of its own, and wait for it.

        Takes, gives and raises what `run` does.

        Raises:
            LoopRunning: This thread already runs an event loop; nothing was run.
        """
        from cano_dsl.scope import loop_is_running, run_to_end

        if loop_is_running():
            raise LoopRunning(workflow=self.name)
        return run_to_end(lambda: self.run(data, *args, **resources))

    def bind(self, *args: R.args, **resources: R.kwargs) -> "Runner[S, E_co, D]":
        """Hold resources for many runs.

        Args:
            *args: The resources by position, in the order of `resources=`.
            **resources: The resources by name.

        Raises:
            ResourceError: A resource is missing, unknown or of the wrong class.
        """
        return Runner(self._plan, by_name(self._plan, args, resources))

    def _part(self) -> Part:
        """Say what this workflow is as a branch of another's split; its resources are set up there.

        It is a run of its own, whose id is the branch's idempotency key, so that its keys are stable too.
        """
        plan = self._plan

        async def run_as_branch(*, _outer_run: Run, **resources: Any) -> Enum:
            from cano_dsl.engine import Order

            order = Order(run_id=_outer_run.idempotency_key, held=True)
            return await self._execute(plan, resources, order)

        return Part(
            fn=run_as_branch,
            key=self,
            name=self.name,
            where=plan.graph.definition.where or Where("<not known>", 0),
            parameters=(
                Parameter(_OUTER, Run, optional=False, keyword_only=True),
                *(
                    Parameter(name, evaluated(wanted.by[0][1].type), wanted.optional, keyword_only=True)
                    for name, wanted in plan.wiring.resources.items()
                ),
            ),
            returns=plan.states,
            scope=Scope({}, {}),
            awaits=True,
        )

    def as_state(
        self,
        at: AS,
        /,
        exits: Mapping[E_co, AS],
        *,
        resources: Mapping[str, str] | None = None,
        on_error: AS | Mapping[type[Exception], AS] | None = None,
    ) -> Nested[AS, AS, R, AS]:
        """Give this workflow as a state of another, for that one's `build`.

        Its states become states of the other workflow's runs, named `PAY/CHARGE`, with its observers,
        idempotency keys and number of transitions. What they did is undone where the other workflow fails,
        also after this one has reached an exit.

        Its own total timeout and `max_transitions` hold for each time a run comes in, within those of the
        other workflow; to exceed them is a failure of the state. Its own data is made afresh as `data()` each
        time: what goes in or out goes by resources. A compensation that runs after it was entered again sees
        the data of the last time. The other workflow's `compensation_timeout` stands for its own.

        Args:
            at: The state of the other workflow.
            exits: Where each exit of this workflow leads there.
            resources: What the other workflow calls a resource of this one, where it is not the same.
            on_error: Where errors lead that no handler within leads on, for all or by exception type.

        Raises:
            SignatureError: An argument is not of the kind that is taken here. That an exit is left out, or
                leads to no state, is found by the other workflow's `build`.

        Example:
            >>> from enum import Enum
            >>> from typing import Literal
            >>> from cano_dsl import Workflow, state
            >>> class Pay(Enum):
            ...     CHARGE = 1
            ...     PAID = 2
            ...     REFUSED = 3
            >>> class Order(Enum):
            ...     PAY = 1
            ...     SHIP = 2
            ...     DONE = 3
            ...     LOST = 4
            >>> @state(Pay.CHARGE)
            ... async def charge(amount: int) -> Literal[Pay.PAID, Pay.REFUSED]:
            ...     return Pay.PAID if amount < 100 else Pay.REFUSED
            >>> @state(Order.SHIP)
            ... async def ship() -> Literal[Order.DONE]:
            ...     return Order.DONE
            >>> pay = Workflow.build(Pay, charge, start=Pay.CHARGE, exits=(Pay.PAID, Pay.REFUSED))
            >>> paying = pay.as_state(
            ...     Order.PAY,
            ...     exits={Pay.PAID: Order.SHIP, Pay.REFUSED: Order.LOST},
            ...     resources={"amount": "total"},
            ... )
            >>> orders = Workflow.build(
            ...     Order, paying, ship, start=Order.PAY, exits=(Order.DONE, Order.LOST)
            ... )
            >>> orders.run_sync(total=20), orders.run_sync(total=200)
            (<Order.DONE: 3>, <Order.LOST: 4>)
        """
        frame = sys._getframe(1)
        where = Where(frame.f_code.co_filename, frame.f_lineno)
        return Nested(nest(self._plan, at, exits, resources=resources, on_error=on_error, where=where))

    def configure(
        self,
        *,
        checkpoints: "CheckpointStore | None" = None,
        observers: Iterable["Observer"] | None = None,
        clock: "Clock | None" = None,
    ) -> "Workflow[S, E_co, D, R]":
        """Give a copy with run-time options; the definition, and this workflow, stay as they are.

        What is left out stays as it was configured before.

        Args:
            checkpoints: Where runs are logged, so that one that was killed can be resumed. Each transition is
                durable before the next handler is called; `MemoryStore` resources and the run's data are
                saved with it.
            observers: Who is told what happens, in this order; in place of those before, `()` for nobody.
            clock: Where all waits, limits and deadlines take their time from, such as a test's
                `cano_dsl.testing.FakeClock()`; the machine's own where none was ever given. A workflow that
                is a branch of this one has a clock of its own.

        Raises:
            SignatureError: Something is not an observer, or not a clock; or values of a type that a log must
                bring back could not be read.
        """
        plan = self._plan.configured(observers=observers, clock=clock, store=checkpoints)
        if checkpoints is not None:
            from cano_dsl.engine import check_durable

            check_durable(plan, checkpoints)
        return Workflow(plan)

    def mermaid(self) -> str:
        """Draw the graph as a Mermaid state diagram.

        Example:
            >>> from enum import Enum
            >>> from typing import Literal
            >>> from cano_dsl import Workflow, state
            >>> class Job(Enum):
            ...     WORK = 1
            ...     DONE = 2
            >>> @state(Job.WORK)
            ... def work() -> Literal[Job.DONE]:
            ...     return Job.DONE
            >>> print(Workflow.build(Job, work, start=Job.WORK, exits=(Job.DONE,)).mermaid())
            stateDiagram-v2
                [*] --> WORK
                WORK --> DONE
                DONE --> [*]
        """
        from cano_dsl.render import mermaid

        return mermaid(self.graph)

    def __format__(self, spec: str) -> str:
        """Render as `mermaid`, so that `f"{workflow:mermaid}"` is a diagram."""
        if spec == "mermaid":
            return self.mermaid()
        if spec:
            raise ValueError(f"workflow {self.name!r} cannot be rendered as {spec!r}: use 'mermaid'")
        return str(self)

    def __repr__(self) -> str:
        return f"<Workflow {self.name!r}: {len(self.graph.states)} states>"
