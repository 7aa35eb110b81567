"""Saying a finding at a place of the program."""

from dataclasses import dataclass

from mypy.nodes import Context
from mypy.plugin import CheckerPluginInterface

from cano_dsl.errors import Finding, Where
from cano_dsl.mypy_plugin._codes import PAGE, code_of


@dataclass(frozen=True, slots=True)
class Spot(Where):
    """A place in the program that is checked; the index tells apart two on one line."""

    index: int = 0


class Places:
    """The places that findings of one call may be about."""

    def __init__(self, call: Context, file: str) -> None:
        self._call = call
        self._file = file
        self._at: list[Context] = []

    def spot(self, context: Context) -> Spot:
        """Remember a place, and give what a definition carries for it."""
        self._at.append(context)
        return Spot(self._file, context.line, len(self._at) - 1)

    def context(self, where: Where | None) -> Context:
        """Give the place that a finding names; the call for one that names none."""
        return self._at[where.index] if isinstance(where, Spot) else self._call


def tell(api: CheckerPluginInterface, finding: Finding, context: Context) -> None:
    """Say what is wrong, and on a note what to do and where the rule is described.

    A warning is a note itself. The notes carry the code too, so that what silences the error silences them.
    """
    code = code_of(finding.code)
    if finding.severity == "error":
        api.fail(finding.message, context, code=code)
    else:
        api.msg.note(finding.message, context, code=code)
    api.msg.note(f"fix: {finding.hint} ({PAGE}#{code.code})", context, code=code)
