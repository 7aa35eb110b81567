"""The checkers, run once in a session over all programs."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import ModuleType

import pytest

collect_ignore = ["programs"]  # read by type checkers; the good ones are run by a test
TOOL = Path(__file__).resolve().parents[2] / "tools" / "typing_table.py"


@pytest.fixture(scope="session")
def tool() -> Iterator[ModuleType]:
    """Load the script that knows the checkers."""
    spec = importlib.util.spec_from_file_location("typing_table", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["typing_table"] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules["typing_table"]


@pytest.fixture(scope="session")
def results(tool: ModuleType) -> Mapping[str, Mapping[str, AbstractSet[int]]]:
    """Run every checker once."""
    found: Mapping[str, Mapping[str, AbstractSet[int]]] = tool.check_all()
    return found
