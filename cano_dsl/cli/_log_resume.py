"""`cano resume`: a saved run goes on, shown as `cano run` shows one."""

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from cano_dsl.checkpoint import SqliteCheckpoints
from cano_dsl.cli._console import console_for
from cano_dsl.cli._log_file import Refused, write_json
from cano_dsl.cli._run import Progress, carry_out
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import StoreError, told
from cano_dsl.scope import run_to_end

# What an error says to give in code, and what that is on the command line.
IN_WORDS = (("allow_changed=True", "--allow-changed"), (", at=", " --at "))


class Resumption(NamedTuple):
    """What is to go on.

    Attributes:
        wired: The workflow.
        path: The file of the log.
        run_id: The run.
        resources: What its handlers are given.
        at: The row to take the run back to; None for where it stands.
        allow_changed: Whether to go on under a changed definition.
    """

    wired: Wired
    path: Path
    run_id: str
    resources: dict[str, Any]
    at: int | None
    allow_changed: bool

    async def go_on(self, progress: Progress) -> Enum:
        """Run to an exit."""
        async with SqliteCheckpoints(self.path, codec=self.wired.codec) as store:
            runner = self.wired.runner(self.resources, progress, store)
            end: Enum = await runner.resume(self.run_id, at=self.at, allow_changed=self.allow_changed)
            return end


def resume(what: Resumption, *, with_traceback: bool, as_json: bool) -> int:
    """Go on with a run and give the exit code; see `carry_out`.

    Raises:
        Refused: There is no such run, it cannot go on, or somebody runs it.
    """
    progress = Progress(console_for(sys.stderr if as_json else None), what.wired.found.graph)
    outcome: dict[str, Any] = {"run_id": what.run_id, "exit": None, "error": None}

    def go() -> Enum:
        try:
            end = run_to_end(lambda: what.go_on(progress))
        except StoreError as error:
            if progress.entered:
                outcome["error"] = told(error)
                raise
            raise Refused(_in_words(error, what.run_id)) from error
        except Exception as error:
            outcome["error"] = told(error)
            raise
        outcome["exit"] = end._name_
        return end

    def begin() -> Callable[[], Enum]:
        what.wired.runner(what.resources, progress)  # says what is missing before the log is touched
        return go

    code = carry_out(begin, progress, with_traceback=with_traceback)
    if as_json:
        write_json(outcome)
    return code


def _in_words(error: StoreError, run_id: str) -> str:
    text = str(error)
    for code, option in IN_WORDS:
        text = text.replace(code, option)
    return text.replace(f"resume({run_id!r}", f"resume ({run_id!r}")
