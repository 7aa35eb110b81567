"""`resource`, and the parameters of `run`, `run_sync` and `bind` that follow from the handlers."""

from dataclasses import dataclass
from typing import Literal, reveal_type

from cano_dsl import Run, RunData, Workflow, managed, per_run, router, state
from order import Mailer, Order, Reader, RedisStore, Store, Writer


@state(Order.START)
async def start(store: Store, run: Run) -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.PAY)
def pay(redis: RedisStore, mailer: Mailer | None = None, *, limit: int = 3) -> Literal[Order.DONE]: ...
@state(Order.PAY)
async def narrow(store: RedisStore, mailer: Mailer) -> Literal[Order.DONE]: ...
@state(Order.PAY)
async def clash(store: Mailer) -> Literal[Order.DONE]: ...
@router(Order.START)
def reads(source: Reader, limit: float) -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.PAY)
def writes(source: Writer, limit: int) -> Literal[Order.DONE]: ...
@state(Order.PAY)
def counts(data: RunData[int], run: Run | None = None) -> Literal[Order.DONE]: ...
@state(Order.PAY)
def maybe_none(store: Store | None) -> Literal[Order.DONE]: ...
@state(Order.PAY)
def positional(store: Store, /) -> Literal[Order.DONE]: ...


flow = Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED))
reveal_type(flow)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store, redis: order.RedisStore, mailer: order.Mailer | None =, limit: int =]]"
narrowed = Workflow.build(Order, start, narrow, start=Order.START, exits=(Order.DONE, Order.FAILED))
reveal_type(narrowed)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.RedisStore, mailer: order.Mailer]]"
reveal_type(Workflow.build(Order, start, maybe_none, start=Order.START, exits=(Order.DONE, Order.FAILED)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store]]"
reveal_type(Workflow.build(Order, reads, writes, start=Order.START, exits=(Order.DONE, Order.FAILED)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, source: order.Reader, limit: int]]"
reveal_type(Workflow.build(Order, start, positional, start=Order.START, exits=(Order.DONE, Order.FAILED)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*Any, **Any]]"
Workflow.build(Order, start, clash, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Resource "store" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]  # N: fix: give one of the two another name, or annotate both with one type; the earlier is "start" (resources.py:37) (README.md#cano-resource)
data = Workflow.build(Order, start, counts, start=Order.START, exits=(Order.DONE, Order.FAILED), data=int)
reveal_type(data)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], int, [*, store: order.Store]]"
Workflow.build(Order, start, counts, start=Order.START, exits=(Order.DONE, Order.FAILED))  # E: Handler "counts" wants the run's data as int, but the workflow has none  [cano-resource]  # N: fix: give build data=int (README.md#cano-resource)
Workflow.build(Order, start, counts, start=Order.START, exits=(Order.DONE, Order.FAILED), data=str)  # E: Handler "counts" wants the run's data as int, but data= is str  [cano-resource]  # N: fix: annotate the parameter as RunData[str] (README.md#cano-resource)


async def calls(store: Store, redis: RedisStore, mailer: Mailer) -> None:
    reveal_type(await flow.run(store=store, redis=redis))  # N: Revealed type is "Literal[order.Order.DONE] | Literal[order.Order.FAILED]"
    await flow.run(store=store, redis=redis, mailer=mailer, limit=5)
    await flow.run(store=store)  # E: Missing named argument "redis" for "run" of "Workflow"  [call-arg]
    await flow.run(store=mailer, redis=redis)  # E: Argument "store" to "run" of "Workflow" has incompatible type "Mailer"; expected "Store"  [arg-type]
    await flow.run(store=store, redis=redis, extra=1)  # E: Unexpected keyword argument "extra" for "run" of "Workflow"  [call-arg]
    flow.run_sync(store=store)  # E: Missing named argument "redis" for "run_sync" of "Workflow"  [call-arg]
    reveal_type(flow.bind(store=store, redis=redis))  # N: Revealed type is "cano_dsl.workflow._runner.Runner[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None]"
    flow.bind(redis=redis)  # E: Missing named argument "store" for "bind" of "Workflow"  [call-arg]
    flow.bind(store=per_run(Store), redis=per_run(RedisStore))
    data.run_sync(3, store=store)
    data.run_sync("3", store=store)  # E: Argument 1 to "run_sync" of "Workflow" has incompatible type "str"; expected "int | None"  [arg-type]


@dataclass
class Rich:
    store: RedisStore
    mailer: Mailer
@dataclass
class Poor:
    store: Mailer
    redis: RedisStore | None = None
def any_resources(**resources: object) -> None: ...
rich = Workflow.build(Order, start, narrow, start=Order.START, exits=(Order.DONE, Order.FAILED), resources=Rich)
reveal_type(rich)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [store: order.RedisStore, mailer: order.Mailer]]"
Workflow.build(
    Order,
    start,  # E: Resource "store" is wanted as Store here but resources= gives Mailer  [cano-resource]  # N: fix: annotate both with one type (README.md#cano-resource)
    pay,  # E: Resource "redis" is wanted as RedisStore here but resources= gives RedisStore | None  [cano-resource]  # N: fix: annotate both with one type (README.md#cano-resource)
    start=Order.START,
    exits=(Order.DONE, Order.FAILED),
    resources=Poor,
)
Workflow.build(Order, start, narrow, start=Order.START, exits=(Order.DONE, Order.FAILED), resources=Poor)  # E: Resource "store" is wanted as Store here but resources= gives Mailer  [cano-resource]  # N: fix: annotate both with one type (README.md#cano-resource)  # E: Resource "store" is wanted as RedisStore here but resources= gives Mailer  [cano-resource]  # E: Resource "mailer" is wanted here but not provided by resources=  [cano-resource]  # N: fix: add a parameter mailer: Mailer to what resources= names, or give the handler's parameter a default (README.md#cano-resource)
reveal_type(Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED), resources=None))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [*, store: order.Store, redis: order.RedisStore, mailer: order.Mailer | None =, limit: int =]]"
reveal_type(Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED), resources=any_resources))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[order.Order, Literal[order.Order.DONE] | Literal[order.Order.FAILED], None, [**resources: object]]"
