"""Frozen facts: what a decorator records, a workflow by names, and what a handler can ask for by type.

No I/O, no graph, no engine. Everything above reads this package and adds nothing to it.
"""

from cano_dsl.spec._compensation import CompensationSpec
from cano_dsl.spec._definition import (
    WAIVABLE,
    CompensationDef,
    Definition,
    HandlerDef,
    Stray,
    WaivableCode,
    Waive,
    Want,
)
from cano_dsl.spec._duration import in_seconds
from cano_dsl.spec._handler import EMPTY, HandlerSpec, Kind, Parameter, Scope
from cano_dsl.spec._run import Run, RunData

__all__ = (
    "EMPTY",
    "WAIVABLE",
    "CompensationDef",
    "CompensationSpec",
    "Definition",
    "HandlerDef",
    "HandlerSpec",
    "Kind",
    "Parameter",
    "Run",
    "RunData",
    "Scope",
    "Stray",
    "WaivableCode",
    "Waive",
    "Want",
    "in_seconds",
)
