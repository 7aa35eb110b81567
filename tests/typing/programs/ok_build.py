"""Build, run, bind and configure, with and without `resources=`."""

import asyncio
from typing import Literal, assert_type

from shop import Mailer, Order, Redis, Resources, Store

from cano_dsl import Graph, Health, LogObserver, Runner, Waive, Workflow, state


@state(Order.CHECK)
async def check(store: Store) -> Literal[Order.CHARGE, Order.FAILED]:
    return Order.CHARGE


@state(Order.CHARGE)
def charge(store: Store, mailer: Mailer) -> Literal[Order.DONE]:
    return Order.DONE


def give(*, store: Store, mailer: Mailer) -> None: ...


steps = (check, charge)
free = Workflow.build(Order, *steps, start=Order.CHECK, exits=(Order.DONE, Order.FAILED))
held = Workflow.build(
    Order,
    check,
    charge,
    start=Order.CHECK,
    exits=(Order.DONE, Order.FAILED),
    resources=Resources,
    name="orders",
    waive=[Waive("unreachable", Order.FAILED, "a spare exit"), Waive("resource", None, "as a whole")],
)
named = Workflow.build(
    Order, check, charge, start=Order.CHECK, exits=[Order.DONE, Order.FAILED], resources=give
)
written: Workflow[Order, Order] = free
open_to_all: Workflow[Order, Literal[Order.DONE, Order.FAILED], None, ...] = Workflow.build(
    Order, check, charge, start=Order.CHECK, exits=(Order.DONE, Order.FAILED)
)


def ends(end: Literal[Order.DONE, Order.FAILED]) -> str:
    match end:
        case Order.DONE:
            return "done"
        case Order.FAILED:
            return "failed"


async def exact(flow: Workflow[Order, Literal[Order.DONE, Order.FAILED]]) -> str:
    assert_type(await flow.run(store=Store(), mailer=Mailer()), Literal[Order.DONE, Order.FAILED])
    assert_type(
        flow.bind(store=Store(), mailer=Mailer()), Runner[Order, Literal[Order.DONE, Order.FAILED], None]
    )
    return ends(await flow.run(store=Store(), mailer=Mailer()))


async def main() -> None:
    end: Order = await free.run(store=Store(), mailer=Mailer())
    end = await held.run(None, Store(), Mailer())
    end = await held.run(store=Redis(), mailer=Mailer())
    end = await named.run(store=Store(), mailer=Mailer())
    async with held.bind(Store(), mailer=Mailer()) as runner:
        end = await runner.run()
        end = await runner.run("monday", start=Order.CHARGE)
        assert_type(await runner.health(), Health)
        assert_type(runner.graph, Graph)
    watched = held.configure(observers=[LogObserver()])
    end = await watched.run(store=Store(), mailer=Mailer())
    await exact(open_to_all)
    print(end)


end: Order = held.run_sync(store=Store(), mailer=Mailer())
end = held.bind(Store(), Mailer()).run_sync("tuesday")
assert_type(held.name, str)
assert_type(held.graph, Graph)
assert_type(held.mermaid(), str)
assert_type(f"{held:mermaid}", str)
asyncio.run(main())
