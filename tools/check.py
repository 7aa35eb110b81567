"""Check everything: the one command.

    python tools/check.py                 every step, then the tests on each other Python that is found
    python tools/check.py --fast          this Python only
    python tools/check.py --only lint tests
    python tools/check.py --soak          with the long tests

Steps go on after a failure; a summary says which failed, and the exit code is 1 if any did. The other
Pythons, 3.12 and 3.13, are looked for on PATH and in pyenv's folder; each gets a virtual environment in
`.venvs/`, made again when pyproject.toml changes. One that is not found is said so and is no failure. The
tests of all of them run side by side, and each one's output comes when it has ended.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
OTHERS = ("3.12", "3.13")
COVERED = 95  # percent, lines and branches together
CODE = ("cano_dsl", "tests", "examples", "tools")


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        name: As `--only` takes it.
        command: What is run, in the repository's folder.
        missing: What is missing, in words, when it cannot be run at all and need not be.
        environment: Variables besides those inherited.
    """

    name: str
    command: tuple[str, ...]
    missing: str = ""
    environment: dict[str, str] = field(default_factory=dict)


Result = tuple[Step, bool, float]


def python(*arguments: str) -> tuple[str, ...]:
    """Give a command of the Python that runs this script."""
    return (sys.executable, *arguments)


def steps(*, soak: bool) -> Iterator[Step]:
    """Give the steps of this Python in order."""
    yield Step("format", python("-m", "ruff", "format", "--check", *CODE))
    yield Step("lint", python("-m", "ruff", "check", *CODE))
    yield Step("mypy", python("-m", "mypy"))
    yield Step("pyright", python("-m", "pyright", "--pythonpath", sys.executable))
    yield Step("layers", python("-c", "from importlinter.cli import lint_imports_command as run; run()"))
    yield Step("stubs", python("tools/stubs.py", "--check"))
    extra = ("--soak",) if soak else ()
    measured = ("--cov", "--cov-report=term", f"--cov-fail-under={COVERED}")
    yield Step("tests", python("-m", "pytest", *measured, *extra))
    yield Step("diagrams", python("tools/render.py", "--check"))


def others(*, soak: bool) -> dict[str, Iterator[Step]]:
    """Give the steps of each other Python; environments are made when their turn comes."""
    extra = ("--soak",) if soak else ()
    return {version: _on_other(version, extra) for version in OTHERS}


def _on_other(version: str, extra: tuple[str, ...]) -> Iterator[Step]:
    found = interpreter(version)
    if found is None:
        yield Step(f"tests-{version}", (), missing=f"no Python {version} on this machine")
        return
    folder = ROOT / ".venvs" / version
    own = str(folder / "bin" / "python")
    stamp = folder / "installed"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        yield Step(f"venv-{version}", (found, "-m", "venv", str(folder)))
        yield Step(f"install-{version}", (own, "-m", "pip", "install", "--quiet", "-e", ".[dev]"))
        yield Step(f"stamp-{version}", python("-c", f"open({str(stamp)!r}, 'w').write({wanted!r})"))
    yield Step(f"tests-{version}", (own, "-m", "pytest", *extra))


def interpreter(version: str) -> str | None:
    """Find a Python that really runs: pyenv puts commands on PATH that only say that they are not active."""
    roots = [Path(os.environ.get("PYENV_ROOT", "")), Path.home() / ".pyenv"]
    kept = [
        str(path)
        for root in roots
        for path in sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True)
    ]
    question = "import sys, venv, ensurepip; print(*sys.version_info[:2], sep='.')"
    for command in [f"python{version}", *kept]:
        try:
            answer = subprocess.run([command, "-c", question], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if answer.stdout.strip() == version:
            return command
    return None


def perform(step: Step, output: IO[str] | None = None) -> tuple[bool, float]:
    """Run a step with its output on ours or in a file; give whether it went well, and its seconds."""
    print(f"\n=== {step.name}", flush=True, file=output)
    if step.missing:
        print(f"skipped: {step.missing}", flush=True, file=output)
        return True, 0.0
    began = time.monotonic()
    environment = {**os.environ, **step.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        check=False,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )
    return done.returncode == 0, time.monotonic() - began


def perform_all(found: Iterable[Step], output: IO[str] | None = None) -> list[Result]:
    """Run steps one after the other; those of an environment that could not be made end there."""
    results = []
    for step in found:
        well, seconds = perform(step, output)
        results.append((step, well, seconds))
        if not well and "-" in step.name:
            break
    return results


def perform_apart(found: Iterable[Step]) -> list[Result]:
    """Run steps with their output in a file, and print that when they have ended."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        results = perform_all(found, output)
        output.seek(0)
        print(output.read(), end="", flush=True)
    return results


def summary(results: list[Result]) -> str:
    """Write one line a step."""
    lines = []
    for step, well, seconds in results:
        word = "skipped" if step.missing else "ok" if well else "FAILED"
        lines.append(f"{word:<8} {step.name:<14} {seconds:6.1f} s")
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fast", action="store_true", help="this Python only")
    parser.add_argument("--soak", action="store_true", help="with the long tests")
    parser.add_argument("--only", nargs="+", metavar="STEP", help="these steps only, such as lint or tests")
    options = parser.parse_args()
    wanted = [step for step in steps(soak=options.soak) if step.name in (options.only or [step.name])]
    alone = options.fast or options.only
    lanes = [] if alone else list(others(soak=options.soak).values())
    quick = wanted if alone else [step for step in wanted if step.name != "tests"]
    results = perform_all(quick)
    if not alone:
        tests = [step for step in wanted if step.name == "tests"]
        with ThreadPoolExecutor(2) as pool:
            for lane in pool.map(perform_apart, [tests, *lanes]):
                results += lane
    if not results:
        print("no step of that name")
        return 1
    print(f"\n{summary(results)}", flush=True)
    return 0 if all(well for _, well, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
