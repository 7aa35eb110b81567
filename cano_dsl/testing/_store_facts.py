"""What the checks of checkpoint stores write."""

from collections.abc import Awaitable, Callable
from typing import Any

from cano_dsl.checkpoint import CheckpointStore, Claim, NewRun, Owner, Row, Unit
from cano_dsl.errors import StoreError

Check = Callable[[CheckpointStore], Awaitable[None]]

NOW = 1_700_000_000.0
GRAPH = '{"states": ["A", "B"]}'


def new_run(run_id: str = "one", workflow: str = "jobs", start: str = "A") -> NewRun:
    """Describe a run."""
    return NewRun(run_id, workflow, 3, "f1", GRAPH, start)


def entered(sequence: int, state: str = "A", **more: Any) -> Row:
    """Make a plain row."""
    return Row(sequence, "entered", NOW + sequence, state, **more)


async def begun(store: CheckpointStore, run_id: str = "one", unit: Unit | None = None) -> Claim:
    """Start a run with one row."""
    first = unit if unit is not None else Unit([entered(0)], {"a": b"0"})
    claim = await store.start(new_run(run_id), first, owner=Owner.here(), now=NOW)
    assert isinstance(claim, Claim), claim
    return claim


async def refused(error: type[StoreError], call: Awaitable[Any]) -> Any:
    """See that a call is refused, and give the error."""
    try:
        found = await call
    except error as raised:
        return raised
    raise AssertionError(f"this must raise {error.__name__}, and gave {found!r}")
