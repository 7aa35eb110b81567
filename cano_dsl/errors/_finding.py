"""One broken rule of a workflow, as plain data that every reader prints in the same words."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cano_dsl.errors._place import Where

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found at one place.

    Attributes:
        code: The rule, such as `dead-end`; stable, used by waivers.
        state: The name of the state it is about; None for the workflow as a whole.
        message: What is wrong.
        hint: What to do about it.
        where: The line of the handler, or of the `build` call; None where nobody knows it.
        picture: The state among its neighbours on one line; empty where that says nothing.
        severity: `build` raises for errors; warnings stand in `graph.findings`.
        waived: The reason given in a waiver; None for a finding that stands.
    """

    code: str
    state: str | None
    message: str
    hint: str
    where: Where | None = None
    picture: str = ""
    severity: Severity = "error"
    waived: str | None = None

    def __str__(self) -> str:
        """Give place, code, message, picture and hint on lines of their own."""
        where = f"{self.where}: " if self.where is not None else ""
        lines = [f"{where}{self.severity} [{self.code}] {self.message}"]
        if self.picture:
            lines.append(f"    {self.picture}")
        lines.append(f"    fix: {self.hint}")
        if self.waived is not None:
            lines.append(f"    waived: {self.waived}")
        return "\n".join(lines)
