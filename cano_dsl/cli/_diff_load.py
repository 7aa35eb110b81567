"""Reading one side of `cano diff` in a process of its own; a revision from a folder that is then removed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

import click

from cano_dsl.cli._diff_child import Answer, Request
from cano_dsl.cli._diff_exchange import as_graph
from cano_dsl.cli._diff_side import Side
from cano_dsl.cli._git import SUBMODULE, Git, GitFailed
from cano_dsl.cli._log_file import Refused
from cano_dsl.cli._options import UNSOUND
from cano_dsl.cli._run import INTERRUPTED
from cano_dsl.graph import Graph

HOME = str(Path(__file__).resolve().parents[2])
# This library first and by its own place, before the user's modules: the tree of a revision may hold another
# version of it.
_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from cano_dsl.cli._diff_child import main
sys.path.remove(sys.argv[1])
main(sys.argv[2])
"""
_POINTER = b"version https://git-lfs.github.com/spec/"


class Loaded(NamedTuple):
    """One side as it was read; `runs` is empty without a log."""

    graph: Graph
    runs: list[dict[str, Any]]


def load(side: Side, git: Git, store: str = "", *, with_traceback: bool = False) -> Loaded:
    """Read one side.

    Args:
        side: The target, with its revision.
        git: The repository.
        store: The file of a log whose runs are judged; empty for none.
        with_traceback: Whether errors of the user's module are shown whole.

    Raises:
        Refused: It cannot be read; nothing is left behind.
    """
    with _terminable(), tempfile.TemporaryDirectory(prefix="cano-diff-") as made:
        folder = Path(made).resolve()
        request: Request = {
            "target": side.target,
            "tree": "",
            "top": "",
            "store": store and str(Path(store).resolve()),
            "answer": str(folder / "answer.json"),
            "traceback": with_traceback,
        }
        where = Path.cwd()
        if side.revision:
            tree = folder / "tree"
            try:
                where = _extracted(side, git, tree)
            except (GitFailed, OSError) as error:
                raise Refused(f"{side.text}: {error}") from error
            request["tree"], request["top"] = str(tree), str(git.top)
            request["target"] = _relative(side, git, where)
        answer = _asked(side, request, where)
    found = answer.get("graph")
    if found is None:
        raise Refused(f"{side.text}: reading it gave no graph")
    return Loaded(as_graph(found), answer.get("runs", []))


def _extracted(side: Side, git: Git, tree: Path) -> Path:
    """Write a revision's files into a folder, and give that in it which stands for the working directory."""
    tree.mkdir()
    git.write(side.commit, tree)
    where = tree / git.here
    if not where.is_dir():
        raise Refused(f"{side.text}: there is no folder {git.here} at {side.revision}")
    return where


def _relative(side: Side, git: Git, where: Path) -> str:
    """Give the target with its file, if it names one, as it is called from the folder within the tree."""
    place, dot_py, attribute = side.target.partition(".py")
    if not dot_py:
        return side.target
    path = Path(f"{place}.py")
    if path.is_absolute():
        if not path.resolve().is_relative_to(git.top):
            raise Refused(f"{side.text}: {path} is not in {git.top}, so there is none at {side.revision}")
        path = Path(os.path.relpath(path.resolve(), Path.cwd()))
    file = where / path
    if not file.is_file():
        _refuse_submodule(side, git, os.path.normpath(Path(git.here) / path))
    elif file.read_bytes().startswith(_POINTER):
        raise Refused(f"{side.text}: {path} is kept by Git LFS: at {side.revision} there is only a pointer")
    return f"{path}{attribute}"


def _refuse_submodule(side: Side, git: Git, path: str) -> None:
    for entry in git.entries(side.commit):
        if entry.mode == SUBMODULE and path.startswith(f"{entry.path}/"):
            raise Refused(
                f"{side.text}: {entry.path} is a submodule, whose files are not in this repository: call the "
                "command within it"
            )


def _asked(side: Side, request: Request, where: Path) -> Answer:
    """Let a process answer; what it prints goes to standard error."""
    command = [sys.executable, "-P", "-c", _CODE, HOME, json.dumps(request)]
    done = subprocess.run(  # noqa: S603 - this program again
        command,
        cwd=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    click.echo(done.stdout, nl=False, err=True)
    if done.returncode in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    at = f" at {side.revision} ({side.commit[:10]})" if side.revision else ""
    if done.returncode:
        fault = "is not sound" if done.returncode == UNSOUND else "cannot be imported"
        raise Refused(f"{side.text}: the workflow {fault}{at}, so there is nothing to compare")
    answer: Answer = json.loads(Path(request["answer"]).read_text(encoding="utf-8"))
    if "error" in answer:
        raise Refused(f"{side.text}:{at and f'{at}:'} {answer['error']}")
    return answer


@contextmanager
def _terminable() -> Iterator[None]:
    """Let the end that a process manager asks for remove the folder too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
