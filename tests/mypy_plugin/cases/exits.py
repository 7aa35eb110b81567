"""The exits are the result of a run, so a match over them is checked to be exhaustive."""

from typing import Literal, assert_never, assert_type

from cano_dsl import Workflow, state
from order import Order


@state(Order.START)
async def start() -> Literal[Order.PAY, Order.FAILED]: ...
@state(Order.PAY)
async def pay() -> Literal[Order.DONE]: ...
flow = Workflow.build(Order, start, pay, start=Order.START, exits=(Order.DONE, Order.FAILED))
named: Workflow[Order, Literal[Order.DONE, Order.FAILED]] = flow
wrong: Workflow[Order, Literal[Order.DONE]] = flow  # E: Incompatible types in assignment (expression has type "Workflow[Order, Literal[Order.DONE, Order.FAILED], None, []]", variable has type "Workflow[Order, Literal[Order.DONE], None, [VarArg(Any), KwArg(Any)]]")  [assignment]


async def main() -> None:
    match await flow.run():
        case Order.DONE: ...
        case Order.FAILED: ...
        case rest: assert_never(rest)
    match await flow.run():
        case Order.DONE: ...
        case rest: assert_never(rest)  # E: Argument 1 to "assert_never" has incompatible type "Literal[Order.FAILED]"; expected "Never"  [arg-type]
    async with flow.bind() as runner:
        assert_type(await runner.run(), Literal[Order.DONE, Order.FAILED])
    assert_type(flow.configure().run_sync(), Literal[Order.DONE, Order.FAILED])
