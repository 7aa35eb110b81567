"""`cano run`: the path with the time of each state, while it runs."""
# ruff: noqa: ARG002 - hooks have the signature of their events

import sys
import time
import traceback
from enum import Enum
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.status import Status

from cano_dsl.cli._console import console_for, duration, line
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import CanoError, PolicyError, ResourceError, RunError
from cano_dsl.observe import Observer
from cano_dsl.spec import Run

FAILED = 2
INTERRUPTED = 130


class Progress(Observer):
    """Print each state when it has ended; on a terminal also show the one that runs.

    A handler in a thread reports progress from that thread, which the terminal library allows.
    """

    def __init__(self, console: Console, width: int) -> None:
        self.width = width
        self._console = console
        self._status = Status("", console=console) if console.is_terminal else None
        self._began = 0.0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def state_entered(self, run: Run, state: Enum) -> None:
        """Show it as running."""
        self._began = time.perf_counter()
        if self._status is not None:
            self._status.update(line(f"{state.name} …", "bold"))

    def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
        """Show how far it is."""
        if self._status is not None:
            far = f"{done:g} of {total:g}" if total is not None else f"{done:g}"
            self._status.update(line(f"{state.name} … {far}", "bold"))

    def attempt_succeeded(self, run: Run, state: Enum, attempt: int, target: object) -> None:
        """Print it with its time."""
        self._print("✓", "green", state)

    def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
        """Print it with its time."""
        self._print("✗", "red", state)

    def teardown_failed(self, resource: str, error: BaseException) -> None:
        """Say so; the outcome stays as it is."""
        self._console.print(
            line(f"! teardown of {resource} failed: {type(error).__name__}: {error}", "yellow")
        )

    def _print(self, mark: str, style: str, state: Enum) -> None:
        spent = duration(time.perf_counter() - self._began)
        self._console.print(line(f"{mark} {state.name:<{self.width}} {spent:>10}", style))


def run(wired: Wired, resources: dict[str, Any], data: Any, *, with_traceback: bool) -> int:
    """Run once and give the exit code: 0 for an exit state, 2 for a failure, 130 for an interrupt."""
    console = console_for()
    progress = Progress(console, max(map(len, wired.found.graph.states)))
    began = time.perf_counter()
    try:
        runner = wired.runner(resources, progress)
        with progress:
            end: Enum = runner.run_sync(data=data)
    except KeyboardInterrupt:
        console_for(sys.stderr).print(line("interrupted", "yellow"))
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a failure of any kind is told in one block
        tell_failure(error, with_traceback=with_traceback)
        return FAILED
    total = duration(time.perf_counter() - began)
    console.print(line(f"→ {end.name:<{progress.width}} {total:>10}", "bold green"))
    return 0


def tell_failure(error: BaseException, *, with_traceback: bool) -> None:
    """Write one readable block about a failure to standard error."""
    console = console_for(sys.stderr)
    if with_traceback:
        console.print(line("".join(traceback.format_exception(error)).rstrip()))
        return
    for text, style in _block(error):
        console.print(line(text, style))


def _block(error: BaseException) -> list[tuple[str, str]]:
    if not isinstance(error, RunError):
        kind = "" if isinstance(error, CanoError) else f"{type(error).__name__}: "
        lines = [(f"failed: {kind}{error}", "red")]
        if isinstance(error, ResourceError):
            lines.append(("  give it with --set name=value, or name a Runner that holds it", ""))
        elif isinstance(error, PolicyError) and error.field == "data":
            lines.append(("  give it with --data JSON", ""))
        return [*lines, _hint()]
    at = error.at
    cause = error.__cause__
    what = f"{type(cause).__name__}: {cause}" if cause is not None else str(error)
    return [
        (f"failed in {at.state.name}", "bold red"),
        (f"  {what}", "red"),
        (f"  handler  {at.handler}", ""),
        (f"  path     {' → '.join(state.name for state in at.path)}", ""),
        (f"  run      {at.run_id}, attempt {at.attempt}", ""),
        _hint(),
    ]


def _hint() -> tuple[str, str]:
    return ("  --traceback shows all of it", "dim")
