# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint._codec import Codec as Codec
from cano_dsl.checkpoint._memory import MemoryCheckpoints as MemoryCheckpoints
from cano_dsl.checkpoint._protocol import CheckpointStore as CheckpointStore
from cano_dsl.checkpoint._sqlite import SqliteCheckpoints as SqliteCheckpoints
