# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.spec._definition import Definition as Definition, HandlerDef as HandlerDef, Waive as Waive
from cano_dsl.spec._handler import HandlerSpec as HandlerSpec, Kind as Kind
from cano_dsl.spec._run import Run as Run, RunData as RunData
