# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.guards._limiter import Acquirable as Acquirable
from cano_dsl.spec import Duration as Duration
from typing import Any, final

@final
class RateLimiter(Acquirable):
    def __init__(
        self,
        name: str,
        rate: float,
        *,
        per: Duration = 1.0,
        burst: int = 1,
        max_wait: Duration | None = None,
        clock: Any = ...,
    ) -> None: ...
    @property
    def available(self) -> int: ...
