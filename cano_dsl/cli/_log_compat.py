"""`cano compat`: which unfinished runs can go on under a workflow as it is now, and why the others cannot."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cano_dsl.checkpoint import OPEN, RunInfo, SqliteCheckpoints, Status
from cano_dsl.cli._console import console_for, count, line
from cano_dsl.cli._log_file import ask, write_json
from cano_dsl.cli._log_runs import STYLES, Wanted, as_dict
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import CanoError, FingerprintMismatch, RunParked, told

STRANDED = 1
VALUE = re.compile(r"input_value=.*?, (?=input_type=)", re.DOTALL)  # in errors of pydantic: nobody's business
# Those that a resume may still change; what was rolled back or cancelled is over.
GO_ON: tuple[Status, ...] = (*sorted(OPEN), "failed", "dirty", "parked")


class Verdict(NamedTuple):
    """Whether a run can go on.

    Attributes:
        run: The run.
        reasons: Why it cannot, each in words; empty where it can.
        is_parked: Whether only a person may let it go on, under any definition.
    """

    run: RunInfo
    reasons: Sequence[str]
    is_parked: bool = False


def compat(wired: Wired, path: Path, *, as_json: bool) -> int:
    """Say of each unfinished run whether it can go on, and give the exit code: 1 where one cannot.

    Raises:
        Refused: The file cannot be read.
    """
    name = wired.found.graph.name
    every = verdicts(wired, path)
    stranded = sum(bool(verdict.reasons) for verdict in every)
    if as_json:
        write_json(
            {
                "workflow": name,
                "fingerprint": wired.found.graph.fingerprint,
                "stranded": stranded,
                "runs": [verdict_as_dict(verdict) for verdict in every],
            }
        )
    else:
        _write(every, name, stranded)
    return STRANDED if stranded else 0


def verdicts(wired: Wired, path: Path) -> list[Verdict]:
    """Say of each unfinished run of a workflow whether it can go on.

    Raises:
        Refused: The file cannot be read.
    """

    async def question(store: SqliteCheckpoints) -> list[Verdict]:
        runs = await Wanted(wired.found.graph.name, GO_ON).all(store)
        return [await _verdict(wired, store, run) for run in runs]

    return ask(path, question, wired.codec)


async def _verdict(wired: Wired, store: SqliteCheckpoints, run: RunInfo) -> Verdict:
    obstacles = await wired.obstacles(store, run.run_id)
    reasons = [reason for error in obstacles for reason in _reasons(error)]
    return Verdict(run, reasons, is_parked=any(isinstance(error, RunParked) for error in obstacles))


def _reasons(error: Exception) -> Sequence[str]:
    if isinstance(error, RunParked):
        return ()
    if isinstance(error, FingerprintMismatch):
        return error.differences
    text = str(error) if isinstance(error, CanoError) else told(error)
    return (VALUE.sub("", text),)


def _write(every: Sequence[Verdict], name: str, stranded: int) -> None:
    console = console_for()
    width = max([0, *(len(verdict.run.run_id) for verdict in every)])
    stands = max([0, *(len(_stands(verdict.run)) for verdict in every)])
    for run, reasons, is_parked in every:
        says = "cannot go on" if reasons else "can go on"
        if is_parked and not reasons:
            says = f"waits for a person: cano resume --at, see cano show {run.run_id}"
        style = "red" if reasons else STYLES["parked"] if is_parked else "green"
        mark = "✗" if reasons else "!" if is_parked else "✓"
        console.print(line(f"{mark} {run.run_id:<{width}}  {_stands(run):<{stands}}  {says}", style))
        for reason in reasons:
            console.print(line("\n".join(f"    {part}" for part in reason.splitlines())))
    text = f"{count(len(every), 'unfinished run')} of {name}"
    if stranded:
        console.print(line(f"{text}, {stranded} cannot go on", "bold red"))
    else:
        console.print(line(f"{text}{', all can go on' if every else ''}", "bold green"))


def _stands(run: RunInfo) -> str:
    return f"{run.status} in {run.state}"


def verdict_as_dict(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as it stands in JSON."""
    return {
        **as_dict(verdict.run),
        "can_resume": not verdict.reasons and not verdict.is_parked,
        "stranded": bool(verdict.reasons),
        "parked": verdict.is_parked,
        "reasons": list(verdict.reasons),
    }
