"""What a git repository has at a revision, read without touching its work tree, its index or its refs."""

import os
import subprocess
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

LINK, SUBMODULE = "120000", "160000"
EXECUTABLE = "100755"


class GitFailed(Exception):
    """Git is not there, or this is none of its repositories; the text says which."""


class Entry(NamedTuple):
    """What stands at a path of a tree: a file, a link or another repository."""

    mode: str
    object: str
    path: str


class Git:
    """The repository that the working directory is in."""

    @cached_property
    def top(self) -> Path:
        """Its top folder.

        Raises:
            GitFailed: There is none.
        """
        return Path(self._asked("rev-parse", "--show-toplevel")).resolve()

    @property
    def here(self) -> str:
        """The working directory within it; empty for its top."""
        return self._asked("rev-parse", "--show-prefix")

    def commit(self, revision: str) -> str | None:
        """Give the commit that a revision names; None where it names none.

        Raises:
            GitFailed: There is no repository to ask.
        """
        _ = self.top
        if revision.startswith("-"):
            return None  # git would take it for an option
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def full_name(self, revision: str) -> str:
        """Give a name of a revision that cannot be a module's."""
        name = self._run("rev-parse", "--symbolic-full-name", revision).stdout.decode().strip()
        return name or f"{revision}^0"

    def hint(self, revision: str) -> str:
        """Say which revision may have been meant, and that a shallow clone has few."""
        listed = self._run("for-each-ref", "--format=%(refname:short)").stdout.decode().split()
        last = {name.rpartition("/")[2]: name for name in listed}
        close = get_close_matches(revision, [*listed, *last], n=1)
        if close:
            return f": did you mean {last.get(close[0], close[0])}?"
        if self._asked("rev-parse", "--is-shallow-repository") == "true":
            return ": this is a shallow clone, so fetch it first: git fetch --unshallow"
        return ""

    def entries(self, commit: str) -> list[Entry]:
        """Give all that a commit holds."""
        listed = self._asked("ls-tree", "-r", "-z", "--full-tree", commit)
        found = []
        for line in filter(None, listed.split("\0")):
            facts, _, path = line.partition("\t")
            mode, _, name = facts.split()
            found.append(Entry(mode, name, path))
        return found

    def write(self, commit: str, folder: Path) -> None:
        """Write the files of a commit into a folder, as they are in the repository: no filter is applied.

        Links come last, so that no file is written through one; those out of the tree are left out, as is
        what stands in other repositories.
        """
        every = self.entries(commit)
        links = [entry for entry in every if entry.mode == LINK]
        files = [entry for entry in every if entry.mode not in (LINK, SUBMODULE)]
        for entry, content in self._contents([*files, *links]):
            path = folder / entry.path
            if not path.resolve().is_relative_to(folder):
                continue  # no tree that git itself makes has such a path
            path.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode == LINK:
                _link(path, os.fsdecode(content), folder)
                continue
            path.write_bytes(content)
            if entry.mode == EXECUTABLE:
                path.chmod(0o755)

    def _contents(self, entries: list[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Read files one after the other."""
        with subprocess.Popen(
            ["git", "cat-file", "--batch"],  # noqa: S607 - the user's own git
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.top,
        ) as process:
            if process.stdin is None or process.stdout is None:  # pragma: no cover
                raise AssertionError
            for entry in entries:
                process.stdin.write(f"{entry.object}\n".encode())
                process.stdin.flush()
                head = process.stdout.readline().split()
                if len(head) != 3 or not head[2].isdigit():  # noqa: PLR2004 - object, type, size
                    raise GitFailed(f"git cannot read {entry.path}: the repository is not complete")
                content = process.stdout.read(int(head[2]) + 1)[:-1]
                yield entry, content

    def _asked(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode:
            said = os.fsdecode(done.stderr).strip().removeprefix("fatal: ")
            raise GitFailed(said.partition("\n")[0] or f"git {arguments[0]} failed")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603 - no shell, and no argument that git takes for an option
                ["git", *arguments],  # noqa: S607 - the user's own git
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except OSError as error:
            raise GitFailed("a revision needs git, which is not installed or not on the PATH") from error


def _link(path: Path, target: str, folder: Path) -> None:
    aim = Path(os.path.normpath(path.parent / target))
    if not Path(target).is_absolute() and aim.is_relative_to(folder):
        path.symlink_to(target)
