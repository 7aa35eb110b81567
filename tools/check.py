"""Check everything: the one command.

    python tools/check.py                 every step, then the tests on each other Python that is found
    python tools/check.py --fast          this Python only
    python tools/check.py --only lint tests
    python tools/check.py --soak          with the long tests

Steps go on after a failure; a summary says which failed, and the exit code is 1 if any did. The other
Pythons, 3.12 and 3.13, are looked for on PATH and in pyenv's folder; each gets a virtual environment in
`.venvs/`, made again when pyproject.toml changes. One that is not found is said so and is no failure.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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


def python(*arguments: str) -> tuple[str, ...]:
    """Give a command of the Python that runs this script."""
    return (sys.executable, *arguments)


def steps(*, fast: bool, soak: bool) -> Iterator[Step]:
    """Give all steps in order; the environments of other Pythons are made when their turn comes."""
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
    if not fast:
        for version in OTHERS:
            yield from _on_other(version, extra)


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


def perform(step: Step) -> tuple[bool, float]:
    """Run a step with its output on ours; give whether it went well, and the seconds it took."""
    print(f"\n=== {step.name}", flush=True)
    if step.missing:
        print(f"skipped: {step.missing}", flush=True)
        return True, 0.0
    began = time.monotonic()
    environment = {**os.environ, **step.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    code = subprocess.run(step.command, cwd=ROOT, check=False, env=environment).returncode
    return code == 0, time.monotonic() - began


def summary(results: list[tuple[Step, bool, float]]) -> str:
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
    results: list[tuple[Step, bool, float]] = []
    broken: set[str] = set()
    for step in steps(fast=options.fast or bool(options.only), soak=options.soak):
        version = step.name.partition("-")[2]
        if options.only and step.name not in options.only:
            continue
        if version in broken:
            continue  # its environment could not be made
        well, seconds = perform(step)
        results.append((step, well, seconds))
        if not well and version:
            broken.add(version)
    if not results:
        print("no step of that name")
        return 1
    print(f"\n{summary(results)}", flush=True)
    return 0 if all(well for _, well, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
