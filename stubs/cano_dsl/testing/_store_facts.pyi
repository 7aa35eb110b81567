# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint import CheckpointStore as CheckpointStore
from collections.abc import Awaitable, Callable

Check = Callable[[CheckpointStore], Awaitable[None]]
