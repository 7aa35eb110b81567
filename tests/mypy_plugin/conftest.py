"""Running mypy with the plugin in this process, so that its lines count as covered."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from mypy import api

CASES = Path(__file__).parent / "cases"
SETTINGS = "[mypy]\nstrict = True\ndisable_error_code = empty-body\nplugins = {plugin}\n"
collect_ignore_glob = ["cases/*"]  # programs to be checked, not run
LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): (?P<kind>error|note): (?P<text>.*)")

Said = Mapping[str, list[tuple[int, str, str]]]
Check = Callable[..., Said]


def check(folder: Path, scratch: Path, *files: str, plugin: str = "cano_dsl.mypy_plugin") -> Said:
    """Check files without a warm cache; give line, kind and text of all that is said, by file."""
    settings = scratch / "mypy.ini"
    settings.write_text(SETTINGS.format(plugin=plugin), encoding="utf-8")
    here = Path.cwd()
    os.chdir(folder)
    try:
        options = ["--config-file", str(settings), "--cache-dir", os.devnull, "--no-error-summary"]
        out, err, _ = api.run([*options, "--show-traceback", *files])
    finally:
        os.chdir(here)
    assert err == ""
    said: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for text in out.splitlines():
        match = LINE.fullmatch(text)
        assert match is not None, out
        said[match["file"]].append((int(match["line"]), match["kind"], match["text"].strip()))
    return said


@pytest.fixture(scope="session")
def said_of_cases(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Check all programs in `cases` in one run."""
    return check(CASES, tmp_path_factory.mktemp("mypy"), *(path.name for path in sorted(CASES.glob("*.py"))))


@pytest.fixture(scope="session")
def run_mypy() -> Check:
    """Give the function that checks other files."""
    return check
