"""One suite for every checkpoint store."""

from collections.abc import Callable, Sequence

import anyio

from cano_dsl.checkpoint import CheckpointStore
from cano_dsl.testing._claim_checks import CLAIM_CHECKS
from cano_dsl.testing._log_checks import LOG_CHECKS
from cano_dsl.testing._store_facts import Check

STORE_CHECKS: tuple[Check, ...] = (*LOG_CHECKS, *CLAIM_CHECKS)


def check_store(
    make: Callable[[], CheckpointStore],
    *,
    checks: Sequence[Check] = STORE_CHECKS,
    backends: Sequence[str] = ("asyncio", "trio"),
) -> None:
    """See that a checkpoint store does what every store must do.

    Each check has a store of its own, and closes it at the end. They are plain async functions, so that
    pytest can make a test of each: `@pytest.mark.parametrize("check", STORE_CHECKS)`.

    Args:
        make: Gives an empty store.
        checks: Which checks; all of them unless given.
        backends: The event loops that each check runs in.

    Raises:
        RuntimeError: Python runs with -O.
        AssertionError: The store does something else; a note names the check.

    Example:
        >>> from cano_dsl import MemoryCheckpoints
        >>> from cano_dsl.testing import check_store
        >>> check_store(MemoryCheckpoints)
    """
    if not __debug__:
        raise RuntimeError("the checks of stores are assertions, which python -O leaves out")
    for backend in backends:
        for check in checks:
            try:
                anyio.run(_checked, make, check, backend=backend)
            except Exception as error:
                rule = (check.__doc__ or "").partition("\n")[0]
                error.add_note(f"{getattr(check, '__name__', check)} on {backend}: {rule}")
                raise


async def _checked(make: Callable[[], CheckpointStore], check: Check) -> None:
    store = make()
    try:
        await check(store)
    finally:
        await store.close()
