"""The part of `cano diff` that imports a target, each side in a process of its own.

Two versions of a module cannot be in one interpreter. What a process finds, it writes to a file, as the
module that it imports may print what it likes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import click

from cano_dsl.cli._diff_exchange import Written, written
from cano_dsl.cli._log_compat import verdict_as_dict, verdicts
from cano_dsl.cli._options import find_target
from cano_dsl.cli._wiring import Wired


class Request(TypedDict):
    """What is asked of the process.

    Attributes:
        target: What to import, in the working directory.
        tree: The folder that stands for `top`; empty where files are read as they are.
        top: The top folder of the repository.
        store: The file with the log to look at; empty for none.
        answer: The file to write to.
        traceback: Whether errors are shown whole.
    """

    target: str
    tree: str
    top: str
    store: str
    answer: str
    traceback: bool


class Answer(TypedDict):
    """What it has found: a graph and the verdicts on runs, or why there is none."""

    graph: NotRequired[Written]
    runs: NotRequired[list[dict[str, Any]]]
    error: NotRequired[str]


def main(text: str) -> None:
    """Answer a request given as JSON; leave as `check` does where the target cannot be used."""
    request: Request = json.loads(text)
    try:
        found = answer(request)
    except click.ClickException as refused:
        found = {"error": refused.format_message()}
    Path(request["answer"]).write_text(json.dumps(found), encoding="utf-8")


def answer(request: Request) -> Answer:
    """Import the target and look at it.

    Raises:
        click.ClickException: There is no such target, or it is not what the revision has.
        SystemExit: It cannot be imported or is not sound; what is wrong has been written.
    """
    tree, top = Path(request["tree"]), Path(request["top"])
    if request["tree"]:
        sys.path[:] = [_moved(place, top, tree) for place in sys.path]
    found = find_target(request["target"], with_traceback=request["traceback"])
    for name, file in _strays(top) if request["tree"] else ():
        raise click.UsageError(
            f"it imports {name} from {file}, which is not at the revision: how it is installed puts the work "
            "tree before it"
        )
    data: Answer = {"graph": written(found.graph)}
    if request["store"]:
        every = verdicts(Wired.of(found), Path(request["store"]))
        data["runs"] = [verdict_as_dict(verdict) for verdict in every]
    return data


def _moved(place: str, top: Path, tree: Path) -> str:
    """Give a folder of the tree in place of the work tree's, where it has one: not of what is installed."""
    path = Path(place).resolve()
    if not place or not path.is_relative_to(top):
        return place
    moved = tree / path.relative_to(top)
    return str(moved) if moved.is_dir() else place


def _strays(top: Path) -> Iterator[tuple[str, str]]:
    """Find modules that come from the work tree although they are the user's own."""
    ours = Path(__file__).resolve().parents[1]
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None:
            continue
        path = Path(file)
        is_own = path.is_relative_to(top) and not path.is_relative_to(ours)
        if is_own and not path.is_relative_to(sys.prefix) and "site-packages" not in path.parts:
            yield name, file
