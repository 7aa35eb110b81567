"""Frozen facts: what a decorator records, a workflow by names, and what a handler can ask for by type.

No I/O, no graph, no engine. Everything above reads this package and adds nothing to it.
"""

from cano_dsl.spec._compensation import CompensationSpec
from cano_dsl.spec._definition import (
    WAIVABLE,
    CompensationDef,
    Definition,
    ErrorDef,
    HandlerDef,
    NestedDef,
    SplitDef,
    Stray,
    WaivableCode,
    Waive,
    Want,
)
from cano_dsl.spec._handler import EMPTY, HandlerSpec, Kind, NestedSpec, Parameter, Part, Scope, SplitSpec
from cano_dsl.spec._join import Join, Strategy, Verdict, decide, why_not
from cano_dsl.spec._outcomes import BranchSuccess, Failure, Joined, Runs
from cano_dsl.spec._policies import Breaker, Limiter, Policies, Reservation
from cano_dsl.spec._retry import Retry
from cano_dsl.spec._run import Place, Run, RunData, Watch
from cano_dsl.spec._time import Duration, seconds

__all__ = (
    "EMPTY",
    "WAIVABLE",
    "BranchSuccess",
    "Breaker",
    "CompensationDef",
    "CompensationSpec",
    "Definition",
    "Duration",
    "ErrorDef",
    "Failure",
    "HandlerDef",
    "HandlerSpec",
    "Join",
    "Joined",
    "Kind",
    "Limiter",
    "NestedDef",
    "NestedSpec",
    "Parameter",
    "Part",
    "Place",
    "Policies",
    "Reservation",
    "Retry",
    "Run",
    "RunData",
    "Runs",
    "Scope",
    "SplitDef",
    "SplitSpec",
    "Strategy",
    "Stray",
    "Verdict",
    "WaivableCode",
    "Waive",
    "Want",
    "Watch",
    "decide",
    "seconds",
    "why_not",
)
