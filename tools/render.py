"""Draw every diagram that is kept in the repository, or check that none has drifted.

    python tools/render.py           rewrites what has changed
    python tools/render.py --check   writes nothing; exit code 1 and a list if anything has changed

Kept are the Mermaid text of each example, in `tests/snapshots/<example>.mmd`, and the diagrams in README.md:
each stands after a marked comment and shows the last workflow that the code before it builds.
"""

import argparse
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cano_dsl import Workflow

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = ROOT / "tests" / "snapshots"
MARK = "<!-- drawn from the code above by tools/render.py -->"
DIAGRAM = re.compile(rf"{re.escape(MARK)}\n```mermaid\n(.*?)```", re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def workflows_of(names: dict[str, object]) -> dict[str, Workflow[Any, Any]]:
    """Give the workflows in a namespace by name, in the order in which they were built."""
    return {name: value for name, value in names.items() if isinstance(value, Workflow)}


def run_file(path: Path) -> dict[str, object]:
    """Execute an example and give its namespace."""
    spec = importlib.util.spec_from_file_location(f"rendered_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))  # as it is when a script runs: for the modules beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        del sys.modules[spec.name]
    return vars(module)


def snapshots() -> Iterator[tuple[Path, str]]:
    """Give each example's snapshot with the text that it should have."""
    for path in sorted((ROOT / "examples").glob("*.py")):
        found = workflows_of(run_file(path))
        for name, workflow in found.items():
            stem = path.stem if len(found) == 1 else f"{path.stem}.{name}"
            yield SNAPSHOTS / f"{stem}.mmd", workflow.mermaid() + "\n"


def drawn(text: str) -> str:
    """Give a Markdown text with its diagrams as the code in it has them."""
    names: dict[str, object] = {"__name__": "__readme__"}
    done = 0
    parts = []
    end = 0
    for match in DIAGRAM.finditer(text):
        for code in CODE.findall(text[done : match.start()]):
            exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - the project's own document
        done = match.start()
        workflow = list(workflows_of(names).values())[-1]
        parts += [text[end : match.start(1)], workflow.mermaid(), "\n"]
        end = match.end(1)
    return "".join([*parts, text[end:]])


def wanted() -> dict[Path, str]:
    """Give every generated file with the text that it should have."""
    readme = ROOT / "README.md"
    return {**dict(snapshots()), readme: drawn(readme.read_text(encoding="utf-8"))}


def main() -> int:
    """Write, or check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything has drifted")
    check = parser.parse_args().check
    texts = wanted()
    drifted = [p for p, text in texts.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    stale = [path for path in SNAPSHOTS.glob("*.mmd") if path not in texts]
    for path in drifted + stale:
        print(f"{'drifted' if check else 'written'}: {path.relative_to(ROOT)}")
    if check:
        if drifted or stale:
            print("run `python tools/render.py` and look at the difference")
        return 1 if drifted or stale else 0
    for path in stale:
        path.unlink()
    for path in drifted:
        path.parent.mkdir(exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
