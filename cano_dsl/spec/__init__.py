"""Frozen facts: what a decorator records, a workflow by names, and what a handler can ask for by type.

No I/O, no graph, no engine. Everything above reads this package and adds nothing to it.
"""

from cano_dsl.spec._compensation import CompensationSpec
from cano_dsl.spec._definition import (
    COMPENSATION_TIMEOUT_S,
    WAIVABLE,
    WARNS,
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
from cano_dsl.spec._durable import DATA_KEY, DataCodec, Durable, DurableData, fitting
from cano_dsl.spec._handler import (
    EMPTY,
    HandlerSpec,
    Kind,
    NestedSpec,
    Parameter,
    Part,
    Scope,
    Semantics,
    SplitSpec,
)
from cano_dsl.spec._join import Join, Strategy, Verdict, decide, why_not
from cano_dsl.spec._outcomes import BranchSuccess, Failure, Joined, Runs
from cano_dsl.spec._policies import Breaker, Limiter, Policies, Reservation
from cano_dsl.spec._policy_def import PolicyDef, SharedDef, most_wait_s, waits_of
from cano_dsl.spec._retry import Retry, exceptions
from cano_dsl.spec._rollback import Rollback
from cano_dsl.spec._run import Log, Place, Run, RunData, Watch
from cano_dsl.spec._time import Duration, seconds

__all__ = (
    "COMPENSATION_TIMEOUT_S",
    "DATA_KEY",
    "EMPTY",
    "WAIVABLE",
    "WARNS",
    "BranchSuccess",
    "Breaker",
    "CompensationDef",
    "CompensationSpec",
    "DataCodec",
    "Definition",
    "Durable",
    "DurableData",
    "Duration",
    "ErrorDef",
    "Failure",
    "HandlerDef",
    "HandlerSpec",
    "Join",
    "Joined",
    "Kind",
    "Limiter",
    "Log",
    "NestedDef",
    "NestedSpec",
    "Parameter",
    "Part",
    "Place",
    "Policies",
    "PolicyDef",
    "Reservation",
    "Retry",
    "Rollback",
    "Run",
    "RunData",
    "Runs",
    "Scope",
    "Semantics",
    "SharedDef",
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
    "exceptions",
    "fitting",
    "most_wait_s",
    "seconds",
    "waits_of",
    "why_not",
)
