# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.guards._limiter import Acquirable as Acquirable
from cano_dsl.spec import Duration as Duration
from typing import Any, final

@final
class MultiLimiter(Acquirable):
    tiers: Any
    def __init__(
        self,
        name: str,
        *tiers: Acquirable,
        max_wait: Duration | None = None,
        clock: Any = ...,
    ) -> None: ...
