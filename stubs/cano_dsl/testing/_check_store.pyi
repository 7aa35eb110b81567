# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint import CheckpointStore as CheckpointStore
from cano_dsl.testing._claim_checks import CLAIM_CHECKS as CLAIM_CHECKS
from cano_dsl.testing._log_checks import LOG_CHECKS as LOG_CHECKS
from cano_dsl.testing._store_facts import Check as Check
from collections.abc import Callable, Sequence

STORE_CHECKS: tuple[Check, ...] = (*LOG_CHECKS, *CLAIM_CHECKS)

def check_store(
    make: Callable[[], CheckpointStore],
    *,
    checks: Sequence[Check] = ...,
    backends: Sequence[str] = ('asyncio', 'trio'),
) -> None: ...
