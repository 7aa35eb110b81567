"""`cano resume`: a saved run goes on, shown as `cano run` shows one."""

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from cano_dsl.checkpoint import SqliteCheckpoints
from cano_dsl.cli._console import console_for
from cano_dsl.cli._log_file import Refused, write_json
from cano_dsl.cli._run import Progress, carry_out
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import StoreError, told
from cano_dsl.scope import run_to_end

# What an error says to give in code, and what that is on the command line.
IN_WORDS = (("allow_changed=True", "--allow-changed"), (", at=", " --at "))


def resume(
    wired: Wired,
    path: Path,
    run_id: str,
    resources: dict[str, Any],
    *,
    at: int | None,
    allow_changed: bool,
    with_traceback: bool,
    as_json: bool,
) -> int:
    """Go on with a run and give the exit code; see `carry_out`.

    Raises:
        Refused: There is no such run, it cannot go on, or somebody runs it.
    """
    progress = Progress(console_for(sys.stderr if as_json else None), wired.found.graph)
    outcome: dict[str, Any] = {"run_id": run_id, "exit": None, "error": None}

    async def go_on() -> Enum:
        async with SqliteCheckpoints(path, codec=wired.codec) as store:
            runner = wired.runner(resources, progress, store)
            end: Enum = await runner.resume(run_id, at=at, allow_changed=allow_changed)
            return end

    def go() -> Enum:
        try:
            end = run_to_end(go_on)
        except StoreError as error:
            if progress.entered:
                raise
            raise Refused(_in_words(error, run_id)) from error
        except Exception as error:
            outcome["error"] = told(error)
            raise
        outcome["exit"] = end._name_
        return end

    def begin() -> Callable[[], Enum]:
        wired.runner(resources, progress)  # says what is missing before the log is touched
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
