"""The decisions that are the same in every store."""

from typing import Never

from cano_dsl.checkpoint._owner import Owner
from cano_dsl.checkpoint._rows import CLOSED, RunInfo
from cano_dsl.errors import RunConflict, RunEnded


def refused_start(there: RunInfo, workflow: str) -> RunInfo:
    """Give the run of an id that is to be started, if it has finished.

    Raises:
        RunConflict: It can go on, or is one of another workflow.
        RunEnded: It has ended without an exit.
    """
    if there.workflow != workflow:
        raise RunConflict(run_id=there.run_id, reason="foreign", workflow=there.workflow)
    if there.status == "finished":
        return there
    if there.status in CLOSED:
        raise RunEnded(run_id=there.run_id, status=there.status)
    raise RunConflict(run_id=there.run_id, reason="exists")


def owned(run_id: str, owner: Owner, until: float, now: float) -> None:
    """See that a run may be taken from its owner.

    Raises:
        RunConflict: The lease is not over, and the owner is not known to be gone.
    """
    if until > now and not owner.is_gone():
        raise RunConflict(run_id=run_id, reason="owned", owner=str(owner), lease_s=until - now)


def overtaken(run_id: str) -> Never:
    """Refuse a write of somebody who does not own the run any more.

    Raises:
        RunConflict: Always.
    """
    raise RunConflict(run_id=run_id, reason="overtaken")
