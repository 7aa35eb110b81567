"""The facade: a workflow built, checked and run."""

from cano_dsl.workflow._handle import RunHandle
from cano_dsl.workflow._runner import Runner
from cano_dsl.workflow._workflow import Workflow

__all__ = ("RunHandle", "Runner", "Workflow")
