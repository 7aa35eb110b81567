"""Splits: what is right is silent, `join`, and the resources of branches and of what gives their items."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, Literal, reveal_type

from cano_dsl import Failure, Join, Joined, Retry, Run, Workflow, router, split, state
from order import Mailer, Other, Store


class Ship(Enum):
    ASK = auto()
    CHOOSE = auto()
    SORRY = auto()
    DONE = auto()


async def carriers(store: Store) -> list[str]: ...
async def ups(store: Store, weight: int = 1) -> int: ...
async def dhl(mailer: Mailer) -> str: ...
async def late(store: Mailer) -> int: ...
@state(Ship.CHOOSE)
def choose(prices: Joined[int]) -> Literal[Ship.DONE]: ...
@state(Ship.CHOOSE)
def choose_any(prices: Joined[int | str]) -> Literal[Ship.DONE]: ...
@state(Ship.CHOOSE)
async def choose_text(run: Run, prices: Joined[str] | None) -> Literal[Ship.DONE]: ...
@state(Ship.CHOOSE)
def choose_end(prices: Joined[Ship | int]) -> Literal[Ship.DONE]: ...
@state(Ship.SORRY)
def sorry(failure: Failure) -> Literal[Ship.DONE]: ...
@state(Ship.SORRY)
def sorry_or_not(failure: Failure | None) -> Literal[Ship.DONE]: ...
@state(Ship.ASK)
def ask() -> Literal[Ship.CHOOSE, Ship.SORRY]: ...


# Items that are known, and a run's.
@split(Ship.ASK, over=("ups", "dhl"), join=Join.quorum(2), to=Ship.CHOOSE, on_error=Ship.SORRY)
async def listed(carrier: str, store: Store, run: Run) -> int: ...
reveal_type(listed)  # N: Revealed type is "cano_dsl.declare._handlers.AsyncSplit[joins.Ship, Literal[joins.Ship.ASK], [store: order.Store, run: cano_dsl.spec._run.Run], Literal[joins.Ship.CHOOSE], str, int, [], tuple[Literal['{"join": ["quorum", 2], "count": 2, "errors": [["SORRY", ""]]}'], int]]"
@split(Ship.ASK, over=carriers, join=Join.percentage(0.5), to=Ship.CHOOSE, timeout=2, bulkhead=4, on_error={ValueError: Ship.SORRY, Exception: Ship.DONE}, thread=True)
def given(carrier: str, mailer: Mailer) -> int: ...
reveal_type(given)  # N: Revealed type is "cano_dsl.declare._handlers.PlainSplit[joins.Ship, Literal[joins.Ship.ASK], [mailer: order.Mailer], Literal[joins.Ship.CHOOSE], str, int, [store: order.Store], tuple[Literal['{"join": ["percentage", null, 0.5], "timeout": 2.0, "bulkhead": 4, "errors": [["SORRY", "ValueError"], ["DONE", ""]]}'], int]]"
async def calls(run: Run) -> None:
    reveal_type(await listed("ups", Store(), run))  # N: Revealed type is "int"
    reveal_type(given("ups", Mailer()))  # N: Revealed type is "int"
flow = Workflow.build(Ship, listed, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
reveal_type(flow)  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[joins.Ship, Literal[joins.Ship.DONE], None, [*, store: order.Store]]"
reveal_type(Workflow.build(Ship, given, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[joins.Ship, Literal[joins.Ship.DONE], None, [*, mailer: order.Mailer, store: order.Store]]"


# Branches of their own; a workflow is one too.
both = split(Ship.ASK, ups, dhl, join=Join.any(), to=Ship.CHOOSE, on_error=Ship.SORRY)
reveal_type(both)  # N: Revealed type is "cano_dsl.declare._handlers.Gather[joins.Ship, Literal[joins.Ship.ASK], [*, store: order.Store, weight: int =, mailer: order.Mailer], Literal[joins.Ship.CHOOSE], int | str, tuple[Literal['{"join": ["any", null], "count": 2, "errors": [["SORRY", ""]], "branches": ["ups", "dhl"]}'], int, str]]"
reveal_type(Workflow.build(Ship, both, choose_any, sorry, start=Ship.ASK, exits=(Ship.DONE,)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[joins.Ship, Literal[joins.Ship.DONE], None, [*, store: order.Store, weight: int =, mailer: order.Mailer]]"
nested = split(Ship.ASK, ups, flow, join=Join.all(), to=Ship.CHOOSE, on_error=Ship.SORRY)
reveal_type(nested)  # N: Revealed type is "cano_dsl.declare._handlers.Gather[joins.Ship, Literal[joins.Ship.ASK], [*, store: order.Store, weight: int =, store: order.Store], Literal[joins.Ship.CHOOSE], int | Literal[joins.Ship.DONE], tuple[Literal['{"join": ["all", null], "count": 2, "errors": [["SORRY", ""]], "branches": ["ups", "Ship"], "shown": {"1": "Ship"}}'], int, Literal[joins.Ship.DONE]]]"
reveal_type(Workflow.build(Ship, nested, choose_end, sorry, start=Ship.ASK, exits=(Ship.DONE,)))  # N: Revealed type is "cano_dsl.workflow._workflow.Workflow[joins.Ship, Literal[joins.Ship.DONE], None, [*, store: order.Store, weight: int =]]"
Workflow.build(Ship, split(Ship.ASK, ups, late, join=Join.all(), to=Ship.CHOOSE, on_error=Ship.SORRY), choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Resource "store" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]  # N: fix: give one of the two another name, or annotate both with one type; the earlier is "ask" (joins.py:60) (README.md#cano-resource)


# A join that cannot be satisfied.
N: Final = 3
def joined(join: Join, seconds: float | None, some: tuple[str, ...], to: Ship, errors: Mapping[type[Exception], Ship]) -> None:
    @split(Ship.ASK, over=["ups", "dhl"], join=Join.quorum(N), to=Ship.CHOOSE, on_error=Ship.SORRY)
    async def too_many(carrier: str) -> int: ...
    Workflow.build(Ship, too_many, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "too_many": quorum(3) needs 3 successes of 2 branches  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)
    @split(Ship.ASK, over=range(1, 3), join=Join.partial_results(-1), to=Ship.CHOOSE, on_error=Ship.SORRY, bulkhead=0)
    async def below(number: int) -> int: ...
    Workflow.build(Ship, below, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "below": n of partial_results(-1) is not at least 1  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)  # E: Split "below": bulkhead=0 would start no branch  [cano-join]  # N: fix: give at least 1, or leave it out for all (README.md#cano-join)
    @split(Ship.ASK, over=carriers, join=Join.partial_timeout(), to=Ship.CHOOSE, on_error=Ship.SORRY)
    async def endless(carrier: str) -> int: ...
    Workflow.build(Ship, endless, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "endless": partial_timeout has no timeout  [cano-join]  # N: fix: give timeout=, in seconds (README.md#cano-join)
    one = split(Ship.ASK, ups, join=Join.percentage(1.5), to=Ship.CHOOSE, on_error=Ship.SORRY)
    Workflow.build(Ship, one, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Split "ask": p of percentage(1.5) is not above 0 and at most 1  [cano-join]  # N: fix: change the number, or the branches (README.md#cano-join)
    # What cannot be seen is taken to be right.
    @split(Ship.ASK, over=some, join=join, to=Ship.CHOOSE, timeout=seconds, on_error=Ship.SORRY)
    async def unseen(carrier: str) -> int: ...
    Workflow.build(Ship, unseen, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
    @split(Ship.ASK, over=some, join=Join.quorum(9), to=Ship.CHOOSE, on_error=Ship.SORRY, retry=Retry.fixed(2, 0.5))
    async def many(carrier: str) -> int: ...
    Workflow.build(Ship, many, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
    @split(Ship.ASK, over=some, join=Join.partial_timeout(), to=Ship.CHOOSE, timeout=seconds, on_error=errors)
    async def anywhere(carrier: str) -> int: ...
    Workflow.build(Ship, anywhere, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))
    @split(Ship.ASK, over=some, join=Join.all(), to=to)
    async def somewhere(carrier: str) -> int: ...
    Workflow.build(Ship, somewhere, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))


# Outcomes and failures are asked for where they are.
Workflow.build(Ship, listed, choose_text, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Handler "choose_text" wants outcomes as Joined[str], but branches of split Ship.ASK return int  [cano-join]  # N: fix: annotate the parameter as Joined[int] (README.md#cano-join)
Workflow.build(Ship, both, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Handler "choose" wants outcomes as Joined[int], but branches of split Ship.ASK return str  [cano-join]  # N: fix: annotate the parameter as Joined[int | str] (README.md#cano-join)
Workflow.build(Ship, ask, choose, sorry_or_not, start=Ship.ASK, exits=(Ship.DONE,))  # E: Handler "choose" wants the outcomes of a split, but Ship.ASK, which is no split, leads there  [cano-join]  # N: fix: annotate the parameter as Joined[int] | None (README.md#cano-join)
Workflow.build(Ship, ask, choose_text, sorry_or_not, start=Ship.ASK, exits=(Ship.DONE,))
Workflow.build(Ship, ask, choose_text, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Handler "sorry" wants the failure of an error edge, but Ship.ASK leads there without one  [cano-resource]  # N: fix: annotate the parameter as Failure | None (README.md#cano-resource)
@split(Ship.ASK, over=("ups", "dhl"), join=Join.all(), to=Ship.SORRY, on_error=Ship.CHOOSE)
async def crossed(carrier: str) -> int: ...
Workflow.build(Ship, crossed, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: Handler "choose" wants the outcomes of a split, but an error of Ship.ASK leads there  [cano-join]  # N: fix: annotate the parameter as Joined[int] | None (README.md#cano-join)  # E: Handler "sorry" wants the failure of an error edge, but Ship.ASK leads there without one  [cano-resource]  # N: fix: annotate the parameter as Failure | None (README.md#cano-resource)
@split(Ship.ASK, over=("ups", "dhl"), join=Join.all(), to=Ship.CHOOSE)
async def no_edge(carrier: str) -> int: ...
Workflow.build(Ship, no_edge, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: State Ship.SORRY is unreachable from Ship.ASK  [cano-unreachable]  # N: fix: declare Ship.SORRY as a target of a handler that runs, or remove it (README.md#cano-unreachable)


# States that are none.
def where(ship: Ship) -> None:
    split(ship, ups, join=Join.all(), to=Ship.CHOOSE)  # E: split(…) must be one member of Ship, got a value of type Ship  [cano-state]  # N: fix: give a member of Ship, such as Ship.ASK (README.md#cano-state)
    @split(ship, over=("ups",), join=Join.all(), to=Ship.CHOOSE)  # E: split(…) must be one member of Ship, got a value of type Ship  [cano-state]  # N: fix: give a member of Ship, such as Ship.ASK (README.md#cano-state)
    async def anyone(carrier: str) -> int: ...
split(Ship.ASK, ups, join=Join.all(), to=Other.A)  # E: Handler "ask" may go to Other.A, not a member of Ship  [cano-transition]  # N: fix: name only members of Ship (README.md#cano-transition)
@split(Ship.ASK, over=("ups",), join=Join.all(), to=Other.A)  # E: Handler "abroad" may go to Other.A, not a member of Ship  [cano-transition]  # N: fix: name only members of Ship (README.md#cano-transition)
async def abroad(carrier: str) -> int: ...
@split(Ship.ASK, over=("ups",), join=Join.all(), to=Ship.CHOOSE, on_error={OSError: Other.A, ValueError: Ship.SORRY})
async def strayed(carrier: str) -> int: ...
Workflow.build(Ship, strayed, choose, sorry, start=Ship.ASK, exits=(Ship.DONE,))  # E: on_error= of handler "strayed" must be one member of Ship, got Other.A  [cano-state]  # N: fix: give a member of Ship, such as Ship.ASK (README.md#cano-state)
@split(Ship.ASK, over=("ups",), join=Join.all(), to=Ship.CHOOSE, thread=True)
def blocking(carrier: str, store: Store) -> int: ...
