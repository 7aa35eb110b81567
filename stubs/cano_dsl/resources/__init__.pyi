# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.resources._health import Health as Health
from cano_dsl.resources._store import MemoryStore as MemoryStore
from cano_dsl.resources._wrappers import managed as managed, per_run as per_run
