"""The set-up that the README gives to users works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
LOCAL, CI = (
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
)
FLOW = """
from enum import Enum
from typing import Literal

from cano_dsl import Workflow, state


class Order(Enum):
    CHARGE = 1
    DONE = 2


@state(Order.CHARGE)
async def charge() -> Literal[Order.DONE]:
    return Order.DONE


NAME = Workflow.build(Order, charge, start=Order.CHARGE, exits=(Order.DONE,))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project that has the workflows which the README names."""
    (tmp_path / "orders.py").write_text(FLOW.replace("NAME", "orders"), encoding="utf-8")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "flows.py").write_text(FLOW.replace("NAME", "refunds"), encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command of this environment."""
    own = str(Path(sys.executable).parent / command[0])
    return subprocess.run([own, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


def spoil(project: Path) -> None:
    """Take the way out of one workflow."""
    path = project / "shop" / "flows.py"
    text = path.read_text(encoding="utf-8").replace("Order.DONE]", "Order.CHARGE]")
    path.write_text(text.replace("return Order.DONE", "return Order.CHARGE"), encoding="utf-8")


def local_hook() -> dict[str, Any]:
    """Give the hook that the README writes out."""
    (repository,) = LOCAL["repos"]
    assert repository["repo"] == "local"
    (hook,) = repository["hooks"]
    return dict(hook)


def test_hook_of_the_readme_is_the_one_defined() -> None:
    """The hook written out in the README is the hook of `.pre-commit-hooks.yaml`, with workflows to check."""
    hook = local_hook()
    assert hook.pop("args")
    (defined,) = HOOKS
    assert defined.pop("description")
    assert hook == defined


@pytest.mark.parametrize("sound", [True, False])
def test_hook_checks_every_workflow(project: Path, sound: bool) -> None:
    """The hook's command passes where all workflows are sound, and fails with the findings where one is not."""
    hook = local_hook()
    if not sound:
        spoil(project)
    done = run([*shlex.split(hook["entry"]), *hook["args"]], project)
    assert done.returncode == (0 if sound else 1), done.stderr
    assert done.stdout.count("Order: sound") == (2 if sound else 1)
    assert ("[dead-end]" in done.stdout) is not sound


def test_ci_steps(project: Path) -> None:
    """The commands of the CI snippet pass on a sound project, and the check fails on another."""
    steps = [step["run"] for step in CI["jobs"]["check"]["steps"] if "run" in step]
    install, types, check = map(shlex.split, steps)
    assert install == ["pip", "install", "cano-dsl[cli,mypy]"]
    done = run(types, project)
    assert done.returncode == 0, done.stdout
    assert run(check, project).returncode == 0
    spoil(project)
    assert run(check, project).returncode == 1
