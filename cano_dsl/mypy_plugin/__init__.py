"""The mypy plugin: what only shows over a whole workflow, said where it is written.

    [tool.mypy]
    plugins = ["cano_dsl.mypy_plugin"]

The only home of mypy. No state of its own: what is learnt at a decorator is written into the type of the
handler, which mypy keeps in its cache, gives to its workers and follows in its daemon; each check is then a
function of the types at one call of `Workflow.build`. The rules are those of `cano_dsl.graph`, in its words.
"""

from cano_dsl.mypy_plugin._about import FINGERPRINT, FLOOR  # first: it refuses a mypy that is too old
from cano_dsl.mypy_plugin._codes import (
    CODES,
)  # now: mypy must know the codes when it reads errors off its cache
from cano_dsl.mypy_plugin._plugin import CanoPlugin

__all__ = ("CODES", "FINGERPRINT", "FLOOR", "CanoPlugin", "plugin")

__version__ = FINGERPRINT  # mypy drops its cache when this changes


def plugin(version: str) -> type[CanoPlugin]:  # noqa: ARG001 - mypy gives its version; `_about` has checked it
    """Give mypy the plugin's class; the entry point that mypy calls."""
    return CanoPlugin
