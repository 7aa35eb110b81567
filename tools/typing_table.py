"""Say in README.md what each type checker catches, by running them all over user programs.

    python tools/typing_table.py           rewrites the table
    python tools/typing_table.py --check   writes nothing; exit code 1 if the table has drifted

The programs are `tests/typing/programs/{ok,bad}_*.py`. A line that must be an error ends in `# E: why`, which
all checkers have to report, or in `# E[mypy, ty]: why`, which only these report; `# E[]: why` is a mistake
that none can see. `# X[mypy]: why` is a false alarm: nothing is wrong there, but mypy cannot know. Each bad
program is one row of the table, and its docstring the row's title.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "typing" / "programs"
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- made by tools/typing_table\.py -->\n).*?(<!-- end -->)", re.DOTALL)
MARK = re.compile(r"# ([EX])(?:\[([^\]]*)\])?:")

Lines = Mapping[str, AbstractSet[int]]  # by program


@dataclass(frozen=True)
class Checker:
    """A type checker.

    Attributes:
        key: Its name in marks.
        title: Its name in the table.
        command: What checks all programs, run in their folder with this Python.
        error: A line of its output that is an error, with the groups `file` and `line`.
    """

    key: str
    title: str
    command: tuple[str, ...]
    error: re.Pattern[str]


CHECKERS = (
    Checker(
        "mypy",
        "mypy",
        ("mypy", "--config-file=mypy.ini", f"--cache-dir={ROOT / '.mypy_cache' / 'programs'}", "."),
        re.compile(r"^(?P<file>[^:\s]+\.py):(?P<line>\d+): error:"),
    ),
    Checker(
        "plugin",
        "mypy + plugin",
        ("mypy", "--config-file=plugin.ini", f"--cache-dir={ROOT / '.mypy_cache' / 'plugin'}", "."),
        re.compile(r"^(?P<file>[^:\s]+\.py):(?P<line>\d+): error:"),
    ),
    Checker(
        "pyright",
        "pyright",
        ("pyright", "--project=pyrightconfig.json", f"--pythonpath={sys.executable}"),
        re.compile(r"^\s+(?P<file>.+\.py):(?P<line>\d+):\d+ - error:"),
    ),
    Checker(
        "ty",
        "ty",
        ("ty", "check", "--config-file=ty.toml", f"--python={sys.prefix}", "--output-format=concise", "."),
        re.compile(r"^(?P<file>[^:\s]+\.py):(?P<line>\d+):\d+: error\["),
    ),
    Checker(
        "pyrefly",
        "pyrefly",
        (
            *("pyrefly", "check", "--config=pyrefly.toml", "--output-format=min-text"),
            f"--python-interpreter-path={sys.executable}",
        ),
        re.compile(r"^\s*ERROR (?P<file>[^:\s]+\.py):(?P<line>\d+):"),
    ),
)


def programs() -> list[Path]:
    """Give the programs in order of their names."""
    return sorted([*PROGRAMS.glob("ok_*.py"), *PROGRAMS.glob("bad_*.py")])


@dataclass(frozen=True)
class Mark:
    """A line that some checkers report.

    Attributes:
        wrong: Whether it is a mistake; else a false alarm.
        keys: Who reports it.
    """

    wrong: bool
    keys: frozenset[str]


def marks(path: Path) -> dict[int, Mark]:
    """Give the marked lines of a program.

    Raises:
        ValueError: A mark names a checker that there is not.
    """
    every = frozenset(checker.key for checker in CHECKERS)
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        mark = MARK.search(line)
        if mark is None:
            continue
        kind, named = mark.groups()
        keys = every if named is None else frozenset(filter(None, map(str.strip, named.split(","))))
        if not keys <= every:
            raise ValueError(f"{path.name}:{number}: no checker is called {', '.join(sorted(keys - every))}")
        found[number] = Mark(wrong=kind == "E", keys=keys)
    return found


def check(checker: Checker) -> Lines:
    """Run one checker once over all programs; give the lines with errors.

    Raises:
        RuntimeError: It reported nothing at all, so it did not run as it should.
    """
    command = (sys.executable, "-m", *checker.command)
    done = subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True, check=False)
    found: dict[str, set[int]] = {}
    for line in done.stdout.splitlines():
        match = checker.error.match(line)
        if match:
            found.setdefault(Path(match["file"]).name, set()).add(int(match["line"]))
    if not found:
        raise RuntimeError(f"{checker.key} reported nothing:\n{done.stdout}{done.stderr}")
    return found


def check_all() -> dict[str, Lines]:
    """Run all checkers at once."""
    with ThreadPoolExecutor() as pool:
        return dict(zip((c.key for c in CHECKERS), pool.map(check, CHECKERS), strict=True))


def title(path: Path) -> str:
    """Give the first line of a program's docstring, without its full stop."""
    return path.read_text(encoding="utf-8").partition("\n")[0].strip('"').removesuffix(".")


def cell(found: Mapping[int, Mark], reported: AbstractSet[int]) -> str:
    """Say how many of the mistakes were reported; a checker that also reports what is right cannot tell."""
    wrong = {line for line, mark in found.items() if mark.wrong}
    caught = len(wrong & reported)
    if reported - wrong:
        return "cannot tell"
    return "yes" if caught == len(wrong) else f"{caught} of {len(wrong)}" if caught else "no"


def table(results: Mapping[str, Lines]) -> str:
    """Write the table, what all catch first."""
    rows = []
    for path in programs():
        if path.name.startswith("bad_"):
            found = marks(path)
            cells = [cell(found, results[c.key].get(path.name, set())) for c in CHECKERS]
            rows.append((cells.count("yes"), title(path), cells))
    rows.sort(key=lambda row: -row[0])
    head = ["mistake", *(checker.title for checker in CHECKERS)]
    lines = [head, ["---"] * len(head), *([name, *cells] for _, name, cells in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written(text: str, results: Callable[[], Mapping[str, Lines]] = check_all) -> str:
    """Give the README with the table as it should be."""
    made = table(results())
    return TABLE.sub(lambda found: f"{found[1]}{made}\n{found[2]}", text)


def main() -> int:
    """Write, or check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the table has drifted")
    only_check = parser.parse_args().check
    text = README.read_text(encoding="utf-8")
    wanted = written(text)
    if wanted == text:
        return 0
    print(f"{'drifted' if only_check else 'written'}: README.md")
    if not only_check:
        README.write_text(wanted, encoding="utf-8")
    return 1 if only_check else 0


if __name__ == "__main__":
    sys.exit(main())
