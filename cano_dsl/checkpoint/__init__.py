"""The log of runs: rows, the stores that keep them, and values as bytes; the only home of sqlite3.

What is written when, and what follows from it on resume, is the engine's.
"""

from cano_dsl.checkpoint._codec import Codec
from cano_dsl.checkpoint._gather import Durables
from cano_dsl.checkpoint._memory import MemoryCheckpoints
from cano_dsl.checkpoint._owner import LEASE_S, RENEW_S, Owner
from cano_dsl.checkpoint._protocol import CheckpointStore
from cano_dsl.checkpoint._rows import (
    CLOSED,
    NOTHING,
    OPEN,
    ROW_KINDS,
    STATUSES,
    Change,
    Changes,
    Claim,
    NewRun,
    Page,
    Row,
    RowKind,
    RunInfo,
    SavedRun,
    Status,
    Unit,
    difference,
    in_force,
)
from cano_dsl.checkpoint._rules import refused_start
from cano_dsl.checkpoint._sqlite import SqliteCheckpoints

__all__ = (
    "CLOSED",
    "LEASE_S",
    "NOTHING",
    "OPEN",
    "RENEW_S",
    "ROW_KINDS",
    "STATUSES",
    "Change",
    "Changes",
    "CheckpointStore",
    "Claim",
    "Codec",
    "Durables",
    "MemoryCheckpoints",
    "NewRun",
    "Owner",
    "Page",
    "Row",
    "RowKind",
    "RunInfo",
    "SavedRun",
    "SqliteCheckpoints",
    "Status",
    "Unit",
    "difference",
    "in_force",
    "refused_start",
)
