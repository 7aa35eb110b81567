"""The plugin's own parts: its names, codes, version, and what loading it costs."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mypy.options import Options

from cano_dsl.mypy_plugin import FINGERPRINT, CanoPlugin, _names, _table, plugin
from cano_dsl.mypy_plugin._about import SPEAKS_FOR, fingerprint, refusal
from cano_dsl.mypy_plugin._codes import CANO, CODES, code_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cano_dsl"
NAMES = sorted(
    {*_names.FUNCTIONS, *_names.APPLIED, *_names.UNDOING, *_names.INJECTED, *_names.MADE.values()}
    | {*_names.SPLITS, _names.SPLIT_DECORATOR, _names.HANDLER, _names.OUTPUT_HANDLER, _names.JOIN}
    | {_names.COMPENSATION, _names.ASYNC_COMPENSATION, _names.WORKFLOW, _names.BUILD, _names.WAIVE}
)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_where_it_is_defined(name: str) -> None:
    """Each full name leads to an object that is defined there, so that mypy's hooks are found."""
    value = importlib.import_module(".".join(name.split(".")[:3]))
    for attribute in name.split(".")[3:]:
        value = getattr(value, attribute)
    assert f"{value.__module__}.{value.__qualname__}" == name


def test_enums_and_awaitables_exist() -> None:
    """The names of the standard library's types exist, too."""
    for name in _names.ENUMS | _names.AWAITABLE:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute)


def test_hooks_are_looked_up_by_name() -> None:
    """A name in the table has its hook, any other name has none."""
    made = CanoPlugin(Options())
    for name in _names.FUNCTIONS:
        assert made.get_function_signature_hook(name) is _table.FUNCTION_SIGNATURES[name]
        assert made.get_function_hook(name) is _table.FUNCTION_RESULTS[name]
    for name in (*_names.CALLS, _names.BUILD):
        assert made.get_method_signature_hook(name) is _table.METHOD_SIGNATURES[name]
        assert made.get_method_hook(name) is _table.METHODS[name]
    assert made.get_function_hook("builtins.print") is None
    assert made.get_method_hook("builtins.str.join") is None
    assert plugin("2.4.1") is CanoPlugin


def rules_of_the_graph() -> set[str]:
    """Read off the rules' source the codes that their findings have."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / "graph").glob("*.py")]
    found = set()
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = call.func.id if isinstance(call.func, ast.Name) else ""
        values = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
        if named == "broken":
            values.append(call.args[1])
        if named in ("broken", "Finding"):
            found |= {value.value for value in values if isinstance(value, ast.Constant)}
    return found


def test_every_rule_has_an_error_code() -> None:
    """Each rule of the graph has an error code of its own under `cano`, and there are no others."""
    assert rules_of_the_graph() | {"dynamic"} == set(CODES)
    assert all(code.sub_code_of is CANO for code in CODES.values())
    assert code_of("exhaustive").code == "cano-exhaustive"
    assert code_of("some rule that is new") is CANO


@pytest.mark.parametrize("rule", sorted(CODES))
def test_note_leads_to_the_rule(rule: str) -> None:
    """The README has the place that the note below an error names, with the rule's description."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count(f'<a id="cano-{rule}"></a>') == 1


def test_floor() -> None:
    """A mypy below the floor is refused in one line, and the floor is what the extra asks for."""
    assert refusal("1.18.2") == (
        "cano_dsl.mypy_plugin needs mypy 1.19 or later, this is 1.18.2: upgrade it, or take the plugin out"
    )
    assert [refusal(version) for version in ("1.19.0", "1.20", "2.0.0", "2.5.0+dev.abc", "3")] == [None] * 5
    assert 'mypy = ["mypy>=1.19"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


OLD = """
import mypy.version
mypy.version.__version__ = "1.11.2"
from mypy import api
print(*api.run(["--config-file", "old.ini", "-c", "x = 1"])[:2], sep="", end="")
"""


def test_old_mypy_says_so_in_one_line(tmp_path: Path) -> None:
    """With a mypy that is too old the user reads one line that names the configuration, not a traceback."""
    (tmp_path / "old.ini").write_text("[mypy]\nplugins = cano_dsl.mypy_plugin\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", OLD], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said, count = sorted((done.stdout + done.stderr).splitlines(), reverse=True)
    assert said == (
        'old.ini:2: error: Error importing plugin "cano_dsl.mypy_plugin": '
        "cano_dsl.mypy_plugin needs mypy 1.19 or later, this is 1.11.2: upgrade it, or take the plugin out  [misc]"
    )
    assert count.startswith("Found 1 error")


def test_version_follows_every_module_that_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mypy's cache is dropped when any module changes whose words or rules the plugin uses."""
    import cano_dsl.mypy_plugin as module

    assert module.__version__ == FINGERPRINT == fingerprint()
    seen: list[Path] = []
    monkeypatch.setattr(Path, "read_bytes", lambda self: seen.append(self) or b"")
    assert fingerprint() != FINGERPRINT
    read = {path.relative_to(PACKAGE).parts[0] for path in seen}
    used = set()
    for path in (PACKAGE / "mypy_plugin").glob("*.py"):
        used |= set(re.findall(r"^from cano_dsl\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert used <= read == set(SPEAKS_FOR)
    assert len(seen) == sum(len(list((PACKAGE / name).glob("*.py"))) for name in SPEAKS_FOR)


def test_loading_it_is_light() -> None:
    """Loading the plugin loads names alone: the rules come with the first call that they are about."""
    heavy = "networkx jinja2 anyio asyncio trio sqlite3 click rich cano_dsl.declare cano_dsl.workflow cano_dsl.graph"
    program = (
        "import mypy.build, sys; before = set(sys.modules); import cano_dsl.mypy_plugin\n"
        f"print(*[name for name in '{heavy}'.split() if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
