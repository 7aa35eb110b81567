"""The facade: a workflow built, checked and run."""

from cano_dsl.workflow._runner import Runner
from cano_dsl.workflow._workflow import Workflow

__all__ = ("Runner", "Workflow")
