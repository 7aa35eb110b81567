"""Print splits and transitions beside other workflow libraries, in one process and in turns.

    pip install -e '.[bench-peers]'
    python tools/bench/peers.py

A peer that is not installed is skipped, with a line that says so. Each does the same work in the way that its
own documents show: a split of 100 branches that are added up, a cycle of two states that counts to 500, and a
shorter one, each step of which is written to a file before the next begins.
"""

import argparse
import atexit
import importlib
import operator
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import BRANCHES, LOOP, Counter, Limit, by_hand_two, fan, repeated, same, task_group
from ratios import seconds, time_text

from cano_dsl import SqliteCheckpoints, Workflow, state

TURNS = 500  # around the cycle of two states
SAVED = 100  # around the cycle whose steps are written
Once = Callable[[], Any]


class Peer(NamedTuple):
    """One way to do a thing.

    Attributes:
        name: What it is called in the table.
        package: What has to be installed; empty for what always is.
        make: Gives what does it once, and gives the result.
    """

    name: str
    package: str
    make: Callable[[], Once]


def _module(name: str) -> Any:
    return importlib.import_module(name)  # untyped, as a peer need not be there for the type checker


def langgraph_split() -> Once:
    """Send each number to a node, and add up what a reducer has collected."""
    graph, types = _module("langgraph.graph"), _module("langgraph.types")

    class Numbers(TypedDict):
        numbers: Annotated[list[int], operator.add]
        total: int

    async def branch(one: dict[str, int]) -> dict[str, list[int]]:
        return {"numbers": [await same(one["number"])]}

    async def add_up(found: Numbers) -> dict[str, int]:
        return {"total": sum(found["numbers"])}

    async def spread(_: Numbers) -> list[Any]:  # a plain function would go to a thread
        return [types.Send("branch", {"number": number}) for number in range(BRANCHES)]

    builder = graph.StateGraph(Numbers)
    builder.add_node("branch", branch)
    builder.add_node("add_up", add_up)
    builder.add_conditional_edges(graph.START, spread, ["branch"])
    builder.add_edge("branch", "add_up")
    builder.add_edge("add_up", graph.END)
    compiled = builder.compile()

    async def run() -> int:
        return (await compiled.ainvoke({"numbers": []}))["total"]  # type: ignore[no-any-return]

    return repeated(run, 1)


def pydantic_graph_split() -> Once:
    """Map a step over the numbers, and join with a reducer that adds up."""
    graph = _module("pydantic_graph")
    builder = graph.GraphBuilder(output_type=int)

    async def spread(_: Any) -> list[int]:
        return list(range(BRANCHES))

    async def branch(context: Any) -> int:
        return await same(context.inputs)

    first, second = builder.step(spread), builder.step(branch)
    total = builder.join(graph.reduce_sum, initial=0)
    builder.add(
        builder.edge_from(builder.start_node).to(first),
        builder.edge_from(first).map().to(second),
        builder.edge_from(second).to(total),
        builder.edge_from(total).to(builder.end_node),
    )
    return repeated(builder.build().run, 1)


class Cycle(Enum):
    """Two states and an exit."""

    A = 1
    B = 2
    DONE = 3


@state(Cycle.A)
async def there(counter: Counter, limit: Limit) -> Literal[Cycle.B]:
    """Go there."""
    return Cycle.B


@state(Cycle.B)
async def and_back(counter: Counter, limit: Limit) -> Literal[Cycle.A, Cycle.DONE]:
    """Count, and go back until it is enough."""
    counter.value += 1
    return Cycle.A if counter.value < TURNS else Cycle.DONE


def cano_cycle() -> Once:
    """Run a workflow of two states."""
    flow = Workflow.build(Cycle, there, and_back, start=Cycle.A, exits=(Cycle.DONE,))

    async def run() -> int:
        counter = Counter()
        await flow.run(counter=counter, limit=Limit())
        return counter.value

    return repeated(run, 1)


def by_hand_cycle() -> Once:
    """Loop over a dict keyed by the Enum."""
    table: dict[Any, Any] = {handler.spec.at: handler.spec.fn for handler in (there, and_back)}

    async def run() -> int:
        counter = Counter()
        await by_hand_two(table, Cycle.A, counter, Limit())
        return counter.value

    return repeated(run, 1)


def _langgraph(turns: int) -> Any:
    """Build a graph of two nodes; a conditional edge ends it."""
    graph = _module("langgraph.graph")

    class Count(TypedDict):
        n: int

    async def go(_: Count) -> dict[str, int]:
        return {}

    async def count(found: Count) -> dict[str, int]:
        return {"n": found["n"] + 1}

    async def following(found: Count) -> str:
        return "go" if found["n"] < turns else str(graph.END)

    builder = graph.StateGraph(Count)
    builder.add_node("go", go)
    builder.add_node("count", count)
    builder.add_edge(graph.START, "go")
    builder.add_edge("go", "count")
    builder.add_conditional_edges("count", following)
    return builder


def langgraph_cycle() -> Once:
    """Go round two nodes."""
    compiled = _langgraph(TURNS).compile()

    async def run() -> int:
        found = await compiled.ainvoke({"n": 0}, {"recursion_limit": 2 * TURNS + 2})
        return found["n"]  # type: ignore[no-any-return]

    return repeated(run, 1)


def pydantic_graph_cycle() -> Once:
    """Go round two steps; a decision ends it."""
    graph = _module("pydantic_graph")
    builder = graph.GraphBuilder(state_type=Counter, output_type=int)

    async def go(_: Any) -> None: ...

    async def count(context: Any) -> Literal["again", "enough"]:
        context.state.value += 1
        return "again" if context.state.value < TURNS else "enough"

    async def result(context: Any) -> int:
        return context.state.value  # type: ignore[no-any-return]

    first, second, last = builder.step(go), builder.step(count), builder.step(result)
    again = builder.match(graph.TypeExpression[Literal["again"]]).to(first)
    enough = builder.match(graph.TypeExpression[Literal["enough"]]).to(last)
    builder.add(
        builder.edge_from(builder.start_node).to(first),
        builder.edge_from(first).to(second),
        builder.edge_from(second).to(builder.decision().branch(again).branch(enough)),
        builder.edge_from(last).to(builder.end_node),
    )
    compiled = builder.build()
    return repeated(lambda: compiled.run(state=Counter()), 1)


def cano_saved() -> Once:
    """Run a workflow with a log in a file."""
    flow = Workflow.build(Cycle, there, and_back, start=Cycle.A, exits=(Cycle.DONE,))

    async def run() -> int:
        counter = Counter()
        counter.value = TURNS - SAVED
        with tempfile.TemporaryDirectory() as folder:
            async with SqliteCheckpoints(Path(folder, "runs.db")) as store:
                await flow.configure(checkpoints=store).run(counter=counter, limit=Limit())
        return counter.value - TURNS + SAVED

    return repeated(run, 1)


def langgraph_saved() -> Once:
    """Go round two nodes with the SQLite saver, each step written before the next."""
    saver = _module("langgraph.checkpoint.sqlite.aio").AsyncSqliteSaver
    builder = _langgraph(SAVED)

    async def run() -> int:
        config = {"recursion_limit": 2 * SAVED + 2, "configurable": {"thread_id": "r"}}
        with tempfile.TemporaryDirectory() as folder:
            async with saver.from_conn_string(f"{folder}/runs.db") as checkpoints:
                compiled = builder.compile(checkpointer=checkpoints)
                found = await compiled.ainvoke({"n": 0}, config, durability="sync")
        return found["n"]  # type: ignore[no-any-return]

    return repeated(run, 1)


def dbos_saved() -> Once:
    """Call two steps in turn in a workflow whose system database is a SQLite file."""
    dbos = _module("dbos").DBOS
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    url = f"sqlite:///{folder.name}/runs.db"
    dbos(
        config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "run_admin_server": False}
    )

    async def go(n: int) -> int:
        return n

    async def count(n: int) -> int:
        return n + 1

    first, second = dbos.step()(go), dbos.step()(count)

    async def run() -> int:
        n = 0
        while n < SAVED:
            n = await second(await first(n))
        return n

    flow = dbos.workflow()(run)
    dbos.launch()
    atexit.register(dbos.destroy)
    return repeated(flow, 1)


def transitions_cycle() -> Once:
    """Trigger an asynchronous machine of two states."""
    machine = _module("transitions.extensions.asyncio").AsyncMachine

    class Model(Counter):
        go: Any

        async def count(self) -> None:
            self.value += 1

    async def run() -> int:
        model.value = 0
        while model.value < TURNS:
            await model.go()
        return model.value

    model = Model()
    states = ["a", {"name": "b", "on_enter": "count"}]
    machine(model, states=states, initial="a", transitions=[["go", "a", "b"], ["go", "b", "a"]])
    return repeated(run, 1)


def burr_cycle() -> Once:
    """Run an application of two actions until a third."""
    core = _module("burr.core")

    async def keep(state: Any) -> Any:
        return state

    async def count(state: Any) -> Any:
        return state.update(n=state["n"] + 1)

    keeping = core.action(reads=[], writes=[])
    actions = {"go": keeping(keep), "count": core.action(reads=["n"], writes=["n"])(count)}
    edges = [("go", "count"), ("count", "go", core.expr(f"n < {TURNS}")), ("count", "done")]

    async def run() -> int:
        builder = core.ApplicationBuilder().with_actions(**actions, done=keeping(keep))
        application = builder.with_transitions(*edges).with_state(n=0).with_entrypoint("go").build()
        _, _, found = await application.arun(halt_after=["done"])
        return found["n"]  # type: ignore[no-any-return]

    return repeated(run, 1)


SPLIT = (
    Peer("asyncio.TaskGroup", "", lambda: repeated(task_group, 1)),
    Peer("cano_dsl split", "", lambda: repeated(fan(same, BRANCHES), 1)),
    Peer("langgraph Send", "langgraph", langgraph_split),
    Peer("pydantic-graph map", "pydantic-graph", pydantic_graph_split),
)
CYCLE = (
    Peer("loop by hand", "", by_hand_cycle),
    Peer("cano_dsl", "", cano_cycle),
    Peer("langgraph", "langgraph", langgraph_cycle),
    Peer("pydantic-graph", "pydantic-graph", pydantic_graph_cycle),
    Peer("transitions", "transitions", transitions_cycle),
    Peer("burr", "burr", burr_cycle),
)


DURABLE = (
    Peer("cano_dsl", "", cano_saved),
    Peer("langgraph SqliteSaver", "langgraph-checkpoint-sqlite", langgraph_saved),
    Peer("DBOS", "dbos", dbos_saved),
)


def installed(peer: Peer) -> bool:
    """Tell whether a peer can be measured."""
    try:
        return not peer.package or bool(version(peer.package))
    except PackageNotFoundError:
        return False


def compared(peers: Sequence[Peer], per: int, wanted: int, turns: int) -> list[str]:
    """Let those that are installed take turns, and write a line for each; ratios are of the first.

    Raises:
        ValueError: One gives another result than it should.
    """
    ready = {peer: peer.make() for peer in peers if installed(peer)}
    for peer, once in ready.items():
        result = once()
        if result != wanted:
            raise ValueError(f"{peer.name} gives {result}, not {wanted}")
    times: dict[Peer, list[float]] = {peer: [] for peer in ready}
    for _ in range(turns):
        for peer, once in ready.items():
            times[peer].append(seconds(once) / per)
    medians = {peer: statistics.median(found) for peer, found in times.items()}
    return [line(peer, medians.get(peer), medians[peers[0]]) for peer in peers]


def line(peer: Peer, median: float | None, first: float) -> str:
    """Write one line of the table."""
    if median is None:
        return f"  {peer.name:<28}skipped: {peer.package} is not installed"
    name = f"{peer.name} {version(peer.package)}" if peer.package else peer.name
    return f"  {name:<28}{time_text(median):>10}{median / first:>9.1f} x"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=15, help="how often each is measured")
    turns: int = parser.parse_args().turns
    print(f"a branch of a split of {BRANCHES}")
    print(*compared(SPLIT, BRANCHES, sum(range(BRANCHES)), turns), sep="\n")
    print(f"a transition, of {2 * TURNS}")
    print(*compared(CYCLE, 2 * TURNS, TURNS, turns), sep="\n")
    print(f"a transition that is written to a file, of {2 * SAVED}")
    print(*compared(DURABLE, 2 * SAVED, SAVED, max(1, turns // 3)), sep="\n")
    LOOP.close()


if __name__ == "__main__":
    main()
