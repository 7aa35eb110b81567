"""`cano run`: the path with the time of each state, while it runs."""
# ruff: noqa: ARG002 - hooks have the signature of their events

import sys
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Any, Self

import click
from rich.console import Console
from rich.status import Status

from cano_dsl.cli._console import console_for, duration, line
from cano_dsl.cli._failure import tell_failure
from cano_dsl.cli._wiring import Wired
from cano_dsl.errors import CanoError, PolicyError, ResourceMissing, RunError, told
from cano_dsl.graph import Graph
from cano_dsl.observe import Observer
from cano_dsl.scope import in_thread, run_to_end
from cano_dsl.spec import Rollback, Run

FAILED = 2
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class Progress(Observer):
    """Print each state when it has ended; on a terminal also show the one that runs.

    A handler in a thread may report progress from there: rich locks what it draws.

    Attributes:
        entered: How many states were entered.
        running: The state whose handler is called; empty between two and at the end.
    """

    def __init__(self, console: Console, graph: Graph) -> None:
        self.entered = 0
        self.running = ""
        self._console = console
        self._graph = graph
        self._width = max(map(len, (*graph.paths(), *graph.exits)))
        self._status = Status("", console=console) if console.is_terminal else None
        self._run_began = self._began = time.perf_counter()

    def __enter__(self) -> Self:
        self._run_began = time.perf_counter()
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    @property
    def spent(self) -> str:
        """How long the state that runs has been running."""
        return duration(time.perf_counter() - self._began)

    def state_entered(self, run: Run, state: Enum) -> None:
        """Show it as running."""
        self.entered += 1
        self.running = run.state_name
        self._began = time.perf_counter()
        self._show(f"{self.running} …")

    def progress(self, run: Run, state: Enum, done: float, total: float | None) -> None:
        """Show how far it is."""
        far = f"{done:g}" if total is None else f"{done:g} of {total:g}"
        self._show(f"{run.state_name} … {far}")

    def attempt_succeeded(self, run: Run, state: Enum, attempt: int, target: object) -> None:
        """Print it with its time; as a failure where it went to a state that it does not declare."""
        node = self._graph.node(run.state_name)
        declared, to = node.targets, target
        if isinstance(target, Rollback) and node.handler is not None:
            declared, to = node.handler.rollbacks, target.to
        self._ended(run.state_name, fits=isinstance(to, type(state)) and to._name_ in declared)

    def attempt_failed(self, run: Run, state: Enum, attempt: int, error: Exception) -> None:
        """Print it with its time."""
        self._ended(run.state_name, fits=False)

    def compensation_started(self, run: Run, state: Enum, output: object) -> None:
        """Show it as running."""
        self._began = time.perf_counter()
        self._show(f"↩ {self._undoing(run.state_name)} …")

    def compensation_done(self, run: Run, state: Enum, output: object) -> None:
        """Print the state as undone, with the name of what undid it and its time."""
        self._undone(run.state_name, "✓", "green")

    def compensation_failed(self, run: Run, state: Enum, output: object, error: BaseException) -> None:
        """Print the state as not undone; the error says what is owed."""
        self._undone(run.state_name, "✗", "red")

    def teardown_failed(self, resource: str, error: BaseException) -> None:
        """Say so; the outcome stays as it is."""
        self._console.print(line(f"! teardown of resource {resource!r} failed: {told(error)}", "yellow"))

    def reached(self, end: Enum) -> None:
        """Print the exit, with the time of the whole run."""
        whole = duration(time.perf_counter() - self._run_began)
        self._console.print(line(f"→ {end._name_:<{self._width}} {whole:>10}", "bold green"))

    def _ended(self, name: str, *, fits: bool) -> None:
        self.running = ""
        self._show("…")  # until the next state, or while resources are torn down
        mark, style = ("✓", "green") if fits else ("✗", "red")
        model = self._graph.node(name).kind
        kind = "" if model == "state" else f"  {model}"
        self._console.print(line(f"{mark} {name:<{self._width}} {self.spent:>10}{kind}", style))

    def _undoing(self, name: str) -> str:
        undo = self._graph.node(name).compensation
        return undo.name if undo is not None else ""

    def _undone(self, name: str, mark: str, style: str) -> None:
        self._show("…")
        text = f"{mark} {name:<{self._width}} {self.spent:>10}  ↩ {self._undoing(name)}"
        self._console.print(line(text, style))

    def _show(self, text: str) -> None:
        if self._status is not None:
            self._status.update(line(text, "bold"))


def run(wired: Wired, resources: dict[str, Any], data: Any, *, with_traceback: bool) -> int:
    """Run once and give the exit code; see `carry_out`."""
    progress = Progress(console_for(), wired.found.graph)

    def begin() -> Callable[[], Enum]:
        runner = wired.runner(resources, progress)
        return lambda: runner.run_sync(data=data)

    return carry_out(begin, progress, with_traceback=with_traceback)


def carry_out(begin: Callable[[], Callable[[], Enum]], progress: Progress, *, with_traceback: bool) -> int:
    """Show a run as it goes on, and give the exit code: 0 for an exit state, 2 for a failure, 130 for Ctrl-C.

    Args:
        begin: Binds the resources, and gives what runs to an exit.
        progress: What shows it.
        with_traceback: Whether all of an error is shown.

    Raises:
        click.ClickException: Resources or data are missing, which options can give, or there is no such run.
    """
    try:
        go = begin()
        run_to_end(lambda: in_thread(bool))  # what an event loop must load first is no time of the run's
        with progress:
            end = go()
    except click.ClickException:
        raise
    except KeyboardInterrupt:
        tell_interrupt(f" in {progress.running} after {progress.spent}" if progress.running else "")
        return INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - whatever a handler raises, an exit was not reached
        _refuse_missing(error)
        earlier = isinstance(error, RunError) and progress.entered > len(error.at.path)
        tell_failure(error, with_traceback=with_traceback, running=progress.running, earlier=earlier)
        return FAILED
    progress.reached(end)
    return 0


def tell_interrupt(where: str = "") -> None:
    """Write that Ctrl-C ended the command."""
    console_for(sys.stderr).print(line(f"interrupted{where}", "yellow"))


def _refuse_missing(error: BaseException) -> None:
    if isinstance(error, ResourceMissing):
        options = " ".join(f"--set {name}=…" for name in error.missing)
        _refuse(error, f"give {options}, or name a Runner that holds it, made by workflow.bind(...)")
    if isinstance(error, PolicyError) and error.field == "data":
        _refuse(error, "give --data JSON")


def _refuse(error: CanoError, fix: str) -> None:
    raise click.UsageError(f"{error}\nOn the command line: {fix}") from error
