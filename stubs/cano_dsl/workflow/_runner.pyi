# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.checkpoint import RunInfo as RunInfo, Status as Status
from cano_dsl.spec import Duration as Duration
from cano_dsl.workflow._handle import RunHandle as RunHandle
from cano_dsl.workflow._held import Held as Held
from collections.abc import Collection
from enum import Enum
from typing import TypeVar, final

S = TypeVar('S', bound=Enum)
E_co = TypeVar('E_co', bound=Enum, covariant=True)
D = TypeVar('D')

@final
class Runner(Held[S, E_co, D]):
    async def run(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> E_co: ...
    def run_sync(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> E_co: ...
    def launch(
        self,
        run_id: str | None = None,
        *,
        data: D | None = None,
        start: S | None = None,
        timeout: Duration | None = None,
    ) -> RunHandle[S, E_co, D]: ...
    async def resume(
        self,
        run_id: str,
        *,
        at: int | None = None,
        allow_changed: bool = False,
        timeout: Duration | None = None,
    ) -> E_co: ...
    async def fork(self, run_id: str, *, at: int, as_: str, timeout: Duration | None = None) -> E_co: ...
    async def runs(self, *, status: Collection[Status] = (), limit: int = 1000) -> list[RunInfo]: ...
    async def recover(self) -> list[RunHandle[S, E_co, D]]: ...
