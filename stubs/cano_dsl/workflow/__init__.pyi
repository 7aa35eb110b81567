# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.workflow._handle import RunHandle as RunHandle
from cano_dsl.workflow._runner import Runner as Runner
from cano_dsl.workflow._workflow import Workflow as Workflow
