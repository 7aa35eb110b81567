"""Failures of the user's own code, in one readable block on standard error."""

import os
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from cano_dsl.cli._console import console_for, line
from cano_dsl.errors import CanoError, CompensationFailed, RunError, Where, told

LIBRARY = str(Path(__file__).resolve().parents[1]) + os.sep
STANDARD = sysconfig.get_path("stdlib") + os.sep
DEEPEST = 3  # groups within groups that are shown
HINT = ("  --traceback shows all of it", "dim")


def tell_import(error: BaseException, module: str, *, with_traceback: bool) -> None:
    """Write that a module cannot be imported, and at which line."""
    if with_traceback:
        _print([(_trace(error), "")])
        return
    where, code = _line_at_fault(error)
    shown = [(f"  {where}", ""), (f"      {code}", "")] if where is not None else []
    fault = f"it calls sys.exit({error.code!r})" if isinstance(error, SystemExit) else told(error)
    head = [(f"{module} cannot be imported", "bold red"), (_indented(fault), "red")]
    _print([*head, *shown, HINT])


def tell_failure(
    error: BaseException, *, with_traceback: bool, running: str = "", earlier: bool = False
) -> None:
    """Write why a run failed.

    Args:
        error: What the run raised.
        with_traceback: Write all of it in place of the block.
        running: The state that ran, for an error that does not say.
        earlier: Whether the path of the error begins later than the run did.
    """
    if with_traceback:
        _print([(_trace(error), "")])
    elif isinstance(error, RunError):
        _print(_block(error, earlier=earlier))
    else:
        fault = str(error) if isinstance(error, CanoError) else told(error)
        if isinstance(error, SystemExit):
            fault = f"a handler called sys.exit({error.code!r})"
        head = f"failed in {running}" if running else "failed"
        _print([(head, "bold red"), (_indented(fault), "red"), *_causes(error), HINT])


def _block(error: RunError, *, earlier: bool) -> list[tuple[str, str]]:
    at = error.at
    path = " → ".join([*(["…"] if earlier else []), *at.steps])
    owed = _owed(error)
    if isinstance(error, CompensationFailed) and isinstance(error.original, RunError):
        error = error.original
    cause = error.__cause__
    fault = told(cause) if cause is not None else str(error).removesuffix(f" ({at})")
    if isinstance(error, CompensationFailed) and error.original is None:
        fault = "it asked for a rollback, which is not complete"
    where = _line_at_fault(cause)[0] if cause is not None else None
    raised = [(f"  raised   {where}", "")] if where is not None else []
    return [
        (f"failed in {at.name or at.state._name_}", "bold red"),
        (_indented(fault), "red"),
        *([] if cause is None else _members(cause, DEEPEST)),
        *raised,
        (f"  handler  {at.handler}", ""),
        (f"  path     {path}", ""),
        (f"  run      {at.run_id}, attempt {at.attempt}", ""),
        *owed,
        HINT,
    ]


def _owed(error: BaseException) -> list[tuple[str, str]]:
    """Say what a rollback left, for somebody to set right."""
    if not isinstance(error, CompensationFailed):
        return []
    left = [(_indented(str(one), "    "), "red") for one in (*error.failures, *error.not_run)]
    return [("  not undone, set right by hand:", "bold red"), *left]


def _causes(error: BaseException) -> list[tuple[str, str]]:
    """Say where an exception of the user's own was raised, such as one that a resource's setup raised."""
    where = _line_at_fault(error.__cause__ or error)[0]
    return [*_members(error, DEEPEST), *([(f"  raised   {where}", "")] if where is not None else [])]


def _members(error: BaseException, deep: int) -> list[tuple[str, str]]:
    if not isinstance(error, BaseExceptionGroup) or not deep:
        return []
    lines = []
    for inner in error.exceptions:
        lines.append((_indented(told(inner), "    " + "  " * (DEEPEST - deep)), "red"))
        lines += _members(inner, deep - 1)
    return lines


def _line_at_fault(error: BaseException) -> tuple[Where | None, str]:
    """Find the last line of the user's own, else of a package that is installed, but never of this one."""
    if isinstance(error, SyntaxError) and error.filename:
        return Where(error.filename, error.lineno or 0), (error.text or "").strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    own = [frame for frame in frames if "site-packages" not in Path(frame.filename).parts]
    for frame in reversed(own or frames):
        return Where(frame.filename, frame.lineno or 0), frame.line or ""
    return None, ""


def _is_ours(file: str) -> bool:
    """Tell whether a file is this library's or Python's."""
    return file.startswith((LIBRARY, "<")) or (file.startswith(STANDARD) and "site-packages" not in file)


def _trace(error: BaseException) -> str:
    """Give the traceback without the frames of the command and of the import system that come first."""
    start = error.__traceback__
    while start is not None and _is_ours(start.tb_frame.f_code.co_filename):
        start = start.tb_next
    trace: TracebackType | None = start if start is not None else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _indented(text: str, by: str = "  ") -> str:
    return "\n".join(by + part for part in text.splitlines() or [""])


def _print(lines: list[tuple[str, str]]) -> None:
    console = console_for(sys.stderr)
    for text, style in lines:
        console.print(line(text, style))
