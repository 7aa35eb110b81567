# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.errors._attempts import AttemptTimeout as AttemptTimeout, AttemptsExhausted as AttemptsExhausted
from cano_dsl.errors._ends import (
    Cancelled as Cancelled,
    RunTimeout as RunTimeout,
    TransitionsExhausted as TransitionsExhausted,
)
from cano_dsl.errors._finding import Finding as Finding, Severity as Severity
from cano_dsl.errors._guards import CircuitOpen as CircuitOpen, RateLimited as RateLimited
from cano_dsl.errors._join import Branch as Branch, BranchFailure as BranchFailure, JoinFailed as JoinFailed
from cano_dsl.errors._place import RunPlace as RunPlace, Where as Where
from cano_dsl.errors._resource import (
    KeyMissing as KeyMissing,
    ResourceError as ResourceError,
    ResourceFailed as ResourceFailed,
    ResourceMissing as ResourceMissing,
    ResourceUnknown as ResourceUnknown,
    ResourceWrongType as ResourceWrongType,
    RunnerState as RunnerState,
    SetupFailed as SetupFailed,
    StoreError as StoreError,
    ValueWrongType as ValueWrongType,
)
from cano_dsl.errors._root import (
    CanoError as CanoError,
    DefinitionError as DefinitionError,
    GraphError as GraphError,
    InternalError as InternalError,
    PolicyError as PolicyError,
    SignatureError as SignatureError,
)
from cano_dsl.errors._run import (
    HandlerFailed as HandlerFailed,
    LoopRunning as LoopRunning,
    RunError as RunError,
    UndeclaredTransition as UndeclaredTransition,
)
from cano_dsl.errors._saga import CompensationFailed as CompensationFailed, Owed as Owed
from cano_dsl.errors._words import named as named, shown as shown, told as told

__all__ = (
    "AttemptTimeout",
    "AttemptsExhausted",
    "Branch",
    "BranchFailure",
    "Cancelled",
    "CanoError",
    "CircuitOpen",
    "CompensationFailed",
    "DefinitionError",
    "Finding",
    "GraphError",
    "HandlerFailed",
    "InternalError",
    "JoinFailed",
    "KeyMissing",
    "LoopRunning",
    "Owed",
    "PolicyError",
    "RateLimited",
    "ResourceError",
    "ResourceFailed",
    "ResourceMissing",
    "ResourceUnknown",
    "ResourceWrongType",
    "RunError",
    "RunPlace",
    "RunTimeout",
    "RunnerState",
    "SetupFailed",
    "Severity",
    "SignatureError",
    "StoreError",
    "TransitionsExhausted",
    "UndeclaredTransition",
    "ValueWrongType",
    "Where",
    "named",
    "shown",
    "told",
)
