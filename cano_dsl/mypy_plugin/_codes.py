"""An error code for each rule, under one parent.

`disable_error_code = ["cano"]` silences all, `["cano-exhaustive"]` one. mypy links to documentation only for
its own codes, so the note below each error names the rule's place in the README, `README.md#cano-…`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mypy.errorcodes import ErrorCode

CATEGORY: Final = "cano_dsl"
PAGE: Final = "README.md"

CANO: Final = ErrorCode("cano", "Check workflows of cano_dsl as a whole", CATEGORY)

# By the code of the finding. A rule that is new in `cano_dsl.graph` needs a line here and one in the README.
RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transition": "A handler declares its next states as a Literal of members of one Enum",
        "state": "What is named as a state is one member of the Enum",
        "exhaustive": "Every member of the Enum is handled or an exit",
        "duplicate": "A state has one handler",
        "exit": "There is an exit, and no exit has a handler",
        "unreachable": "A run can enter every handled state and every exit",
        "dead-end": "From every state an exit can be reached",
        "resource": "One type for one name, and all that handlers want is given",
        "join": "A split can be joined, and outcomes are asked for where a split leads",
        "compensation": "Each compensation undoes a state of the workflow, alone, and takes its output",
        "policy": "No timeout is above one around it, and a run can be done within its own",
        "waive": "Every waiver lets something pass",
        "dynamic": "The workflow can be seen by a type checker",
    }
)

CODES: Final[Mapping[str, ErrorCode]] = MappingProxyType(
    {
        rule: ErrorCode(f"cano-{rule}", description, CATEGORY, sub_code_of=CANO)
        for rule, description in RULES.items()
    }
)


def code_of(rule: str) -> ErrorCode:
    """Give the error code of a finding's rule; the parent for a rule that has none of its own."""
    return CODES.get(rule, CANO)
