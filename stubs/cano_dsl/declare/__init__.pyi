# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._decorators import router as router, state as state
from cano_dsl.declare._handlers import Handler as Handler
