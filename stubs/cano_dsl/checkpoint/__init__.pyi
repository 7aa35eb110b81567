# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint._codec import Codec as Codec
from cano_dsl.checkpoint._memory import MemoryCheckpoints as MemoryCheckpoints
from cano_dsl.checkpoint._owner import Owner as Owner
from cano_dsl.checkpoint._protocol import CheckpointStore as CheckpointStore
from cano_dsl.checkpoint._rows import (
    Change as Change,
    Claim as Claim,
    NewRun as NewRun,
    Page as Page,
    RunInfo as RunInfo,
    SavedRun as SavedRun,
    Status as Status,
    Unit as Unit,
)
from cano_dsl.checkpoint._sqlite import SqliteCheckpoints as SqliteCheckpoints
