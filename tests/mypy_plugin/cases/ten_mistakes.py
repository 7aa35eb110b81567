"""Ten mistakes, ten errors."""

from enum import Enum, auto
from typing import Literal

from cano_dsl import Workflow, router, state
from order import Mailer, Other, Store


class Parcel(Enum):
    WEIGH = auto()
    ROUTE = auto()
    AIR = auto()
    SEA = auto()
    WAIT = auto()
    CUSTOMS = auto()
    HOME = auto()
    RETURNED = auto()


class Visit(Enum):
    RING = auto()
    KNOCK = auto()
    LEFT = auto()


@state(Parcel.WEIGH)
async def weigh(store: Store) -> Literal[Parcel.ROUTE, Parcel.WAIT]: ...
@router(Parcel.ROUTE)  # E: Handler "anywhere" must declare its next states as Literal[Parcel.X, ...], got the whole Parcel  [cano-transition]  # N: fix: annotate the return as Literal[Parcel.X, ...] with each state it may go to, or give router(…, to=(…)) (README.md#cano-transition)
def anywhere(store: Store) -> Parcel: ...
@router(Parcel.ROUTE)
def route(store: Store) -> Literal[Parcel.AIR, Parcel.SEA]: ...
@state(Parcel.AIR)
async def air(store: Mailer) -> Literal[Parcel.HOME]: ...
@state(Parcel.SEA)  # E: Handler "overboard" may go to Other.A, not a member of Parcel  [cano-transition]  # N: fix: name only members of Parcel (README.md#cano-transition)
async def overboard(store: Store) -> Literal[Parcel.HOME, Other.A]: ...
@state(Parcel.SEA)
async def sea(store: Store) -> Literal[Parcel.HOME, Parcel.CUSTOMS]: ...
@state(Parcel.WAIT)
def wait() -> Literal[Parcel.WAIT]: ...
@state(Parcel.HOME)
def home() -> Literal[Parcel.RETURNED]: ...


parcels = Workflow.build(  # E: Workflow does not handle Parcel.CUSTOMS (neither handled nor an exit)  [cano-exhaustive]  # N: fix: give build a handler for Parcel.CUSTOMS, or name it in exits= (README.md#cano-exhaustive)
    Parcel,
    weigh,
    route,
    route,  # E: State Parcel.ROUTE has more than one handler  [cano-duplicate]  # N: fix: keep one; the first is "route" (ten_mistakes.py:48) (README.md#cano-duplicate)
    air,  # E: Resource "store" is wanted as Mailer here but as Store by an earlier handler  [cano-resource]  # N: fix: give one of the two another name, or annotate both with one type; the earlier is "weigh" (ten_mistakes.py:47) (README.md#cano-resource)
    sea,
    wait,  # E: No exit can be reached from state Parcel.WAIT: it only leads Parcel.WAIT → Parcel.WAIT  [cano-dead-end]  # N: fix: give a handler of this cycle a target outside it; if it must run until it is cancelled, Waive("dead-end", Parcel.WAIT, "why") (README.md#cano-dead-end)
    home,  # E: State Parcel.HOME is an exit, so its handler would never run  [cano-exit]  # N: fix: remove the handler, or take the state out of exits= (README.md#cano-exit)
    start=Parcel.WEIGH,
    exits=(
        Parcel.HOME,
        Parcel.RETURNED,
    ),
)


@state(Visit.RING)
def ring() -> Literal[Visit.LEFT]: ...
@state(Visit.KNOCK)
def knock() -> Literal[Visit.LEFT]: ...


visits = Workflow.build(
    Visit,
    ring,
    knock,  # E: State Visit.KNOCK is unreachable from Visit.RING  [cano-unreachable]  # N: fix: declare Visit.KNOCK as a target of a handler that runs, or remove it (README.md#cano-unreachable)
    start=Visit.RING,
    exits=(Visit.LEFT,),
)
both = [ring, knock]
hidden = Workflow.build(Visit, *both, start=Visit.RING, exits=(Visit.LEFT,))  # E: Workflow cannot be checked, as these handlers cannot be seen by a type checker  [cano-dynamic]  # N: fix: give handlers one by one, or a tuple of them with a star (README.md#cano-dynamic)


def at(visit: Visit) -> None:
    @state(visit)  # E: state(…) must be one member of Visit, got a value of type Visit  [cano-state]  # N: fix: give a member of Visit, such as Visit.RING (README.md#cano-state)
    def rings_again() -> Literal[Visit.LEFT]: ...
