"""What a TARGET may be, and what is said when it is not."""

import sys
from textwrap import dedent

import pytest

BOUND = """
import dataclasses


@dataclasses.dataclass
class Config:
    name: str = "tea"
"""


def usage(result):
    """Give the text of a usage error, once the exit code and the style have been checked."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    head, _, text = result.stderr.partition("\n\nError: ")
    assert head.startswith("Usage: cano check [OPTIONS] TARGET"), result.stderr
    return text.rstrip("\n")


@pytest.mark.parametrize(
    "target",
    [
        "flow.py",
        "flow.py:flow",
        "./flow.py",
        "flow",
        "flow:flow",
        "flow.py:Holder.inner.flow",
        "flow:Holder.inner.flow",
    ],
)
def test_forms(cano, write, flow, target):
    """A file and a module, with and without an attribute, which may be dotted, name the same workflow."""
    holder = "\nclass Holder:\n    class inner:\n        flow = flow\n"
    write("flow.py", flow + holder)
    result = cano("check", target)
    assert (result.exit_code, result.stdout) == (0, "Job: sound, 3 states, 2 transitions\n")


def test_absolute_path(cano, write, flow):
    """A file is found by its full path too."""
    assert cano("check", str(write("deep/flow.py", flow))).exit_code == 0


@pytest.mark.parametrize("target", ["shop/sub/flow.py", "shop/sub/flow.py:flow", "shop.sub.flow:flow"])
def test_file_in_package(cano, write, flow, target):
    """A file in a package is imported by its dotted name, so relative imports work at every level."""
    write("shop/__init__.py", "")
    write("shop/names.py", "NAME = 'orders'\n")
    write("shop/sub/__init__.py", "")
    write("shop/sub/flow.py", "from ..names import NAME\n" + flow.replace("exits=(", "name=NAME, exits=("))
    result = cano("check", target)
    assert result.stdout == "orders: sound, 3 states, 2 transitions\n"
    assert "shop.sub.flow" in sys.modules


def test_package_itself(cano, write, flow):
    """The __init__ of a package names the package."""
    write("kiosk/__init__.py", flow)
    assert cano("check", "kiosk/__init__.py").exit_code == 0
    assert "kiosk.__init__" not in sys.modules


def test_script_finds_its_neighbours(cano, write, flow):
    """A script imports modules beside it, wherever the command is called."""
    write("scripts/neighbour_of_flow.py", "NAME = 'beside'\n")
    text = "from neighbour_of_flow import NAME\n" + flow.replace("exits=(", "name=NAME, exits=(")
    write("scripts/flow.py", text)
    assert cano("check", "scripts/flow.py").stdout.startswith("beside: sound")


def test_script_does_not_displace_a_module(cano, write, flow):
    """A script with the name of a module that is imported already leaves that module where it is."""
    import json

    write("json.py", flow)
    assert cano("check", "json.py").exit_code == 0
    assert sys.modules["json"] is json


def test_script_is_imported_once(cano, write, flow):
    """The same script, named again, is the module that is there."""
    write("flow.py", flow)
    cano("check", "flow.py")
    first = sys.modules["flow"]
    cano("check", "flow.py")
    assert sys.modules["flow"] is first
    assert "flow_script" not in sys.modules


def test_package_whose_name_is_taken(cano, write, flow, folder):
    """A package with the name of another that is imported is refused, not taken for that other."""
    import rich

    write("rich/__init__.py", "")
    write("rich/flow.py", flow)
    assert usage(cano("check", "rich/flow.py")) == (
        f"package 'rich' in {folder} has the name of {rich.__file__}: give its folder another name"
    )


def test_runner_before_workflows(cano, write, flow):
    """Without an attribute the only Runner is taken before the Workflow that it runs, and before others."""
    text = flow.replace("def load()", "def load(config: Config)")
    again = "inner = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"
    write("flow.py", BOUND + text + again + "runner = flow.bind(config=Config())\n")
    assert cano("run", "flow.py").exit_code == 0
    assert cano("run", "flow.py:flow").exit_code == 2


def test_one_object_of_two_names(cano, write, flow):
    """A second name for the same workflow is no second workflow."""
    write("flow.py", flow + "same = flow\n")
    assert cano("check", "flow.py").exit_code == 0


def test_several(cano, write, flow):
    """Several workflows are listed by what names them."""
    again = "other = Workflow.build(Job, load, pick, start=Job.LOAD, exits=(Job.DONE,))\n"
    write("flow.py", flow + again)
    expected = "flow.py holds more than one: name one of flow.py:flow, flow.py:other"
    assert usage(cano("check", "flow.py")) == expected


def test_several_runners(cano, write, flow):
    """Two runners of one workflow are not chosen between."""
    write("flow.py", flow + "one = flow.bind()\ntwo = flow.bind()\n")
    expected = "flow holds more than one: name one of flow:flow, flow:one, flow:two"
    assert usage(cano("check", "flow")) == expected


def test_none(cano, write):
    """A module without a workflow is said to have none."""
    write("empty_of_flows.py", "x = 1\n")
    expected = "there is no Workflow and no Runner in empty_of_flows.py"
    assert usage(cano("check", "empty_of_flows.py")) == expected


def test_no_file(cano, write, flow):
    """A file that is not there is named, with the one that may be meant."""
    write("flow.py", flow)
    assert usage(cano("check", "flwo.py")) == "there is no file flwo.py: did you mean flow.py?"
    assert usage(cano("check", "nowhere/else.py")) == "there is no file nowhere/else.py"


@pytest.mark.parametrize(
    ("target", "name"),
    [("no_such_module", "no_such_module"), ("no_such.flow:x", "no_such"), ("kiosk.nope", "kiosk.nope")],
)
def test_no_module(cano, write, target, name):
    """A module that is not there is named, with where it was looked for."""
    write("kiosk/__init__.py", "")
    assert usage(cano("check", target)) == (
        f"there is no module {name!r}: it is looked for in this folder and among what is installed; "
        "a file is named with its .py"
    )


@pytest.mark.parametrize("place", ["", "folder/flow", "my-flow", ".flow", "a..b", "flow.txt/x"])
def test_no_name_of_a_module(cano, place):
    """What is neither a file nor a name says how to write one."""
    expected = f"{place!r} names no module: give package.module or path/to/file.py, and :attribute after it"
    assert usage(cano("check", f"{place}:flow")) == expected


def test_no_attribute(cano, write, flow):
    """An attribute that is not there lists those that are."""
    write("flow.py", flow)
    assert usage(cano("check", "flow.py:flwo")) == "flow.py has no 'flwo': name one of flow.py:flow"
    assert usage(cano("check", "flow:flow.x")) == "flow has no 'flow.x': name one of flow:flow"


def test_factory(cano, write, flow):
    """A function that makes a workflow is not called, and that is said."""
    write("flow.py", flow + "def make():\n    return flow\n")
    assert usage(cano("check", "flow.py:make")) == (
        "'make' in flow.py is a function, which is not called: assign the Workflow or Runner that it makes "
        "to a name; name one of flow.py:flow"
    )


def test_something_else(cano, write, flow):
    """An attribute that is no workflow says what it is."""
    write("flow.py", flow + "size = 3\n")
    assert usage(cano("check", "flow.py:size")) == (
        "'size' in flow.py is of class int, not a Workflow or a Runner; name one of flow.py:flow"
    )


def test_import_raises(cano, write):
    """An exception while importing is shown with the line in the user's file, exit code 2."""
    path = write("broken.py", "def f():\n    return {}['k']\n\n\nf()\n")
    result = cano("check", "broken.py")
    assert result.exit_code == 2
    assert result.stderr == dedent(f"""\
        {path} cannot be imported
          KeyError: 'k'
          broken.py:2
              return {{}}['k']
          --traceback shows all of it
        """)


def test_import_raises_with_traceback(cano, write):
    """With --traceback all of the user's frames are there, and none of the command's."""
    write("broken.py", "def f():\n    return {}['k']\n\n\nf()\n")
    result = cano("graph", "broken.py", "--traceback")
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "line 5, in <module>" in result.stderr
    assert result.stderr.endswith("KeyError: 'k'\n")
    assert "_target.py" not in result.stderr


def test_import_of_bad_syntax(cano, write):
    """A syntax error is shown at its line."""
    path = write("broken.py", "x = 1\ndef (\n")
    result = cano("run", "broken.py")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path} cannot be imported\n  SyntaxError: ")
    assert "\n  broken.py:2\n      def (\n" in result.stderr


def test_import_lacks_another_module(cano, write):
    """A module that lacks one of its own is told apart from a module that is not there."""
    write("lacking.py", "import no_such_dependency\n")
    result = cano("check", "lacking")
    assert result.stderr.startswith(
        "lacking cannot be imported\n  ModuleNotFoundError: No module named 'no_such_dependency'\n  lacking.py:1\n"
    )


def test_import_exits(cano, write):
    """A script that calls sys.exit while it is imported is said to."""
    write("leaving.py", "import sys\nsys.exit(0)\n")
    result = cano("check", "leaving.py")
    assert result.exit_code == 2
    assert "\n  it calls sys.exit(0)\n  leaving.py:2\n" in result.stderr
    assert "leaving" not in sys.modules


def test_import_in_a_package_raises(cano, write):
    """An exception in another module of the package is shown at that module's line."""
    write("stall/__init__.py", "")
    write("stall/deep.py", "x = 1\nraise RuntimeError('deep down')\n")
    write("stall/flow.py", "from . import deep\n")
    result = cano("check", "stall/flow.py")
    assert "stall.flow cannot be imported\n  RuntimeError: deep down\n  stall/deep.py:2\n" in result.stderr


def test_interrupt_while_importing(cano, write):
    """Ctrl-C while the module is imported gives exit code 130."""
    write("slow.py", "raise KeyboardInterrupt\n")
    result = cano("run", "slow.py")
    assert (result.exit_code, result.stderr) == (130, "interrupted while slow.py was imported\n")


def test_wrong_use_of_a_decorator(cano, write, job):
    """An error in a definition that is no finding is an error of the import."""
    write("flow.py", job + "state(Job.LOAD)(3)\n")
    result = cano("check", "flow.py")
    assert result.exit_code == 2
    assert "cannot be imported\n  SignatureError: " in result.stderr
    assert "\n  flow.py:" in result.stderr
