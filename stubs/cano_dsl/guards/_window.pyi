# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.guards._limiter import Acquirable as Acquirable
from cano_dsl.spec import Duration as Duration
from typing import Any, final

@final
class WindowLimiter(Acquirable):
    def __init__(
        self,
        name: str,
        limit: int,
        *,
        window: Duration = 1.0,
        max_wait: Duration | None = None,
        clock: Any = ...,
    ) -> None: ...
    @property
    def used(self) -> int: ...
    @property
    def remaining(self) -> int: ...
    @property
    def resets_at(self) -> float: ...
