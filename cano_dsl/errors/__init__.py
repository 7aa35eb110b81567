"""The hierarchy of errors, the place each happened at, and findings.

Each error carries its facts as fields, prints a sentence that says what to do, and survives copy and
pickle. May be imported by every other package; imports none of them.
"""

from cano_dsl.errors._attempts import AttemptsExhausted, AttemptTimeout
from cano_dsl.errors._checkpoint import (
    FingerprintMismatch,
    NotEncodable,
    RunConflict,
    RunEnded,
    RunNotFound,
    RunParked,
    StoreCorrupt,
    StoreUnavailable,
    VersionMismatch,
)
from cano_dsl.errors._ends import Cancelled, RunTimeout, TransitionsExhausted
from cano_dsl.errors._finding import Finding, Severity
from cano_dsl.errors._guards import CircuitOpen, RateLimited
from cano_dsl.errors._join import Branch, BranchFailure, JoinFailed
from cano_dsl.errors._place import RunPlace, Where
from cano_dsl.errors._resource import (
    KeyMissing,
    ResourceError,
    ResourceFailed,
    ResourceMissing,
    ResourceUnknown,
    ResourceWrongType,
    RunnerState,
    SetupFailed,
    StoreError,
    ValueWrongType,
)
from cano_dsl.errors._root import (
    CanoError,
    DefinitionError,
    GraphError,
    InternalError,
    PolicyError,
    SignatureError,
)
from cano_dsl.errors._run import HandlerFailed, LoopRunning, RunError, UndeclaredTransition
from cano_dsl.errors._saga import CompensationFailed, Owed
from cano_dsl.errors._saved import SavedError
from cano_dsl.errors._words import named, shown, told

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
    "FingerprintMismatch",
    "GraphError",
    "HandlerFailed",
    "InternalError",
    "JoinFailed",
    "KeyMissing",
    "LoopRunning",
    "NotEncodable",
    "Owed",
    "PolicyError",
    "RateLimited",
    "ResourceError",
    "ResourceFailed",
    "ResourceMissing",
    "ResourceUnknown",
    "ResourceWrongType",
    "RunConflict",
    "RunEnded",
    "RunError",
    "RunNotFound",
    "RunParked",
    "RunPlace",
    "RunTimeout",
    "RunnerState",
    "SavedError",
    "SetupFailed",
    "Severity",
    "SignatureError",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "TransitionsExhausted",
    "UndeclaredTransition",
    "ValueWrongType",
    "VersionMismatch",
    "Where",
    "named",
    "shown",
    "told",
)
