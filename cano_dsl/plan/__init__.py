"""The graph compiled into what the loop runs, and resources checked against it.

Features are composed into a step's call when they are configured, and are not there otherwise.
"""

from cano_dsl.plan._bind import Bound, check_resources, check_type, make_data
from cano_dsl.plan._outputs import Done, Undo, Unfit
from cano_dsl.plan._plan import Plan, Steps
from cano_dsl.plan._region import Stay
from cano_dsl.plan._step import Call, Step, Values

__all__ = (
    "Bound",
    "Call",
    "Done",
    "Plan",
    "Stay",
    "Step",
    "Steps",
    "Undo",
    "Unfit",
    "Values",
    "check_resources",
    "check_type",
    "make_data",
)
