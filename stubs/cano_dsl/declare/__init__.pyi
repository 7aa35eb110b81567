# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._compensate import Compensation as Compensation, compensate as compensate
from cano_dsl.declare._handlers import Handler as Handler
from cano_dsl.declare._nested import Nested as Nested
from cano_dsl.declare._split import split as split
from cano_dsl.declare._states import router as router, state as state
