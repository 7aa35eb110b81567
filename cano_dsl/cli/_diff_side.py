"""What one side of `cano diff` is: a target as other commands take it, or one at a git revision."""

import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

from cano_dsl.cli._git import Git, GitFailed
from cano_dsl.cli._log_file import Refused

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_FILE = re.compile(r"\.py(?::|$)")


class Side(NamedTuple):
    """One side.

    Attributes:
        text: What was given.
        target: The target.
        revision: The revision at which it is read; empty for the files as they are.
        commit: The revision's commit; empty without one.
    """

    text: str
    target: str
    revision: str = ""
    commit: str = ""


def side_of(text: str, git: Git) -> Side:
    """Tell a target from `REV:TARGET`.

    What begins with a file's name, or a drive, is a target. With two colons, or with a file after the first,
    the part before the first is a revision. What is left, `NAME:NAME`, is one where git knows such a revision
    and Python no such module.

    Raises:
        Refused: There is no such revision, or it could be either.
    """
    head, colon, rest = text.partition(":")
    if not colon or head.endswith(".py") or _DRIVE.match(text):
        return Side(text, text)
    if ":" in rest or _FILE.search(rest):
        if not rest or not head:
            raise Refused(f"{text}: before the first colon stands a revision, and after it a target")
        return Side(text, rest, head, _commit(text, head, git))
    try:
        commit = git.commit(head)
    except GitFailed:
        commit = None  # then it can only be a module
    if commit is None or not rest:
        return Side(text, text)
    if _is_module(head):
        raise Refused(
            f"{text}: {head!r} is a module here and a revision: write {git.full_name(head)}:{rest} for the "
            f"revision, and {head}.py:{rest}, or a path to the file, for the module"
        )
    return Side(text, rest, head, commit)


def _commit(text: str, revision: str, git: Git) -> str:
    try:
        commit = git.commit(revision)
    except GitFailed as failed:
        raise Refused(f"{text}: {failed}") from failed
    if commit is None:
        raise Refused(f"{text}: there is no revision {revision!r} in {git.top}{git.hint(revision)}")
    return commit


def _is_module(name: str) -> bool:
    first = name.partition(".")[0]
    return (
        first in sys.stdlib_module_names
        or PathFinder.find_spec(first, [str(Path.cwd()), *sys.path]) is not None
    )
