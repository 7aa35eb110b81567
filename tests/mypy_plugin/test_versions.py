"""The plugin says the same with other versions of mypy; that of this environment is in all other tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cano_dsl.mypy_plugin import FLOOR

HERE = Path(__file__).parent
VERSIONS = (f"{FLOOR[0]}.{FLOOR[1]}.*", "1.*", "2.*")  # the floor, the last of the series before, the latest


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_other_version(version: str, tmp_path: Path) -> None:
    """All tests of the plugin pass with this version, which is installed for this test alone."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tmp_path)]
    subprocess.run([*install, f"mypy=={version}"], check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE)]
    done = subprocess.run(
        command, cwd=HERE.parents[1], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
