# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.spec._compensation import CompensationSpec as CompensationSpec
from cano_dsl.spec._definition import (
    CompensationDef as CompensationDef,
    Definition as Definition,
    HandlerDef as HandlerDef,
    Waive as Waive,
)
from cano_dsl.spec._durable import DataCodec as DataCodec
from cano_dsl.spec._handler import (
    HandlerSpec as HandlerSpec,
    Kind as Kind,
    Part as Part,
    Semantics as Semantics,
)
from cano_dsl.spec._join import Join as Join
from cano_dsl.spec._outcomes import Failure as Failure, Joined as Joined, Runs as Runs
from cano_dsl.spec._policies import (
    Breaker as Breaker,
    Limiter as Limiter,
    Policies as Policies,
    Reservation as Reservation,
)
from cano_dsl.spec._policy_def import PolicyDef as PolicyDef
from cano_dsl.spec._retry import Retry as Retry
from cano_dsl.spec._rollback import Rollback as Rollback
from cano_dsl.spec._run import Run as Run, RunData as RunData
from cano_dsl.spec._time import Duration as Duration
